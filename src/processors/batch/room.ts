import { Ring } from '../../buffer/ring.ts'

/** A caller that waits until there is room for its batch. */
export interface Visitor {
  readonly sizeBytes: number
  /** The bytes are taken for it. */
  enter(): void
  refuse(): void
}

/** The bytes that the processor may hold, and who waits for some of them, in order. */
export class Room {
  readonly #bytesMax: number
  readonly #visitors = new Ring<Visitor>()
  #heldBytes = 0
  #visitorBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** True: the bytes are taken. A batch larger than all there is finds room when nothing else is held. */
  take(sizeBytes: number): boolean {
    if (this.#visitors.length > 0 || !this.#fits(sizeBytes)) return false
    this.#heldBytes += sizeBytes
    return true
  }

  /** True: the visitor will be let in or refused later. False: too much waits already. */
  wait(visitor: Visitor): boolean {
    const crowded = this.#visitorBytes + visitor.sizeBytes > this.#bytesMax
    if (crowded && this.#visitors.length > 0) return false
    this.#visitorBytes += visitor.sizeBytes
    this.#visitors.push(visitor)
    return true
  }

  giveBack(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes
    for (;;) {
      const visitor = this.#visitors.peek()
      if (visitor === undefined || !this.#fits(visitor.sizeBytes)) return
      this.#visitors.shift()
      this.#visitorBytes -= visitor.sizeBytes
      this.#heldBytes += visitor.sizeBytes
      visitor.enter()
    }
  }

  /** What is held has become larger. */
  grow(bytes: number): void {
    this.#heldBytes += bytes
  }

  /** Refuses all who wait. */
  close(): void {
    for (let one = this.#visitors.shift(); one !== undefined; one = this.#visitors.shift()) {
      one.refuse()
    }
    this.#visitorBytes = 0
  }

  #fits(sizeBytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + sizeBytes <= this.#bytesMax
  }
}
