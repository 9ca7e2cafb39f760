import { isDeepStrictEqual } from 'node:util'
import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import { putRange, putVarint, varintLength } from '../../wire/writer.ts'
import type { DirectParser, Wanted } from './direct-chain.ts'
import { escapedEnd, plainEnd, putString, skipBlank, unescapedLength } from './json-string.ts'
import { KeyTable, type KnownKey } from './key-table.ts'

// Longer lines go through JSON.parse: what they become may take eight times their size.
const lineMaxBytes = 16 * 1024
const growth = 8
const depthMax = 12
/** Digits that a double holds in any case. */
const exactDigits = 15

const noneWanted: readonly Wanted[] = []

const attributeTag = 50
const memberTag = 10

/**
 * JSON into attributes, from bytes to bytes, in one pass. Strict: whatever JSON.parse would refuse, and what it would not
 * simply take over (a key that comes twice), is left to it.
 *
 *     {"a":"x","b":{"c":1}}   →   50 len 10 1 a 18 len 10 1 x   50 len 10 1 b 18 len 50 len 10 len 10 1 c 18 len 24 1
 *                                 └ KeyValue └ key  └ AnyValue      └ …            └ KeyValueList └ KeyValue
 */
export class DirectJson implements DirectParser {
  readonly #wanted: readonly Wanted[]
  readonly #wholeAsInts: boolean
  #reserved: readonly string[] = []
  #tables: KeyTable[] = []
  #objects = 0
  #source: Buffer = Buffer.alloc(0)
  #end = 0
  #out: Buffer = Buffer.alloc(0)
  /** Where the next byte is read and written. */
  #pos = 0
  #at = 0
  readonly #written = { end: 0 }

  /** `wholeAsInts`: numbers without fraction and exponent become integers; otherwise all become doubles. */
  constructor(wanted: readonly Wanted[], wholeAsInts: boolean) {
    this.#wanted = wanted
    this.#wholeAsInts = wholeAsInts
    this.#resetTables([])
  }

