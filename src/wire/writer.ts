const initialSizeBytes = 1024

/**
 * Writes protobuf into one growing buffer. The lengths of sub-messages are unknown until they are written, so `fork` leaves room
 * for the prefix and `join` fills it in, moving the content only when the guess was wrong:
 *
 *     writer.tag(10)
 *     const mark = writer.fork()
 *     ...
 *     writer.join(mark)
 *
 * One writer can be used again and again (`reset`); it keeps its buffer.
 */
export class Writer {
  #buffer: Buffer
  #offset = 0

  constructor(sizeBytes = initialSizeBytes) {
    this.#buffer = Buffer.allocUnsafeSlow(sizeBytes)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#offset
  }

  reset(): void {
    this.#offset = 0
  }

  /** Forgets what was written after `length` had this value. */
  truncate(length: number): void {
    this.#offset = length
  }

  /** Puts what was written since `length` was `from` in front of what was written since it was `start`. */
  putBefore(start: number, from: number): void {
    const moved = Buffer.from(this.#buffer.subarray(from, this.#offset))
    this.#buffer.copyWithin(start + moved.length, start, from)
    this.#buffer.set(moved, start)
  }

  /** A copy of what was written, of exactly that size; resets. For a writer that is kept. */
  finish(): Uint8Array {
    const copy = Buffer.allocUnsafeSlow(this.#offset)
    this.#buffer.copy(copy, 0, 0, this.#offset)
    this.#offset = 0
    return copy
  }

  /** What was written, without a copy; the writer starts over with a new buffer. For a result that fills the buffer well. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#offset)
    this.#buffer = Buffer.allocUnsafeSlow(initialSizeBytes)
    this.#offset = 0
    return taken
  }

  /** What was written, without a copy: valid until the next write. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#offset)
  }

  /** Makes room for `sizeBytes` more. */
  reserve(sizeBytes: number): void {
    if (this.#buffer.length - this.#offset < sizeBytes) this.#grow(sizeBytes)
  }

  /**
   * The buffer itself, with room for `sizeBytes` from `length` on, for a hot path that writes bytes itself and then says with
   * `advanceTo` how far it came. Valid until the next write through the writer.
   */
  open(sizeBytes: number): Buffer {
    if (this.#buffer.length - this.#offset < sizeBytes) this.#grow(sizeBytes)
    return this.#buffer
  }

  /** Ends what `open` began: `length` is the new length of all that was written. */
  advanceTo(length: number): void {
    this.#offset = length
  }

  tag(tag: number): void {
    this.varint32(tag)
  }

  byte(value: number): void {
    this.reserve(1)
    this.#buffer[this.#offset++] = value
  }

  /** An unsigned 32-bit number. A negative int32 goes through `int32`. */
  varint32(value: number): void {
    this.reserve(5)
    this.#offset = putVarint(this.#buffer, this.#offset, value)
  }

  /** int32 and enum: negative values take ten bytes, as protobuf wants it. */
  int32(value: number): void {
    if (value >= 0) this.varint32(value)
    else this.varint64(BigInt(value))
  }

  /** sint32. */
  zigzag32(value: number): void {
    this.varint32((value << 1) ^ (value >> 31))
  }

  /** uint64 or int64: negative values as two's complement. */
  varint64(value: bigint): void {
    const unsigned = BigInt.asUintN(64, value)
    this.varintHalves(Number(unsigned & 0xffffffffn), Number(unsigned >> 32n))
  }

  /** A 64-bit varint given as unsigned halves: no BigInt is made. */
  varintHalves(low: number, high: number): void {
    this.reserve(10)
    const buffer = this.#buffer
    let at = this.#offset
    let lowRest = low >>> 0
    let highRest = high >>> 0
    while (highRest > 0) {
      buffer[at++] = (lowRest & 0x7f) | 0x80
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0
      highRest >>>= 7
    }
    this.#offset = at
    this.varint32(lowRest)
  }

  fixed32(value: number): void {
    this.reserve(4)
    this.#offset = this.#buffer.writeUInt32LE(value >>> 0, this.#offset)
  }

  /** fixed64 or sfixed64. */
  fixed64(value: bigint): void {
    this.reserve(8)
    this.#offset = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#offset)
  }

  /** A fixed64 given as unsigned halves: no BigInt is made. */
  fixedHalves(low: number, high: number): void {
    this.reserve(8)
    const buffer = this.#buffer
    const at = this.#offset
    buffer[at] = low
    buffer[at + 1] = low >>> 8
    buffer[at + 2] = low >>> 16
    buffer[at + 3] = low >>> 24
    buffer[at + 4] = high
    buffer[at + 5] = high >>> 8
    buffer[at + 6] = high >>> 16
    buffer[at + 7] = high >>> 24
    this.#offset = at + 8
  }

  double(value: number): void {
    this.reserve(8)
    this.#offset = this.#buffer.writeDoubleLE(value, this.#offset)
  }

  /** Length prefix and UTF-8. */
  string(text: string): void {
    const length = text.length
    // Fast path: a short ASCII string is written byte by byte; a call into native code costs more than that.
    if (length <= shortString) {
      this.reserve(1 + length)
      const buffer = this.#buffer
      const start = this.#offset
      let at = start + 1
      let index = 0
      for (; index < length; index++) {
        const unit = text.charCodeAt(index)
        if (unit > 0x7f) break
        buffer[at++] = unit
      }
      if (index === length) {
        buffer[start] = length
        this.#offset = at
        return
      }
    }
    const sizeBytes = Buffer.byteLength(text, 'utf8')
    this.varint32(sizeBytes)
    this.reserve(sizeBytes)
    this.#offset += this.#buffer.write(text, this.#offset, sizeBytes, 'utf8')
  }

  /** Length prefix and bytes. */
  bytes(source: Uint8Array): void {
    this.varint32(source.byteLength)
    this.raw(source)
  }

  /** Bytes as they are, e.g. fields that were encoded before. */
  raw(source: Uint8Array): void {
    this.reserve(source.byteLength)
    this.#buffer.set(source, this.#offset)
    this.#offset += source.byteLength
  }

  /** The range `[start, end)` of `source` as it is. */
  rawRange(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.#offset = putRange(this.#buffer, this.#offset, source, start, end)
  }

  /** Leaves room for a length prefix of `prefixBytes` (guess 1 below 128 bytes, 2 below 16 KiB, 3 below 2 MiB). */
  fork(prefixBytes: 1 | 2 | 3 | 4 = 1): number {
    this.reserve(prefixBytes)
    this.#offset += prefixBytes
    return (this.#offset - prefixBytes) * 8 + prefixBytes
  }

  /** Writes the length of everything since the `fork` that returned `mark`. Joins in reverse order of forks. */
  join(mark: number): void {
    const guess = mark & 7
    const start = (mark - guess) / 8
    const length = this.#offset - start - guess
    const needed = varintLength(length)
    if (needed !== guess) {
      this.reserve(needed)
      this.#buffer.copyWithin(start + needed, start + guess, this.#offset)
    }
    this.#offset = start
    this.varint32(length)
    this.#offset += length
  }

  #grow(sizeBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(
      Math.max(this.#buffer.length * 2, this.#offset + sizeBytes),
    )
    this.#buffer.copy(grown, 0, 0, this.#offset)
    this.#buffer = grown
  }
}

// 40 characters: measured on Node 24 as the length from which the native call is faster.
const shortString = 40
const shortRange = 32

// Works on every Uint8Array, though the types know it for Buffer only.
const copyBytes = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  start: number,
  end: number,
) => number

/** Puts an unsigned 32-bit number at `at` and returns where it ends. At most five bytes. */
export function putVarint(buffer: Uint8Array, at: number, value: number): number {
  let end = at
  let rest = value >>> 0
  while (rest > 0x7f) {
    buffer[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[end++] = rest
  return end
}

/** Puts the range `[start, end)` of `source` at `at` and returns where it ends. */
export function putRange(
  buffer: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start
  // Fast path: a loop beats the call into native code below about 32 bytes. That call makes no view, unlike `set`.
  if (length > shortRange) {
    copyBytes.call(source, buffer, at, start, end)
    return at + length
  }
  let to = at
  for (let index = start; index < end; index++) buffer[to++] = source[index] as number
  return to
}

/** Bytes that an unsigned 32-bit number takes as a varint. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}
