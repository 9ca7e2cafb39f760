import type { Clock } from '../component/clock.ts'
import type { Histogram } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer, Intake, ReceiveContext } from '../signal/consumer.ts'
import type { PipelineLedger } from '../signal/ledger.ts'

export interface EntrySettings {
  readonly ledger: PipelineLedger
  readonly clock: Clock
  /** Seconds from here until the batch is safe. */
  readonly latency: Histogram
  /** What is no DeliveryError is a bug of a component. */
  onBug(error: unknown): void
}

/**
 * Where batches enter a pipeline: opens the account of each, and closes it for those that are refused.
 *
 * The promise of the first consumer is passed through as it is; counting hangs beside it, so the caller's answer waits
 * for nothing more. Counting was there first, therefore the ledger is right when the caller sees a refusal.
 */
export class PipelineEntry implements Intake {
  readonly #next: Consumer
  readonly #settings: EntrySettings

  constructor(next: Consumer, settings: EntrySettings) {
    this.#next = next
    this.#settings = settings
  }

  consume(batch: Batch, context: ReceiveContext): Promise<void> {
    const { ledger, clock, latency } = this.#settings
    const startMs = clock.monotonicMs()
    ledger.received += batch.itemCount
    const outcome = consumeSafely(this.#next, batch, withLedger(context, ledger))
    outcome.then(
      () => latency.record((clock.monotonicMs() - startMs) / 1000),
      (error: unknown) => this.#refused(error, batch.itemCount),
    )
    return outcome
  }

  dropped(reason: Code, items: number): void {
    const { ledger } = this.#settings
    ledger.received += items
    ledger.dropped(reason, items)
  }

  #refused(thrown: unknown, items: number): void {
    const error = DeliveryError.from(thrown)
    if (error.code === 'internal') this.#settings.onBug(thrown)
    if (!error.accounted) this.#settings.ledger.rejected(error.code, items)
  }
}

/** A consumer that throws instead of rejecting breaks its contract; the caller must not suffer. */
export function consumeSafely(
  consumer: Consumer,
  batch: Batch,
  context: ConsumeContext,
): Promise<void> {
  try {
    return consumer.consume(batch, context)
  } catch (thrown) {
    return Promise.reject(thrown)
  }
}

function withLedger(context: ReceiveContext, ledger: PipelineLedger): ConsumeContext {
  const { until, onFull, metadata } = context
  // Two shapes, because an absent `metadata` must stay absent; nearly every process sees only one of them.
  return metadata === undefined ? { until, onFull, ledger } : { until, onFull, ledger, metadata }
}
