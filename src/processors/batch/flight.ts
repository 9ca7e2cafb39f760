import type { Clock } from '../../component/clock.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'

export interface FlightHost {
  readonly next: Consumer
  readonly clock: Clock
  /** The processor stops: waits are short. */
  readonly draining: boolean
  /** The time for stopping is over: what fails now is lost. */
  readonly abandoned: boolean
  /** The flight is over; its bytes are free. */
  landed(flight: Flight): void
}

/** A caller that hears back when its data is settled. */
export interface Waiter {
  resolve(): void
  reject(error: DeliveryError): void
}

/** Those whose batches were joined; they hear back when the last flight that carries them has landed. */
export interface Passengers {
  readonly waiters: readonly Waiter[]
  flights: number
  /** Set when some of their data was lost because of the stop. */
  error: DeliveryError | undefined
}

const waitFirstMs = 100
const waitFactor = 2
const waitMsMax = 5000
const drainWaitMsMax = 1000
/** What comes next may ask for a longer wait, up to this. */
const retryAfterMsMax = 60_000

/**
 * One batch on its way to the next component, offered again and again while that component refuses it for now.
 *
 * While it is offered, whoever takes it accounts for the items; while it waits, they are ours (`ledger.queued`).
 */
export class Flight {
  readonly batch: Batch
  readonly #context: ConsumeContext
  readonly #passengers: Passengers
  readonly #host: FlightHost
  #tries = 0
  #cancelWait: (() => void) | undefined

  /** The items are counted as queued; the flight takes them over. */
  constructor(host: FlightHost, batch: Batch, context: ConsumeContext, passengers: Passengers) {
    this.#host = host
    this.batch = batch
    this.#context = context
    this.#passengers = passengers
  }

  offer(): void {
    this.#tries++
    this.#context.ledger.queued -= this.batch.itemCount
    this.#host.next.consume(this.batch, this.#context).then(
      () => this.#land(),
      (thrown: unknown) => this.#refused(DeliveryError.from(thrown)),
    )
  }

  /** Does not wait any longer for the next try. */
  hurry(): void {
    if (this.#cancelWait === undefined) return
    this.#cancelWait()
    this.#cancelWait = undefined
    this.offer()
  }

  /** Gives up if it waits; if it is being offered, the answer decides. */
  abandon(): void {
    if (this.#cancelWait === undefined) return
    this.#cancelWait()
    this.#cancelWait = undefined
    this.#context.ledger.queued -= this.batch.itemCount
    this.#lose()
  }

  #refused(error: DeliveryError): void {
    const { ledger } = this.#context
    const items = this.batch.itemCount
    const again = error.retry === 'backoff' && !this.#host.abandoned
    if (again) {
      // The refusal stands in the ledger already (a fan-out that failed in part): like a sender that tries again, we
      // bring the items in a second time.
      if (error.accounted) ledger.received += items
      ledger.queued += items
      this.#cancelWait = this.#host.clock.after(this.#waitMs(error), () => {
        this.#cancelWait = undefined
        this.offer()
      })
      return
    }
    if (error.accounted) {
      // In part it is delivered; for the rest, callers that wait keep the data.
      if (error.retry === 'backoff') this.#passengers.error = error
      this.#land()
    } else if (error.retry === 'backoff') this.#lose()
    else {
      ledger.dropped(error.code, items)
      this.#land()
    }
  }

  /** The stop leaves no time: callers that wait keep the data, for the others it is lost. */
  #lose(): void {
    const { ledger } = this.#context
    const items = this.batch.itemCount
    if (this.#passengers.waiters.length === 0) ledger.dropped('shutdown', items)
    else {
      ledger.rejected('stopping', items)
      const error = new DeliveryError('stopping', 'remora is shutting down')
      error.accounted = true
      this.#passengers.error = error
    }
    this.#land()
  }

  #land(): void {
    this.#host.landed(this)
    const passengers = this.#passengers
    passengers.flights--
    if (passengers.flights > 0) return
    for (const waiter of passengers.waiters) {
      if (passengers.error === undefined) waiter.resolve()
      else waiter.reject(passengers.error)
    }
  }

  #waitMs(error: DeliveryError): number {
    const growing = Math.min(waitFirstMs * waitFactor ** Math.min(this.#tries - 1, 10), waitMsMax)
    const asked = Math.min(error.retryAfterMs ?? 0, retryAfterMsMax)
    const waitMs = Math.max(growing, asked)
    return this.#host.draining ? Math.min(waitMs, drainWaitMsMax) : waitMs
  }
}
