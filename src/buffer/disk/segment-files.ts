import type { FileSystem } from './file-system.ts'
import { errorCode } from './file-system.ts'
import type { SegmentName } from './format.ts'
import type { Limits } from './limits.ts'
import type { Segment } from './segment.ts'

/**
 * The segments of a queue, oldest first, and what its files take together.
 *
 * Two figures: `fileBytes` is what stands on the disk, which the cap binds at every moment; `heldBytes` leaves out the
 * segments that nobody needs any more and that are removed before anything is written in their place.
 */
export class SegmentFiles {
  readonly limits: Limits
  readonly #fs: FileSystem
  readonly #live: Segment[] = []
  /** Wholly acknowledged or dropped, not removed yet. */
  readonly #retired: Segment[] = []
  /** Removed, but the removal may not have reached the disk. */
  readonly #removed: SegmentName[] = []
  /** Files that are no segments. */
  readonly #otherBytes: () => number
  #segmentBytes = 0
  #retiredBytes = 0
  #removing: Promise<void> | undefined
  #removalFailure: Error | undefined

  constructor(fs: FileSystem, limits: Limits, otherBytes: () => number) {
    this.#fs = fs
    this.limits = limits
    this.#otherBytes = otherBytes
  }

  get live(): readonly Segment[] {
    return this.#live
  }

  get fileBytes(): number {
    return this.limits.reservedBytes + this.#otherBytes() + this.#segmentBytes
  }

  get heldBytes(): number {
    return this.fileBytes - this.#retiredBytes
  }

  /** Why a file that nobody needs is there still, while that is so. */
  get removalFailure(): Error | undefined {
    return this.#removalFailure
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

  /** Nothing in the segment is needed any more: removes the file, soon. Again does nothing. */
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

  /**
   * Segments that must not come back after a crash: their files are there still, or their removal may not have reached the
   * disk. A cursor that names them makes sure of it.
   */
  get gone(): readonly SegmentName[] {
    return [...this.#removed, ...this.#retired]
  }

  /** How many of `gone`, the first ones, have no file any more. */
  get removedCount(): number {
    return this.#removed.length
  }

  /** The directory was synced since these, the first ones, were removed. */
  forgetRemoved(count: number): void {
    this.#removed.splice(0, count)
  }

  async #remove(): Promise<void> {
    // So that it has not ended before the caller remembers the promise.
    await undefined
    let failed = 0
    let failure: Error | undefined
    while (this.#retired.length > failed) {
      const segment = this.#retired[failed] as Segment
      try {
        await this.#fs.unlink(segment.path)
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
      this.#removed.push(segment)
    }
    // In the same step as the last look at the list, so that nothing is missed.
    this.#removing = undefined
    this.#removalFailure = failure
  }
}
