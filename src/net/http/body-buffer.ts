/** First capacity for a body: also what a length that is only announced can make us allocate. */
const firstCapacityBytes = 64 * 1024

/**
 * Gathers a body of known or unknown length in one buffer. It grows with what has really come and never beyond the
 * announced length or `maxBytes`.
 */
export class BodyBuffer {
  readonly #limitBytes: number
  #buffer: Buffer
  #filledBytes = 0

  /** `announcedBytes` is the content-length, −1 without one. */
  constructor(announcedBytes: number, maxBytes: number) {
    this.#limitBytes = announcedBytes < 0 ? maxBytes : Math.min(announcedBytes, maxBytes)
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(this.#limitBytes, firstCapacityBytes))
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
      const wanted = Math.max(filledBytes, this.#buffer.byteLength * 2)
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
