/** What a connection may hold beside one request of the largest size: its headers, and small requests besides. */
const spareBytes = 1024 * 1024

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

  /**
   * What one connection may hold of it: a quarter, so that one client alone cannot refuse service to the others, and in
   * any case a request of the largest size, or that could never be taken.
   */
  share(largestRequestBytes: number): BudgetShare {
    return new BudgetShare(this, Math.max(this.limitBytes / 4, largestRequestBytes + spareBytes))
  }
}

/** The part of a budget that one connection may hold, see `ByteBudget.share`. */
export class BudgetShare {
  readonly #whole: ByteBudget
  readonly #part: ByteBudget

  constructor(whole: ByteBudget, limitBytes: number) {
    this.#whole = whole
    this.#part = new ByteBudget(limitBytes)
  }

  /** False, and nothing taken, if it would exceed the limit of the part or of the whole. */
  tryTake(bytes: number): boolean {
    if (!this.#part.tryTake(bytes)) return false
    if (this.#whole.tryTake(bytes)) return true
    this.#part.giveBack(bytes)
    return false
  }

  giveBack(bytes: number): void {
    this.#part.giveBack(bytes)
    this.#whole.giveBack(bytes)
  }
}
