import type { Ending, Entry } from '../buffer/entry.ts'
import { must } from '../errors/bug.ts'
import { Batch } from '../signal/batch.ts'
import { halveBatch, splitBatch, splitBatchByBytes } from '../signal/split.ts'

/**
 * What goes out as one request: items of one or more entries, in order.
 *
 *     entries   a ───── b ── c ────────
 *     counts    5       2    9           the items of each that are in this piece
 */
export class Piece {
  readonly batch: Batch
  readonly #entries: readonly Entry[]
  readonly #counts: readonly number[]

  private constructor(batch: Batch, entries: readonly Entry[], counts: readonly number[]) {
    this.batch = batch
    this.#entries = entries
    this.#counts = counts
  }

  /** All items of the entries, joined without a copy. */
  static of(entries: readonly Entry[]): Piece {
    const first = entries[0] as Entry
    if (entries.length === 1) return new Piece(first.batch, entries, [first.batch.itemCount])
    const batches = entries.map((entry) => entry.batch)
    const counts = batches.map((batch) => batch.itemCount)
    return new Piece(Batch.concat(first.batch.signal, batches), entries, counts)
  }

  /** Pieces no larger than the limit, where items allow it. */
  split(sizeMax: number, sizer: 'items' | 'bytes'): Piece[] {
    const batches =
      sizer === 'items' ? splitBatch(this.batch, sizeMax) : splitBatchByBytes(this.batch, sizeMax)
    return batches.length === 1 ? [this] : this.#divide(batches)
  }

  /** Two pieces of half the items each; undefined for a single item. */
  halve(): Piece[] | undefined {
    const halves = halveBatch(this.batch)
    return halves === undefined ? undefined : this.#divide(halves)
  }

  /**
   * All items are out; the backend threw away `rejectedItems` of them. It does not say which, so the first entries
   * bear it: the total is exact. Calls `ended` for every entry that has no open item left.
   */
  deliver(rejectedItems: number, ended: (entry: Entry) => void): void {
    let rejected = Math.min(rejectedItems, this.batch.itemCount)
    for (let index = 0; index < this.#entries.length; index++) {
      const entry = this.#entries[index] as Entry
      const count = this.#counts[index] as number
      const share = Math.min(rejected, count)
      rejected -= share
      if (entry.deliver(count, share)) ended(entry)
    }
  }

  /** No item is out, and no further try is made. Returns how many of them their callers may get back. */
  drop(ending: Ending, ended: (entry: Entry) => void): number {
    let returned = 0
    for (let index = 0; index < this.#entries.length; index++) {
      const entry = this.#entries[index] as Entry
      const count = this.#counts[index] as number
      if (entry.mayReturn(ending)) returned += count
      if (entry.drop(count, ending)) ended(entry)
    }
    return returned
  }

  /** Whether some of it would be lost, if nobody keeps it. */
  isLost(ending: Ending): boolean {
    return this.#entries.some((entry) => !entry.mayReturn(ending))
  }

  /** When the oldest of its entries came. Entries are in order, but for those of a disk queue after a change of the clock. */
  get arrivedMs(): number {
    let oldestMs = Infinity
    for (const { arrivedMs } of this.#entries) oldestMs = Math.min(oldestMs, arrivedMs)
    return oldestMs
  }

  /** The names of the pipelines that its items came through. */
  get pipelines(): string[] {
    return [...new Set(this.#entries.map((entry) => entry.pipeline))]
  }

  /** Calls `visit` for the entries that have items here. */
  forEachEntry(visit: (entry: Entry) => void): void {
    for (const entry of this.#entries) visit(entry)
  }

  #divide(batches: readonly Batch[]): Piece[] {
    const pieces: Piece[] = []
    let index = 0
    let used = 0
    for (const batch of batches) {
      const entries: Entry[] = []
      const counts: number[] = []
      for (let open = batch.itemCount; open > 0; ) {
        const left = (this.#counts[index] ?? 0) - used
        must(left > 0, 'the parts of a batch have more items than the whole')
        const take = Math.min(open, left)
        entries.push(this.#entries[index] as Entry)
        counts.push(take)
        open -= take
        used += take
        if (take === left) {
          index++
          used = 0
        }
      }
      pieces.push(new Piece(batch, entries, counts))
    }
    must(index === this.#entries.length, 'the parts of a batch have fewer items than the whole')
    return pieces
  }
}
