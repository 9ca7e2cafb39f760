import type { Counter } from '../component/telemetry.ts'
import type { Encoding } from './encoding.ts'
import type { RecordSink } from './line-target.ts'

export interface FramerSettings {
  readonly encoding: Encoding
  readonly maxLogSizeBytes: number
  readonly oversize: 'split' | 'truncate'
  readonly preserveLeading: boolean
  readonly preserveTrailing: boolean
  readonly counts: FramerCounts
}

/** What framing has to say besides the records. */
export interface FramerCounts {
  readonly split: Counter
  readonly truncated: Counter
  readonly undecodable: Counter
}

/** What a framer knows of where the bytes come from. */
export interface FramedSource {
  /** Of the first byte that is framed. */
  readonly offset: number
  /** In the rest of a record that was cut off; the framer remembers it here. */
  skipping: boolean
  /** What tells it from others, for people. */
  readonly path?: string
  /** Raised when the content is replaced. */
  readonly generation?: number
}

/**
 * Cuts bytes into records.
 *
 * `frame` reads `view[start, end)`, which begins at `file.offset`, gives each complete record to the target, and returns
 * where the first incomplete one begins. With `flush` the rest counts as complete. It consumes at least something when
 * `end - start` exceeds the largest record, so no line can stop the reading.
 */
export interface Framer {
  frame(
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    flush: boolean,
    target: RecordSink,
  ): number
}

const newline = 10
const carriageReturn = 13
const space = 32
const tab = 9

/** Gives single records to the target: trims, cuts to size, converts. Shared by the framers. */
export class RecordCutter {
  readonly settings: FramerSettings
  readonly #unit: number
  #plain = false
  #base = 0

  constructor(settings: FramerSettings) {
    this.settings = settings
    this.#unit = settings.encoding.unitBytes === 2 ? 2 : 1
  }

  /** `base`: what to add to an index of the view to have an offset of the file. */
  begin(view: Buffer, start: number, end: number, base: number): void {
    this.#base = base
    this.#plain = this.settings.encoding.isPlain(view.subarray(start, end))
  }

  /** A whole record; cut if it is too long. */
  record(view: Buffer, from: number, to: number, target: RecordSink): void {
    const max = this.settings.maxLogSizeBytes
    if (to - from <= max) {
      this.#emit(view, from, to, target)
      return
    }
    if (this.settings.oversize === 'truncate') {
      this.settings.counts.truncated.add(1)
      this.#emit(view, from, this.#boundary(view, from, from + max), target)
      return
    }
    this.#emit(view, this.pieces(view, from, to, target), to, target)
  }

  /** Pieces of a record whose end is not in sight, as long as the rest is too long to be one; returns where the rest begins. */
  pieces(view: Buffer, from: number, end: number, target: RecordSink): number {
    const max = this.settings.maxLogSizeBytes
    if (end - from > max) this.settings.counts.split.add(1)
    let at = from
    while (end - at > max) {
      const cut = this.#boundary(view, at, at + max)
      this.#emit(view, at, cut, target)
      at = cut
    }
    return at
  }

  /** The last place up to `to` that is not inside a character. */
  #boundary(view: Buffer, from: number, to: number): number {
    if (this.#unit === 2) return to - ((to - from) % 2)
    let cut = to
    // UTF-8: continuation bytes are 10xxxxxx, and a character has at most three of them.
    while (cut > from && to - cut < 3 && ((view[cut] as number) & 0xc0) === 0x80) cut--
    return cut > from && ((view[cut] as number) & 0xc0) !== 0x80 ? cut : to
  }

  #emit(view: Buffer, from: number, to: number, target: RecordSink): void {
    let start = from
    let end = to
    if (this.#unit === 1) {
      const { preserveLeading, preserveTrailing } = this.settings
      if (!preserveTrailing) while (end > start && isBlank(view[end - 1] as number)) end--
      // NUL bytes in front are the hole that a truncation left before a writer that does not append.
      while (start < end && isHoleOrBlank(view[start] as number, preserveLeading)) start++
    }
    const offset = this.#base + from
    if (start === end) {
      target.blank(offset)
      return
    }
    if (this.#plain) {
      target.line(view, start, end, offset)
      return
    }
    const { encoding } = this.settings
    if (this.#unit === 2) {
      if (!this.settings.preserveTrailing) end = this.#trimWideEnd(view, start, end)
      if (!this.settings.preserveLeading) start = this.#trimWideStart(view, start, end)
      if (start === end) {
        target.blank(offset)
        return
      }
    }
    const outcome = encoding.convert(view, start, end, offset, target)
    if (outcome === 'replaced') this.settings.counts.undecodable.add(1)
  }

  #wideUnit(view: Buffer, at: number): number {
    return this.settings.encoding.bigEndian ? view.readUInt16BE(at) : view.readUInt16LE(at)
  }

  #trimWideEnd(view: Buffer, start: number, from: number): number {
    let end = from - ((from - start) % 2)
    while (end > start && isBlank(this.#wideUnit(view, end - 2))) end -= 2
    return end
  }

  #trimWideStart(view: Buffer, from: number, end: number): number {
    let start = from
    while (start + 1 < end && isBlank(this.#wideUnit(view, start))) start += 2
    return start
  }
}

function isBlank(unit: number): boolean {
  return unit === space || unit === newline || unit === carriageReturn || unit === tab
}

function isHoleOrBlank(byte: number, preserveBlank: boolean): boolean {
  return byte === 0 || (!preserveBlank && isBlank(byte))
}
