import { WireError } from './wire-error.ts'
import { wireType } from './wire-type.ts'

/**
 * A cursor over protobuf bytes. Every method checks that it stays below `end` and throws a WireError otherwise.
 *
 * To read a sub-message, narrow and restore the end; nothing is allocated:
 *
 *     const outer = reader.enter()
 *     while (reader.more()) { ... }
 *     reader.leave(outer)
 */
export class Reader {
  readonly bytes: Buffer
  /** The next byte to read, from the start of `bytes`. */
  offset: number
  /** Where the current message ends. */
  end: number

  /** Shares the memory of `bytes`; `offset` and `end` are relative to its first byte. */
  constructor(bytes: Uint8Array, offset = 0, end = bytes.byteLength) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = offset
    this.end = end
  }

  more(): boolean {
    return this.offset < this.end
  }

  /** Field number and wire type as `number << 3 | type`. Refuses field number 0, numbers above 2^29-1 and groups. */
  tag(): number {
    const start = this.offset
    const tag = this.varint32()
    const length = this.offset - start
    if (tag < 8) throw new WireError('field number 0', start)
    // A tag is at most five bytes with four bits in the last: anything longer was cut by varint32.
    if (length > 5 || (length === 5 && (this.bytes[start + 4] as number) > 0x0f)) {
      throw new WireError('field number above 536870911', start)
    }
    const type = tag & 7
    if (type === 3 || type === 4) throw new WireError('groups are not supported', start)
    if (type > 5) throw new WireError(`unknown wire type ${type}`, start)
    return tag
  }

  /** The low 32 bits of a varint, unsigned. Enough for uint32, bool, enum and, with `| 0`, int32. */
  varint32(): number {
    const { bytes, end } = this
    let at = this.offset
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new WireError('truncated varint', this.offset)
      const byte = bytes[at++] as number
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.offset = at
        return value >>> 0
      }
    }
    throw new WireError('varint longer than 10 bytes', this.offset)
  }

  /** uint64; with `BigInt.asIntN(64, ...)` int64. */
  varint64(): bigint {
    const { bytes, end } = this
    let at = this.offset
    let low = 0
    let middle = 0
    let high = 0
    for (let index = 0; index < 10; index++) {
      if (at >= end) throw new WireError('truncated varint', this.offset)
      const byte = bytes[at++] as number
      const bits = byte & 0x7f
      if (index < 4) low |= bits << (7 * index)
      else if (index < 8) middle |= bits << (7 * (index - 4))
      else high |= bits << (7 * (index - 8))
      if (byte < 0x80) {
        this.offset = at
        if (index < 4) return BigInt(low)
        const value = BigInt(low) | (BigInt(middle) << 28n) | (BigInt(high) << 56n)
        return BigInt.asUintN(64, value)
      }
    }
    throw new WireError('varint longer than 10 bytes', this.offset)
  }

  /** sint32. */
  zigzag32(): number {
    const value = this.varint32()
    return (value >>> 1) ^ -(value & 1)
  }

  /** uint32. */
  fixed32(): number {
    const at = this.advance(4)
    return this.bytes.readUInt32LE(at)
  }

  /** uint64. */
  fixed64(): bigint {
    const at = this.advance(8)
    return this.bytes.readBigUInt64LE(at)
  }

  double(): number {
    const at = this.advance(8)
    return this.bytes.readDoubleLE(at)
  }

  /** Reads a length prefix; `offset` then stands at the first byte of the range, and the result is its end. */
  range(): number {
    const start = this.offset
    const length = this.varint32()
    const prefixLength = this.offset - start
    // A fifth byte that carries more than 32 bits, or a sixth byte, is a lie: nothing here is 4 GiB long.
    const fits =
      prefixLength < 5 || (prefixLength === 5 && (this.bytes[start + 4] as number) <= 0x0f)
    if (length > this.end - this.offset || !fits) {
      throw new WireError('length exceeds its message', start)
    }
    return this.offset + length
  }

  /** Enters a length-delimited sub-message and returns the outer end for `leave`. */
  enter(): number {
    const outer = this.end
    this.end = this.range()
    return outer
  }

  leave(outer: number): void {
    this.offset = this.end
    this.end = outer
  }

  /** A view of a length-delimited field: shares memory. */
  bytesView(): Uint8Array {
    const end = this.range()
    const view = this.bytes.subarray(this.offset, end)
    this.offset = end
    return view
  }

  /** UTF-8; what is invalid becomes U+FFFD. */
  string(): string {
    const end = this.range()
    const text = this.bytes.toString('utf8', this.offset, end)
    this.offset = end
    return text
  }

  /** Skips the value of a field whose tag was just read. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.varint32()
        return
      case wireType.fixed64:
        this.advance(8)
        return
      case wireType.bytes:
        this.offset = this.range()
        return
      case wireType.fixed32:
        this.advance(4)
        return
      default:
        throw new WireError(`unknown wire type ${tag & 7}`, this.offset)
    }
  }

  private advance(length: number): number {
    const at = this.offset
    if (length > this.end - at) throw new WireError('truncated fixed-size value', at)
    this.offset = at + length
    return at
  }
}
