import type { Clock } from '../component/clock.ts'

const bucketMs = 5000
const buckets = 6

/** Items per second over the last half minute, in steps of five seconds. Costs an addition per request, and no timer. */
export class Flow {
  readonly #clock: Clock
  readonly #items = new Float64Array(buckets)
  readonly #startMs: number
  #bucket: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
    this.#bucket = this.#present()
  }

  add(items: number): void {
    this.#advance()
    const index = this.#bucket % buckets
    this.#items[index] = (this.#items[index] as number) + items
  }

  perSecond(): number {
    this.#advance()
    let total = 0
    for (const items of this.#items) total += items
    const nowMs = this.#clock.monotonicMs()
    const windowStartMs = (this.#bucket - buckets + 1) * bucketMs
    const passedMs = nowMs - Math.max(windowStartMs, this.#startMs)
    return (total * 1000) / Math.max(1000, passedMs)
  }

  #present(): number {
    return Math.floor(this.#clock.monotonicMs() / bucketMs)
  }

  /** Forgets what is older than the window. */
  #advance(): void {
    const present = this.#present()
    for (; this.#bucket < present; this.#bucket++) {
      if (present - this.#bucket > buckets) this.#bucket = present - buckets
      this.#items[(this.#bucket + 1) % buckets] = 0
    }
  }
}

/**
 * Seconds until a backlog is gone, at the rates of the last half minute. What one second brings is no backlog and takes
 * that long; more of it shrinks only by what goes out beyond what comes in. Infinity: it does not shrink.
 */
export function drainSeconds(items: number, inPerSecond: number, outPerSecond: number): number {
  if (items === 0) return 0
  if (outPerSecond <= 0) return Infinity
  if (items <= outPerSecond) return items / outPerSecond
  const net = outPerSecond - inPerSecond
  return net > 0 ? items / net : Infinity
}
