import type { Stats } from 'node:fs'
import { type Guard, guardOf, hashBytes, noGuard, type Position } from './identity.ts'
import type { Place, SourceAttributes } from './line-source.ts'
import { PlainSource, type Source } from './source.ts'

export function inodeKey({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`
}

/** A file that is being read, from its discovery until it is gone and everything of it is acknowledged. */
export class TailedFile {
  /** Key of its checkpoint. */
  readonly id: number
  /** Where it was found first; records carry this name, also after a rotation. */
  readonly path: string
  /** Where it was seen last; changes when it is renamed within the patterns. */
  pathNow: string
  dev: number
  ino: number
  /** Its content is what is in it, without decompressing. */
  readonly isPlain: boolean
  /** Undefined while parked, because too many files are open, and once it is gone. */
  source: Source | undefined
  head: Uint8Array = new Uint8Array(0)
  sizeBytes = 0
  mtimeMs = 0
  /** Everything before it has been framed. Always the start of a record, except while `skipping`. */
  offset = 0
  guard: Guard = noGuard
  /** Everything before it has been acknowledged. */
  committed = 0
  committedGuard: Guard = noGuard
  /** What `skipping` and `recordNumber` were there: reading may be far ahead. */
  committedSkipping = false
  committedRecordNumber = 0
  /** Raised when the content is replaced: acknowledgements of earlier content no longer move `committed`. */
  generation = 0
  /** In the rest of a line whose start was cut off by `max_log_size_behavior: truncate`. */
  skipping = false
  recordNumber = 0
  inFlight = 0
  /** The size at which the last read ended in an unfinished record, and since when; -1 without one. */
  partialSize = -1
  partialSinceMs = 0
  /** The unfinished record has waited long enough. */
  flushDue = false
  /** What is read shall be compared with what was read before, although the size gives no reason for it. */
  suspicious = false
  /** The polls that saw it, and saw it changed, last; when it was missed first, -1 while it is there. */
  seenInPoll = 0
  changedInPoll = 0
  missingSinceMs = -1
  /** When its last name was deleted. Whatever was made later cannot be a copy of it. */
  unlinkedMs = Infinity
  /** A copy of this file, so far: not read until they differ. */
  shadowOf: TailedFile | undefined
  shadowGeneration = 0
  /** Its size when it was found to be the beginning of the original last. */
  shadowBytes = 0
  /** The poll in which it was found to be so. */
  comparedInPoll = 0
  /** Its entry among the remembered positions, once it is closed. */
  rememberedId = -1
  closed = false
  attributes: SourceAttributes | undefined

  constructor(id: number, path: string, stats: Stats, sizeBytes: number, source: Source) {
    this.id = id
    this.path = path
    this.pathNow = path
    this.dev = stats.dev
    this.ino = stats.ino
    this.source = source
    this.isPlain = source instanceof PlainSource
    this.sizeBytes = sizeBytes
    this.mtimeMs = stats.mtimeMs
  }

  get inodeKey(): string {
    return inodeKey(this)
  }

  /** Moves both positions: at the start, or when the content was replaced. */
  restartAt(offset: number, guard: Guard, skipping = false): void {
    this.offset = offset
    this.guard = guard
    this.committed = offset
    this.committedGuard = guard
    this.generation++
    this.skipping = skipping
    this.committedSkipping = skipping
    this.committedRecordNumber = this.recordNumber
    this.partialSize = -1
    this.flushDue = false
    this.suspicious = false
  }

  /** Takes over what was framed: `view[.., end)` ends at the new offset. */
  advance(view: Uint8Array, start: number, end: number): void {
    this.offset += end - start
    this.guard = guardOf(view.subarray(0, end))
  }

  /** As much of the head as is known to stay: what was read; but where nothing was read it is all there is. */
  get knownHead(): Uint8Array {
    return this.offset === 0 ? this.head : this.head.subarray(0, this.offset)
  }

  commit(place: Place): void {
    if (place.generation !== this.generation) return
    this.committed = place.offset
    this.committedGuard = place.guard
    this.committedSkipping = place.skipping
    this.committedRecordNumber = place.recordNumber
  }

  /** Something to read, or an unfinished record to give up waiting for. */
  get ready(): boolean {
    if (this.closed || this.shadowOf !== undefined) return false
    if (this.flushDue || this.suspicious || this.sizeBytes < this.offset) return true
    return this.sizeBytes > this.offset && this.sizeBytes !== this.partialSize
  }

  /** A copy whose original ended: it is placed in the next poll after all that was read of that is acknowledged. */
  get waitsForPlace(): boolean {
    const { shadowOf } = this
    if (shadowOf === undefined) return false
    return shadowOf.closed || shadowOf.generation !== this.shadowGeneration
  }

  get unreadBytes(): number {
    return this.shadowOf === undefined ? Math.max(0, this.sizeBytes - this.offset) : 0
  }

  /** Where to go on after everything read so far, for a copy of this file. */
  readPosition(): Position {
    return this.#position(this.offset, this.guard)
  }

  committedPosition(): Position {
    return this.#position(this.committed, this.committedGuard)
  }

  #position(offset: number, guard: Guard): Position {
    const headBytes = offset === 0 ? this.head.length : Math.min(this.head.length, offset)
    return {
      dev: this.dev,
      ino: this.ino,
      headBytes,
      headHash: hashBytes(this.head.subarray(0, headBytes)),
      offset,
      guardBytes: guard.bytes,
      guardHash: guard.hash,
    }
  }
}
