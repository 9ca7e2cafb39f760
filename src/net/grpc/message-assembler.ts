import { prefixSizeBytes } from './frame.ts'

/**
 * What is wrong with the bytes of a unary stream so far.
 * - `too_large`: the prefix announces more than the limit.
 * - `bad_prefix`: the compressed flag is neither 0 nor 1.
 * - `trailing_bytes`: something follows the one message of a unary call.
 */
export type AssemblyFault = 'too_large' | 'bad_prefix' | 'trailing_bytes'

/**
 * A message up to this size gets its whole buffer as soon as its prefix is there. A larger one grows with the bytes
 * that have really come, so a peer cannot make us allocate by announcing alone.
 */
const trustedSizeBytes = 64 * 1024

const empty = Buffer.alloc(0)

/**
 * Puts the one message of a unary stream into a buffer of exactly its size, so that none of the slabs in which the
 * chunks arrived is kept alive by a batch that waits in a queue.
 */
export class MessageAssembler {
  /** The peer compressed the message. */
  compressed = false
  /** What is held in memory: the capacity, not what has come. */
  capacityBytes = 0
  #maxBytes: number
  #lengthBytes = -1
  #message: Buffer = empty
  #filledBytes = 0
  #prefix: Buffer | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The announced length, or -1 before the prefix is complete. */
  get lengthBytes(): number {
    return this.#lengthBytes
  }

  /** The message is complete. */
  get done(): boolean {
    return this.#filledBytes === this.#lengthBytes
  }

  /** Not one byte has come. */
  get untouched(): boolean {
    return this.#lengthBytes < 0 && this.#prefix === undefined
  }

  /** The bytes of a complete message. */
  get message(): Uint8Array {
    return this.#message
  }

  /** Takes a chunk in; it is copied, never kept. */
  push(chunk: Uint8Array): AssemblyFault | undefined {
    let offset = 0
    if (this.#lengthBytes < 0) {
      // Fast path: the first chunk of nearly every stream holds the whole prefix.
      if (this.#prefix === undefined && chunk.byteLength >= prefixSizeBytes) {
        offset = prefixSizeBytes
        const fault = this.#begin(chunk)
        if (fault !== undefined) return fault
      } else {
        const joined: Buffer =
          this.#prefix === undefined ? Buffer.from(chunk) : Buffer.concat([this.#prefix, chunk])
        if (joined.byteLength < prefixSizeBytes) {
          this.#prefix = joined
          return undefined
        }
        offset = prefixSizeBytes - (this.#prefix?.byteLength ?? 0)
        this.#prefix = undefined
        const fault = this.#begin(joined)
        if (fault !== undefined) return fault
      }
    }
    return this.#append(chunk, offset)
  }

  #begin(prefix: Uint8Array): AssemblyFault | undefined {
    const flag = prefix[0] as number
    if (flag > 1) return 'bad_prefix'
    this.compressed = flag === 1
    const lengthBytes =
      (prefix[1] as number) * 0x1000000 +
      (((prefix[2] as number) << 16) | ((prefix[3] as number) << 8) | (prefix[4] as number))
    if (lengthBytes > this.#maxBytes) return 'too_large'
    this.#lengthBytes = lengthBytes
    this.#reserve(Math.min(lengthBytes, trustedSizeBytes))
    return undefined
  }

  #append(chunk: Uint8Array, offset: number): AssemblyFault | undefined {
    const filledBytes = this.#filledBytes + chunk.byteLength - offset
    if (filledBytes > this.#lengthBytes) return 'trailing_bytes'
    if (filledBytes > this.capacityBytes) {
      this.#reserve(Math.min(this.#lengthBytes, Math.max(filledBytes, this.capacityBytes * 2)))
    }
    this.#message.set(offset === 0 ? chunk : chunk.subarray(offset), this.#filledBytes)
    this.#filledBytes = filledBytes
    return undefined
  }

  #reserve(capacityBytes: number): void {
    // Not from the pool: a pooled slice would keep 8 KiB of others alive.
    const larger = Buffer.allocUnsafeSlow(capacityBytes)
    larger.set(this.#message.subarray(0, this.#filledBytes))
    this.#message = larger
    this.capacityBytes = capacityBytes
  }
}
