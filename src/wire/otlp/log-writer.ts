import { Bug } from '../../errors/bug.ts'
import { putRange, putVarint, varintLength, Writer } from '../writer.ts'
import { type PlainValue, writeAnyValue, writeKeyValue } from './any-value.ts'

/**
 * Writes a logs request straight into one growing buffer, for a source that makes many records: no object and no string a
 * record when the body is a range of bytes.
 *
 *     const fileName = encodeLogAttributes({ 'log.file.name': 'app.log' })   // once a file
 *     logWriter.observedAt(clock.now())                                      // once a read
 *     logWriter.beginResource(resource)                                      // once a group of files
 *     logWriter.line(chunk, start, end, fileName)                            // each line
 *     const { bytes, itemCount } = logWriter.finish()                        // new Batch('logs', [bytes], itemCount)
 *
 * A record with more than a body is written in steps: `beginRecord`, then any of `body…`, `time`, `severity`, `attribute…`, …
 * in any order and each at most once (attributes as often as wanted), then `endRecord`, or `cancelRecord` to take it
 * back. All strings given as bytes must be UTF-8.
 */
export class LogWriter {
  readonly #writer: Writer
  /** Field 11, observed_time_unix_nano, complete with its tag; empty until it is set. */
  #observed: Uint8Array = new Uint8Array(0)
  /** That of the open group, where `useResource` opened it. */
  #resource: Uint8Array | undefined
  #resourceMark = -1
  #scopeMark = -1
  #recordStart = 0
  #recordMark = -1
  #hasTime = false
  #itemCount = 0

  /** The buffer starts with `sizeBytes`, grows when needed, and is kept over `finish`. */
  constructor(sizeBytes = 64 * 1024) {
    this.#writer = new Writer(sizeBytes)
  }

  /** Bytes written since the last `finish`. */
  get sizeBytes(): number {
    return this.#writer.length
  }

  /** Complete records since the last `finish`. */
  get itemCount(): number {
    return this.#itemCount
  }

  /** Sets the observed time of all following records: milliseconds since 1970, with or without a fraction. */
  observedAt(unixMs: number): void {
    const single = new Writer(16)
    single.tag(89)
    single.fixed64(BigInt(Math.trunc(unixMs)) * 1_000_000n)
    this.#observed = single.finish()
  }

  /**
   * Starts a ResourceLogs with one ScopeLogs; ends the one before. `resource` is a Resource message
   * (`encodeResource`), `scope` an InstrumentationScope; empty for none.
   */
  beginResource(resource: Uint8Array, scope?: Uint8Array): void {
    this.#endResource()
    this.#resource = undefined
    const writer = this.#writer
    writer.tag(10)
    this.#resourceMark = writer.fork(3)
    if (resource.byteLength > 0) {
      writer.tag(10)
      writer.bytes(resource)
    }
    writer.tag(18)
    this.#scopeMark = writer.fork(3)
    if (scope !== undefined && scope.byteLength > 0) {
      writer.tag(10)
      writer.bytes(scope)
    }
  }

