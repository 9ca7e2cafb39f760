/** A set of whole numbers as ranges `[from, to)`, sorted and apart from each other: small while the numbers come nearly in order. */
export class Ranges {
  /** from, to, from, to, … */
  readonly #bounds: number[] = []

  get rangeCount(): number {
    return this.#bounds.length / 2
  }

  /** Nothing in the set is this or higher. */
  get end(): number {
    return this.#bounds.at(-1) ?? 0
  }

  has(number: number): boolean {
    // An even number of bounds at or below it: outside of every range.
    return this.#boundsUpTo(number) % 2 === 1
  }

  /** Adds `from` up to, but not, `to`. */
  add(from: number, to: number): void {
    if (from >= to) return
    const bounds = this.#bounds
    const last = bounds.length - 1
    // Fast path: right after the last range, or beyond it.
    if (last < 0 || from > (bounds[last] as number)) {
      bounds.push(from, to)
      return
    }
    if (from === bounds[last]) {
      bounds[last] = to
      return
    }
    this.#merge(from, to)
  }

  forEach(visit: (from: number, to: number) => void): void {
    for (let at = 0; at < this.#bounds.length; at += 2) {
      visit(this.#bounds[at] as number, this.#bounds[at + 1] as number)
    }
  }

  #merge(from: number, to: number): void {
    const bounds = this.#bounds
    // Ranges that touch count as one, hence from - 1 on the left.
    let first = this.#boundsUpTo(from - 1)
    let after = this.#boundsUpTo(to)
    let low = from
    let high = to
    if (first % 2 === 1) {
      first--
      low = bounds[first] as number
    }
    if (after % 2 === 1) {
      high = bounds[after] as number
      after++
    }
    bounds.splice(first, after - first, low, high)
  }

  /** How many bounds are at or below the number. */
  #boundsUpTo(number: number): number {
    let low = 0
    let high = this.#bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#bounds[middle] as number) <= number) low = middle + 1
      else high = middle
    }
    return low
  }
}
