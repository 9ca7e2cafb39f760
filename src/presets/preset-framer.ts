import {
  type FramedSource,
  type Framer,
  type FramerSettings,
  RecordCutter,
} from '../tail/framer.ts'
import type { RecordSink } from '../tail/line-target.ts'
import { NewlineFramer } from '../tail/newline-framer.ts'
import type { Format } from './format.ts'
import type { Preset } from './preset.ts'
import type { Session } from './session.ts'

interface Known {
  readonly session: Session
  readonly generation: number | undefined
}

/**
 * Cuts the records of a preset. Those of several lines are complete when the next one begins, so the last one waits for
 * `force_flush_period`; what stands before the first is a record of its own.
 */
export class PresetFramer implements Framer {
  readonly #preset: Preset
  readonly #settings: FramerSettings
  readonly #lines: NewlineFramer
  readonly #cutter: RecordCutter
  readonly #sessions = new WeakMap<FramedSource, Known>()

  constructor(preset: Preset, settings: FramerSettings) {
    this.#preset = preset
    this.#settings = settings
    this.#lines = new NewlineFramer(settings)
    this.#cutter = new RecordCutter(settings)
  }

  frame(
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    flush: boolean,
    target: RecordSink,
  ): number {
    const session = this.#sessionOf(file)
    this.#preset.current = session
    session.look(view, start, end)
    const { format } = session
    if (format === undefined || !format.multiline || file.skipping) {
      return this.#lines.frame(file, view, start, end, flush, target)
    }
    return this.#records(format, file, view, start, end, flush, target)
  }

  /** Content that was replaced is another file. */
  #sessionOf(file: FramedSource): Session {
    const known = this.#sessions.get(file)
    if (known !== undefined && known.generation === file.generation) return known.session
    const session = this.#preset.open(file.path ?? '')
    this.#sessions.set(file, { session, generation: file.generation })
    return session
  }

  #records(
    format: Format,
    file: FramedSource,
    view: Buffer,
    start: number,
    end: number,
    flush: boolean,
    target: RecordSink,
  ): number {
    const cutter = this.#cutter
    const whole = flush ? end : view.lastIndexOf(10) + 1
    cutter.begin(view, start, Math.max(start, whole), file.offset - start)
    let record = start
    let line = start
    while (line < whole) {
      const newline = view.indexOf(10, line)
      const lineEnd = newline < 0 || newline > whole ? whole : newline
      if (line > record && lineEnd > line && format.begins(view, line, lineEnd, record)) {
        cutter.record(view, record, line, target)
        record = line
      }
      line = lineEnd + 1
    }
    if (record === end) return record
    if (flush) {
      cutter.record(view, record, end, target)
      return end
    }
    if (end - record <= this.#settings.maxLogSizeBytes) return record
    cutter.begin(view, record, end, file.offset - start)
    return cutter.pieces(view, record, end, target)
  }
}
