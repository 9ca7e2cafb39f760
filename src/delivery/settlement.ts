import type { Ending, Entry } from '../buffer/entry.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import type { Burials } from './burials.ts'
import type { DeliveryMetrics } from './delivery-metrics.ts'
import { excerpt } from './excerpt.ts'
import type { Piece } from './piece.ts'
import type { SendOutcome } from './send.ts'

export interface SettlementOptions {
  readonly signal: Signal
  readonly metrics: DeliveryMetrics
  readonly logger: Logger
  /** Undefined: what is refused for good is dropped. */
  readonly burials: Burials | undefined
  /** The entry has no open item left. */
  readonly ack: (entry: Entry) => void
}

/** Says how the items of a request have ended: to their entries, the metrics, the log and the dead letters. */
export class Settlement {
  readonly #options: SettlementOptions

  constructor(options: SettlementOptions) {
    this.#options = options
  }

  /** The backend took the request, but for the items that it rejected. */
  taken(piece: Piece, outcome: SendOutcome): void {
    const { metrics, signal, logger } = this.#options
    const { itemCount: items, sizeBytes } = piece.batch
    const rejected = Math.min(outcome.rejectedItems, items)
    const message =
      rejected > 0 ? outcome.message || 'the backend does not say why' : outcome.message
    this.#deliver(piece, rejected, message)
    metrics.sent.add(items - rejected)
    metrics.sendSize.record(items)
    metrics.sendSizeBytes.record(sizeBytes)
    if (rejected > 0) {
      metrics.sendFailed.add(rejected)
      logger.warn('the backend rejected some items of a request', {
        signal,
        rejected,
        items,
        message: excerpt(message),
      })
    } else if (message !== '') {
      logger.warn('the backend took a request with a warning', {
        signal,
        message: excerpt(message),
      })
    }
  }

  /** No further try is made. */
  givenUp(piece: Piece, ending: Ending): void {
    const { metrics, logger, signal, burials, ack } = this.#options
    const { itemCount } = piece.batch
    const { error, reason } = ending
    const fields = {
      signal,
      reason,
      message: excerpt(error.message),
      items: itemCount,
      ...reasonStack(reason, error),
    }
    metrics.sendFailed.add(itemCount)
    if (burials !== undefined && piece.isLost({ ...ending, kept: true })) {
      burials.add(piece, ending, (kept) => piece.drop({ ...ending, kept }, ack))
      logger.error('cannot deliver a request, moving it to the dead letters', fields)
      return
    }
    const returned = piece.drop(ending, ack)
    const back = returned > 0 ? { given_back: returned } : {}
    logger.error('cannot deliver a request, giving it up', { ...fields, ...back })
  }

  #deliver(piece: Piece, rejected: number, message: string): void {
    const { burials, ack } = this.#options
    if (rejected > 0 && burials !== undefined) {
      if (rejected === piece.batch.itemCount) {
        const error = new DeliveryError('partial_success', message)
        burials.add(piece, { error, reason: 'partial_success' }, () => piece.deliver(rejected, ack))
        return
      }
      burials.note(piece, rejected, message)
    }
    piece.deliver(rejected, ack)
  }
}

/** The stack of a bug goes into the log; nothing else has one worth reading. */
function reasonStack(reason: Code, error: DeliveryError): { stack?: string } {
  if (reason !== 'internal' || !(error.cause instanceof Error)) return {}
  return { stack: error.cause.stack ?? '' }
}
