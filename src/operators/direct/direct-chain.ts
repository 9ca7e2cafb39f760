import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import { Entry, type Value } from '../entry.ts'
import { type FieldReader, OperatorError } from '../operator.ts'

/*
 * The usual operators of a log file are one parser of the body, and perhaps readers of a time and a level that it found.
 * For them the attributes are written from the bytes of the line straight into the batch, without objects in between:
 *
 *     line → DirectParser → attributes in the open record
 *              └ values that readers asked for → time, severity
 *
 * Whatever is out of the ordinary (the pattern does not match, it is no JSON, a key comes twice, a level is missing) is
 * taken back, and the line goes the long way through an Entry, where errors are counted and handled. So both ways must give
 * the same record; the tests compare them.
 */

/** The value of an attribute that a reader wants; the range in the line, or a string that was made of it. */
export class Wanted {
  readonly key: string
  /** `[start, end)` of the line; start is -1 while nothing was found. */
  start = -1
  end = -1
  kind: 'text' | 'number' = 'text'

  constructor(key: string) {
    this.key = key
  }

  read(source: Buffer): Value {
    const text = source.toString('utf8', this.start, this.end)
    return this.kind === 'text' ? text : Number(text)
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

/** From the bytes of a record straight into a batch. */
export interface DirectPath {
  /** Keys that are attributes of every record already: a record that has one of them goes the long way. */
  reserve(keys: readonly string[]): void
  /** Adds all but those attributes to the open record. False: cancel it and go the long way. */
  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean
}

export class DirectChain implements DirectPath {
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
