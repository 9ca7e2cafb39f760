import { byteOf, findByte, standsAt } from '../bytes/scan.ts'
import { TimeScanner } from '../bytes/time-scanner.ts'
import type { Entry, Values } from '../entry.ts'
import { type ContainerParser, dockerPartMin, isPartTag } from '../parsers/container.ts'
import { utc } from '../time-zone.ts'
import { ByteText } from './byte-text.ts'
import type { DirectHost, DirectSource, DirectStage } from './direct-path.ts'
import { plainEnd, putString, skipBlank, unescapedEnd } from './json-string.ts'
import { type Label, LineHead, makeLabel } from './line-head.ts'

const stream = 'log.iostream'
const tag = 'logtag'
const streamLength = 6
const tagMax = 64
const timeMax = 60
/** One for each of the two streams that programs have. */
const sparesMax = 2

function criLabel(name: string, tagText: string): Label {
  return makeLabel(name, { [stream]: name, [tag]: tagText })
}
function dockerLabel(name: string): Label {
  return makeLabel(name, { [stream]: name })
}
/** What nearly all lines have. */
const labels = {
  cri: {
    stdout: { whole: criLabel('stdout', 'F'), part: criLabel('stdout', 'P') },
    stderr: { whole: criLabel('stderr', 'F'), part: criLabel('stderr', 'P') },
  },
  docker: { stdout: dockerLabel('stdout'), stderr: dockerLabel('stderr') },
}

/** The parts of a line that have come, of one stream. */
class Parts {
  readonly text = new ByteText()
  readonly head = new LineHead()
}

/** Lines of a container runtime. */
export class DirectContainer implements DirectStage {
  readonly #parser: ContainerParser
  readonly #next: DirectStage
  readonly #release: (entry: Entry) => void
  readonly #times = new TimeScanner(utc, () => 0)
  #host: DirectHost | undefined
  #path = ''
  #nowMs = 0
  readonly #head = new LineHead()
  /** Of each stream of which a line is unfinished. */
  readonly #parts = new Map<string, Parts>()
  readonly #spare: Parts[] = []
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

  /** `operator`: the index of `parser`. `next` gets the text of the program. */
  constructor(parser: ContainerParser, operator: number, next: DirectStage) {
    this.#parser = parser
    this.#release = (entry) => this.#host?.release(entry, operator)
    this.#next = next
  }

  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined {
    const { path, reserved } = source
    this.#host = host
    this.#path = path
    this.#nowMs = nowMs
    if (reserved.includes(stream) || reserved.includes(tag)) return undefined
    const resource = this.#parser.resourceOf(path, source.resource)
    if (resource === undefined) return undefined
    const told = { ...source, resource, reserved: [...reserved, stream, tag] }
    return this.#next.begin(told, host, nowMs)
  }

  take(bytes: Buffer, start: number, end: number): boolean {
    return this.#parser.isDocker(bytes[start] === byteOf.brace)
      ? this.#docker(bytes, start, end)
      : this.#cri(bytes, start, end)
  }

