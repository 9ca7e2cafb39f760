import { putRange } from '../../wire/writer.ts'

const startBytes = 16 * 1024
/** What is kept from one text to the next; a longer one gets a buffer of its own. */
const keptMaxBytes = 1024 * 1024

/** A text that grows, as bytes. */
export class ByteText {
  /** What it is in; another one when it grew. */
  bytes: Buffer = Buffer.alloc(0)
  length = 0

  add(source: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.bytes.length) this.#grow(length)
    this.length = putRange(this.bytes, this.length, source, start, end)
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > keptMaxBytes) this.bytes = Buffer.alloc(0)
  }

  toString(start = 0): string {
    return this.bytes.toString('utf8', start, this.length)
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(startBytes, 2 * length))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}
