import type { Clock } from '../../component/clock.ts'

const periodMs = 1000

/** Lets the first batches of each second through, and of the others one in so many. */
export class Sampler {
  readonly #clock: Clock
  readonly #initial: number
  readonly #thereafter: number
  #periodStartMs = Number.NEGATIVE_INFINITY
  #count = 0

  constructor(clock: Clock, initial: number, thereafter: number) {
    this.#clock = clock
    this.#initial = initial
    this.#thereafter = thereafter
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#periodStartMs >= periodMs) {
      this.#periodStartMs = nowMs
      this.#count = 0
    }
    this.#count++
    if (this.#count <= this.#initial) return true
    return this.#thereafter > 0 && (this.#count - this.#initial) % this.#thereafter === 0
  }
}
