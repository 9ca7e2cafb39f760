import type { Batch } from '../signal/batch.ts'

/** The backend took the request. */
export interface SendOutcome {
  /** Items that it threw away all the same (OTLP partial success); 0 for a full success. */
  readonly rejectedItems: number
  /** Why, in its words; with 0 items a warning. */
  readonly message: string
}

/** The whole request was taken, and there is nothing to say. */
export const fullSuccess: SendOutcome = { rejectedItems: 0, message: '' }

/**
 * What an exporter gives to the delivery path: one attempt to send one request.
 *
 * Rejects with a DeliveryError: `retry` says whether to try again, `too_large` that smaller requests may pass. When
 * `abort` fires the outcome no longer counts; the exporter then releases what the attempt holds.
 */
export type Send = (batch: Batch, abort: AbortSignal) => Promise<SendOutcome>
