import type { Stats } from 'node:fs'
import { sep } from 'node:path'
import type { Clock } from '../component/clock.ts'
import {
  type Codec,
  CompressedSource,
  codecOf,
  type Decompress,
  isMeasured,
  type Measure,
} from './compressed-source.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import { type Head, headOf } from './head.ts'
import { PlainSource, type Source } from './source.ts'

export interface FileOpenerSettings {
  /** Directories of the include patterns, and others where links may lead. */
  readonly roots: readonly string[]
  /** `auto` looks at the first bytes. */
  readonly compression: 'none' | 'auto' | Codec
  readonly decompress: Decompress
  readonly fingerprintBytes: number
  readonly damaged: (path: string, error: Error) => void
}

export interface Opened {
  readonly source: Source
  readonly stats: Stats
  /** Of the content. */
  readonly sizeBytes: number
  /** The first bytes of the content, if they were looked at. */
  readonly head: Head | undefined
}

/** What is known of a file that was open. */
export interface Parked {
  readonly dev: number
  readonly ino: number
  /** Of a compressed one. */
  readonly measure: Measure | undefined
}

/** What was opened of a path that leads to it no more. */
export interface Unclaimed {
  readonly path: string
  readonly opened: Opened
}

interface Measured {
  readonly path: string
  /** The poll in which it was asked for last. */
  askedInPoll: number
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
  readonly #files: FileSystem
  /** By device and inode: compressed files that are being measured, and those that were. */
  readonly #measured = new Map<string, Measured>()
  /** For heads: as many as files are opened at a time. */
  readonly #spare: Buffer[] = []
  #poll = 0
  /** A compressed file was not opened in this poll, and nobody tells when it can be. */
  #leftAlone = false
  /** Where the roots really are, in this poll. */
  #places: readonly string[] | undefined

  constructor(settings: FileOpenerSettings, clock: Clock, files: FileSystem) {
    this.#settings = settings
    this.#clock = clock
    this.#files = files
  }

