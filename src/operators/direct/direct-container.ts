import { encodeKey, encodeLogAttributes, type LogWriter } from '../../wire/otlp/log-writer.ts'
import { byteOf, findByte, standsAt } from '../bytes/scan.ts'
import { TimeScanner } from '../bytes/time-scanner.ts'
import type { Values } from '../entry.ts'
import { type ContainerParser, dockerPartMin, isPartTag } from '../parsers/container.ts'
import { utc } from '../time-zone.ts'
import type { DirectPath, DirectSource } from './direct-path.ts'
import { plainEnd, putString, skipBlank, unescapedEnd } from './json-string.ts'

const stream = 'log.iostream'
const tag = 'logtag'
const streamKey = encodeKey(stream)
const tagKey = encodeKey(tag)
/** What nearly all lines have, ready to be written. */
const wholeOf = {
  stdout: encodeLogAttributes({ [stream]: 'stdout', [tag]: 'F' }),
  stderr: encodeLogAttributes({ [stream]: 'stderr', [tag]: 'F' }),
}
const streamLength = 6
const tagMax = 64
const timeMax = 60

/** Whole lines of a container runtime; parts of lines are put together on the long way. */
export class DirectContainer implements DirectPath {
  readonly setsTime = true
  readonly #parser: ContainerParser
  readonly #next: DirectPath | undefined
  readonly #keepsTime: boolean
  readonly #times = new TimeScanner(utc, () => 0)
  #path = ''
  /** A text of docker without its escapes. */
  #text: Buffer = Buffer.alloc(0)
  #textLength = 0
  readonly #decoded = { end: 0 }
  // Of the line of docker at hand: the bounds of its values.
  #logStart = -1
  /** Where the text ends if it has no escapes but that of its newline; -1 otherwise. */
  #plainEnd = -1
  #streamStart = -1
  #streamEnd = -1
  #timeStart = -1
  #timeEnd = -1

  /** `next` gets the text of the program. */
  constructor(parser: ContainerParser, next: DirectPath | undefined) {
    this.#parser = parser
    this.#next = next
    this.#keepsTime = next?.setsTime !== true
  }