  reserve(keys: readonly string[]): void {
    const known = this.#reserved
    this.#reserved = keys
    // Asked for each record, mostly with the same list.
    if (keys === known || isDeepStrictEqual(keys, known)) return
    this.#resetTables(keys)
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const length = end - start
    if (length > lineMaxBytes) return false
    const { fields } = writer
    this.#source = source
    this.#end = end
    this.#out = fields.open(growth * length + 64)
    this.#at = fields.length
    this.#pos = skipBlank(source, start, end)
    if (this.#pos === end || source[this.#pos] !== 0x7b) return false
    if (!this.#object(attributeTag, 0, noneWanted)) return false
    if (skipBlank(source, this.#pos, end) !== end) return false
    fields.advanceTo(this.#at)
    return true
  }

  #resetTables(reserved: readonly string[]): void {
    this.#tables = Array.from({ length: depthMax }, (_, depth) =>
      depth === 0 ? new KeyTable(reserved, this.#wanted) : new KeyTable([], []),
    )
  }

  /** The members of the object at `#pos`, each as a KeyValue behind `tag`; `inner`: what is wanted of one that is nested. */
  #object(tag: number, depth: number, inner: readonly Wanted[]): boolean {
    if (depth >= depthMax) return false
    const source = this.#source
    const end = this.#end
    const object = ++this.#objects
    let previous = (this.#tables[depth] as KeyTable).first
    this.#pos = skipBlank(source, this.#pos + 1, end)
    if (source[this.#pos] === 0x7d && this.#pos < end) {
      this.#pos++
      return true
    }
    for (;;) {
      const key = this.#key(previous, depth)
      if (key === undefined || key.object === object || key.reserved) return false
      key.object = object
      if (depth > 0) {
        key.wanted = inner.length === 0 ? undefined : inner.find((one) => one.key === key.text)
      }
      previous.next = key
      previous = key
      this.#pos = skipBlank(source, this.#pos, end)
      if (source[this.#pos] !== 0x3a) return false
      this.#pos = skipBlank(source, this.#pos + 1, end)
      if (!this.#value(tag, key, depth)) return false
      this.#pos = skipBlank(source, this.#pos, end)
      if (this.#pos >= end) return false
      const byte = source[this.#pos++]
      if (byte === 0x7d) return true
      if (byte !== 0x2c) return false
      this.#pos = skipBlank(source, this.#pos, end)
    }
  }

  #key(previous: KnownKey, depth: number): KnownKey | undefined {
    const source = this.#source
    const start = this.#pos + 1
    if (start >= this.#end || source[this.#pos] !== 0x22) return undefined
    const expected = previous.next
    if (expected !== undefined) {
      const { bytes } = expected
      const length = bytes.length
      let index = 0
      while (index < length && source[start + index] === bytes[index]) index++
      // A quote: the bytes of a key have none, and nothing in front of it is escaped.
      if (index === length && start + length < this.#end && source[start + length] === 0x22) {
        this.#pos = start + length + 1
        return expected
      }
    }
    const stop = plainEnd(source, start, this.#end)
    if (stop < 0) return undefined
    this.#pos = stop + 1
    return (this.#tables[depth] as KeyTable).find(source.toString('utf8', start, stop))
  }

  /** The value at `#pos` behind a key (a KeyValue), or as an element of a list (an AnyValue). */
  #value(tag: number, key: KnownKey | undefined, depth: number): boolean {
    const byte = this.#pos < this.#end ? (this.#source[this.#pos] as number) : 0
    switch (byte) {
      case 0x22:
        return this.#string(tag, key)
      case 0x7b:
      case 0x5b:
        return key?.wanted === undefined && this.#container(tag, key, byte, depth)
      case 0x74:
        return this.#word('true', tag, key, 1)
      case 0x66:
        return this.#word('false', tag, key, 0)
      case 0x6e:
        return this.#word('null', tag, key, -1)
      default:
        return this.#number(tag, key)
    }
  }

  /** Everything in front of an AnyValue of `anyLength` bytes. */
  #head(tag: number, key: KnownKey | undefined, anyLength: number): void {
    const out = this.#out
    let at = this.#at
    out[at++] = tag
    if (key !== undefined) {
      const { encoded } = key
      at = putVarint(out, at, encoded.length + 1 + varintLength(anyLength) + anyLength)
      at = putRange(out, at, encoded, 0, encoded.length)
      out[at++] = 18
    }
    this.#at = putVarint(out, at, anyLength)
  }

  #string(tag: number, key: KnownKey | undefined): boolean {
    const source = this.#source
    const start = this.#pos + 1
    let stop = plainEnd(source, start, this.#end)
    let length = stop - start
    const escaped = stop < 0
    if (escaped) {
      stop = escapedEnd(source, start, this.#end)
      if (stop < 0) return false
      length = unescapedLength(source, start, stop)
      // What is no escape, or half of a character.
      if (length < 0) return false
    }
    this.#pos = stop + 1
    this.#head(tag, key, 1 + varintLength(length) + length)
    const out = this.#out
    out[this.#at++] = 10
    const at = putVarint(out, this.#at, length)
    if (escaped) putString(out, at, source, start, this.#end, this.#written)
    else putRange(out, at, source, start, stop)
    this.#at = at + length
    if (key?.wanted === undefined) return true
    key.wanted.start = start
    key.wanted.end = stop
    key.wanted.kind = 'text'
    return !escaped
  }

  #word(word: string, tag: number, key: KnownKey | undefined, value: number): boolean {
    const source = this.#source
    const start = this.#pos
    if (start + word.length > this.#end) return false
    for (let index = 1; index < word.length; index++) {
      if (source[start + index] !== word.charCodeAt(index)) return false
    }
    if (key?.wanted !== undefined) return false
    this.#pos = start + word.length
    this.#head(tag, key, value < 0 ? 0 : 2)
    if (value < 0) return true
    this.#out[this.#at++] = 16
    this.#out[this.#at++] = value
    return true
  }

  #number(tag: number, key: KnownKey | undefined): boolean {
    const source = this.#source
    const end = this.#end
    const start = this.#pos
    const negative = source[start] === 0x2d
    const first = negative ? start + 1 : start
    let at = first
    let value = 0
    while (at < end) {
      const digit = (source[at] as number) - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      at++
    }
    const digits = at - first
    if (digits === 0 || (digits > 1 && source[first] === 0x30)) return false
    const fraction = at < end ? fractionEnd(source, at, end) : at
    if (fraction < 0 || !endsValue(source, fraction, end)) return false
    this.#pos = fraction
    if (key?.wanted !== undefined) {
      key.wanted.start = start
      key.wanted.end = fraction
      key.wanted.kind = 'number'
    }
    if (fraction === at && digits <= exactDigits && this.#wholeAsInts) {
      this.#int(tag, key, negative && value > 0 ? -value : value)
      return true
    }
    const text = source.toString('latin1', start, fraction)
    if (this.#wholeAsInts && fraction === at && digits > exactDigits) {
      const whole = BigInt(text)
      if (whole === BigInt.asIntN(64, whole)) {
        const low = Number(whole & 0xffffffffn)
        const high = Number((whole >> 32n) & 0xffffffffn)
        this.#intHalves(tag, key, low, high)
        if (key?.wanted !== undefined) key.wanted.kind = 'whole'
        return true
      }
    }
    const double = Number(text)
    if (!Number.isFinite(double)) return false
    this.#head(tag, key, 9)
    this.#out[this.#at++] = 33
    this.#at = this.#out.writeDoubleLE(double, this.#at)
    return true
  }

  #int(tag: number, key: KnownKey | undefined, value: number): void {
    if (value >= 0 && value < 0x10000000) {
      this.#head(tag, key, 1 + varintLength(value))
      this.#out[this.#at++] = 24
      this.#at = putVarint(this.#out, this.#at, value)
      return
    }
    this.#intHalves(tag, key, value >>> 0, Math.floor(value / 2 ** 32) >>> 0)
  }

  #intHalves(tag: number, key: KnownKey | undefined, low: number, high: number): void {
    let lowRest = low >>> 0
    let highRest = high >>> 0
    let length = highRest === 0 ? varintLength(lowRest) : 5
    for (let rest = highRest >>> 3; highRest !== 0 && rest !== 0; rest >>>= 7) length++
    this.#head(tag, key, 1 + length)
    const out = this.#out
    let at = this.#at
    out[at++] = 24
    while (highRest !== 0) {
      out[at++] = (lowRest & 0x7f) | 0x80
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0
      highRest >>>= 7
    }
    this.#at = putVarint(out, at, lowRest)
  }

  /** An object or a list. Its length is known at the end: then it is moved behind the lengths. */
  #container(tag: number, key: KnownKey | undefined, open: number, depth: number): boolean {
    const start = this.#at
    // The smallest head: all three lengths in one byte.
    const room = (key === undefined ? 2 : 3 + key.encoded.length + 1) + 2
    this.#at += room
    const content = this.#at
    const inner = depth === 0 && key !== undefined ? key.inner : noneWanted
    const isRead = open === 0x7b ? this.#object(memberTag, depth + 1, inner) : this.#list(depth + 1)
    if (!isRead) return false
    const length = this.#at - content
    const anyLength = 1 + varintLength(length) + length
    const pairLength =
      key === undefined ? 0 : key.encoded.length + 1 + varintLength(anyLength) + anyLength
    const head =
      2 +
      varintLength(length) +
      varintLength(anyLength) +
      (key === undefined ? 0 : varintLength(pairLength) + key.encoded.length + 1)
    if (head !== room) this.#out.copyWithin(start + head, content, this.#at)
    this.#at = start
    this.#head(tag, key, anyLength)
    this.#out[this.#at++] = open === 0x7b ? 50 : 42
    this.#at = putVarint(this.#out, this.#at, length) + length
    return true
  }

  #list(depth: number): boolean {
    if (depth >= depthMax) return false
    const source = this.#source
    const end = this.#end
    this.#pos = skipBlank(source, this.#pos + 1, end)
    if (source[this.#pos] === 0x5d && this.#pos < end) {
      this.#pos++
      return true
    }
    for (;;) {
      if (!this.#value(memberTag, undefined, depth)) return false
      this.#pos = skipBlank(source, this.#pos, end)
      if (this.#pos >= end) return false
      const byte = source[this.#pos++]
      if (byte === 0x5d) return true
      if (byte !== 0x2c) return false
      this.#pos = skipBlank(source, this.#pos, end)
    }
  }
}

/** Behind fraction and exponent, `at` itself without them, or -1 where they are wrong. */
function fractionEnd(source: Uint8Array, at: number, end: number): number {
  let next = at
  if (source[next] === 0x2e) {
    const behind = digitsEnd(source, next + 1, end)
    if (behind === next + 1) return -1
    next = behind
  }
  if (next < end && (source[next] === 0x65 || source[next] === 0x45)) {
    const sign = source[next + 1]
    const from = next + (next + 1 < end && (sign === 0x2b || sign === 0x2d) ? 2 : 1)
    const behind = digitsEnd(source, from, end)
    if (behind <= from) return -1
    next = behind
  }
  return next
}

function digitsEnd(source: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (source[at] as number) >= 0x30 && (source[at] as number) <= 0x39) at++
  return at
}

function endsValue(source: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false
  const byte = source[at]
  return byte === 0x2c || byte === 0x7d || byte === 0x5d || skipBlank(source, at, at + 1) > at
}
