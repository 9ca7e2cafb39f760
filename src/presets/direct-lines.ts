import { ByteText } from '../operators/direct/byte-text.ts'
import type { DirectHost, DirectSource, DirectStage } from '../operators/direct/direct-path.ts'
import { LineHead } from '../operators/direct/line-head.ts'
import type { Entry, Values } from '../operators/entry.ts'
import type { Format } from './format.ts'
import type { PresetJoiner, Stream } from './preset-joiner.ts'
import type { Session } from './session.ts'

/** The record that a stream of the block at hand is at. */
class Held {
  /** Undefined until a line of it comes in this block, or behind one that went the long way. */
  stream: Stream | undefined
  readonly text = new ByteText()
  readonly head = new LineHead()
  isOpen = false
  /** Where its last line begins. */
  lastLine = 0
}

/** Streams of which the buffers are kept: those that programs have. */
const streamsKept = 2

const newline = Buffer.from('\n')

/** Lines of a container put together to the records of a preset, while a block is read. */
export class DirectLines implements DirectStage {
  readonly #joiner: PresetJoiner
  readonly #next: DirectStage
  readonly #enter: (session: Session) => void
  readonly #release: (entry: Entry) => void
  #host: DirectHost | undefined
  #path = ''
  #nowMs = 0
  readonly #streams = new Map<string, Held>()

  /** `operator`: the index of `joiner`. `next` gets the records, each after `enter` said how it is read. */
  constructor(
    joiner: PresetJoiner,
    operator: number,
    enter: (session: Session) => void,
    next: DirectStage,
  ) {
    this.#joiner = joiner
    this.#enter = enter
    this.#next = next
    this.#release = (entry) => this.#host?.release(entry, operator)
  }

  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined {
    this.#host = host
    this.#path = source.path
    this.#nowMs = nowMs
    if (this.#streams.size > streamsKept) this.#streams.clear()
    return this.#next.begin(source, host, nowMs)
  }

  take(bytes: Buffer, start: number, end: number, head: Readonly<LineHead>): boolean {
    const held = this.#heldOf(head.label.stream)
    const { stream } = held
    if (stream === undefined) return false
    const { session } = stream
    const { format } = session
    // While `auto` looks at the lines, or nothing fits.
    if (session.due || format === undefined) return false
    if (format.multiline) return this.#line(held, stream, format, bytes, start, end, head)
    // Only from the time before another format was chosen.
    if (stream.entry !== undefined) return false
    this.#enter(session)
    return this.#next.take(bytes, start, end, head)
  }

  settle(): void {
    for (const held of this.#streams.values()) {
      if (held.isOpen) this.#handOver(held)
      held.stream = undefined
    }
    this.#next.settle()
  }

  /** A line of records that may have several. */
  #line(
    held: Held,
    stream: Stream,
    format: Format,
    bytes: Buffer,
    start: number,
    end: number,
    head: Readonly<LineHead>,
  ): boolean {
    const { text } = held
    // What was held at the end of the last block goes on there, until a new record begins.
    if (stream.entry !== undefined) {
      if (!this.#joiner.begins(stream, bytes.toString('utf8', start, end))) return false
      this.#joiner.release(stream, this.#release)
    }
    if (held.isOpen) {
      const before = text.length
      text.add(newline, 0, 1)
      const line = text.length
      text.add(bytes, start, end)
      if (format.begins(text.bytes, line, text.length, held.lastLine)) {
        this.#giveOn(held, stream, before)
      } else held.lastLine = line
    }
    if (!held.isOpen) {
      held.isOpen = true
      held.head.copy(head)
      text.add(bytes, start, end)
    }
    if (this.#joiner.isFull(text.length + 1)) this.#giveOn(held, stream, text.length)
    return true
  }

  /** Its text up to `end` is a record. */
  #giveOn(held: Held, stream: Stream, end: number): void {
    const { text, head } = held
    this.#enter(stream.session)
    if (!this.#next.take(text.bytes, 0, end, head)) {
      const host = this.#host as DirectHost
      this.#next.settle()
      this.#release(host.entry(text.bytes.toString('utf8', 0, end), head))
    }
    close(held)
  }

  #handOver(held: Held): void {
    const { text, head, lastLine, stream } = held
    const before = lastLine > 0 ? [text.bytes.toString('utf8', 0, lastLine - 1)] : []
    const lines = [...before, text.toString(lastLine)]
    const entry = (this.#host as DirectHost).entry(lines[0] as string, head)
    this.#joiner.adopt(stream as Stream, entry, lines, text.length + 1, this.#nowMs, this.#release)
    close(held)
  }

  #heldOf(name: string): Held {
    let held = this.#streams.get(name)
    if (held === undefined) {
      held = new Held()
      this.#streams.set(name, held)
    }
    held.stream ??= this.#joiner.streamOf(this.#path, name)
    return held
  }
}

function close(held: Held): void {
  held.text.clear()
  held.isOpen = false
  held.lastLine = 0
}