  settle(): void {
    // First, for the hand-over may give up older parts.
    this.#next.settle()
    for (const [name, parts] of this.#parts) {
      const { text, head } = parts
      const entry = (this.#host as DirectHost).entry(text.toString(), head)
      this.#parser.adopt(name, entry, text.length, this.#nowMs, this.#release)
      this.#forget(name, parts)
    }
  }

  /** `2024-01-01T00:00:00.000000000Z stdout F text` */
  #cri(bytes: Buffer, start: number, end: number): boolean {
    const timeEnd = findByte(bytes, byteOf.space, start, Math.min(end, start + timeMax))
    const at = timeEnd + 1
    const isOut = standsAt(bytes, at, end, 'stdout ')
    if (!isOut && !standsAt(bytes, at, end, 'stderr ')) return false
    const tagStart = at + streamLength + 1
    const tagEnd = findByte(bytes, byteOf.space, tagStart, end)
    if (tagEnd - tagStart > tagMax || !this.#time(bytes, start, timeEnd)) return false
    const name = isOut ? 'stdout' : 'stderr'
    const isPart = isPartTag(bytes, tagStart, tagEnd)
    const usual = labels.cri[name]
    if (tagEnd !== tagStart + 1 || (!isPart && bytes[tagStart] !== 0x46)) {
      this.#head.label = criLabel(name, bytes.toString('utf8', tagStart, tagEnd))
    } else this.#head.label = isPart ? usual.part : usual.whole
    return this.#giveOn(bytes, Math.min(end, tagEnd + 1), end, !isPart)
  }

  /** `{"log":"text\n","stream":"stdout","time":"2024-01-01T00:00:00.000000000Z"}` */
  #docker(bytes: Buffer, start: number, end: number): boolean {
    this.#logStart = -1
    this.#streamStart = -1
    this.#timeStart = -1
    if (!this.#members(bytes, start, end)) return false
    if (this.#logStart < 0 || this.#streamStart < 0 || this.#timeStart < 0) return false
    if (!this.#time(bytes, this.#timeStart, this.#timeEnd)) return false
    this.#head.label = this.#dockerLabel(bytes)
    if (this.#plainEnd >= 0) return this.#giveOn(bytes, this.#logStart, this.#plainEnd, true)
    const text = this.#text
    const length = this.#textLength
    if (length > 0 && text[length - 1] === byteOf.newline) {
      const ending = length > 1 && text[length - 2] === 0x0d ? 2 : 1
      return this.#giveOn(text, 0, length - ending, true)
    }
    return this.#giveOn(text, 0, length, isShort(text, length))
  }

  #dockerLabel(bytes: Buffer): Label {
    const start = this.#streamStart
    const end = this.#streamEnd
    if (end - start === streamLength) {
      if (standsAt(bytes, start, end, 'stdout')) return labels.docker.stdout
      if (standsAt(bytes, start, end, 'stderr')) return labels.docker.stderr
    }
    return dockerLabel(bytes.toString('utf8', start, end))
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

  #time(bytes: Buffer, start: number, end: number): boolean {
    const times = this.#times
    if (!times.rfc3339(bytes, start, end)) return false
    const head = this.#head
    head.hasTime = true
    head.seconds = times.seconds
    head.nanos = times.nanos
    return true
  }

  /** The text of the line at hand, the whole of it or a part. */
  #giveOn(bytes: Buffer, start: number, end: number, isComplete: boolean): boolean {
    const name = this.#head.label.stream
    // What was held at the end of the last block goes on there.
    if (this.#parser.holds && this.#parser.holdsOf(name, this.#path)) return false
    const parts = this.#parts.size === 0 ? undefined : this.#parts.get(name)
    if (parts !== undefined) this.#join(name, parts, bytes, start, end, isComplete)
    else if (isComplete) return this.#next.take(bytes, start, end, this.#head)
    else {
      if (!this.#parser.hasRoomFor(this.#parts.size + 1)) return false
      const first = this.#spare.pop() ?? new Parts()
      first.head.copy(this.#head)
      this.#parts.set(name, first)
      this.#join(name, first, bytes, start, end, false)
    }
    return true
  }

  #join(
    name: string,
    parts: Parts,
    bytes: Buffer,
    start: number,
    end: number,
    isComplete: boolean,
  ): void {
    const { text, head } = parts
    text.add(bytes, start, end)
    if (!isComplete && !this.#parser.isFull(text.length)) return
    if (!this.#next.take(text.bytes, 0, text.length, head)) {
      const host = this.#host as DirectHost
      this.#next.settle()
      this.#release(host.entry(text.toString(), head))
    }
    this.#forget(name, parts)
  }

  #forget(name: string, parts: Parts): void {
    parts.text.clear()
    this.#parts.delete(name)
    if (this.#spare.length < sparesMax) this.#spare.push(parts)
  }
}

/** Whether a text of docker without a newline is too short to be a part of one. */
function isShort(text: Buffer, length: number): boolean {
  return length < dockerPartMin || text.toString('utf8', 0, length).length < dockerPartMin
}

/** Behind the colon and the quote that open a string; -1 for anything else. */
function valueStart(bytes: Uint8Array, from: number, end: number): number {
  const colon = skipBlank(bytes, from, end)
  if (colon >= end || bytes[colon] !== byteOf.colon) return -1
  const quote = skipBlank(bytes, colon + 1, end)
  return quote < end && bytes[quote] === byteOf.quote ? quote + 1 : -1
}
