import type { Clock } from '../../component/clock.ts'
import { errorCode, type FileSystem } from './file-system.ts'
import type { SegmentName } from './format.ts'
import type { Limits } from './limits.ts'
import type { Segment } from './segment.ts'

const suffix = '.spare'
/** Two are on their way through while one is written to and one is delivered. */
const sparesMax = 4
/** A smaller one saves too little. */
const sizeShareMin = 1 / 2
/** A process with nothing to write needs no disk. */
const idleMs = 10_000

/** The file of a segment that nobody needs any more. */
export interface Spare {
  readonly path: string
  readonly sizeBytes: number
  /** Whose file it was. */
  readonly segment: SegmentName
}

/**
 * Files of removed segments that new segments are written over. Blocks that a file has already need no allocation, no journal
 * of the file system and no new pages in memory: writing and syncing 450 MB took a third of the time and half of the CPU.
 *
 * They count against the cap, and are removed as soon as their room is needed, when nothing was written for a while, and when
 * the disk takes no writes.
 */
export class SpareFiles {
  readonly #fs: FileSystem
  readonly #limits: Limits
  readonly #clock: Clock
  #spares: Spare[] = []
  #bytes = 0
  #wanted = true
  #dropping: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined

  constructor(fs: FileSystem, limits: Limits, clock: Clock) {
    this.#fs = fs
    this.#limits = limits
    this.#clock = clock
  }

  static owns(name: string): boolean {
    return name.endsWith(suffix)
  }

  /** The name of a segment's file while nothing in it is needed: not any more, or not yet. */
  static pathFor(segmentPath: string): string {
    return `${segmentPath}${suffix}`
  }

  /** Of all files of this kind. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether files are kept; those that are there go when they are not. */
  async want(wanted: boolean): Promise<void> {
    this.#wanted = wanted
    if (!wanted) await this.drop()
  }

  /** Takes the file of the segment; false if it is of no use, and stays where it is. Never rejects. */
  async keep({ path, fileBytes, sequence, salt, sound }: Segment): Promise<boolean> {
    const { segmentBytes } = this.#limits
    if (!this.#wanted || !sound || this.#spares.length >= sparesMax) return false
    if (fileBytes > segmentBytes || fileBytes < segmentBytes * sizeShareMin) return false
    const spare = {
      path: SpareFiles.pathFor(path),
      sizeBytes: fileBytes,
      segment: { sequence, salt },
    }
    try {
      await this.#fs.rename(path, spare.path)
    } catch {
      // Then it is removed, and that says what is wrong.
      return false
    }
    this.#bytes += fileBytes
    this.#spares.push(spare)
    if (!this.#wanted) await this.drop()
    this.#dropWhenIdle()
    return true
  }

  /** A file of at most this size that is not among `unsettled`. It still counts, until `release`. */
  take(sizeBytesMost: number, unsettled: readonly SegmentName[]): Spare | undefined {
    const index = this.#spares.findIndex(
      ({ sizeBytes, segment: { sequence } }) =>
        sizeBytes <= sizeBytesMost && !unsettled.some((name) => name.sequence === sequence),
    )
    if (index < 0) return undefined
    this.#dropWhenIdle()
    return this.#spares.splice(index, 1)[0]
  }

  /** The file belongs to a segment again. */
  release({ sizeBytes }: Spare): void {
    this.#bytes -= sizeBytes
  }

  /** It cannot be used after all. */
  async discard(spare: Spare): Promise<void> {
    this.#spares.push(spare)
    await this.drop()
  }

  /** Removes all. Never rejects: what cannot be removed stays counted. */
  drop(): Promise<void> {
    this.#dropping = this.#dropping.then(() => this.#drop())
    return this.#dropping
  }

  async #drop(): Promise<void> {
    for (const spare of this.#spares.splice(0)) {
      try {
        await this.#fs.unlink(spare.path)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') {
          this.#spares.push(spare)
          continue
        }
      }
      this.#bytes -= spare.sizeBytes
    }
  }

  async close(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.want(false)
  }

  #dropWhenIdle(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (!this.#wanted) return
    this.#cancelTimer = this.#clock.after(idleMs, () => {
      this.#cancelTimer = undefined
      void this.drop()
    })
  }
}
