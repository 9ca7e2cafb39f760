import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import { Entry, type Value } from '../entry.ts'
import type { FieldReader } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'
import type { RecordWriter } from './direct-path.ts'

/** The value of an attribute that a reader wants; the range in the line, or a string that was made of it. */
export class Wanted {
  readonly key: string
  /** The key of the object that it stands in; none if it is an attribute itself. */
  readonly outer: string | undefined
  /** `[start, end)` of the line; start is -1 while nothing was found. */
  start = -1
  end = -1
  /** `whole`: an integer that a double does not hold. */
  kind: 'text' | 'number' | 'whole' = 'text'

  constructor(key: string, outer?: string) {
    this.key = key
    this.outer = outer
  }

  read(source: Buffer): Value {
    const text = source.toString('utf8', this.start, this.end)
    if (this.kind === 'text') return text
    return this.kind === 'whole' ? BigInt(text) : Number(text)
  }
}

export interface DirectParser {
  /** Keys that are attributes of every record already: a line that has one of them goes the long way. */
  reserve(keys: readonly string[]): void
  /**
   * Writes the attributes that `[start, end)` of `source` parses into, and fills in `wanted`. False when it is not sure of
   * the result; what was written meanwhile is taken back by the caller.
   */
  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean
}

/** A parser of the body, and readers of attributes that it found. */
export class DirectChain implements RecordWriter {
  readonly #parser: DirectParser
  readonly #readers: readonly FieldReader[]
  readonly #wanted: readonly Wanted[]
  readonly #entry = new Entry()

  /** `wanted[i]` is what `readers[i]` reads. */
  constructor(parser: DirectParser, readers: readonly FieldReader[], wanted: readonly Wanted[]) {
    this.#parser = parser
    this.#readers = readers
    this.#wanted = wanted
  }

  reserve(keys: readonly string[]): void {
    this.#parser.reserve(keys)
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const wanted = this.#wanted
    for (let index = 0; index < wanted.length; index++) (wanted[index] as Wanted).start = -1
    writer.bodyBytes(source, start, end)
    if (!this.#parser.write(source, start, end, writer)) return false
    return wanted.length === 0 || this.#read(source, writer)
  }

  #read(source: Buffer, writer: LogWriter): boolean {
    const entry = this.#entry
    entry.timeUnixNano = undefined
    entry.severityNumber = 0
    entry.severityText = ''
    for (let index = 0; index < this.#wanted.length; index++) {
      const wanted = this.#wanted[index] as Wanted
      if (wanted.start < 0) return false
      try {
        ;(this.#readers[index] as FieldReader).read(wanted.read(source), entry)
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        return false
      }
    }
    if (entry.timeUnixNano !== undefined) writer.timeUnixNano(entry.timeUnixNano)
    if (entry.severityNumber !== 0 || entry.severityText !== '') {
      writer.severity(entry.severityNumber, entry.severityText)
    }
    return true
  }
}
