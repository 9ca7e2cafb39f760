import { byteOf, findByte } from '../operators/bytes/scan.ts'
import type { Entry, Value } from '../operators/entry.ts'
import { setKey } from '../operators/entry.ts'
import { encodeKey, encodeLogAttributes, type LogWriter } from '../wire/otlp/log-writer.ts'
import { varintLength } from '../wire/writer.ts'
import type { TraceIds } from './trace-ids.ts'
import { unescapeText } from './unescape.ts'

/** The name of an attribute, ready to be written. */
export class Key {
  readonly text: string
  readonly encoded: Uint8Array

  constructor(text: string) {
    this.text = text
    this.encoded = encodeKey(text)
  }
}

/** An attribute whose value is always the same: written at once. */
export class Constant extends Key {
  readonly value: string
  /** The whole attribute, as a field of a record. */
  readonly attribute: Uint8Array

  constructor(key: Key, value: string) {
    super(key.text)
    this.value = value
    this.attribute = encodeLogAttributes({ [key.text]: value })
  }
}

/** What an attribute is: a range of the record, the same with its escapes undone, a list of one such text, or a value. */
type Kind = 'text' | 'escaped' | 'list' | 'value' | 'constant'

/**
 * What a format found in a record, as ranges of its bytes, so that no string is made where the bytes can be copied. One
 * object is used again for every record.
 */
export class Found {
  hasTime = false
  seconds = 0
  nanos = 0
  /** 1 to 24 of the log data model; 0 for none. */
  severity = 0
  levelStart = 0
  levelEnd = 0
  /** The message: the record without what was read of it. Empty where a format has none. */
  messageStart = 0
  messageEnd = 0
  /** What stands for something else in it: escapes such as `\n`, or two quotes for one. */
  messageEscapes: 'none' | 'backslash' | 'doubled' = 'none'
  /** Of the trace and span that the record is of. */
  ids: TraceIds | undefined
  #count = 0
  readonly #keys: Key[] = []
  readonly #kinds: Kind[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #values: Value[] = []

  reset(): void {
    this.hasTime = false
    this.severity = 0
    this.levelStart = 0
    this.levelEnd = 0
    this.messageStart = 0
    this.messageEnd = 0
    this.messageEscapes = 'none'
    this.ids = undefined
    this.#count = 0
  }

  time(seconds: number, nanos: number): void {
    this.hasTime = true
    this.seconds = seconds
    this.nanos = nanos
  }

  /** With the text that the record has for it; without one if `start` is `end`. */
  level(number: number, start: number, end: number): void {
    this.severity = number
    this.levelStart = start
    this.levelEnd = end
  }

  message(start: number, end: number): void {
    this.messageStart = start
    this.messageEnd = end
  }

  /** One in quotes, without them. */
  quotedMessage(start: number, end: number): void {
    this.message(start, end)
    this.messageEscapes = 'backslash'
  }

  /** One in quotes, without them, that has two for each quote in it. */
  doubledMessage(start: number, end: number): void {
    this.message(start, end)
    this.messageEscapes = 'doubled'
  }

  /** Undefined where there is none. */
  messageText(source: Buffer): string | undefined {
    const { messageStart: start, messageEnd: end } = this
    if (start >= end) return undefined
    if (this.messageEscapes === 'backslash') return unescapeText(source, start, end)
    const text = source.toString('utf8', start, end)
    return this.messageEscapes === 'doubled' ? text.replaceAll('""', '"') : text
  }

  /** An attribute. A key must not come twice. */
  text(key: Key, start: number, end: number): void {
    this.#put(key, 'text', start, end, undefined)
  }

  /** A text in which `\"`, `\n`, `\x41` and the like stand for something else. */
  escaped(key: Key, start: number, end: number): void {
    this.#put(key, 'escaped', start, end, undefined)
  }

  /** A list with one text, which may have escapes: as the semantic conventions have the headers of requests. */
  list(key: Key, start: number, end: number): void {
    this.#put(key, 'list', start, end, undefined)
  }

  constant(constant: Constant): void {
    this.#put(constant, 'constant', 0, 0, constant.value)
  }

  value(key: Key, value: Value): void {
    this.#put(key, 'value', 0, 0, value)
  }

