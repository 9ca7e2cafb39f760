import type { Clock } from '../component/clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'

export interface ReofferHost {
  readonly clock: Clock
  /** The pipeline stops: waits are short. */
  readonly draining: boolean
  /** The time for stopping is over: no further try. */
  readonly abandoned: boolean
}

/** Undefined: the branch took it. */
export type Outcome = DeliveryError | undefined

const waitFirstMs = 100
const waitFactor = 2
const waitMsMax = 5000
const drainWaitMsMax = 1000
/** A branch may ask for a longer wait, up to this. */
const retryAfterMsMax = 60_000

/**
 * Offers a batch to one branch of a fan-out again and again, with growing waits, until it is taken, refused for good, or
 * accounted for by the branch.
 */
export class Reoffer {
  readonly #host: ReofferHost
  readonly #offer: () => Promise<Outcome>
  readonly #settle: (outcome: Outcome) => void
  #tries = 0
  #cancelWait: (() => void) | undefined

  /** `offer` never rejects; `settle` gets the last outcome, once. */
  constructor(
    host: ReofferHost,
    offer: () => Promise<Outcome>,
    settle: (outcome: Outcome) => void,
  ) {
    this.#host = host
    this.#offer = offer
    this.#settle = settle
  }

  /** What the branch has said last. */
  judge(outcome: Outcome): void {
    if (outcome === undefined || !mayPass(outcome)) this.#settle(outcome)
    else if (this.#host.abandoned) this.#settle(stopping())
    else {
      this.#cancelWait = this.#host.clock.after(this.#waitMs(outcome), () => this.hurry())
    }
  }

  /** Does not wait any longer for the next try. */
  hurry(): void {
    if (!this.#endWait()) return
    this.#tries++
    void this.#offer().then((outcome) => this.judge(outcome))
  }

  /** Gives up if it waits; if it is being offered, the answer decides. */
  abandon(): void {
    if (this.#endWait()) this.#settle(stopping())
  }

  #endWait(): boolean {
    if (this.#cancelWait === undefined) return false
    this.#cancelWait()
    this.#cancelWait = undefined
    return true
  }

  #waitMs({ retryAfterMs = 0 }: DeliveryError): number {
    const growing = Math.min(waitFirstMs * waitFactor ** Math.min(this.#tries, 10), waitMsMax)
    const waitMs = Math.max(growing, Math.min(retryAfterMs, retryAfterMsMax))
    return this.#host.draining ? Math.min(waitMs, drainWaitMsMax) : waitMs
  }
}

/**
 * Not what a branch has entered itself in part, which cannot be offered again as a whole; nor to an exporter that stops:
 * it takes nothing any more.
 */
export function mayPass(error: DeliveryError): boolean {
  return error.retry === 'backoff' && !error.accounted && error.code !== 'stopping'
}

function stopping(): DeliveryError {
  return new DeliveryError('stopping', 'remora is shutting down')
}
