import type { Entry } from './entry.ts'
import type { Queue } from './queue.ts'
import { Ring } from './ring.ts'

/** A queue in memory: bounded by the sizer and, always, by bytes. */
export class MemoryQueue implements Queue {
  readonly capacity: number
  readonly persistent = false
  readonly entryBytesMax = Infinity
  readonly failure = undefined
  readonly #bytesMax: number
  readonly #entries = new Ring<Entry>()
  #units = 0
  #bytes = 0
  #items = 0
  #waitingUnits = 0
  #waitingItems = 0
  #waitingBytes = 0

  constructor(capacity: number, bytesMax: number) {
    this.capacity = capacity
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#units
  }

  get length(): number {
    return this.#entries.length
  }

  get waitingItems(): number {
    return this.#waitingItems
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  get heldItems(): number {
    return this.#items
  }

  get heldBytes(): number {
    return this.#bytes
  }

  fits(units: number, sizeBytes: number): boolean {
    return this.#fitsBeside(this.#units, this.#bytes, units, sizeBytes)
  }

  offer(entry: Entry): void {
    this.#units += entry.units
    this.#bytes += entry.batch.sizeBytes
    this.#items += entry.batch.itemCount
    this.#waitingUnits += entry.units
    this.#waitingItems += entry.batch.itemCount
    this.#waitingBytes += entry.batch.sizeBytes
    this.#entries.push(entry)
    entry.accepted()
  }

  peek(): Entry | undefined {
    return this.#entries.peek()
  }

  take(): Entry | undefined {
    const entry = this.#entries.shift()
    if (entry === undefined) return undefined
    this.#waitingUnits -= entry.units
    this.#waitingItems -= entry.batch.itemCount
    this.#waitingBytes -= entry.batch.sizeBytes
    return entry
  }

  ack(entry: Entry): void {
    this.#units -= entry.units
    this.#bytes -= entry.batch.sizeBytes
    this.#items -= entry.batch.itemCount
  }

  dropOldest(
    units: number,
    sizeBytes: number,
    _pipeline: string,
    drop: (entry: Entry) => void,
  ): void {
    // What is being sent stays. If it leaves no room for this entry, dropping the others would be for nothing.
    const sentUnits = this.#units - this.#waitingUnits
    const sentBytes = this.#bytes - this.#waitingBytes
    if (!this.#fitsBeside(sentUnits, sentBytes, units, sizeBytes)) return
    while (!this.fits(units, sizeBytes)) {
      const oldest = this.take()
      if (oldest === undefined) return
      drop(oldest)
      this.ack(oldest)
    }
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #fitsBeside(heldUnits: number, heldBytes: number, units: number, sizeBytes: number): boolean {
    if (heldUnits === 0 && heldBytes === 0) return true
    return heldUnits + units <= this.capacity && heldBytes + sizeBytes <= this.#bytesMax
  }
}