  /** Whether compressed files were found that are not opened yet, because it is not known how much is in them. */
  get waits(): boolean {
    for (const { error } of this.#measured.values()) if (error === undefined) return true
    return this.#leftAlone
  }

  /** Undefined for what is no regular file, or not ready. Rejects with the reason for what must not be read. */
  async open(path: string): Promise<Opened | undefined> {
    const handle = await this.#files.open(path)
    let kept = false
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) return undefined
      await this.#checkPlace(path, handle)
      const head = await this.#readHead(handle)
      const codec = this.#codec(head)
      if (codec !== undefined) {
        const key = `${stats.dev}:${stats.ino}`
        const measured = await this.#take(key, stats)
        if (measured !== undefined) return measured
        if (this.#measured.has(key)) return undefined
        // What claims to be of the future says nothing: a clock was set back.
        const isFresh = Math.abs(this.#clock.nowMs() - stats.mtimeMs) < quietMs
        if (isFresh || !(await this.#hasRoom())) {
          this.#leftAlone = true
          return undefined
        }
        kept = true
        this.#measure(path, key, handle, codec, stats)
        return undefined
      }
      kept = true
      return { source: new PlainSource(handle), stats, sizeBytes: stats.size, head }
    } finally {
      if (!kept) await handle.close()
    }
  }

  /**
   * Opens a file again that was opened before; undefined when the path leads to another one by now, or when a compressed
   * one is no longer as it was measured.
   */
  async reopen(path: string, parked: Parked): Promise<Source | undefined> {
    const { dev, ino, measure } = parked
    const handle = await this.#files.open(path)
    // The same file needs no second look at its place and its content.
    const stats = await handle.stat()
    if (stats.dev === dev && stats.ino === ino) {
      if (measure === undefined) return new PlainSource(handle)
      if (isMeasured(stats, measure)) return this.#compressed(path, handle, measure.codec, measure)
    }
    await handle.close()
    return undefined
  }

  /** The roots may be links that lead elsewhere by now. */
  beginPoll(): void {
    this.#poll++
    this.#places = undefined
    this.#leftAlone = false
  }

  /**
   * What was measured and not asked for in the last two polls: its path is gone, but not what was opened. Parked files are
   * asked for between polls.
   */
  takeUnclaimed(): readonly Unclaimed[] {
    const unclaimed: Unclaimed[] = []
    for (const [key, { path, source, stats, sizeBytes, askedInPoll }] of this.#measured) {
      if (sizeBytes < 0 || this.#poll - askedInPoll < 2) continue
      this.#measured.delete(key)
      if (source === undefined) continue
      unclaimed.push({ path, opened: { source, stats, sizeBytes, head: undefined } })
    }
    return unclaimed
  }

  /** Lets go of what was opened and not taken. */
  async close(): Promise<void> {
    for (const { source } of this.#measured.values()) await source?.close()
    this.#measured.clear()
  }

  /** What was measured of this file, once; throws why it is refused, as long as it stays the same. */
  async #take(key: string, stats: Stats): Promise<Opened | undefined> {
    const measured = this.#measured.get(key)
    if (measured === undefined) return undefined
    measured.askedInPoll = this.#poll
    if (measured.sizeBytes < 0) return undefined
    const same = stats.size === measured.stats.size && stats.mtimeMs === measured.stats.mtimeMs
    if (same && measured.error !== undefined) throw measured.error
    this.#measured.delete(key)
    const { source, sizeBytes } = measured
    // Changed, or another file with the same inode: measured anew.
    if (!same || source === undefined) {
      await source?.close()
      return undefined
    }
    return { source, stats, sizeBytes, head: undefined }
  }

  /** Forgets the results that nobody came for: their files are gone. */
  async #hasRoom(): Promise<boolean> {
    if (this.#measured.size < measuredMax) return true
    for (const [key, { source, sizeBytes }] of this.#measured) {
      if (sizeBytes < 0) continue
      this.#measured.delete(key)
      await source?.close()
    }
    return this.#measured.size < measuredMax
  }

  /** Goes on beside the reading of other files; a later `open` of the same file has the result. */
  #measure(path: string, key: string, handle: OpenFile, codec: Codec, stats: Stats): void {
    const source = this.#compressed(path, handle, codec)
    const askedInPoll = this.#poll
    const measured: Measured = { path, askedInPoll, source, stats, sizeBytes: -1, error: undefined }
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

  #compressed(path: string, handle: OpenFile, codec: Codec, measure?: Measure): CompressedSource {
    const { decompress, damaged } = this.#settings
    const tell = (error: Error): void => damaged(path, error)
    return new CompressedSource(handle, codec, decompress, tell, measure)
  }

  /** A link in a watched directory could name any file that this process may read. */
  async #checkPlace(path: string, handle: OpenFile): Promise<void> {
    const real = await this.#files.realPathOf(path, handle)
    this.#places ??= await Promise.all(
      this.#settings.roots.map((root) => this.#files.realPath(root).catch(() => root)),
    )
    for (const place of this.#places) {
      if (real.startsWith(place.endsWith(sep) ? place : place + sep)) return
    }
    throw new Error(
      `it leads to "${real}", which is outside of the directory of its pattern; name the place in allowed_roots if that is right`,
    )
  }

  async #readHead(handle: OpenFile): Promise<Head> {
    const { fingerprintBytes } = this.#settings
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(fingerprintBytes, 4))
    try {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      return headOf(buffer.subarray(0, Math.min(bytesRead, fingerprintBytes)))
    } finally {
      this.#spare.push(buffer)
    }
  }

  #codec(head: Head): Codec | undefined {
    const { compression } = this.#settings
    if (compression === 'none') return undefined
    return compression === 'auto' ? codecOf(head) : compression
  }
}
