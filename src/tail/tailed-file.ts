import type { Stats } from 'node:fs'
import type { Measure } from './compressed-source.ts'
import { bytesOf, type Head } from './head.ts'
import {
  type Guard,
  guardOf,
  hashBytes,
  isGuard,
  type Mark,
  noGuard,
  type Position,
} from './identity.ts'
import type { Place, SourceAttributes } from './line-source.ts'
import { PlainSource, type Source } from './source.ts'

export function inodeKey({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`
}

/** Which file some content was that of, and between which replacements. */
export interface Past {
  readonly file: TailedFile
  readonly generation: number
  /**
   * When the content ended, also that of copies which wait: no file that was made later is a copy of it. That holds in one
   * run only: a copy that nobody has seen may be compressed while remora is down.
   */
  endedMs: number
}

/** Where a copy ends in its original, as the two were when they were compared last. */
export interface CopyEnd {
  readonly mark: Mark
  /** What the original holds up to there was read: the very bytes, not those of a content that came in between. */
  reached: boolean
}

/** A place up to which everything is acknowledged, all of one moment: reading may be far ahead. */
export interface Acknowledged {
  readonly position: Position
  readonly skipping: boolean
  readonly recordNumber: number
}

/** A content of a file that was replaced while some of it was on its way. */
interface Earlier {
  readonly rememberedId: number
  readonly generation: number
  readonly head: Head
  /** Up to where it was acknowledged since it ended. */
  place: Place | undefined
}

/** One for all files: nearly none has earlier contents or copies. */
const none: readonly never[] = []

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
  head: Head = ''
  /** The earliest time at which it is known to have been there. */
  bornMs = Infinity
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
  /** Raised when the content is replaced: acknowledgements of earlier content move what is remembered of that. */
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
  /** It was closed for others, and what is in it was not compared with what was read since. */
  wasParked = false
  /** When it was closed for others last. */
  parkedMs = 0
  /** Of a compressed one that is parked. */
  measure: Measure | undefined
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
  /** Undefined while the two could not be compared. */
  copyEnd: CopyEnd | undefined
  /** Where to begin if it is no copy after all, and still is what the first look has seen; undefined for its beginning. */
  startsAt: Mark | undefined
  /** The poll in which it was found to be so. */
  comparedInPoll = 0
  /** Its entry among the remembered positions, once it is closed. */
  rememberedId = -1
  closed = false
  /** When its checkpoint was made last. */
  savedMs = 0
  /** Oldest first. */
  #earlier: readonly Earlier[] = none
  /** The content that was acknowledged last. */
  #committing = 0
  /** Of its copies, which end where nothing is read yet. */
  #endsAhead: readonly CopyEnd[] = none
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
    this.wasParked = false
    this.suspicious = false
    this.#endsAhead = none
  }

  /** Takes over what was framed: `view[.., end)` ends at the new offset. */
  advance(view: Uint8Array, start: number, end: number): void {
    this.offset += end - start
    this.guard = guardOf(view.subarray(0, end))
    if (this.#endsAhead.length > 0) this.#passEnds(view, end)
  }

  /** A copy of this file ends there; `before` is where it ended when it was compared before. */
  noteCopyEnd(copyEnd: CopyEnd, before: CopyEnd | undefined): void {
    if (before !== undefined) this.#endsAhead = this.#endsAhead.filter((one) => one !== before)
    if (copyEnd.mark.offset > this.offset) this.#endsAhead = [...this.#endsAhead, copyEnd]
  }

  /** `view[.., end)` ends at the offset. */
  #passEnds(view: Uint8Array, end: number): void {
    this.#endsAhead = this.#endsAhead.filter((copyEnd) => {
      const { offset, guard } = copyEnd.mark
      if (offset > this.offset) return true
      const at = end - (this.offset - offset)
      copyEnd.reached = isGuard(view.subarray(Math.max(0, at - guard.bytes), at), guard)
      return false
    })
  }

  /** As much of the head as is known to stay: what was read; but where nothing was read it is all there is. */
  get knownHead(): Head {
    return this.offset === 0 ? this.head : this.head.slice(0, this.offset)
  }

  /** The content is about to be replaced; `rememberedId` is its entry among the remembered positions. */
  endContent(rememberedId: number): void {
    const { generation, head } = this
    if (this.inFlight > 0) {
      this.#earlier = [...this.#earlier, { rememberedId, generation, head, place: undefined }]
    }
  }

  commit(place: Place): void {
    this.#committing = place.generation
    if (place.generation !== this.generation) {
      const earlier = this.#earlier.find(({ generation }) => generation === place.generation)
      if (earlier !== undefined) earlier.place = place
      return
    }
    this.committed = place.offset
    this.committedGuard = place.guard
    this.committedSkipping = place.skipping
    this.committedRecordNumber = place.recordNumber
  }

  /** How far contents were acknowledged that had ended before, since the last call, by their entries. */
  *takeEarlier(): Iterable<readonly [rememberedId: number, acknowledged: Acknowledged]> {
    if (this.#earlier.length === 0) return
    for (const earlier of this.#earlier) {
      const { rememberedId, head, place } = earlier
      if (place === undefined) continue
      const { offset, guard, skipping, recordNumber } = place
      const position = this.#position(head, offset, guard)
      yield [rememberedId, { position, skipping, recordNumber }]
      earlier.place = undefined
    }
    const goOn = this.inFlight > 0
    this.#earlier = this.#earlier.filter((one) => goOn && one.generation >= this.#committing)
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
    return this.#position(this.head, this.offset, this.guard)
  }

  /** Of a copy that waits: where it begins, if it is none after all. */
  get acknowledged(): Acknowledged {
    const { shadowOf, startsAt } = this
    if (shadowOf !== undefined && startsAt !== undefined) {
      const position = this.#position(this.head, startsAt.offset, startsAt.guard)
      return { position, skipping: false, recordNumber: 0 }
    }
    const { committedSkipping: skipping, committedRecordNumber: recordNumber } = this
    const position = this.#position(this.head, this.committed, this.committedGuard)
    return { position, skipping, recordNumber }
  }

  #position(head: Head, offset: number, guard: Guard): Position {
    const known = offset === 0 ? head : head.slice(0, offset)
    return {
      dev: this.dev,
      ino: this.ino,
      headBytes: known.length,
      headHash: hashBytes(bytesOf(known)),
      offset,
      guardBytes: guard.bytes,
      guardHash: guard.hash,
    }
  }
}
