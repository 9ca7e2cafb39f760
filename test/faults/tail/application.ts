import { gzipSync } from 'node:zlib'
import type { Random } from '../../support/random.ts'
import type { Inode, SimulatedFiles } from './simulated-files.ts'

const banner = `${'='.repeat(90)} start of the application\n`.repeat(12)
const rotatedMax = 3
export const directory = '/logs/'
const active = `${directory}app.log`

/** A file with numbered lines. */
export interface LogFile {
  path: string
  readonly inode: Inode
  lines: number[]
}

/** A step of the application or of its log rotation. Between two parts of it, time may pass and remora may read. */
type Parts = Generator<void, void, void>

export interface Step {
  readonly name: string
  readonly weight: number
  run(application: Application): Parts
}

export interface ApplicationEvents {
  /** These lines are about to be where nobody can read them, unless a reader holds `heldBy` open. */
  gone(lines: readonly number[], heldBy: Inode | undefined): void
  /** These may come again: they stand in a file that nobody can tell from a new one. */
  mayRepeat(lines: readonly number[]): void
}

/**
 * An application that writes numbered lines, `17 xxx.`, into `app.log`, and all that rotates logs. It knows which line
 * stands in which file.
 */
export class Application {
  readonly #files: SimulatedFiles
  readonly #random: Random
  readonly #events: ApplicationEvents
  #active: LogFile
  /** The oldest first. */
  #rotated: LogFile[] = []
  #next = 0
  #names = 0

  constructor(files: SimulatedFiles, random: Random, events: ApplicationEvents) {
    this.#files = files
    this.#random = random
    this.#events = events
    this.#active = this.#create(active, this.#start())
  }

  get nextLine(): number {
    return this.#next
  }

  /** `app.log#101 1392 bytes 3-17`: which inode, how long and which lines. */
  toString(): string {
    return this.visible.map(describe).join(', ')
  }

