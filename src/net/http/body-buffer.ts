import { firstCapacityBytes } from '../first-capacity.ts'

const empty = new Uint8Array(0)

/**
 * Gathers a body of known or unknown length in one buffer. It grows with what has really come and never beyond the
 * announced length or `maxBytes`.
 */
export class BodyBuffer {
  readonly #limitBytes: number
  #buffer: Uint8Array = empty
  #filledBytes = 0

  /** `announcedBytes` is the content-length, −1 without one. */
  constructor(announcedBytes: number, maxBytes: number) {
    this.#limitBytes = announcedBytes < 0 ? maxBytes : Math.min(announcedBytes, maxBytes)
  }

  /** What is held in memory. */
  get capacityBytes(): number {
    return this.#buffer.byteLength
  }

  /** Copies a part of the body. False if the body is too long; then nothing of the part is kept. */
  push(source: Uint8Array, start: number, end: number): boolean {
    const filledBytes = this.#filledBytes + end - start
    if (filledBytes > this.#limitBytes) return false
    if (filledBytes > this.#buffer.byteLength) {
      const wanted =
        this.#filledBytes === 0
          ? firstCapacityBytes(filledBytes)
          : Math.max(filledBytes, this.#buffer.byteLength * 2)
      this.#resize(Math.min(this.#limitBytes, wanted))
    }
    this.#buffer.set(source.subarray(start, end), this.#filledBytes)
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
    if (this.#filledBytes > 0) other.set(this.#buffer.subarray(0, this.#filledBytes))
    this.#buffer = other
  }
}
