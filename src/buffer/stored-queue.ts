import type { Clock } from '../component/clock.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { ExporterLedger } from '../signal/ledger.ts'
import type { DiskQueue, DiskQueueEvents } from './disk/disk-queue.ts'
import type { DiskRecord } from './disk/disk-record.ts'
import type { Tally } from './disk/tally.ts'
import { Entry } from './entry.ts'
import type { Queue } from './queue.ts'
import { type Sizer, unitsOf } from './units.ts'

type Lost = Pick<Tally, 'records' | 'items' | 'bytes'>

export interface StoredQueueOptions {
  /** In the unit of the sizer; Infinity leaves the bound to the bytes. */
  readonly capacity: number
  readonly sizer: Sizer
  readonly clock: Clock
  /** The account of items that came through a pipeline in an earlier process. */
  accountOf(pipeline: string): ExporterLedger
  /** `peek` returns something again. */
  onReadable(): void
  /** `fits` may say yes where it said no. */
  onRoom(): void
  /** There is a `failure` where there was none. `onRoom` follows when it is over. */
  onFailing(error: DeliveryError): void
  /** An entry that was offered is not stored. */
  onRefused(entry: Entry, error: DeliveryError): void
  /** Items are gone: given up to make room, or damaged on the disk. */
  onDropped(reason: Code, lost: Lost): void
}

/**
 * A queue on disk, of entries.
 *
 *     offer ──▶ append ──▶ stored: the caller's entry ends, its items stay queued in the account
 *                              │
 *     peek, take ◀── an entry is made of the record ◀┘        ack ──▶ the record is acknowledged
 *
 * What was found at the start is entered into the accounts as recovered and queued.
 */
export class StoredQueue implements Queue {
  readonly persistent = true
  readonly capacity: number
  readonly #options: StoredQueueOptions
  readonly #accounts = new Map<string, ExporterLedger>()
  readonly #records = new Map<Entry, DiskRecord>()
  #disk: DiskQueue | undefined
  #closeDisk: (() => Promise<void>) | undefined
  /** What is being written. */
  #writing = 0
  readonly #flushed: (() => void)[] = []
  #writingUnits = 0
  #writingItems = 0
  #writingBytes = 0
  /** The entry of the record that is to be taken next. */
  #front: { readonly entry: Entry; readonly record: DiskRecord } | undefined

  private constructor(options: StoredQueueOptions) {
    this.#options = options
    this.capacity = options.capacity
  }

  /** `openDisk` opens the queue with the events that it is given. Rejects as that does. */
  static async open(
    options: StoredQueueOptions,
    openDisk: (
      events: DiskQueueEvents,
    ) => Promise<{ readonly queue: DiskQueue; close(): Promise<void> }>,
  ): Promise<StoredQueue> {
    const stored = new StoredQueue(options)
    const { queue, close } = await openDisk({
      onReadable: () => options.onReadable(),
      onRoom: () => options.onRoom(),
      onFailing: () => {
        const { failure } = stored
        if (failure !== undefined) options.onFailing(failure)
      },
      onLost: (pipeline, lost) => stored.#dropped(pipeline, lost, 'damaged'),
      onFound: (pipeline, { items }) => stored.#found(pipeline, items),
    })
    stored.#disk = queue
    stored.#closeDisk = close
    for (const [pipeline, { items }] of queue.recovered) stored.#found(pipeline, items)
    return stored
  }

  get disk(): DiskQueue {
    return this.#disk as DiskQueue
  }

  get size(): number {
    const { waiting, sending } = this.disk
    return this.#unitsOf(waiting) + this.#unitsOf(sending) + this.#writingUnits
  }

