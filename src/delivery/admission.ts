import { type Answer, Entry } from '../buffer/entry.ts'
import type { Queue } from '../buffer/queue.ts'
import { Ring } from '../buffer/ring.ts'
import { type Sizer, unitsOf } from '../buffer/units.ts'
import type { Clock } from '../component/clock.ts'
import type { Counter } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'
import type { ExporterLedger } from '../signal/ledger.ts'
import { splitBatchByBytes } from '../signal/split.ts'

/** What a full queue does; undefined leaves it to the caller (`ConsumeContext.onFull`). */
export type Overflow = 'block' | 'drop_oldest' | 'drop_newest' | 'reject' | undefined

export interface AdmissionOptions {
  /** As in the configuration of the exporter; the name of its account. */
  readonly exporterId: string
  readonly sizer: Sizer
  readonly overflow: Overflow
  /** Callers hear back only when the backend has answered. */
  readonly waitForResult: boolean
  /** Fires when senders that wait for room are to be refused instead. */
  readonly stopping: AbortSignal
  /** What callers that wait for room may hold together; the next one is refused. */
  readonly waitingBytesMax: number
  /** Items were given to the queue. */
  onOffered(items: number): void
  /** Items were turned away, since the queue is full or its disk takes nothing. Dropped: nobody has them any more. */
  onTurnedAway(what: 'refused' | 'dropped', items: number, reason: Code): void
}

const done = Promise.resolve()

/**
 * The door of a queue: lets batches in, makes them wait for room, drops or refuses them. Whoever waits is served in
 * order.
 */
export class Admission {
  readonly #queue: Queue
  readonly #clock: Clock
  readonly #options: AdmissionOptions
  readonly #enqueueFailed: Counter
  readonly #waiting = new Ring<Entry>()
  #waitingBytes = 0
  #closed = false

  constructor(queue: Queue, clock: Clock, options: AdmissionOptions, enqueueFailed: Counter) {
    this.#queue = queue
    this.#clock = clock
    this.#options = options
    this.#enqueueFailed = enqueueFailed
    options.stopping.addEventListener('abort', () => this.#answerSenders(), { once: true })
  }

  /** Somebody waits for room. */
  get crowded(): boolean {
    return this.#waiting.length > 0
  }

  /** The promise of `Consumer.consume`. */
  admit(batch: Batch, context: ConsumeContext): Promise<void> {
    if (this.#closed) return Promise.reject(stopping())
    if (batch.itemCount === 0) return done
    if (batch.sizeBytes > this.#queue.entryBytesMax) return this.#admitParts(batch, context)
    const units = unitsOf(batch, this.#options.sizer)
    if (this.#waiting.length > 0 || !this.#fits(units, batch, context)) {
      return this.#overflow(batch, context, units)
    }
    return this.#letIn(this.#createEntry(batch, context, units))
  }

  /**
   * A batch that the queue can never hold as one. An item that is too large by itself is refused, or, if others are taken,
   * dropped and counted. Until all parts have an answer nobody knows which, and those that failed stand as `queued`.
   */
  #admitParts(batch: Batch, context: ConsumeContext): Promise<void> {
    const parts = splitBatchByBytes(batch, this.#queue.entryBytesMax)
    if (parts.length === 1) {
      this.#enqueueFailed.add(batch.itemCount)
      const text = `an item of ${batch.sizeBytes} bytes is larger than the queue can hold`
      return Promise.reject(new DeliveryError('too_large', text))
    }
    const account = context.ledger.exporter(this.#options.exporterId)
    const answers = parts.map((part) =>
      this.admit(part, context).then(
        () => undefined,
        (thrown: unknown) => {
          account.queued += part.itemCount
          return DeliveryError.from(thrown)
        },
      ),
    )
    return Promise.all(answers).then((errors) => endParts(parts, errors, account))
  }

  /** Entries have left the queue: lets in who waits and fits now. */
  fill(): void {
    for (;;) {
      const entry = this.#waiting.peek()
      if (entry === undefined) return
      if (!this.#queue.fits(entry.units, entry.batch.sizeBytes, entry.pipeline)) return
      this.#waiting.shift()
      this.#waitingBytes -= entry.batch.sizeBytes
      this.#offer(entry)
    }
  }

  /** The disk did not take an entry that was let in. `write_failed`: what happens is what happens when a queue is full. */
  refused(entry: Entry, error: DeliveryError): void {
    const { overflow, waitingBytesMax } = this.#options
    const { itemCount, sizeBytes } = entry.batch
    if (this.#closed) {
      entry.refuse(error)
    } else if (error.code === 'too_large') {
      this.#enqueueFailed.add(itemCount)
      entry.refuse(error)
    } else if (overflow === 'drop_oldest' || overflow === 'drop_newest') {
      this.#drop(entry, error)
      entry.accepted()
    } else if (this.#waits(entry) && this.#waitingBytes + sizeBytes <= waitingBytesMax) {
      this.#waiting.push(entry)
      this.#waitingBytes += sizeBytes
    } else {
      this.#turnedAway('refused', itemCount, error.code)
      entry.refuse(error)
    }
  }

  /** Takes nothing new; who still waits keeps the data. */
  close(): void {
    this.#closed = true
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      entry.refuse(stopping())
    }
    this.#waitingBytes = 0
  }

  /** Senders that keep their data need not wait for the end of the stop; what is handed on within remora may find room yet. */
  #answerSenders(): void {
    for (let count = this.#waiting.length; count > 0; count--) {
      const entry = this.#waiting.shift() as Entry
      if (entry.onFull === 'wait') {
        this.#waiting.push(entry)
        continue
      }
      this.#waitingBytes -= entry.batch.sizeBytes
      entry.refuse(stopping())
    }
  }

  #offer(entry: Entry): void {
    this.#options.onOffered(entry.batch.itemCount)
    this.#queue.offer(entry)
  }

  #letIn(entry: Entry): Promise<void> {
    // Fast path: nothing to wait for, so no promise of its own.
    const quick = entry.answersOnAcceptance && !this.#queue.persistent
    const answer = quick ? done : entry.answer()
    this.#offer(entry)
    return answer
  }

  #overflow(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    const { overflow } = this.#options
    if (overflow === 'drop_oldest') return this.#dropOldest(batch, context, units)
    if (overflow === 'drop_newest') return this.#dropNewest(batch, context, units)
    const waits = this.#waits(context)
    const crowd = this.#waitingBytes + batch.sizeBytes > this.#options.waitingBytesMax
    if (!waits || (crowd && this.#waiting.length > 0)) {
      const error = this.#refusal()
      this.#turnedAway('refused', batch.itemCount, error.code)
      return Promise.reject(error)
    }
    const entry = this.#createEntry(batch, context, units)
    const answer = entry.answer()
    this.#waiting.push(entry)
    this.#waitingBytes += batch.sizeBytes
    return answer
  }

  #dropOldest(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    const { pipeline } = context.ledger
    this.#queue.dropOldest(units, batch.sizeBytes, pipeline, (oldest) => this.#drop(oldest))
    // Nothing is left to drop but what is being sent, and that may arrive.
    if (!this.#fits(units, batch, context)) return this.#dropNewest(batch, context, units)
    return this.#letIn(this.#createEntry(batch, context, units))
  }

  #dropNewest(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    const entry = this.#createEntry(batch, context, units)
    const answer = entry.answer()
    this.#drop(entry)
    // It was never in the queue, but has its end.
    return entry.answersOnAcceptance ? done : answer
  }

  #drop(entry: Entry, error = this.#refusal()): void {
    const items = entry.batch.itemCount
    this.#turnedAway('dropped', items, error.code)
    entry.drop(items, { error, reason: error.code })
  }

