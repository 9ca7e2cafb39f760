import type { Settings } from '../component/define.ts'
import type { Counter } from '../component/telemetry.ts'
import type { Batch } from '../signal/batch.ts'
import type { Intake } from '../signal/consumer.ts'
import type { FramerCounts } from '../tail/framer.ts'
import type { SourceAttributes, SourceResource } from '../tail/line-source.ts'
import type { LineTarget } from '../tail/line-target.ts'
import { DeliveryWindow } from '../tail/window.ts'
import { encodeResource } from '../wire/otlp/log-writer.ts'
import { createFramer } from './create-framer.ts'
import { createPreset } from './create-preset.ts'
import { createTarget } from './create-target.ts'
import { LineStream, type LineStreamParts } from './line-stream.ts'
import type { LineOptions } from './schema.ts'
import { StreamSource } from './stream-source.ts'
import type { Tee } from './tee.ts'
import { withTemplates } from './templates.ts'

// As much as the queue of an exporter takes at once, and some more; what waits for long waits in the queue.
const windowBytes = 8 * 1024 * 1024
const heldCheckMs = 500
// Of an unfinished record of several lines, as in the collector. A line waits for its end.
const multilineFlushMs = 500

/** The metrics of every receiver that reads streams. */
export const streamMetrics = {
  remora_stream_bytes: 'Bytes read.',
  remora_stream_dropped_records:
    'Records dropped because the pipeline took nothing for max_block; also in the ledger, as queue_full.',
  remora_stream_split_records: 'Records over max_log_size that became several.',
  remora_stream_truncated_records: 'Records over max_log_size that lost their end.',
  remora_stream_undecodable_records:
    'Records with bytes that the encoding does not allow; those are replaced.',
  remora_stream_window_bytes: 'Bytes handed on and not taken by the pipeline yet.',
  remora_operator_errors: 'Records that an operator could not handle, by `operator`.',
  remora_operator_dropped:
    'Records that an operator dropped because of its on_error, by `operator`.',
  remora_operator_filtered:
    'Records that a filter, or a router without a route for them, dropped as configured, by `operator`.',
}

export interface StreamOptions extends LineOptions {
  readonly force_flush_period?: number | undefined
}

/** What tells one stream from the others of its receiver. */
export interface StreamIdentity {
  /** `stdin`, `stderr`, …: what `recombine` tells streams apart by. */
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  /** Added to the resource that is configured. */
  readonly resource?: Readonly<Record<string, string | number>>
}

/** Makes records of the streams of one receiver, and hands them on. */
export class StreamIntake {
  readonly #settings: Settings<StreamOptions>
  readonly #window: DeliveryWindow<StreamSource>
  readonly #target: LineTarget<StreamSource>
  readonly #parts: LineStreamParts
  readonly #cancelCheck: (() => void) | undefined

  /** `maxBlockMs`: see `LineStreamParts`. */
  constructor(
    written: Settings<StreamOptions>,
    intake: Intake<'logs'>,
    transport: string,
    maxBlockMs: number,
  ) {
    const settings = { ...written, config: withTemplates(written.config) }
    this.#settings = settings
    const { config, meter, logger, clock } = settings
    this.#window = this.#createWindow(intake, transport)
    const preset = createPreset(config, clock, logger)
    this.#target = createTarget({
      options: config,
      preset,
      includeRecordNumber: false,
      includeRecordOffset: false,
      intake,
      meter,
      logger,
      clock,
    })
    if (this.#target.holds) {
      this.#cancelCheck = clock.every(heldCheckMs, () => this.#flushHeld(false))
    }
    const droppedRecords = meter.counter('remora_stream_dropped_records')
    const received = meter.counter('remora_stream_bytes')
    this.#parts = {
      framer: createFramer(config, this.#framerCounts(), preset),
      target: this.#target,
      window: this.#window,
      clock,
      forceFlushMs: config.force_flush_period ?? (joinsLines(config) ? multilineFlushMs : 0),
      maxBlockMs,
      received: (bytes) => received.add(bytes),
      dropped: (records) => {
        droppedRecords.add(records)
        intake.dropped('queue_full', records)
      },
      overflowing: ({ path }) => {
        logger.warn('the pipeline takes nothing: what comes is dropped until it does', {
          stream: path,
          code: 'queue_full',
          waited_ms: maxBlockMs,
        })
      },
    }
  }

  /** A new stream; `LineStream.start` begins to read it. */
  open(identity: StreamIdentity, tee?: Tee): LineStream {
    const { attributes, resource } = this.#settings.config
    const values = { ...attributes, ...identity.attributes }
    const source: SourceAttributes = { values }
    if (identity.resource === undefined) return this.#stream(identity.name, source, tee)
    const whole: SourceResource = resourceOf({ ...identity.resource, ...resource })
    return this.#stream(identity.name, { ...source, resource: whole }, tee)
  }

  /** After the last stream has ended: gives out what operators hold back, and waits until it is taken, or `abort`. */
  async stop(abort: AbortSignal): Promise<void> {
    this.#cancelCheck?.()
    this.#flushHeld(true)
    await this.#window.stop(abort)
  }

  #framerCounts(): FramerCounts {
    const { meter } = this.#settings
    return {
      split: meter.counter('remora_stream_split_records'),
      truncated: meter.counter('remora_stream_truncated_records'),
      undecodable: meter.counter('remora_stream_undecodable_records'),
    }
  }

  #stream(name: string, attributes: SourceAttributes, tee: Tee | undefined): LineStream {
    return new LineStream(new StreamSource(name, attributes), this.#parts, tee)
  }

  #flushHeld(everything: boolean): void {
    if (!this.#target.holds) return
    this.#target.flush(this.#settings.clock.nowMs(), everything)
    const batch = this.#target.finish()
    if (batch !== undefined) this.#window.push(batch, this.#target.progress([]))
  }

  #createWindow(intake: Intake<'logs'>, transport: string): DeliveryWindow<StreamSource> {
    const { meter, logger, clock } = this.#settings
    const counter = (name: string): Counter => meter.counter(name, { transport })
    const window = new DeliveryWindow<StreamSource>({
      intake,
      clock,
      logger,
      counters: {
        accepted: counter('otelcol_receiver_accepted_log_records'),
        refused: counter('otelcol_receiver_refused_log_records'),
      },
      limitBytes: windowBytes,
      // A stream has no second reading: what it said goes into the queue that the user chose for it.
      until: 'accepted',
      committed: () => undefined,
      lost: (batch: Batch<'logs'>) => {
        intake.dropped('shutdown', batch.itemCount)
        logger.error('records are lost: nothing took them until the end of the stop', {
          records: batch.itemCount,
        })
      },
    })
    meter.gauge('remora_stream_window_bytes', {}, () => window.bytes)
    return window
  }
}

function resourceOf(values: Readonly<Record<string, string | number>>): SourceResource {
  return { values, encoded: encodeResource(values) }
}

/** Whether a record may go on in the next line. */
function joinsLines({ multiline, preset }: StreamOptions): boolean {
  return multiline !== undefined || preset !== undefined
}
