/**
 * Bytes that all requests of a receiver may hold together: what is being received, and what waits for its answer.
 * It bounds memory whatever the number of connections and streams; who finds it empty refuses with a retryable error.
 */
export class ByteBudget {
  readonly limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** False, and nothing taken, if it would exceed the limit. */
  tryTake(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
