import type { FramedSource, Framer, FramerSettings } from './framer.ts'
import { RecordCutter } from './framer.ts'
import type { RecordSink } from './line-target.ts'
import { createCursor, type TextCursor } from './text-cursor.ts'

/** Finds where the next match of a pattern begins and ends; `src/regex` offers one for each pattern of a user. */
export interface Searcher {
  /** The first match at or after `from` as `[start, end]` in `found`, or false. */
  search(text: string, from: number, found: [number, number]): boolean
}

export interface MultilineSettings extends FramerSettings {
  readonly pattern: Searcher
  /** Whether a match begins a record or ends one. */
  readonly matches: 'start' | 'end'
  /** Leave out the text of the match. */
  readonly omitPattern: boolean
}

/**
 * Records of several lines, cut where a pattern matches.
 *
 * With a start pattern a record is complete when the next one begins, so the last one waits for `force_flush_period`.
 * What stands before the first match is a record of its own. Patterns see the block as text; places in it are turned
 * into places in the bytes.
 */
export class MultilineFramer implements Framer {
  readonly #cutter: RecordCutter
  readonly #settings: MultilineSettings
  readonly #found: [number, number] = [0, 0]

  constructor(settings: MultilineSettings) {
    this.#cutter = new RecordCutter(settings)
    this.#settings = settings
  }

  frame(
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    flush: boolean,
    target: RecordSink,
  ): number {
    this.#cutter.begin(view, start, end, file.offset - start)
    const cursor = createCursor(this.#settings.encoding, view, start, end)
    const at =
      this.#settings.matches === 'end'
        ? this.#frameEnds(cursor, view, start, target)
        : this.#frameStarts(cursor, view, start, target)
    if (at === end) return at
    if (flush) {
      this.#cutter.record(view, this.#bodyStart(cursor, at), end, target)
      return end
    }
    return this.#cutter.pieces(view, at, end, target)
  }

  #frameEnds(cursor: TextCursor, view: Buffer, start: number, target: RecordSink): number {
    const { pattern, omitPattern } = this.#settings
    const found = this.#found
    let at = start
    let from = 0
    while (pattern.search(cursor.text, from, found)) {
      // A match at the very end may go on in the next block, and an empty one ends nothing.
      if (found[1] <= from) break
      const stop = cursor.byteAt(omitPattern ? found[0] : found[1])
      this.#cutter.record(view, at, stop, target)
      from = found[1]
      at = cursor.byteAt(from)
    }
    return at
  }

  #frameStarts(cursor: TextCursor, view: Buffer, start: number, target: RecordSink): number {
    const { pattern, omitPattern } = this.#settings
    const found = this.#found
    let at = start
    let body = start
    let from = 0
    while (pattern.search(cursor.text, from, found)) {
      const matchAt = cursor.byteAt(found[0])
      if (matchAt > at) this.#cutter.record(view, body, matchAt, target)
      at = matchAt
      body = omitPattern ? cursor.byteAt(found[1]) : matchAt
      from = Math.max(found[1], found[0] + 1)
    }
    return at
  }

  /** Behind the start pattern, if that is left out, for the record that begins at `at`. */
  #bodyStart(cursor: TextCursor, at: number): number {
    if (!this.#settings.omitPattern || this.#settings.matches === 'end') return at
    const index = cursor.indexOf(at)
    const matched = this.#settings.pattern.search(cursor.text, index, this.#found)
    return matched && this.#found[0] === index ? cursor.byteAt(this.#found[1]) : at
  }
}
