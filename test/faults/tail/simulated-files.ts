import type { Stats } from 'node:fs'
import { Transform } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import type { System } from '../../../src/receivers/file_log/file-log.ts'
import type { FileSystem, OpenFile } from '../../../src/tail/file-system.ts'

/** Kernels stamp files with a coarse clock. */
const tickMs = 4

export interface Inode {
  readonly ino: number
  content: Buffer
  readonly birthMs: number
  mtimeMs: number
  ctimeMs: number
  links: number
  /** Handles of readers. */
  opens: number
  /** Nobody may open it. */
  denied: boolean
  /** To read it fails, as from a broken disk. */
  broken: boolean
}

export interface SimulatedSettings {
  /** The inode of a deleted file goes to the next one that is made, as on ext4. */
  readonly reusesInodes: boolean
  /** Without it, `stat` says 0. */
  readonly keepsBirth: boolean
  readonly nowMs: () => number
  /** So many files may be open. */
  readonly descriptorsMax?: number
}

/** A directory of files in memory. The application changes it at once; readers have a `Reader`. */
export class SimulatedFiles {
  readonly #names = new Map<string, Inode>()
  readonly #free: number[] = []
  readonly #settings: SimulatedSettings
  #lastIno = 100

  constructor(settings: SimulatedSettings) {
    this.#settings = settings
  }

  create(path: string, content: Buffer | string = ''): Inode {
    const nowMs = this.#nowMs()
    const ino = this.#free.pop() ?? ++this.#lastIno
    const inode: Inode = {
      ino,
      content: Buffer.from(content),
      birthMs: nowMs,
      mtimeMs: nowMs,
      ctimeMs: nowMs,
      links: 0,
      opens: 0,
      denied: false,
      broken: false,
    }
    this.#link(path, inode)
    return inode
  }

  append(inode: Inode, text: string): void {
    this.#write(inode, Buffer.concat([inode.content, Buffer.from(text)]))
  }

  truncate(inode: Inode): void {
    this.#write(inode, Buffer.alloc(0))
  }

  /** `mtimeMs` is set as `gzip` does. */
  setModified(inode: Inode, mtimeMs: number): void {
    inode.mtimeMs = mtimeMs
    inode.ctimeMs = this.#nowMs()
  }

  rename(from: string, to: string): void {
    const inode = this.inodeOf(from)
    this.#names.delete(from)
    this.#link(to, inode)
    this.#unlink(inode)
    inode.ctimeMs = this.#nowMs()
  }

  remove(path: string): void {
    const inode = this.inodeOf(path)
    this.#names.delete(path)
    this.#unlink(inode)
    inode.ctimeMs = this.#nowMs()
  }

  inodeOf(path: string): Inode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFound(path)
    return inode
  }

  list(directory: string): string[] {
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(directory))
      .map((path) => path.slice(directory.length))
      .filter((name) => !name.includes('/'))
  }

  statsOf(inode: Inode): Stats {
    const { ino, content, birthMs, mtimeMs, ctimeMs, links } = inode
    return {
      dev: 1,
      ino,
      size: content.length,
      birthtimeMs: this.#settings.keepsBirth ? birthMs : 0,
      mtimeMs,
      ctimeMs,
      nlink: links,
      isFile: () => true,
      isDirectory: () => false,
    } as Stats
  }

  get descriptorsMax(): number {
    return this.#settings.descriptorsMax ?? Infinity
  }

  release(inode: Inode): void {
    inode.opens--
    this.#reclaim(inode)
  }

  #link(path: string, inode: Inode): void {
    const replaced = this.#names.get(path)
    inode.links++
    this.#names.set(path, inode)
    if (replaced !== undefined) this.#unlink(replaced)
  }

  #unlink(inode: Inode): void {
    inode.links--
    this.#reclaim(inode)
  }

  #reclaim({ ino, links, opens }: Inode): void {
    if (links === 0 && opens === 0 && this.#settings.reusesInodes) this.#free.push(ino)
  }

  #write(inode: Inode, content: Buffer): void {
    inode.content = content
    inode.mtimeMs = this.#nowMs()
    inode.ctimeMs = inode.mtimeMs
  }

  #nowMs(): number {
    const nowMs = this.#settings.nowMs()
    return nowMs - (nowMs % tickMs)
  }
}

/** The files as one process sees them, until it dies: from then on nothing is answered. */
export class Reader implements System {
  readonly files: FileSystem
  readonly decompress = (): Gunzip => new Gunzip()
  /** How much was asked. */
  calls = 0
  readonly #files: SimulatedFiles
  /** Called before anything is answered: in between, anything may happen. */
  readonly #meanwhile: () => void
  readonly #open = new Set<{ readonly inode: Inode; readonly sinceMs: number }>()
  readonly #nowMs: () => number
  #dead = false

  constructor(files: SimulatedFiles, nowMs: () => number, meanwhile: () => void) {
    this.#nowMs = nowMs
    this.#files = files
    this.#meanwhile = meanwhile
    this.files = {
      list: (directory) =>
        this.#answer(() =>
          files.list(directory).map((name) => ({
            name,
            isDirectory: () => false,
            isSymbolicLink: () => false,
          })),
        ),
      stat: (path) => this.#answer(() => files.statsOf(files.inodeOf(path))),
      open: (path) => this.#answer(() => this.#openFile(files.inodeOf(path))),
      unlink: (path) => this.#answer(() => files.remove(path)),
      realPath: (path) => this.#answer(() => path),
      realPathOf: (path) => this.#answer(() => path),
    }
  }

  /** Whether a file has been open for a while. */
  holds(inode: Inode, nowMs: number): boolean {
    return [...this.#open].some((held) => held.inode === inode && held.sinceMs < nowMs)
  }

  die(): void {
    this.#dead = true
    for (const { inode } of this.#open) this.#files.release(inode)
    this.#open.clear()
  }

  #openFile(inode: Inode): OpenFile {
    if (inode.denied) throw failure('EACCES', 'permission denied')
    if (this.#open.size >= this.#files.descriptorsMax)
      throw failure('EMFILE', 'too many open files')
    inode.opens++
    const held = { inode, sinceMs: this.#nowMs() }
    this.#open.add(held)
    return {
      fd: 0,
      read: (buffer, offset, length, position) =>
        this.#answer(() => {
          if (inode.broken) throw failure('EIO', 'input/output error')
          const some = inode.content.subarray(position, position + length)
          buffer.set(some, offset)
          return { bytesRead: some.length }
        }),
      stat: () => this.#answer(() => this.#files.statsOf(inode)),
      close: () =>
        this.#answer(() => {
          if (this.#open.delete(held)) this.#files.release(inode)
        }),
    }
  }

  #answer<T>(act: () => T): Promise<T> {
    this.calls++
    if (!this.#dead) this.#meanwhile()
    if (this.#dead) return new Promise(() => undefined)
    return new Promise((resolve) => resolve(act()))
  }
}

/** At once, where the real one takes a while in another thread. */
class Gunzip extends Transform {
  bytesWritten = 0
  readonly #chunks: Buffer[] = []

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytesWritten += chunk.length
    this.#chunks.push(Buffer.from(chunk))
    done()
  }

  override _flush(done: (error: Error | null, content?: Buffer) => void): void {
    try {
      done(null, gunzipSync(Buffer.concat(this.#chunks)))
    } catch (error) {
      done(error as Error)
    }
  }
}

function notFound(path: string): Error {
  return failure('ENOENT', `no such file: ${path}`)
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
