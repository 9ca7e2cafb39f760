import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Leading } from '../operators/compile.ts'
import type { RecordWriter } from '../operators/direct/direct-path.ts'
import { DirectRecords } from '../operators/direct/direct-records.ts'
import type { Entry } from '../operators/entry.ts'
import type { Operator } from '../operators/operator.ts'
import { OperatorError } from '../operators/operator-error.ts'
import { findTimeZone } from '../operators/time-zone.ts'
import type { LogWriter } from '../wire/otlp/log-writer.ts'
import { createFormat, type FormatName, formatNames } from './catalogue.ts'
import { DirectLines } from './direct-lines.ts'
import type { Format } from './format.ts'
import { PresetJoiner, streamOf } from './preset-joiner.ts'
import { AutoSession, FixedSession, type Session } from './session.ts'

export type PresetName = FormatName | 'auto'

export interface PresetSettings {
  readonly preset: PresetName
  /** A time zone, for times without one. */
  readonly location: string
  readonly body: 'record' | 'message'
}

/** Streams whose choice is kept; a receiver of more than that chooses anew. */
const sessionsMax = 1000

/**
 * The preset of one receiver.
 *
 *   files, streams:     PresetFramer ─ cuts records, chooses ─▶ step: bytes → batch (direct), or → Entry
 *   behind container:   DirectLines ─ joins lines ─▶ the same, or step: PresetJoiner ─ joins lines ─▶ step: Entry → Entry
 *
 * A record that it cannot read goes on as it is, with the reason in `log.parse.error`, counted in `remora_operator_errors`.
 */
export class Preset {
  readonly name: PresetName
  /** How the file or stream at hand is read; the framer sets it in front of each block. */
  current: Session | undefined
  readonly #formats: ReadonlyMap<FormatName, Format>
  readonly #logger: Logger
  readonly #sessions = new Map<string, Session>()

  constructor({ preset, location, body }: PresetSettings, clock: Clock, logger: Logger) {
    this.name = preset
    const settings = { zone: findTimeZone(location), nowMs: () => clock.nowMs(), body }
    const names = preset === 'auto' ? formatNames : [preset]
    this.#formats = new Map(names.map((name) => [name, createFormat(name, settings)]))
    this.#logger = logger
  }

  /** For a file or stream that begins; `file` names it in the log. */
  open(file: string): Session {
    if (this.name === 'auto') return new AutoSession(this.#formats, this.#logger, file)
    return new FixedSession(this.#formats.get(this.name) as Format)
  }

  /** That of a stream by its name. */
  sessionOf(stream: string): Session {
    let session = this.#sessions.get(stream)
    if (session === undefined) {
      const [oldest] = this.#sessions.keys()
      if (this.#sessions.size >= sessionsMax) this.#sessions.delete(oldest as string)
      session = this.open(stream)
      this.#sessions.set(stream, session)
    }
    return session
  }

  /** Where a `PresetFramer` cuts the records. */
  framedSteps(): Leading {
    const operator = new PresetOperator(() => this.current)
    return {
      steps: [{ type: this.name, work: { kind: 'edit', operator } }],
      direct: () => new DirectRecords(new PresetRecord(this)),
    }
  }

  /** Where entries are lines: behind `container`. */
  lineSteps(maxLogSizeBytes: number): Leading {
    const joiner = new PresetJoiner((stream) => this.sessionOf(stream), maxLogSizeBytes)
    const operator = new PresetOperator((entry) => this.sessionOf(streamOf(entry)))
    const enter = (session: Session): void => {
      this.current = session
    }
    return {
      steps: [
        { type: `${this.name}_lines`, work: { kind: 'join', joiner } },
        { type: this.name, work: { kind: 'edit', operator } },
      ],
      direct: (at) => {
        const records = new DirectRecords(new PresetRecord(this))
        return new DirectLines(joiner, at, enter, records)
      },
    }
  }
}

class PresetOperator implements Operator {
  readonly fields = []
  readonly #sessionOf: (entry: Entry) => Session | undefined

  constructor(sessionOf: (entry: Entry) => Session | undefined) {
    this.#sessionOf = sessionOf
  }

  process(entry: Entry): void {
    const session = this.#sessionOf(entry)
    const { body } = entry
    if (typeof body !== 'string') throw new OperatorError('the body is no text')
    if (session?.format === undefined) {
      session?.note(false)
      throw new OperatorError('no preset fits')
    }
    const source = Buffer.from(body)
    const reason = session.format.read(source, 0, source.length, entry)
    session.note(reason === undefined)
    if (reason !== undefined) {
      throw new OperatorError(
        session.choice === undefined ? reason : `${session.choice.preset}: ${reason}`,
      )
    }
  }
}

class PresetRecord implements RecordWriter {
  readonly #preset: Preset
  #keys: readonly string[] = []

  constructor(preset: Preset) {
    this.#preset = preset
  }

  reserve(keys: readonly string[]): void {
    this.#keys = keys
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const session = this.#preset.current
    const format = session?.format
    if (session === undefined || format === undefined) return false
    format.reserve(this.#keys)
    if (!format.write(source, start, end, writer)) return false
    session.note(true)
    return true
  }
}
