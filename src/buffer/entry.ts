import { Bug } from '../errors/bug.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'
import type { ExporterLedger } from '../signal/ledger.ts'

/**
 * When the caller of `consume` hears back.
 * - `accepted`: once a queue holds the entry.
 * - `settled`: once every item is delivered, or dropped and counted because no try could ever succeed. What may still
 *   succeed later goes back to the caller, who has the data and offers it again: it is never lost to a limit on retries.
 * - `result`: like `settled`, but also what can never succeed goes back, if nothing of the entry was delivered.
 */
export type Answer = 'accepted' | 'settled' | 'result'

/** How one item ends; each ends once. */
export interface Ending {
  /** Why the items were not delivered. */
  readonly error: DeliveryError
  /** The reason in the ledger, where it differs from the code of the error. */
  readonly reason: Code
  /** The items are among the dead letters, so that a caller need not keep what can never be delivered. */
  readonly kept?: boolean
}

/**
 * One batch on its way through one exporter, with the account it belongs to. From its making until its end the items
 * stand as `queued` in the account; `deliver`, `drop` and `giveBack` move them elsewhere, and nothing else does.
 *
 * A disk queue ends an entry once it is stored, without touching the account: the items are still `queued`. When the
 * record is handed out, an entry is made anew for it (`Entry.stored`), that has nobody to answer to.
 */
export class Entry {
  readonly batch: Batch
  /** The name of the pipeline it came through. */
  readonly pipeline: string
  /** What it takes of the queue's capacity, in the unit of the queue's sizer. */
  readonly units: number
  /** When it came, by the monotonic clock. */
  readonly arrivedMs: number
  readonly account: ExporterLedger
  /** What its caller wants of a full queue: see `ConsumeContext.onFull`. */
  onFull: ConsumeContext['onFull'] = 'refuse'
  readonly #answer: Answer
  /** Items that have no end yet. */
  #openItems: number
  #deliveredItems = 0
  /** Failed items of an entry whose caller may get them back; still `queued` until the last item has its end. */
  #failedItems = 0
  #failure: Ending | undefined
  #resolve: (() => void) | undefined
  #reject: ((error: DeliveryError) => void) | undefined

  private constructor(
    batch: Batch,
    pipeline: string,
    account: ExporterLedger,
    answer: Answer,
    units: number,
    arrivedMs: number,
  ) {
    this.batch = batch
    this.pipeline = pipeline
    this.units = units
    this.arrivedMs = arrivedMs
    this.account = account
    this.#answer = answer
    this.#openItems = batch.itemCount
  }

  /** Of a batch that comes in: counts it as queued. */
  static received(
    batch: Batch,
    pipeline: string,
    account: ExporterLedger,
    answer: Answer,
    units: number,
    arrivedMs: number,
  ): Entry {
    account.queued += batch.itemCount
    return new Entry(batch, pipeline, account, answer, units, arrivedMs)
  }

  /** Of a batch that comes from a disk queue: it stands as queued in the account already. */
  static stored(
    batch: Batch,
    pipeline: string,
    account: ExporterLedger,
    units: number,
    arrivedMs: number,
  ): Entry {
    return new Entry(batch, pipeline, account, 'accepted', units, arrivedMs)
  }

  /** The promise that `consume` returns; ask at most once, and before the entry ends. */
  answer(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get answersOnAcceptance(): boolean {
    return this.#answer === 'accepted'
  }

  /** No item has an end to wait for. */
  get ended(): boolean {
    return this.#openItems === 0
  }

  /** The queue has room for it now. */
  accepted(): void {
    if (this.#answer !== 'accepted') return
    this.#resolve?.()
    this.#resolve = undefined
    this.#reject = undefined
  }

  /** The disk has it: the caller hears so, and the entry is done with. The items stay queued. */
  handOver(): void {
    this.accepted()
    this.#openItems = 0
  }

  /** No queue took it: the caller keeps it. */
  refuse(error: DeliveryError): void {
    this.#openItems = 0
    this.#giveBack(this.batch.itemCount, error)
  }

  /** `items` went out, of which the backend threw away `rejectedItems`. True if these were the last. */
  deliver(items: number, rejectedItems: number): boolean {
    this.account.queued -= items
    this.account.delivered += items - rejectedItems
    if (rejectedItems > 0) this.account.dropped('partial_success', rejectedItems)
    this.#deliveredItems += items
    return this.#close(items)
  }

  /** Whether items that end so may go back to the caller, instead of being lost. */
  mayReturn({ error, kept }: Ending): boolean {
    if (error.retry === 'backoff') return this.#answer !== 'accepted'
    return this.#answer === 'result' && kept !== true
  }

  /** `items` did not go out, and no further try is made. True if these were the last. */
  drop(items: number, ending: Ending): boolean {
    if (this.mayReturn(ending)) {
      // The caller may get them back, but only together: wait for the rest.
      this.#failedItems += items
      this.#failure = worse(this.#failure, ending)
    } else {
      this.account.queued -= items
      this.account.dropped(ending.reason, items)
    }
    return this.#close(items)
  }

  /**
   * remora stops: whoever still waits keeps the data, the others lose it, counted. Ends the entry, and returns how many
   * items had no end.
   */
  abandon(error: DeliveryError): number {
    const items = this.#openItems
    const waiting = this.#reject !== undefined
    this.#openItems = 0
    if (waiting) this.#giveBack(items + this.#failedItems, error)
    else {
      this.account.queued -= items
      this.account.dropped('shutdown', items)
    }
    return items
  }

  #close(items: number): boolean {
    this.#openItems -= items
    if (this.#openItems > 0) return false
    if (this.#openItems < 0) throw new Bug('an item ended twice')
    this.#finish()
    return true
  }

  #finish(): void {
    if (this.#failure === undefined) {
      this.#resolve?.()
      return
    }
    const { error, reason } = this.#failure
    if (this.#deliveredItems === 0 || error.retry === 'backoff') {
      this.#giveBack(this.#failedItems, error)
      return
    }
    // A part is delivered and the rest can never be: the caller has nothing left to do.
    this.account.queued -= this.#failedItems
    this.account.dropped(reason, this.#failedItems)
    this.#resolve?.()
  }

  #giveBack(items: number, error: DeliveryError): void {
    this.account.queued -= items
    if (items === this.batch.itemCount) {
      this.#reject?.(error)
      return
    }
    // The pipeline's entry would count the whole batch as rejected; a part of it has another end.
    this.account.rejected(error.code, items)
    const accounted = new DeliveryError(error.code, error.message, {
      retry: error.retry,
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    })
    accounted.accounted = true
    this.#reject?.(accounted)
  }
}

/** Of two failures the one that lets the caller try again. */
function worse(first: Ending | undefined, second: Ending): Ending {
  if (first === undefined || first.error.retry === 'never') return second
  return first
}
