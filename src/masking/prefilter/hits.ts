/**
 * Where the anchors of one automaton ended in some bytes, in order: ranges of offsets that do not overlap, both ends
 * included, each with the bits of the anchors. Hits close to each other share a range, so that no input makes the list
 * longer than a fraction of itself.
 */
class HitList {
  #first = new Int32Array(256)
  #last = new Int32Array(256)
  #bits = new Int32Array(256)
  count = 0
  /** The ranges in front of it end before all that is asked for. */
  #next = 0

  reset(): void {
    this.count = 0
    this.#next = 0
    // A list that one large batch made long is not kept.
    if (this.#first.length > keptMax) this.#resize(256)
  }

  add(offset: number, bits: number): void {
    const previous = this.count - 1
    if (previous >= 0 && offset - (this.#last[previous] as number) <= joinDistance) {
      this.#last[previous] = offset
      this.#bits[previous] = (this.#bits[previous] as number) | bits
      return
    }
    this.addRange(offset, offset, bits)
  }

  /** Every offset from `first` to `last`. */
  addRange(first: number, last: number, bits: number): void {
    if (this.count === this.#first.length) this.#resize(this.count * 2)
    this.#first[this.count] = first
    this.#last[this.count] = last
    this.#bits[this.count++] = bits
  }

  rewind(): void {
    this.#next = 0
  }

  bitsIn(start: number, end: number): number {
    let at = this.#next
    while (at < this.count && (this.#last[at] as number) < start) at++
    this.#next = at
    let found = 0
    for (; at < this.count && (this.#first[at] as number) < end; at++) {
      found |= this.#bits[at] as number
    }
    return found
  }

  #resize(length: number): void {
    const grow = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(length)
      to.set(from.subarray(0, Math.min(from.length, length)))
      return to
    }
    this.#first = grow(this.#first)
    this.#last = grow(this.#last)
    this.#bits = grow(this.#bits)
  }
}

const joinDistance = 8
const keptMax = 1 << 16

/**
 * The hits of a prefilter: a list for each of its automata. They stay apart, because a range of one may hold many of the
 * other, and what is asked for a field must not go through all of them again.
 */
export class Hits {
  readonly lists: readonly [HitList, HitList] = [new HitList(), new HitList()]

  get count(): number {
    return this.lists[0].count + this.lists[1].count
  }

  reset(): void {
    this.lists[0].reset()
    this.lists[1].reset()
  }

  /** The bits of what lies in `[start, end)`. From one call to the next `start` never goes back, unless `rewind` lies between. */
  bitsIn(start: number, end: number): number {
    const [one, two] = this.lists
    return two.count === 0
      ? one.bitsIn(start, end)
      : one.bitsIn(start, end) | two.bitsIn(start, end)
  }

  rewind(): void {
    this.lists[0].rewind()
    this.lists[1].rewind()
  }
}

export type { HitList }
