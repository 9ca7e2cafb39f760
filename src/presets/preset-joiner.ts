import type { Entry } from '../operators/entry.ts'
import { heldBytesMax, type Joiner } from '../operators/operator.ts'
import { OperatorError } from '../operators/operator-error.ts'
import type { Session } from './session.ts'

const quietMs = 500
/** Lines of a stream that `auto` is shown while it is not sure. */
const sampleLines = 20
const streamsMax = 1000

export interface Stream {
  readonly session: Session
  readonly sample: string[]
  entry: Entry | undefined
  lines: string[]
  sizeBytes: number
  lastMs: number
}

/** Puts lines that belong to one record together, each stream by itself, where no framer has cut records before. */
export class PresetJoiner implements Joiner {
  readonly #open: (stream: string) => Session
  readonly #maxBytes: number
  readonly #streams = new Map<string, Stream>()
  #heldBytes = 0

  /** `maxBytes`: a record that grows larger is given up in pieces. */
  constructor(open: (stream: string) => Session, maxBytes: number) {
    this.#open = open
    this.#maxBytes = maxBytes
  }

  take(entry: Entry, nowMs: number, out: (entry: Entry) => void): void {
    const { body } = entry
    if (typeof body !== 'string') throw new OperatorError('the body is no text')
    const stream = this.#stream(streamOf(entry), out)
    showSample(stream, body)
    const { format } = stream.session
    if (format === undefined || !format.multiline) {
      this.release(stream, out)
      out(entry)
      return
    }
    if (this.begins(stream, body)) {
      this.release(stream, out)
      stream.entry = entry.clone()
    }
    const lineBytes = Buffer.byteLength(body) + 1
    stream.lines.push(body)
    stream.sizeBytes += lineBytes
    stream.lastMs = nowMs
    this.#heldBytes += lineBytes
    if (this.isFull(stream.sizeBytes)) this.release(stream, out)
    this.#bound(nowMs, out)
  }

  flush(nowMs: number, everything: boolean, out: (entry: Entry) => void): void {
    for (const stream of this.#streams.values()) {
      if (everything || nowMs - stream.lastMs >= quietMs) this.release(stream, out)
    }
  }

  *held(): Iterable<Entry> {
    for (const { entry } of this.#streams.values()) if (entry !== undefined) yield entry
  }

  /** The stream of this name in the file; undefined where there is no room for one more. */
  streamOf(path: string, name: string): Stream | undefined {
    const full = fullName(path, name)
    const known = this.#streams.get(full)
    if (known !== undefined || this.#streams.size >= streamsMax) return known
    return this.#add(full)
  }

  /** Whether the line begins another record than the one that is held. */
  begins({ session, entry, lines }: Stream, line: string): boolean {
    if (entry === undefined) return true
    const before = `${lines.at(-1) ?? ''}\n`
    const bytes = Buffer.from(before + line)
    const start = Buffer.byteLength(before)
    return session.format?.begins(bytes, start, bytes.length, 0) !== false
  }

  isFull(sizeBytes: number): boolean {
    return sizeBytes >= this.#maxBytes
  }

  /** Goes on with a record that was put together elsewhere; the stream holds none. */
  adopt(
    stream: Stream,
    entry: Entry,
    lines: string[],
    sizeBytes: number,
    nowMs: number,
    out: (entry: Entry) => void,
  ): void {
    stream.entry = entry
    stream.lines = lines
    stream.sizeBytes = sizeBytes
    stream.lastMs = nowMs
    this.#heldBytes += sizeBytes
    this.#bound(nowMs, out)
  }

  /** Gives up what is held of the stream. */
  release(stream: Stream, out: (entry: Entry) => void): void {
    const { entry, lines } = stream
    if (entry === undefined) return
    this.#heldBytes -= stream.sizeBytes
    stream.entry = undefined
    stream.lines = []
    stream.sizeBytes = 0
    if (lines.length > 1) entry.body = lines.join('\n')
    out(entry)
  }

  #bound(nowMs: number, out: (entry: Entry) => void): void {
    if (this.#heldBytes > heldBytesMax) this.flush(nowMs, true, out)
  }

  #stream(name: string, out: (entry: Entry) => void): Stream {
    const stream = this.#streams.get(name)
    if (stream !== undefined) return stream
    if (this.#streams.size >= streamsMax) {
      const [oldest] = this.#streams
      if (oldest !== undefined) {
        this.release(oldest[1], out)
        this.#streams.delete(oldest[0])
      }
    }
    return this.#add(name)
  }

  #add(name: string): Stream {
    const session = this.#open(name)
    const stream: Stream = {
      session,
      sample: [],
      entry: undefined,
      lines: [],
      sizeBytes: 0,
      lastMs: 0,
    }
    this.#streams.set(name, stream)
    return stream
  }
}

/** Lines of standard output and error come mixed. */
export function streamOf({ path, attributes }: Entry): string {
  const stream = Object.hasOwn(attributes, 'log.iostream') ? attributes['log.iostream'] : ''
  return fullName(path, String(stream))
}

function fullName(path: string, stream: string): string {
  return stream === '' ? path : `${path} ${stream}`
}

function showSample({ session, sample }: Stream, line: string): void {
  if (!session.due) return
  if (sample.length >= sampleLines) sample.shift()
  sample.push(line)
  const bytes = Buffer.from(`${sample.join('\n')}\n`)
  session.look(bytes, 0, bytes.length)
  if (!session.due) sample.length = 0
}
