import { firstCapacityBytes } from '../first-capacity.ts'
import { prefixSizeBytes } from './frame.ts'

/**
 * What is wrong with the bytes of a unary stream so far.
 * - `too_large`: the prefix announces more than the limit.
 * - `bad_prefix`: the compressed flag is neither 0 nor 1.
 * - `trailing_bytes`: something follows the one message of a unary call.
 */
export type AssemblyFault = 'too_large' | 'bad_prefix' | 'trailing_bytes'

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
  readonly #maxBytes: number
  #lengthBytes = -1
  #message: Buffer = empty
  #filledBytes = 0
  #prefix: Buffer | undefined
  #prefixBytes = 0

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
    return this.#lengthBytes < 0 && this.#prefixBytes === 0
  }

  /** The bytes of a complete message. */
  get message(): Uint8Array {
    return this.#message
  }

  /** Takes a run of the stream in; it is copied, never kept. */
  push(source: Uint8Array, start: number, end: number): AssemblyFault | undefined {
    if (this.#lengthBytes >= 0) return this.#append(source, start, end)
    // Fast path: the first chunk of nearly every stream holds the whole prefix.
    if (this.#prefix === undefined && end - start >= prefixSizeBytes) {
      return (
        this.#begin(source, start, end - start - prefixSizeBytes) ??
        this.#append(source, start + prefixSizeBytes, end)
      )
    }
    // Slow path: the prefix comes in pieces.
    this.#prefix ??= Buffer.alloc(prefixSizeBytes)
    const taken = Math.min(prefixSizeBytes - this.#prefixBytes, end - start)
    this.#prefix.set(source.subarray(start, start + taken), this.#prefixBytes)
    this.#prefixBytes += taken
    if (this.#prefixBytes < prefixSizeBytes) return undefined
    return (
      this.#begin(this.#prefix, 0, end - start - taken) ?? this.#append(source, start + taken, end)
    )
  }

  /** `readyBytes` of the message have come with its prefix. */
  #begin(source: Uint8Array, offset: number, readyBytes: number): AssemblyFault | undefined {
    const flag = source[offset] as number
    if (flag > 1) return 'bad_prefix'
    this.compressed = flag === 1
    const lengthBytes =
      (source[offset + 1] as number) * 0x1000000 +
      (((source[offset + 2] as number) << 16) |
        ((source[offset + 3] as number) << 8) |
        (source[offset + 4] as number))
    if (lengthBytes > this.#maxBytes) return 'too_large'
    this.#lengthBytes = lengthBytes
    this.#reserve(Math.min(lengthBytes, firstCapacityBytes(readyBytes)))
    return undefined
  }

  #append(source: Uint8Array, start: number, end: number): AssemblyFault | undefined {
    const filledBytes = this.#filledBytes + end - start
    if (filledBytes > this.#lengthBytes) return 'trailing_bytes'
    if (filledBytes > this.capacityBytes) {
      this.#reserve(Math.min(this.#lengthBytes, Math.max(filledBytes, this.capacityBytes * 2)))
    }
    if (start < end) this.#message.set(source.subarray(start, end), this.#filledBytes)
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
