import type { Entry } from '../buffer/entry.ts'
import type { Queue } from '../buffer/queue.ts'
import type { Clock } from '../component/clock.ts'
import { Piece } from './piece.ts'
import type { BatchConfig } from './schema.ts'

export interface GathererOptions {
  readonly queue: Queue
  readonly clock: Clock
  readonly batch: BatchConfig | undefined
  readonly crowded: () => boolean
}

/** Decides what of the queue goes out next, and when. */
export interface Gatherer {
  /**
   * Takes what is due as pieces of one job. Undefined: nothing yet; `later` is called when that may have changed by the
   * passing of time. `flush`: everything is due.
   */
  next(flush: boolean, later: () => void): Piece[] | undefined
  /** Cancels its timer. */
  close(): void
}

export function createGatherer(options: GathererOptions): Gatherer {
  const { queue, batch } = options
  return batch === undefined ? new SingleGatherer(queue) : new BatchGatherer(options, batch)
}

/** Each entry is a request. */
class SingleGatherer implements Gatherer {
  readonly #queue: Queue

  constructor(queue: Queue) {
    this.#queue = queue
  }

  next(): Piece[] | undefined {
    const entry = this.#queue.take()
    return entry === undefined ? undefined : [Piece.of([entry])]
  }

  close(): void {
    // It has no timer.
  }
}

/**
 * Entries are joined until they are large enough or the oldest has waited long enough. Gathering happens in the queue:
 * nothing is held twice, and while all consumers are busy larger requests come about by themselves.
 *
 * With a `max_size`, an entry that does not fit any more begins the next request, and only one that is too large by
 * itself is cut: a cut costs CPU, a request that is a little smaller does not.
 */
class BatchGatherer implements Gatherer {
  readonly #queue: Queue
  readonly #clock: Clock
  readonly #batch: BatchConfig
  readonly #crowded: () => boolean
  #cancelTimer: (() => void) | undefined

  constructor({ queue, clock, crowded }: GathererOptions, batch: BatchConfig) {
    this.#queue = queue
    this.#clock = clock
    this.#batch = batch
    this.#crowded = crowded
  }

  next(flush: boolean, later: () => void): Piece[] | undefined {
    const oldest = this.#queue.peek()
    if (oldest === undefined) return undefined
    const { sizer, min_size: sizeMin, flush_timeout: timeoutMs, max_size: sizeMax } = this.#batch
    const waiting = sizer === 'items' ? this.#queue.waitingItems : this.#queue.waitingBytes
    if (waiting < sizeMin && !flush && !this.#crowded()) {
      const leftMs = oldest.arrivedMs + timeoutMs - this.#clock.monotonicMs()
      if (leftMs > 0) {
        this.#remind(leftMs, later)
        return undefined
      }
    }
    const piece = Piece.of(this.#gather())
    return sizeMax > 0 && this.#sizeOf(piece) > sizeMax ? piece.split(sizeMax, sizer) : [piece]
  }

  #gather(): Entry[] {
    const { min_size: sizeMin, max_size: sizeMax } = this.#batch
    const entries: Entry[] = []
    let total = 0
    do {
      const entry = this.#queue.peek()
      if (entry === undefined) break
      const size = this.#sizeOf(entry)
      if (sizeMax > 0 && total > 0 && total + size > sizeMax) break
      this.#queue.take()
      entries.push(entry)
      total += size
    } while (total < sizeMin)
    return entries
  }

  #sizeOf({ batch }: Entry | Piece): number {
    return this.#batch.sizer === 'items' ? batch.itemCount : batch.sizeBytes
  }

  /** One timer at a time: when it fires too early for what is in the queue by then, it is set anew. */
  #remind(delayMs: number, later: () => void): void {
    this.#cancelTimer ??= this.#clock.after(Math.ceil(delayMs), () => {
      this.#cancelTimer = undefined
      later()
    })
  }

  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
