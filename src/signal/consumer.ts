import type { Code } from '../errors/codes.ts'
import type { Batch } from './batch.ts'
import type { PipelineLedger } from './ledger.ts'
import type { Signal } from './signal.ts'

/** What travels beside a batch. One per request of a receiver; immutable. */
export interface ConsumeContext {
  /**
   * When `consume` may resolve.
   * - `accepted`: as soon as the data is in a buffer that the user chose: delivered, on disk, or in a memory queue.
   * - `delivered`: not before the data is delivered, fsynced, or dropped and counted. Tails move their checkpoint on this.
   */
  readonly until: 'accepted' | 'delivered'
  /**
   * What a full queue does with this request when its overflow policy leaves the choice.
   * - `refuse`: rejects with a retryable error, because the sender keeps the data (OTLP).
   * - `wait`: stays pending until there is room (tail, flush of a batch): back-pressure.
   */
  readonly onFull: 'refuse' | 'wait'
  /** The account of the pipeline, set at its entry. */
  readonly ledger: PipelineLedger
  /** Request headers, lower case, if the receiver has `include_metadata`. */
  readonly metadata?: ReadonlyMap<string, readonly string[]>
}

/** What a receiver says; the pipeline's entry adds the ledger. */
export type ReceiveContext = Omit<ConsumeContext, 'ledger'>

export interface Consumer<S extends Signal = Signal> {
  /**
   * Takes a batch over.
   *
   * Resolves once remora needs nothing more of the caller (see `ConsumeContext.until`), also when a component
   * further down dropped items on purpose and counted them. Rejects with a `DeliveryError` when the batch was not
   * taken: `retry` says if the caller may try again. A pending promise is back-pressure: callers wait for it and do
   * not buffer. Never throws synchronously. The batch is shared, never changed.
   */
  consume(batch: Batch<S>, context: ConsumeContext): Promise<void>
}

/** The first consumer of the pipelines a receiver feeds. */
export interface Intake<S extends Signal = Signal> {
  consume(batch: Batch<S>, context: ReceiveContext): Promise<void>
  /**
   * Items that the receiver has read and drops on purpose before they are in a batch, e.g. log lines that an operator
   * cannot parse: they count as received and dropped. What it could not read at all is no item.
   */
  dropped(reason: Code, items: number): void
}
