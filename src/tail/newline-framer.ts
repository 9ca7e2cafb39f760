import type { FramedSource, Framer, FramerSettings } from './framer.ts'
import { RecordCutter } from './framer.ts'
import type { RecordSink } from './line-target.ts'

/** A record a line. */
export class NewlineFramer implements Framer {
  readonly #cutter: RecordCutter
  readonly #max: number
  readonly #wide: boolean
  readonly #bigEndian: boolean
  readonly #truncate: boolean

  constructor(settings: FramerSettings) {
    this.#cutter = new RecordCutter(settings)
    this.#max = settings.maxLogSizeBytes
    this.#wide = settings.encoding.unitBytes === 2
    this.#bigEndian = settings.encoding.bigEndian
    this.#truncate = settings.oversize === 'truncate'
  }

  frame(
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    flush: boolean,
    target: RecordSink,
  ): number {
    const cutter = this.#cutter
    const base = file.offset - start
    cutter.begin(view, start, this.#wide ? end : view.lastIndexOf(10) + 1, base)
    let at = file.skipping ? this.#skip(file, view, start, end) : start
    if (file.skipping) return at
    if (this.#wide) at = this.#wideLines(view, at, end, start, target)
    else {
      for (;;) {
        const newline = view.indexOf(10, at)
        if (newline < 0) break
        // CRLF: the carriage return belongs to the newline, whatever whitespace is kept.
        const lineEnd = newline > at && view[newline - 1] === 13 ? newline - 1 : newline
        cutter.record(view, at, lineEnd, target)
        at = newline + 1
      }
    }
    if (at === end) return at
    if (flush || end - at > this.#max) cutter.begin(view, at, end, base)
    if (flush) {
      cutter.record(view, at, end, target)
      return end
    }
    return end - at > this.#max ? this.#oversize(file, view, at, end, target) : at
  }

  /** The rest is longer than a record may be, and its end is not in sight. */
  #oversize(
    file: FramedSource,
    view: Buffer,
    from: number,
    end: number,
    target: RecordSink,
  ): number {
    if (!this.#truncate) return this.#cutter.pieces(view, from, end, target)
    this.#cutter.record(view, from, end, target)
    file.skipping = true
    return end
  }

  #skip(file: FramedSource, view: Buffer, start: number, end: number): number {
    const newline = this.#wide
      ? this.#wideNewline(view, start, end, start)
      : view.indexOf(10, start)
    if (newline < 0) return end
    file.skipping = false
    return newline + (this.#wide ? 2 : 1)
  }

  #wideLines(view: Buffer, from: number, end: number, start: number, target: RecordSink): number {
    let at = from
    for (;;) {
      const newline = this.#wideNewline(view, at, end, start)
      if (newline < 0) return at
      this.#cutter.record(view, at, this.#beforeReturn(view, at, newline), target)
      at = newline + 2
    }
  }

  #beforeReturn(view: Buffer, from: number, newline: number): number {
    if (newline - 2 < from) return newline
    const unit = this.#bigEndian ? view.readUInt16BE(newline - 2) : view.readUInt16LE(newline - 2)
    return unit === 13 ? newline - 2 : newline
  }

  /** Two bytes that are a newline and one code unit: units count from `start`. */
  #wideNewline(view: Buffer, from: number, end: number, start: number): number {
    const low = this.#bigEndian ? 1 : 0
    let at = from
    for (;;) {
      const found = view.indexOf(10, at)
      if (found < 0) return -1
      const unit = found - low
      if ((unit - start) % 2 === 0 && unit >= from && unit + 1 < end && view[unit + 1 - low] === 0)
        return unit
      at = found + 1
    }
  }
}

/** Encoding `nop`: no lines; bytes as they come, in pieces of at most the largest record. */
export class NopFramer implements Framer {
  readonly #max: number

  constructor(settings: FramerSettings) {
    this.#max = settings.maxLogSizeBytes
  }

  frame(
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    _flush: boolean,
    target: RecordSink,
  ): number {
    for (let at = start; at < end; at += this.#max) {
      target.binary(view, at, Math.min(end, at + this.#max), file.offset + at - start)
    }
    return end
  }
}
