/** A first-in first-out list on an array that is a power of two long; it grows, and shrinks when it empties. */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array(16)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length++
  }

  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    if (this.#length === 0 && this.#slots.length > 1024) {
      this.#slots = new Array(16)
      this.#head = 0
    }
    return item
  }

  #grow(): void {
    const { length } = this.#slots
    const slots: (T | undefined)[] = new Array(length * 2)
    for (let index = 0; index < length; index++) {
      slots[index] = this.#slots[(this.#head + index) & (length - 1)]
    }
    this.#slots = slots
    this.#head = 0
  }
}
