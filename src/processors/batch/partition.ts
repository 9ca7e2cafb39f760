import type { Clock } from '../../component/clock.ts'
import { Batch } from '../../signal/batch.ts'
import type { ConsumeContext } from '../../signal/consumer.ts'
import type { Waiter } from './flight.ts'

/** What a partition hands over when it is due. */
export interface Gathered {
  readonly batch: Batch
  readonly context: ConsumeContext
  readonly waiters: readonly Waiter[]
  readonly trigger: 'size' | 'timeout'
}

export interface PartitionOptions {
  readonly clock: Clock
  /** Infinity: only the timeout counts. */
  readonly itemsMin: number
  readonly timeoutMs: number
  readonly onDue: (gathered: Gathered, partition: Partition) => void
}

const done = Promise.resolve()

/**
 * Batches that may be joined: with the same metadata, and whose callers hear back at the same moment. Those who wait for
 * the delivery are kept apart from those who do not, so that in a stop it is known whose data is lost.
 */
export class Partition {
  readonly key: string
  readonly #context: ConsumeContext
  readonly #options: PartitionOptions
  #batches: Batch[] = []
  #waiters: Waiter[] = []
  #itemCount = 0
  #cancelTimer: (() => void) | undefined

  constructor(key: string, context: ConsumeContext, options: PartitionOptions) {
    this.key = key
    this.#context = context
    this.#options = options
  }

  /** The promise of `consume`. */
  add(batch: Batch): Promise<void> {
    const { clock, itemsMin, timeoutMs } = this.#options
    const answer = this.#context.until === 'accepted' ? done : this.#wait()
    this.#batches.push(batch)
    this.#itemCount += batch.itemCount
    if (this.#itemCount >= itemsMin) this.flush('size')
    else if (timeoutMs === 0) this.flush('timeout')
    else this.#cancelTimer ??= clock.after(timeoutMs, () => this.flush('timeout'))
    return answer
  }

  flush(trigger: 'size' | 'timeout'): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const batches = this.#batches
    const first = batches[0]
    if (first === undefined) return
    const waiters = this.#waiters
    this.#batches = []
    this.#waiters = []
    this.#itemCount = 0
    const batch = batches.length === 1 ? first : Batch.concat(first.signal, batches)
    this.#options.onDue({ batch, context: this.#context, waiters, trigger }, this)
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }
}
