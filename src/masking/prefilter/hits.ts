/**
 * Where anchors ended in some bytes, in order: ranges of offsets, both ends included, each with the bits of the anchors.
 * Hits close to each other share a range, so that no input makes the list longer than a fraction of itself.
 */
export class Hits {
  first = new Int32Array(256)
  last = new Int32Array(256)
  bits = new Int32Array(256)
  count = 0

  reset(): void {
    this.count = 0
    // A list that one large batch made long is not kept.
    if (this.first.length > keptMax) this.#resize(256)
  }

  add(offset: number, bits: number): void {
    const previous = this.count - 1
    if (previous >= 0 && offset - (this.last[previous] as number) <= joinDistance) {
      this.last[previous] = offset
      this.bits[previous] = (this.bits[previous] as number) | bits
      return
    }
    if (this.count === this.first.length) this.#resize(this.count * 2)
    this.first[this.count] = offset
    this.last[this.count] = offset
    this.bits[this.count++] = bits
  }

  /** With those of another list, in order; ranges may then overlap. */
  merge(other: Hits): void {
    if (other.count === 0) return
    const own = this.count
    const total = own + other.count
    if (total > this.first.length) this.#resize(total * 2)
    // From behind, so that nothing is moved twice.
    let from = own - 1
    let theirs = other.count - 1
    for (let to = total - 1; theirs >= 0; to--) {
      const mine = from >= 0 && (this.last[from] as number) > (other.last[theirs] as number)
      const source: Hits = mine ? this : other
      const at = mine ? from-- : theirs--
      this.first[to] = source.first[at] as number
      this.last[to] = source.last[at] as number
      this.bits[to] = source.bits[at] as number
    }
    this.count = total
  }

  #resize(length: number): void {
    const grow = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(length)
      to.set(from.subarray(0, Math.min(from.length, length)))
      return to
    }
    this.first = grow(this.first)
    this.last = grow(this.last)
    this.bits = grow(this.bits)
  }
}

const joinDistance = 8
const keptMax = 1 << 16
