import type { Clock } from '../component/clock.ts'
import type { Counter, Logger, Meter } from '../component/telemetry.ts'
import { createFramer } from '../lines/create-framer.ts'
import { createPreset } from '../lines/create-preset.ts'
import { createTarget } from '../lines/create-target.ts'
import { errorAttribute } from '../operators/chain.ts'
import type { Preset } from '../presets/preset.ts'
import type { FileLogConfig } from '../receivers/file_log/schema.ts'
import type { Batch } from '../signal/batch.ts'
import type { Framer } from '../tail/framer.ts'
import { noGuard } from '../tail/identity.ts'
import type { LineSource } from '../tail/line-source.ts'
import type { LineTarget, RecordSink } from '../tail/line-target.ts'
import { type ShownRecord, shownRecords } from './tail-records.ts'

const newline = 10

/** The engine of a receiver, fed by hand: bytes in, records out. */
export class LineReading {
  readonly #preset: Preset | undefined
  readonly #framer: Framer
  readonly #target: LineTarget<LineSource>
  readonly #clock: Clock
  readonly #source: OpenSource
  #rest: Buffer = Buffer.alloc(0)
  #skipping = false

  constructor(config: FileLogConfig, path: string, clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#preset = createPreset(config, clock, logger)
    const counts = { split: noCounter, truncated: noCounter, undecodable: noCounter }
    this.#framer = createFramer(config, counts, this.#preset)
    this.#target = createTarget<LineSource>({
      options: config,
      preset: this.#preset,
      includeRecordNumber: config.include_file_record_number,
      includeRecordOffset: config.include_file_record_offset,
      intake: { consume: () => Promise.resolve(), dropped: () => undefined },
      meter: noMeter,
      logger,
      clock,
    })
    this.#source = new OpenSource(path)
  }

  /** What `auto` chose and why, once it has; `what` is the same as long as it chooses the same. */
  get choice(): { readonly what: string; readonly why: string } | undefined {
    const choice = this.#preset?.current?.choice
    if (choice === undefined) return undefined
    const read = choice.preset === 'none' ? 'no preset fits' : `read as ${choice.preset}`
    const hint = choice.hint === undefined ? '' : `\n${choice.hint}`
    const reason = `, confidence ${choice.confidence}: ${choice.reason}`
    return { what: `auto: ${read}${hint}`, why: `auto: ${read}${reason}${hint}` }
  }

  isUnread({ attributes }: ShownRecord): boolean {
    return attributes.some(([key]) => key === errorAttribute)
  }

  /** Lets `auto` see the beginning; nothing of it is shown. */
  look(head: Buffer): void {
    this.#framer.frame(this.#source, head, 0, head.length, false, nowhere)
    this.#source.skipping = false
  }

  /** What is added next begins inside of a line. */
  skipLine(): void {
    this.#skipping = true
  }

  /** The records that are complete now. */
  add(bytes: Buffer): ShownRecord[] {
    let added = bytes
    if (this.#skipping) {
      const end = bytes.indexOf(newline)
      if (end < 0) return []
      added = bytes.subarray(end + 1)
      this.#skipping = false
    }
    // A copy: the caller uses its buffer again.
    this.#rest = Buffer.concat([this.#rest, added])
    return this.#frame(false)
  }

  /** What is left, complete or not. */
  end(): ShownRecord[] {
    const records = this.#frame(true)
    this.#target.flush(this.#clock.nowMs(), true)
    return [...records, ...recordsOf(this.#target.finish())]
  }

  #frame(flush: boolean): ShownRecord[] {
    const source = this.#source
    const view = this.#rest
    this.#target.begin(source, this.#clock.nowMs())
    const end = this.#framer.frame(source, view, 0, view.length, flush, this.#target)
    this.#target.end()
    source.offset += end
    this.#rest = view.subarray(end)
    return recordsOf(this.#target.finish())
  }
}

function recordsOf(batch: Batch<'logs'> | undefined): ShownRecord[] {
  return batch === undefined ? [] : shownRecords(batch.bytes())
}

class OpenSource implements LineSource {
  readonly path: string
  readonly guard = noGuard
  readonly generation = 0
  readonly attributes = undefined
  offset = 0
  skipping = false
  recordNumber = 0
  inFlight = 0

  constructor(path: string) {
    this.path = path
  }

  commit(): void {
    // Nothing is sent, so nothing is acknowledged.
  }
}

const nowhere: RecordSink = {
  line: () => undefined,
  binary: () => undefined,
  blank: () => undefined,
}
const noCounter: Counter = { add: () => undefined }
const noMeter: Meter = {
  counter: () => noCounter,
  histogram: () => ({ record: () => undefined }),
  gauge: () => undefined,
}