  /** Those that remora can find. */
  get visible(): readonly LogFile[] {
    return [this.#active, ...this.#rotated]
  }

  /** At times half a line: the rest comes later, also after a rotation by renaming. */
  *write(): Parts {
    const file = this.#active
    const large = this.#random.below(40) === 0
    const text = this.#lines(file, 1 + this.#random.below(large ? 6000 : 20))
    const cut = this.#random.below(3) === 0 ? this.#random.below(text.length) : 0
    this.#files.append(file.inode, text.slice(0, cut))
    if (cut > 0) yield
    this.#files.append(file.inode, text.slice(cut))
  }

  /** Each time under a new name. */
  *rotate(): Parts {
    yield* this.#rotateTo(`${active}.${++this.#names}`)
  }

  /** app.log.2 becomes app.log.3, app.log.1 becomes app.log.2, app.log becomes app.log.1. */
  *rotateChain(): Parts {
    const chained = this.#rotated.toReversed()
    for (const [index, file] of [...chained.entries()].reverse()) {
      const end = file.path.endsWith('.gz') ? '.gz' : ''
      // Names of the other kind of rotation may be there.
      const path = `${active}.chain-${index + 2}${end}`
      if (file.path === path) continue
      if (this.visible.some((other) => other.path === path)) continue
      this.#files.rename(file.path, path)
      file.path = path
      if (this.#random.below(3) === 0) yield
    }
    const first = `${active}.chain-1`
    if (this.visible.some(({ path }) => path === first)) return
    yield* this.#rotateTo(first)
  }

  /** To where remora does not look. */
  *rotateAway(): Parts {
    const { path, inode, lines } = this.#active
    this.#events.gone(lines, inode)
    this.#files.rename(path, `/away/${++this.#names}`)
    if (this.#random.below(2) === 0) yield
    this.#active = this.#create(active, this.#start())
  }

  *copyTruncate(): Parts {
    const original = this.#active
    const copy = this.#create(`${active}.${++this.#names}`, original.inode.content)
    copy.lines = [...original.lines]
    this.#rotated.push(copy)
    if (this.#random.below(2) === 0) yield
    if (this.#random.below(4) === 0) {
      // What is written now is lost, and the copy is no longer like the original.
      const from = original.lines.length
      this.#files.append(original.inode, this.#lines(original, 3))
      this.#events.mayRepeat(copy.lines)
      this.#events.gone(original.lines.slice(from), undefined)
      if (this.#random.below(2) === 0) yield
    }
    this.#files.truncate(original.inode)
    original.lines = []
    if (this.#random.below(2) === 0) this.#files.append(original.inode, this.#start())
    yield
    this.#removeOldest()
  }

  *truncate(): Parts {
    for (let times = 1 + this.#random.below(3); times > 0; times--) {
      const file = this.#active
      this.#events.gone(file.lines, undefined)
      file.lines = []
      this.#files.truncate(file.inode)
      if (this.#random.below(2) === 0) this.#files.append(file.inode, this.#start())
      if (times > 1) {
        this.#files.append(file.inode, this.#lines(file, 1 + this.#random.below(30)))
        if (this.#random.below(2) === 0) yield
      }
    }
  }

  /** At times with the same content. */
  *recreate(): Parts {
    const { inode, lines } = this.#active
    this.#events.gone(lines, inode)
    this.#files.remove(active)
    if (this.#random.below(2) === 0) yield
    if (this.#random.below(3) === 0) {
      this.#events.mayRepeat(lines)
      this.#active = this.#create(active, inode.content)
      this.#active.lines = lines
    } else {
      this.#active = this.#create(active, this.#start())
    }
  }

  /** One that is rotated, but as logrotate does with `delaycompress` not the newest. */
  *compress(): Parts {
    const plain = this.#rotated.slice(0, -1).filter(({ path }) => !path.endsWith('.gz'))
    const [file] = plain
    if (file === undefined) return
    const path = `${file.path}.gz`
    const compressed = this.#create(path, gzipSync(file.inode.content))
    if (this.#random.below(2) === 0) {
      this.#files.setModified(compressed.inode, file.inode.mtimeMs)
    }
    compressed.lines = file.lines
    if (this.#random.below(2) === 0) yield
    this.#files.remove(file.path)
    this.#rotated[this.#rotated.indexOf(file)] = compressed
  }

  *#rotateTo(path: string): Parts {
    const file = this.#active
    this.#files.rename(file.path, path)
    file.path = path
    this.#rotated.push(file)
    // The application has it open until it is told.
    if (this.#random.below(2) === 0) this.#files.append(file.inode, this.#lines(file, 5))
    if (this.#random.below(2) === 0) yield
    this.#active = this.#create(active, this.#start())
    yield
    this.#removeOldest()
  }

  #removeOldest(): void {
    if (this.#rotated.length <= rotatedMax) return
    const oldest = this.#rotated.shift() as LogFile
    this.#events.gone(oldest.lines, oldest.inode)
    this.#files.remove(oldest.path)
  }

  #create(path: string, content: Buffer | string): LogFile {
    return { path, inode: this.#files.create(path, content), lines: [] }
  }

  #start(): string {
    return this.#random.below(2) === 0 ? banner : ''
  }

  #lines(file: LogFile, count: number): string {
    let text = ''
    for (let index = 0; index < count; index++) {
      file.lines.push(this.#next)
      text += `${this.#next++} ${'x'.repeat(this.#random.below(100))}.\n`
    }
    return text
  }
}

export const steps: readonly Step[] = [
  { name: 'write', weight: 8, run: (a) => a.write() },
  { name: 'rotate', weight: 2, run: (a) => a.rotate() },
  { name: 'rotate the chain', weight: 2, run: (a) => a.rotateChain() },
  { name: 'rotate away', weight: 1, run: (a) => a.rotateAway() },
  { name: 'copytruncate', weight: 3, run: (a) => a.copyTruncate() },
  { name: 'truncate', weight: 1, run: (a) => a.truncate() },
  { name: 'recreate', weight: 1, run: (a) => a.recreate() },
  { name: 'compress', weight: 2, run: (a) => a.compress() },
]

function describe({ path, inode, lines }: LogFile): string {
  const text = `${path.slice(directory.length)}#${inode.ino} ${inode.content.length} bytes`
  return lines.length === 0 ? text : `${text} ${lines[0]}-${lines.at(-1)}`
}
