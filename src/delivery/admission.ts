import { type Answer, Entry } from '../buffer/entry.ts'
import type { Queue } from '../buffer/queue.ts'
import { Ring } from '../buffer/ring.ts'
import type { Clock } from '../component/clock.ts'
import type { Counter } from '../component/telemetry.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'

/** What a full queue does; undefined leaves it to the caller (`ConsumeContext.onFull`). */
export type Overflow = 'block' | 'drop_oldest' | 'drop_newest' | 'reject' | undefined

export interface AdmissionOptions {
  /** As in the configuration of the exporter; the name of its account. */
  readonly exporterId: string
  readonly sizer: 'requests' | 'items' | 'bytes'
  readonly overflow: Overflow
  /** Callers hear back only when the backend has answered. */
  readonly waitForResult: boolean
  /** What callers that wait for room may hold together; the next one is refused. */
  readonly waitingBytesMax: number
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
  }

  /** Somebody waits for room. */
  get crowded(): boolean {
    return this.#waiting.length > 0
  }

  /** The promise of `Consumer.consume`. */
  admit(batch: Batch, context: ConsumeContext): Promise<void> {
    if (this.#closed) return Promise.reject(stopping())
    if (batch.itemCount === 0) return done
    const units = this.#unitsOf(batch)
    if (this.#waiting.length > 0 || !this.#queue.fits(units, batch.sizeBytes)) {
      return this.#overflow(batch, context, units)
    }
    return this.#letIn(this.#createEntry(batch, context, units))
  }

  /** Entries have left the queue: lets in who waits and fits now. */
  fill(): void {
    for (;;) {
      const entry = this.#waiting.peek()
      if (entry === undefined || !this.#queue.fits(entry.units, entry.batch.sizeBytes)) return
      this.#waiting.shift()
      this.#waitingBytes -= entry.batch.sizeBytes
      this.#queue.offer(entry)
    }
  }

  /** Takes nothing new; who still waits keeps the data. */
  close(): void {
    this.#closed = true
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      entry.abandon(stopping())
    }
    this.#waitingBytes = 0
  }

  #letIn(entry: Entry): Promise<void> {
    // Fast path: nothing to wait for, so no promise of its own.
    const answer = entry.answersOnAcceptance && this.#queue.safeAtOnce ? done : entry.answer()
    this.#queue.offer(entry)
    return answer
  }

  #overflow(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    const { overflow } = this.#options
    if (overflow === 'drop_oldest') return this.#dropOldest(batch, context, units)
    if (overflow === 'drop_newest') return this.#dropNewest(batch, context, units)
    const waits = overflow === 'block' || (overflow === undefined && context.onFull === 'wait')
    const crowd = this.#waitingBytes + batch.sizeBytes > this.#options.waitingBytesMax
    if (!waits || (crowd && this.#waiting.length > 0)) {
      this.#enqueueFailed.add(batch.itemCount)
      return Promise.reject(queueFull())
    }
    const entry = this.#createEntry(batch, context, units)
    const answer = entry.answer()
    this.#waiting.push(entry)
    this.#waitingBytes += batch.sizeBytes
    return answer
  }

  #dropOldest(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    while (!this.#queue.fits(units, batch.sizeBytes)) {
      const oldest = this.#queue.take()
      // Nothing is left to drop but what is being sent, and that may arrive.
      if (oldest === undefined) return this.#dropNewest(batch, context, units)
      this.#drop(oldest)
      this.#queue.ack(oldest)
    }
    return this.#letIn(this.#createEntry(batch, context, units))
  }

  #dropNewest(batch: Batch, context: ConsumeContext, units: number): Promise<void> {
    const entry = this.#createEntry(batch, context, units)
    const answer = entry.answer()
    this.#drop(entry)
    // It was never in the queue, but has its end.
    return entry.answersOnAcceptance ? done : answer
  }

  #drop(entry: Entry): void {
    const items = entry.batch.itemCount
    this.#enqueueFailed.add(items)
    entry.drop(items, { error: queueFull(), reason: 'queue_full' })
  }

  #createEntry(batch: Batch, context: ConsumeContext, units: number): Entry {
    const { exporterId, waitForResult } = this.#options
    const { ledger } = context
    const answer: Answer = waitForResult
      ? 'result'
      : context.until === 'delivered'
        ? 'settled'
        : 'accepted'
    return new Entry(
      batch,
      ledger.pipeline,
      ledger.exporter(exporterId),
      answer,
      units,
      this.#clock.monotonicMs(),
    )
  }

  #unitsOf(batch: Batch): number {
    switch (this.#options.sizer) {
      case 'requests':
        return 1
      case 'items':
        return batch.itemCount
      case 'bytes':
        return batch.sizeBytes
    }
  }
}

/** A caller may mark an error as accounted, so each gets its own. */
export function stopping(): DeliveryError {
  return new DeliveryError('stopping', 'remora is shutting down')
}

function queueFull(): DeliveryError {
  return new DeliveryError('queue_full', 'the sending queue is full')
}