  #unitsOf(tally: Readonly<Tally>): number {
    const { sizer } = this.#options
    return tally[sizer === 'requests' ? 'records' : sizer]
  }

  get entryBytesMax(): number {
    return this.disk.payloadBytesMax
  }

  get failure(): DeliveryError | undefined {
    const { failure } = this.disk
    if (failure === undefined) return undefined
    return new DeliveryError('write_failed', `cannot write to the disk queue: ${failure.message}`)
  }

  get length(): number {
    return this.disk.reachableRecords
  }

  get waitingItems(): number {
    return this.disk.waiting.items
  }

  get waitingBytes(): number {
    return this.disk.waiting.bytes
  }

  get heldItems(): number {
    return this.disk.waiting.items + this.disk.sending.items + this.#writingItems
  }

  get heldBytes(): number {
    return this.disk.waiting.bytes + this.disk.sending.bytes + this.#writingBytes
  }

  fits(units: number, sizeBytes: number, pipeline: string): boolean {
    if (this.disk.failure !== undefined) return false
    // What can never fit is let in, so that the disk queue can say so.
    if (sizeBytes > this.disk.payloadBytesMax) return true
    const { size } = this
    return (size === 0 || size + units <= this.capacity) && this.disk.fits(sizeBytes, pipeline)
  }

  offer(entry: Entry): void {
    const { units, batch, pipeline } = entry
    this.#accounts.set(pipeline, entry.account)
    this.#writingUnits += units
    this.#writingItems += batch.itemCount
    this.#writingBytes += batch.sizeBytes
    this.#writing++
    const written = (): void => {
      this.#writing--
      this.#writingUnits -= units
      this.#writingItems -= batch.itemCount
      this.#writingBytes -= batch.sizeBytes
    }
    this.disk.append(batch, pipeline).then(
      () => {
        written()
        entry.handOver()
        this.#tellFlushed()
      },
      (thrown: unknown) => {
        written()
        this.#options.onRefused(entry, DeliveryError.from(thrown))
        this.#tellFlushed()
      },
    )
  }

  peek(): Entry | undefined {
    const record = this.disk.peek()
    if (record === undefined) return undefined
    if (this.#front?.record !== record) this.#front = { entry: this.#entryOf(record), record }
    return this.#front.entry
  }

  take(): Entry | undefined {
    const entry = this.peek()
    const record = this.disk.take()
    if (entry === undefined || record === undefined) return undefined
    this.#front = undefined
    this.#records.set(entry, record)
    return entry
  }

  ack(entry: Entry): void {
    const record = this.#records.get(entry)
    if (record === undefined) return
    this.#records.delete(entry)
    this.disk.ack(record)
  }

  dropOldest(units: number, sizeBytes: number, pipeline: string): void {
    // A disk that cannot be written to gains nothing from it.
    if (this.disk.failure !== undefined) return
    // Nor is anything dropped if the entry would not fit beside what stays: what is being sent, or has to be read first.
    const staying = this.size - this.#unitsOf(this.disk.readable)
    if (staying > 0 && staying + units > this.capacity) return
    const made = this.disk.dropOldest(sizeBytes, pipeline, (account, dropped) =>
      this.#dropped(account, dropped, 'queue_full'),
    )
    if (!made) return
    while (this.size > 0 && this.size + units > this.capacity) {
      const oldest = this.take()
      if (oldest === undefined) return
      const { itemCount: items, sizeBytes: bytes } = oldest.batch
      this.#dropped(oldest.pipeline, { records: 1, items, bytes }, 'queue_full')
      this.ack(oldest)
    }
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushed.push(resolve)
      this.#tellFlushed()
    })
  }

  /** What is not acknowledged stays. */
  async close(): Promise<void> {
    await this.#closeDisk?.()
  }

  #tellFlushed(): void {
    if (this.#writing > 0) return
    for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #dropped(pipeline: string, lost: Lost, reason: Code): void {
    if (lost.items > 0) {
      const account = this.#accountOf(pipeline)
      account.queued -= lost.items
      account.dropped(reason, lost.items)
    }
    this.#options.onDropped(reason, lost)
  }

  /** An earlier process left them. */
  #found(pipeline: string, items: number): void {
    const account = this.#accountOf(pipeline)
    account.recovered += items
    account.queued += items
  }

  #accountOf(pipeline: string): ExporterLedger {
    let account = this.#accounts.get(pipeline)
    if (account === undefined) {
      account = this.#options.accountOf(pipeline)
      this.#accounts.set(pipeline, account)
    }
    return account
  }

  #entryOf({ batch, account, enqueuedMs }: DiskRecord): Entry {
    const { clock, sizer } = this.#options
    // The wall clock may have been set back since.
    const ageMs = Math.max(0, clock.nowMs() - enqueuedMs)
    const arrivedMs = clock.monotonicMs() - ageMs
    return Entry.stored(batch, account, this.#accountOf(account), unitsOf(batch, sizer), arrivedMs)
  }
}
