import { firstCapacityBytes } from '../first-capacity.ts'

const empty = Buffer.alloc(0)

/**
 * Gathers a body of known or unknown length in one buffer. It grows with what has really come and never beyond the
 * announced length or `maxBytes`.
 */
export class BodyBuffer {
  readonly #limitBytes: number
  #buffer: Buffer = empty
  #filledBytes = 0

  /** `announcedBytes` is the content-length, −1 without one. */
  constructor(announcedBytes: number, maxBytes: number) {
    this.#limitBytes = announcedBytes < 0 ? maxBytes : Math.min(announcedBytes, maxBytes)
  }

  /** What is held in memory. */
  get capacityBytes(): number {
    return this.#buffer.byteLength
  }

  /** False if the body is too long; then nothing of the chunk is kept. */
  push(chunk: Uint8Array): boolean {
    const filledBytes = this.#filledBytes + chunk.byteLength
    if (filledBytes > this.#limitBytes) return false
    if (filledBytes > this.#buffer.byteLength) {
      const wanted =
        this.#filledBytes === 0
          ? firstCapacityBytes(filledBytes)
          : Math.max(filledBytes, this.#buffer.byteLength * 2)
      this.#resize(Math.min(this.#limitBytes, wanted))
    }
    this.#buffer.set(chunk, this.#filledBytes)
    this.#filledBytes = filledBytes
    return true
  }

  /** The body in a buffer of exactly its length. */
  finish(): Uint8Array {
    if (this.#filledBytes < this.#buffer.byteLength) this.#resize(this.#filledBytes)
    return this.#buffer
  }

  #resize(capacityBytes: number): void {
    const other = Buffer.allocUnsafeSlow(capacityBytes)
    other.set(this.#buffer.subarray(0, this.#filledBytes))
    this.#buffer = other
  }
}