  #turnedAway(what: 'refused' | 'dropped', items: number, reason: Code): void {
    this.#enqueueFailed.add(items)
    this.#options.onTurnedAway(what, items, reason)
  }

  /** A queue that cannot be written to is not full: who reads that makes it larger, in vain. */
  #refusal(): DeliveryError {
    return this.#queue.failure ?? new DeliveryError('queue_full', 'the sending queue is full')
  }

  #fits(units: number, { sizeBytes }: Batch, { ledger }: ConsumeContext): boolean {
    return this.#queue.fits(units, sizeBytes, ledger.pipeline)
  }

  #createEntry(batch: Batch, context: ConsumeContext, units: number): Entry {
    const { exporterId, waitForResult } = this.#options
    const { ledger } = context
    const entry = Entry.received(
      batch,
      ledger.pipeline,
      ledger.exporter(exporterId),
      this.#queue.persistent ? 'accepted' : answerFor(context, waitForResult),
      units,
      this.#clock.monotonicMs(),
    )
    entry.onFull = context.onFull
    return entry
  }

  #waits({ onFull }: Pick<ConsumeContext, 'onFull'>): boolean {
    const { overflow, stopping } = this.#options
    if (onFull === 'refuse' && stopping.aborted) return false
    return overflow === 'block' || (overflow === undefined && onFull === 'wait')
  }
}

/** Moves the parts that were not taken from `queued` to where they stay. Throws if the caller is to offer the batch again. */
function endParts(
  parts: readonly Batch[],
  errors: readonly (DeliveryError | undefined)[],
  account: ExporterLedger,
): void {
  const again = errors.find((error) => error?.retry === 'backoff')
  // Nothing was taken: the caller still has all of it, and the entry of the pipeline counts it.
  const whole = errors.every((error) => error !== undefined) ? (again ?? errors[0]) : undefined
  for (const [index, error] of errors.entries()) {
    if (error === undefined) continue
    const { itemCount } = parts[index] as Batch
    account.queued -= itemCount
    if (whole !== undefined) continue
    if (error.retry === 'never') account.dropped(error.code, itemCount)
    else account.rejected(error.code, itemCount)
  }
  if (whole !== undefined) throw whole
  if (again === undefined) return
  again.accounted = true
  throw again
}

function answerFor({ until }: ConsumeContext, waitForResult: boolean): Answer {
  if (waitForResult) return 'result'
  return until === 'delivered' ? 'settled' : 'accepted'
}

/** A caller may mark an error as accounted, so each gets its own. */
export function stopping(): DeliveryError {
  return new DeliveryError('stopping', 'remora is shutting down')
}
