import type { RetryConfig } from './schema.ts'

/** What a backend may ask for at most: a broken one must not make us wait for years. */
export const retryAfterMsMax = 3_600_000

/** The waits between the tries of one request: they grow, with jitter, until the time is up. */
export class Backoff {
  readonly #config: RetryConfig
  readonly #startMs: number
  readonly #random: () => number
  #intervalMs: number

  /** `random` gives numbers from 0 up to 1. */
  constructor(config: RetryConfig, startMs: number, random: () => number) {
    this.#config = config
    this.#startMs = startMs
    this.#random = random
    this.#intervalMs = config.initial_interval
  }

  /**
   * Milliseconds until the next try; undefined when that would be after `max_elapsed_time`. At least what the backend
   * asks for, but when it asks for more time than is left, the last try comes at the end of it: it may be back earlier.
   */
  nextMs(nowMs: number, retryAfterMs = 0): number | undefined {
    const { randomization_factor: factor, multiplier, max_interval: maxMs } = this.#config
    const jitter = 1 - factor + 2 * factor * this.#random()
    const ownMs = Math.min(this.#intervalMs, maxMs) * jitter
    const waitMs = Math.max(ownMs, Math.min(retryAfterMs, retryAfterMsMax))
    this.#intervalMs = Math.min(this.#intervalMs * multiplier, maxMs)
    const { max_elapsed_time: limitMs } = this.#config
    if (limitMs === 0) return waitMs
    const leftMs = this.#startMs + limitMs - nowMs
    return leftMs <= 0 || ownMs > leftMs ? undefined : Math.min(waitMs, leftMs)
  }
}
