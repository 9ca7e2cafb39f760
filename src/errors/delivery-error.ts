import { type Code, codes, type Retry } from './codes.ts'

export interface DeliveryErrorOptions {
  /** Overrides what the code table says. */
  readonly retry?: Retry
  /** The other side asked to wait this long before the next try; taken as at least 0 and at most an hour. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

// A number of the other side: one slip of it must neither stop delivery for days nor make it spin.
const retryAfterMsMax = 3_600_000

function boundedMs(askedMs: number | undefined): number | undefined {
  if (askedMs === undefined || Number.isNaN(askedMs)) return undefined
  return Math.min(Math.max(askedMs, 0), retryAfterMsMax)
}

/**
 * Data could not be handed on. The only error that `consume` rejects with.
 *
 * `retry` says whether the same bytes may succeed later; receivers turn it into the answer of their protocol.
 */
export class DeliveryError extends Error {
  readonly code: Code
  readonly retry: Retry
  readonly retryAfterMs: number | undefined
  /**
   * Set by whoever has already entered the items into the ledger as rejected or dropped (a fan-out of which one
   * side failed), so that nobody further up counts them again.
   */
  accounted = false

  constructor(code: Code, message: string, options: DeliveryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DeliveryError'
    this.code = code
    this.retry = options.retry ?? codes[code].retry
    this.retryAfterMs = boundedMs(options.retryAfterMs)
  }

  /** Any thrown value as a DeliveryError: what is not one is a bug, and permanent. */
  static from(thrown: unknown): DeliveryError {
    if (thrown instanceof DeliveryError) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new DeliveryError('internal', `BUG: ${message}`, { cause: thrown })
  }
}
