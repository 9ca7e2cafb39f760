import type { FileSystem } from './file-system.ts'
import { errorCode } from './file-system.ts'
import type { SegmentName } from './format.ts'
import type { Limits } from './limits.ts'
import type { Segment } from './segment.ts'
import type { Spare, SpareFiles } from './spare-files.ts'

/**
 * The segments of a queue, oldest first, and what its files take together.
 *
 * Two figures: `fileBytes` is what stands on the disk, which the cap binds at every moment; `heldBytes` leaves out what
 * nobody needs any more, which is removed before anything is written in its place.
 */
export class SegmentFiles {
  readonly limits: Limits
  readonly #fs: FileSystem
  readonly #live: Segment[] = []
  /** Wholly acknowledged or dropped, not removed yet. */
  readonly #retired: Segment[] = []
  /** Removed, but the removal may not have reached the disk. */
  #removed: readonly SegmentName[] = []
  /** Files that are no segments. */
  readonly #otherBytes: () => number
  readonly spares: SpareFiles
  #segmentBytes = 0
  #retiredBytes = 0
  #removing: Promise<void> | undefined
  #removalFailure: Error | undefined

  constructor(fs: FileSystem, limits: Limits, spares: SpareFiles, otherBytes: () => number) {
    this.#fs = fs
    this.limits = limits
    this.spares = spares
    this.#otherBytes = otherBytes
  }

  get live(): readonly Segment[] {
    return this.#live
  }

  get fileBytes(): number {
    return this.limits.reservedBytes + this.#otherBytes() + this.spares.bytes + this.#segmentBytes
  }

  get heldBytes(): number {
    return this.fileBytes - this.spares.bytes - this.#retiredBytes
  }

  /** Why a file that nobody needs is there still, while that is so. */
  get removalFailure(): Error | undefined {
    return this.#removalFailure
  }

  /** Somebody has removed its file. */
  async isGone({ path }: Segment): Promise<boolean> {
    try {
      await this.#fs.size(path)
      return false
    } catch (error) {
      return errorCode(error) === 'ENOENT'
    }
  }

  add(segment: Segment): void {
    this.#live.push(segment)
    this.#segmentBytes += segment.fileBytes
  }

  /** The file of a segment has this size now, or may have. */
  resize(segment: Segment, fileBytes: number): void {
    this.#segmentBytes += fileBytes - segment.fileBytes
    segment.fileBytes = fileBytes
  }

  /** Nothing in the segment is needed any more: removes the file, or keeps it as a spare one, soon. Again does nothing. */
  retire(segment: Segment): void {
    const index = this.#live.indexOf(segment)
    if (index < 0) return
    this.#live.splice(index, 1)
    this.#retired.push(segment)
    this.#retiredBytes += segment.fileBytes
    void this.removeRetired()
  }

  /** Never rejects: what cannot be removed stays counted, and the next call tries again. */
  removeRetired(): Promise<void> {
    this.#removing ??= this.#remove()
    return this.#removing
  }

  /** Removes what nobody needs, also what would be written over. Never rejects. */
  async clear(): Promise<void> {
    await this.removeRetired()
    await this.spares.drop()
  }

  /**
   * Segments that must not come back after a crash: their files are there still, or their removal may not have reached the
   * disk. A cursor that names them makes sure of it.
   */
  get gone(): readonly SegmentName[] {
    return [...this.#removed, ...this.#retired]
  }

  /** Syncs the directory: what was removed before stays so, and the files kept of it may be written over. */
  async syncDirectory(directory: string): Promise<void> {
    const before = new Set(this.#removed)
    await this.#fs.syncDirectory(directory)
    this.#removed = this.#removed.filter((name) => !before.has(name))
  }

  /** A spare file of at most this size whose former segment cannot come back after a crash. */
  takeSpare(sizeBytesMost: number): Spare | undefined {
    return this.spares.take(sizeBytesMost, this.#removed)
  }

  /** Makes the spare file that of the segment, and adds it. */
  addReusing(segment: Segment, spare: Spare): void {
    this.spares.release(spare)
    segment.path = spare.path
    segment.fileBytes = spare.sizeBytes
    this.add(segment)
  }

  async #remove(): Promise<void> {
    // So that it has not ended before the caller remembers the promise.
    await undefined
    let failed = 0
    let failure: Error | undefined
    while (this.#retired.length > failed) {
      const segment = this.#retired[failed] as Segment
      try {
        if (!(await this.spares.keep(segment))) await this.#fs.unlink(segment.path)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') {
          failed++
          failure = error as Error
          continue
        }
      }
      this.#retired.splice(failed, 1)
      this.#retiredBytes -= segment.fileBytes
      this.#segmentBytes -= segment.fileBytes
      this.#removed = [...this.#removed, segment]
    }
    // In the same step as the last look at the list, so that nothing is missed.
    this.#removing = undefined
    this.#removalFailure = failure
  }
}