  begin(source: DirectSource): Readonly<Values> | undefined {
    const { path, reserved } = source
    this.#path = path
    if (reserved.includes(stream) || reserved.includes(tag)) return undefined
    const resource = this.#parser.resourceOf(path, source.resource)
    if (resource === undefined || this.#next === undefined) return resource
    return this.#next.begin({ ...source, resource, reserved: [...reserved, stream, tag] })
  }

  write(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean {
    return this.#parser.isDocker(bytes[start] === byteOf.brace)
      ? this.#docker(bytes, start, end, writer)
      : this.#cri(bytes, start, end, writer)
  }

  /** `2024-01-01T00:00:00.000000000Z stdout F text` */
  #cri(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const timeEnd = findByte(bytes, byteOf.space, start, Math.min(end, start + timeMax))
    const at = timeEnd + 1
    const isOut = standsAt(bytes, at, end, 'stdout ')
    if (!isOut && !standsAt(bytes, at, end, 'stderr ')) return false
    const tagStart = at + streamLength + 1
    const tagEnd = findByte(bytes, byteOf.space, tagStart, end)
    if (tagEnd - tagStart > tagMax || isPartTag(bytes, tagStart, tagEnd)) return false
    if (this.#isHeld(bytes, at, at + streamLength)) return false
    if (!this.#time(bytes, start, timeEnd, writer)) return false
    if (tagEnd === tagStart + 1 && bytes[tagStart] === 0x46) {
      writer.attributes(isOut ? wholeOf.stdout : wholeOf.stderr)
    } else {
      writer.attributeBytes(streamKey, bytes, at, at + streamLength)
      writer.attributeBytes(tagKey, bytes, tagStart, tagEnd)
    }
    return this.#write(bytes, Math.min(end, tagEnd + 1), end, writer)
  }

  /** `{"log":"text\n","stream":"stdout","time":"2024-01-01T00:00:00.000000000Z"}` */
  #docker(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean {
    this.#logStart = -1
    this.#streamStart = -1
    this.#timeStart = -1
    if (!this.#members(bytes, start, end)) return false
    if (this.#logStart < 0 || this.#streamStart < 0 || this.#timeStart < 0) return false
    if (this.#isHeld(bytes, this.#streamStart, this.#streamEnd)) return false
    if (!this.#time(bytes, this.#timeStart, this.#timeEnd, writer)) return false
    writer.attributeBytes(streamKey, bytes, this.#streamStart, this.#streamEnd)
    if (this.#plainEnd >= 0) {
      return this.#write(bytes, this.#logStart, this.#plainEnd, writer)
    }
    const text = this.#text
    let length = this.#textLength
    if (length > 0 && text[length - 1] === byteOf.newline) {
      length -= length > 1 && text[length - 2] === 0x0d ? 2 : 1
    } else if (length >= dockerPartMin) return false
    return this.#write(text, 0, length, writer)
  }

  /** False for everything but these three, each at most once and a string. */
  #members(bytes: Buffer, start: number, end: number): boolean {
    let at = skipBlank(bytes, start, end)
    if (bytes[at] !== byteOf.brace) return false
    for (;;) {
      at = this.#member(bytes, skipBlank(bytes, at + 1, end), end)
      if (at < 0) return false
      at = skipBlank(bytes, at, end)
      if (at >= end) return false
      if (bytes[at] === 0x7d) return skipBlank(bytes, at + 1, end) === end
      if (bytes[at] !== byteOf.comma) return false
    }
  }

  /** Behind the member at `at`, or -1. */
  #member(bytes: Buffer, at: number, end: number): number {
    if (standsAt(bytes, at, end, '"log"')) {
      const start = valueStart(bytes, at + 5, end)
      if (start < 0 || this.#logStart >= 0) return -1
      this.#logStart = start
      return this.#log(bytes, start, end)
    }
    if (standsAt(bytes, at, end, '"stream"')) {
      const start = valueStart(bytes, at + 8, end)
      if (start < 0 || this.#streamStart >= 0) return -1
      this.#streamStart = start
      this.#streamEnd = plainEnd(bytes, start, end)
      return this.#streamEnd < 0 ? -1 : this.#streamEnd + 1
    }
    if (!standsAt(bytes, at, end, '"time"')) return -1
    const start = valueStart(bytes, at + 6, end)
    if (start < 0 || this.#timeStart >= 0) return -1
    this.#timeStart = start
    this.#timeEnd = plainEnd(bytes, start, end)
    return this.#timeEnd < 0 ? -1 : this.#timeEnd + 1
  }

  /** Behind the text of the program at `start`, or -1. */
  #log(bytes: Buffer, start: number, end: number): number {
    const first = unescapedEnd(bytes, start, end)
    // Fast path: the only escape is that of the newline.
    if (standsAt(bytes, first, end, '\\n"')) {
      this.#plainEnd = first
      return first + 3
    }
    this.#plainEnd = -1
    if (this.#text.length < end - start) this.#text = Buffer.allocUnsafeSlow(2 * (end - start))
    bytes.copy(this.#text, 0, start, first)
    const quote = putString(this.#text, first - start, bytes, first, end, this.#decoded)
    this.#textLength = this.#decoded.end
    return quote < 0 ? -1 : quote + 1
  }

  #time(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const times = this.#times
    if (!times.rfc3339(bytes, start, end)) return false
    if (this.#keepsTime) writer.timeSeconds(times.seconds, times.nanos)
    return true
  }

  /** Whether parts of a line of this stream wait for their end. */
  #isHeld(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#parser.holds) return false
    return this.#parser.holdsOf(bytes.toString('utf8', start, end), this.#path)
  }

  #write(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean {
    if (this.#next !== undefined) return this.#next.write(bytes, start, end, writer)
    writer.bodyBytes(bytes, start, end)
    return true
  }
}

/** Behind the colon and the quote that open a string; -1 for anything else. */
function valueStart(bytes: Uint8Array, from: number, end: number): number {
  const colon = skipBlank(bytes, from, end)
  if (colon >= end || bytes[colon] !== byteOf.colon) return -1
  const quote = skipBlank(bytes, colon + 1, end)
  return quote < end && bytes[quote] === byteOf.quote ? quote + 1 : -1
}