  /** As `beginResource` without a scope; does nothing where that group is open already, of the same object. */
  useResource(resource: Uint8Array): void {
    if (this.#resourceMark !== -1 && this.#resource === resource) return
    this.beginResource(resource)
    this.#resource = resource
  }

  /**
   * A whole record in one call: observed time, the bytes `[start, end)` of `source` as a string body, and attributes that
   * were encoded by `encodeLogAttributes`.
   */
  line(source: Uint8Array, start: number, end: number, attributes: Uint8Array): void {
    const writer = this.#writer
    const observed = this.#observed
    const length = end - start
    const anyLength = 1 + varintLength(length) + length
    const bodyLength = 1 + varintLength(anyLength) + anyLength
    const recordLength = observed.length + bodyLength + attributes.length
    // Written by hand, because it runs for every line of every file (bench/wire/log-writer.bench.ts).
    const buffer = writer.open(recordLength + 6)
    let at = writer.length
    buffer[at++] = 18
    at = putVarint(buffer, at, recordLength)
    at = putRange(buffer, at, observed, 0, observed.length)
    buffer[at++] = 42
    at = putVarint(buffer, at, anyLength)
    buffer[at++] = 10
    at = putVarint(buffer, at, length)
    at = putRange(buffer, at, source, start, end)
    writer.advanceTo(putRange(buffer, at, attributes, 0, attributes.length))
    this.#itemCount++
  }

  beginRecord(): void {
    const writer = this.#writer
    this.#recordStart = writer.length
    writer.tag(18)
    this.#recordMark = writer.fork(2)
    this.#hasTime = false
    writer.rawRange(this.#observed, 0, this.#observed.length)
  }

  endRecord(): void {
    this.#writer.join(this.#recordMark)
    this.#recordMark = -1
    this.#itemCount++
  }

  /** Takes back everything since `beginRecord`. */
  cancelRecord(): void {
    this.#writer.truncate(this.#recordStart)
    this.#recordMark = -1
  }

  /** The range `[start, end)` of `source` as a string body. */
  bodyBytes(source: Uint8Array, start: number, end: number): void {
    const writer = this.#writer
    const length = end - start
    writer.tag(42)
    writer.varint32(1 + varintLength(length) + length)
    writer.tag(10)
    writer.varint32(length)
    writer.rawRange(source, start, end)
  }

  /** A body of any kind. Throws a WireError when it nests too deep: then cancel the record. */
  body(value: PlainValue): void {
    this.#writer.tag(42)
    const mark = this.#writer.fork()
    writeAnyValue(this.#writer, value)
    this.#writer.join(mark)
  }

  /** Whether the open record has got its time. */
  get hasTime(): boolean {
    return this.#hasTime
  }

  /** time_unix_nano as unsigned halves of 32 bits. */
  time(low: number, high: number): void {
    this.#hasTime = true
    this.#writer.byte(9)
    this.#writer.fixedHalves(low, high)
  }

  /** time_unix_nano as seconds since 1970, before the year 2262, and nanoseconds below one second. */
  timeSeconds(seconds: number, nanos: number): void {
    // More than a double holds: the low half is exact by itself, and the error of the product is far below 2^32.
    const low = Math.imul(seconds, 1_000_000_000) >>> 0
    const high = Math.round((seconds * 1_000_000_000 - low) / two32)
    const sum = low + nanos
    if (sum >= two32) this.time(sum - two32, high + 1)
    else this.time(sum, high)
  }

  timeUnixNano(nanos: bigint): void {
    this.#hasTime = true
    this.#writer.byte(9)
    this.#writer.fixed64(nanos)
  }

  /** `number` 1–24 of the log data model (0 for none); `text` as the source had it. */
  severity(number: number, text: string): void {
    if (number !== 0) {
      this.#writer.byte(16)
      this.#writer.varint32(number)
    }
    if (text !== '') {
      this.#writer.byte(26)
      this.#writer.string(text)
    }
  }

  /** As `severity`; the text is the range `[start, end)` of `source`, empty for none. */
  severityBytes(number: number, source: Uint8Array, start: number, end: number): void {
    const writer = this.#writer
    if (number !== 0) {
      writer.byte(16)
      writer.byte(number)
    }
    if (start === end) return
    writer.byte(26)
    writer.varint32(end - start)
    writer.rawRange(source, start, end)
  }

  /** 16 and 8 bytes; either may be empty. `flags`: W3C trace flags. */
  traceContext(traceId: Uint8Array, spanId: Uint8Array, flags = 0): void {
    const writer = this.#writer
    if (traceId.length > 0) {
      writer.byte(74)
      writer.bytes(traceId)
    }
    if (spanId.length > 0) {
      writer.byte(82)
      writer.bytes(spanId)
    }
    if (flags !== 0) {
      writer.byte(69)
      writer.fixed32(flags)
    }
  }

  eventName(name: string): void {
    this.#writer.byte(98)
    this.#writer.string(name)
  }

  /** Attributes that were encoded by `encodeLogAttributes`. */
  attributes(encoded: Uint8Array): void {
    this.#writer.rawRange(encoded, 0, encoded.length)
  }

  /** Throws a WireError when the value nests too deep: then cancel the record. */
  attribute(key: string, value: PlainValue): void {
    writeKeyValue(this.#writer, 50, key, value)
  }

  /** A string attribute whose key was encoded by `encodeKey` and whose value is a range of bytes. */
  attributeBytes(encodedKey: Uint8Array, source: Uint8Array, start: number, end: number): void {
    const length = end - start
    const anyLength = 1 + varintLength(length) + length
    const pairLength = encodedKey.length + 1 + varintLength(anyLength) + anyLength
    // Written by hand, because it runs for every group of every line that a pattern parses.
    const writer = this.#writer
    const buffer = writer.open(pairLength + 6)
    let at = writer.length
    buffer[at++] = 50
    at = putVarint(buffer, at, pairLength)
    at = putRange(buffer, at, encodedKey, 0, encodedKey.length)
    buffer[at++] = 18
    at = putVarint(buffer, at, anyLength)
    buffer[at++] = 10
    at = putVarint(buffer, at, length)
    writer.advanceTo(putRange(buffer, at, source, start, end))
  }

  /** An integer attribute from 0 to 2^28 − 1 whose key was encoded by `encodeKey`. */
  attributeInt(encodedKey: Uint8Array, value: number): void {
    const anyLength = 1 + varintLength(value)
    const pairLength = encodedKey.length + 2 + anyLength
    const writer = this.#writer
    const buffer = writer.open(pairLength + 6)
    let at = writer.length
    buffer[at++] = 50
    at = putVarint(buffer, at, pairLength)
    at = putRange(buffer, at, encodedKey, 0, encodedKey.length)
    buffer[at++] = 18
    buffer[at++] = anyLength
    buffer[at++] = 24
    writer.advanceTo(putVarint(buffer, at, value))
  }

  /** For fields of the open record that are encoded elsewhere; what is written must be complete fields. */
  get fields(): Writer {
    return this.#writer
  }

  /** A complete ExportLogsServiceRequest, a copy of exactly its size; the writer starts over. Empty without records. */
  finish(): { bytes: Uint8Array; itemCount: number } {
    if (this.#recordMark !== -1) throw new Bug('finish inside a record')
    this.#endResource()
    const itemCount = this.#itemCount
    this.#itemCount = 0
    if (itemCount === 0) this.#writer.reset()
    return { bytes: this.#writer.finish(), itemCount }
  }

  #endResource(): void {
    if (this.#resourceMark === -1) return
    this.#writer.join(this.#scopeMark)
    this.#writer.join(this.#resourceMark)
    this.#resourceMark = -1
    this.#scopeMark = -1
  }
}

const two32 = 0x1_0000_0000

type PlainAttributes = { readonly [key: string]: PlainValue }

/** Attributes of a log record, for `line` and `attributes`. */
export function encodeLogAttributes(attributes: PlainAttributes): Uint8Array {
  const writer = new Writer(128)
  for (const key of Object.keys(attributes)) writeKeyValue(writer, 50, key, attributes[key])
  return writer.finish()
}

/** A Resource message. */
export function encodeResource(attributes: PlainAttributes): Uint8Array {
  const writer = new Writer(128)
  for (const key of Object.keys(attributes)) writeKeyValue(writer, 10, key, attributes[key])
  return writer.finish()
}

/** An InstrumentationScope message. */
export function encodeScope(name: string, version = ''): Uint8Array {
  const writer = new Writer(64)
  if (name !== '') {
    writer.tag(10)
    writer.string(name)
  }
  if (version !== '') {
    writer.tag(18)
    writer.string(version)
  }
  return writer.finish()
}

/** The key of an attribute, for `attributeBytes`. */
export function encodeKey(key: string): Uint8Array {
  const writer = new Writer(64)
  writer.tag(10)
  writer.string(key)
  return writer.finish()
}
