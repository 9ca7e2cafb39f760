import type { Clock } from '../component/clock.ts'
import type { Batch } from '../signal/batch.ts'
import type { RateLimitConfig } from './schema.ts'

interface Waiter {
  readonly cost: number
  readonly run: () => void
  cancelled: boolean
}

/**
 * A token bucket for everything that an exporter sends, retries too. Who comes first goes first, whatever the sizes. A
 * request that costs more than the bucket holds goes when the bucket is full, and those after it pay the rest: the rate
 * holds, whatever is sent.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #countsItems: boolean
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #filledMs: number
  readonly #waiting: Waiter[] = []
  #cancelTimer: (() => void) | undefined

  constructor(config: RateLimitConfig, clock: Clock) {
    const { items_per_second: items, bytes_per_second: bytes, burst } = config
    const perSecond = items ?? bytes ?? 0
    this.#clock = clock
    this.#countsItems = items !== undefined
    this.#perMs = perSecond / 1000
    this.#burst = burst ?? perSecond
    this.#tokens = this.#burst
    this.#filledMs = clock.monotonicMs()
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Undefined when the batch may go now; else `run` is called when it may, unless the returned function cancels it. */
  acquire(batch: Batch, run: () => void): (() => void) | undefined {
    this.#fill()
    const cost = this.#countsItems ? batch.itemCount : batch.sizeBytes
    if (this.#waiting.length === 0 && this.#waitMs(cost) === 0) {
      this.#tokens -= cost
      return undefined
    }
    const waiter: Waiter = { cost, run, cancelled: false }
    this.#waiting.push(waiter)
    this.#setTimer()
    return () => this.#cancel(waiter)
  }

  #cancel(waiter: Waiter): void {
    if (waiter.cancelled) return
    waiter.cancelled = true
    const index = this.#waiting.indexOf(waiter)
    if (index >= 0) this.#waiting.splice(index, 1)
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#setTimer()
  }

  #serve(): void {
    this.#fill()
    for (;;) {
      const first = this.#waiting[0]
      if (first === undefined || this.#waitMs(first.cost) > 0) break
      this.#waiting.shift()
      first.cancelled = true
      this.#tokens -= first.cost
      first.run()
    }
    this.#setTimer()
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledMs) * this.#perMs)
    this.#filledMs = nowMs
  }

  #waitMs(cost: number): number {
    const missing = Math.min(cost, this.#burst) - this.#tokens
    // A rounding error is no reason to wait.
    return missing <= 1e-6 ? 0 : Math.max(1, Math.ceil(missing / this.#perMs))
  }

  #setTimer(): void {
    const first = this.#waiting[0]
    if (first === undefined || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#clock.after(this.#waitMs(first.cost), () => {
      this.#cancelTimer = undefined
      this.#serve()
    })
  }
}
