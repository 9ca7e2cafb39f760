import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import type { Clock } from '../component/clock.ts'
import { type Codec, CompressedSource, codecOf, type Decompress } from './compressed-source.ts'
import { PlainSource, type Source } from './source.ts'

export interface FileOpenerSettings {
  /** Directories of the include patterns, and others where links may lead. */
  readonly roots: readonly string[]
  /** `auto` looks at the first bytes. */
  readonly compression: 'none' | 'auto' | Codec
  readonly decompress: Decompress
  readonly damaged: (path: string, error: Error) => void
}

export interface Opened {
  readonly source: Source
  readonly stats: Stats
  /** Of the content. */
  readonly sizeBytes: number
}

interface Measured {
  source: CompressedSource | undefined
  readonly stats: Stats
  /** -1 while it is not known. */
  sizeBytes: number
  error: Error | undefined
}

const measuredMax = 64
// A file that is being compressed is left alone until it is finished.
const quietMs = 1000

/**
 * Opens regular files below the roots. What a path leads to may change at any moment, so everything is asked of the open
 * file, and to open never blocks, whatever is there.
 */
export class FileOpener {
  readonly #settings: FileOpenerSettings
  readonly #clock: Clock
  /** By device and inode: compressed files that are being measured, and those that were. */
  readonly #measured = new Map<string, Measured>()

  constructor(settings: FileOpenerSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** Whether compressed files were found that are not opened yet, because it is not known how much is in them. */
  get waits(): boolean {
    for (const { error } of this.#measured.values()) if (error === undefined) return true
    return false
  }

  /** Undefined for what is no regular file, or not ready. Rejects with the reason for what must not be read. */
  async open(path: string): Promise<Opened | undefined> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    let kept = false
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) return undefined
      await this.#checkPlace(path, handle)
      const codec = await this.#codec(handle)
      if (codec !== undefined) {
        const key = `${stats.dev}:${stats.ino}`
        const measured = this.#take(key, stats)
        if (measured !== undefined) return measured
        if (this.#measured.has(key) || this.#measured.size >= measuredMax) return undefined
        if (this.#clock.nowMs() - stats.mtimeMs < quietMs) return undefined
        kept = true
        this.#measure(path, key, handle, codec, stats)
        return undefined
      }
      kept = true
      return { source: new PlainSource(handle), stats, sizeBytes: stats.size }
    } finally {
      if (!kept) await handle.close()
    }
  }

  /** Lets go of what was opened and not taken. */
  async close(): Promise<void> {
    for (const { source } of this.#measured.values()) await source?.close()
    this.#measured.clear()
  }

  /** What was measured of this file, once; throws why it is refused, as long as it stays the same. */
  #take(key: string, stats: Stats): Opened | undefined {
    const measured = this.#measured.get(key)
    if (measured === undefined || measured.sizeBytes < 0) return undefined
    const same = stats.size === measured.stats.size && stats.mtimeMs === measured.stats.mtimeMs
    if (measured.error !== undefined && same) throw measured.error
    this.#measured.delete(key)
    const { source, sizeBytes } = measured
    if (source === undefined) return undefined
    return { source, stats: measured.stats, sizeBytes }
  }

  /** Goes on beside the reading of other files; a later `open` of the same file has the result. */
  #measure(path: string, key: string, handle: FileHandle, codec: Codec, stats: Stats): void {
    const { decompress, damaged } = this.#settings
    const source = new CompressedSource(handle, codec, decompress, (error) => damaged(path, error))
    const measured: Measured = { source, stats, sizeBytes: -1, error: undefined }
    this.#measured.set(key, measured)
    void (async () => {
      try {
        measured.sizeBytes = await source.size(stats)
      } catch (error) {
        measured.error = error as Error
        measured.source = undefined
        measured.sizeBytes = 0
        await source.close()
      }
    })()
  }

  /** A link in a watched directory could name any file that this process may read. */
  async #checkPlace(path: string, handle: FileHandle): Promise<void> {
    const real = await realPathOf(path, handle)
    for (const root of this.#settings.roots) {
      const place = await realpath(root).catch(() => root)
      if (real.startsWith(place.endsWith(sep) ? place : place + sep)) return
    }
    throw new Error(
      `it leads to "${real}", which is outside of the directory of its pattern; name the place in allowed_roots if that is right`,
    )
  }

  async #codec(handle: FileHandle): Promise<Codec | undefined> {
    const { compression } = this.#settings
    if (compression === 'none') return undefined
    if (compression !== 'auto') return compression
    const head = Buffer.alloc(4)
    const { bytesRead } = await handle.read(head, 0, 4, 0)
    return codecOf(head.subarray(0, bytesRead))
  }
}

/** Of the open file where the system tells (Linux), so that nobody can exchange it in between. */
async function realPathOf(path: string, handle: FileHandle): Promise<string> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return await realpath(path)
  }
}