  /** Writes all but the body to the open record. */
  write(source: Buffer, writer: LogWriter): void {
    if (this.hasTime) writer.timeSeconds(this.seconds, this.nanos)
    if (this.severity !== 0 || this.levelStart < this.levelEnd) {
      writer.severityBytes(this.severity, source, this.levelStart, this.levelEnd)
    }
    this.ids?.write(writer)
    for (let index = 0; index < this.#count; index++) this.#writeOne(index, source, writer)
  }

  /** Puts all but the body into an entry. */
  apply(source: Buffer, entry: Entry): void {
    if (this.hasTime) {
      entry.timeUnixNano = BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanos)
    }
    if (this.severity !== 0 || this.levelStart < this.levelEnd) {
      entry.severityNumber = this.severity
      entry.severityText = source.toString('utf8', this.levelStart, this.levelEnd)
    }
    this.ids?.apply(entry)
    for (let index = 0; index < this.#count; index++) {
      setKey(entry.attributes, (this.#keys[index] as Key).text, this.#valueOf(index, source))
    }
  }

  /** Whether one of them has this name. */
  has(text: string): boolean {
    for (let index = 0; index < this.#count; index++) {
      if ((this.#keys[index] as Key).text === text) return true
    }
    return false
  }

  /** How many attributes there are. */
  get count(): number {
    return this.#count
  }

  /** Takes those behind back. */
  truncate(count: number): void {
    this.#count = count
  }

  #put(key: Key, kind: Kind, start: number, end: number, value: Value): void {
    const index = this.#count++
    this.#keys[index] = key
    this.#kinds[index] = kind
    this.#starts[index] = start
    this.#ends[index] = end
    this.#values[index] = value
  }

  #writeOne(index: number, source: Buffer, writer: LogWriter): void {
    const key = this.#keys[index] as Key
    const start = this.#starts[index] as number
    const end = this.#ends[index] as number
    switch (this.#kinds[index] as Kind) {
      case 'text':
        writer.attributeBytes(key.encoded, source, start, end)
        return
      case 'escaped':
        if (hasEscape(source, start, end)) {
          writer.attribute(key.text, unescapeText(source, start, end))
        } else writer.attributeBytes(key.encoded, source, start, end)
        return
      case 'list':
        if (hasEscape(source, start, end)) {
          writer.attribute(key.text, [unescapeText(source, start, end)])
        } else writeList(key, source, start, end, writer)
        return
      case 'constant':
        writer.attributes((key as Constant).attribute)
        return
      case 'value': {
        const value = this.#values[index]
        if (typeof value === 'number' && isSmall(value)) writer.attributeInt(key.encoded, value)
        else writer.attribute(key.text, value)
      }
    }
  }

  #valueOf(index: number, source: Buffer): Value {
    const start = this.#starts[index] as number
    const end = this.#ends[index] as number
    switch (this.#kinds[index] as Kind) {
      case 'text':
        return source.toString('utf8', start, end)
      case 'escaped':
        return unescapeText(source, start, end)
      case 'list':
        return [unescapeText(source, start, end)]
      case 'constant':
      case 'value':
        return this.#values[index]
    }
  }
}

function hasEscape(source: Uint8Array, start: number, end: number): boolean {
  return findByte(source, byteOf.backslash, start, end) < end
}

function isSmall(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 0x10000000
}

/** 50 KeyValue { 10 key, 18 AnyValue { 42 ArrayValue { 10 AnyValue { 10 text } } } } */
function writeList(key: Key, source: Buffer, start: number, end: number, log: LogWriter): void {
  const { fields } = log
  const length = end - start
  const itemLength = 1 + varintLength(length) + length
  const listLength = 1 + varintLength(itemLength) + itemLength
  const anyLength = 1 + varintLength(listLength) + listLength
  fields.tag(50)
  fields.varint32(key.encoded.length + 1 + varintLength(anyLength) + anyLength)
  fields.rawRange(key.encoded, 0, key.encoded.length)
  fields.tag(18)
  fields.varint32(anyLength)
  fields.tag(42)
  fields.varint32(listLength)
  fields.tag(10)
  fields.varint32(itemLength)
  fields.tag(10)
  fields.varint32(length)
  fields.rawRange(source, start, end)
}
