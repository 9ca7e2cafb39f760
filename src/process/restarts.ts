/** A run of this length went well: the next wait is the first again. */
const healthyMs = 10_000

/** The waits between runs of a command that ends again and again. */
export class Restarts {
  readonly #firstMs: number
  readonly #maxMs: number
  #nextMs: number
  #count = 0

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#nextMs = firstMs
  }

  /** In a row, without a run that went well. */
  get count(): number {
    return this.#count
  }

  /** How long to wait after a run that took `ranMs`. */
  waitMs(ranMs: number): number {
    if (ranMs >= healthyMs) {
      this.#nextMs = this.#firstMs
      this.#count = 0
    }
    const waitMs = Math.min(this.#nextMs, this.#maxMs)
    this.#nextMs = Math.min(waitMs * 2, this.#maxMs)
    this.#count++
    return waitMs
  }
}
