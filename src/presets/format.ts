import type { Entry } from '../operators/entry.ts'
import type { TimeZone } from '../operators/time-zone.ts'
import type { LogWriter } from '../wire/otlp/log-writer.ts'
import { Found } from './found.ts'

export interface FormatSettings {
  /** Of times without one. */
  readonly zone: TimeZone
  readonly nowMs: () => number
  /** What becomes the body: the record as it was read, or its message alone. */
  readonly body: 'record' | 'message'
}

/** How the records of one kind of program are told from each other and read. Not re-entrant. */
export interface Format {
  readonly name: string
  /** Whether a record may have several lines. If not, each line is one and `begins` is not asked. */
  readonly multiline: boolean
  /**
   * Whether the line `[start, end)` begins a record. `recordStart`: where the record at hand began, with all its lines up to
   * `start`; `start` itself without one. Cheap: it is asked for every line, and decides by a few bytes.
   */
  begins(source: Uint8Array, start: number, end: number, recordStart: number): boolean
  /** Attributes that every record has already; a record that brings one of them itself goes the long way. */
  reserve(keys: readonly string[]): void
  /**
   * Writes body, time, level and attributes of the record `[start, end)` to the open record of `writer`. False where that is
   * not possible: then what was written is taken back by the caller, and `read` says why, or does it.
   */
  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean
  /** The same into an entry. The reason why not, or undefined; then nothing of the entry was changed. */
  read(source: Buffer, start: number, end: number, entry: Entry): string | undefined
}

/** A format whose records are scanned into a `Found`. */
export abstract class TextFormat implements Format {
  abstract readonly name: string
  abstract readonly multiline: boolean
  protected readonly settings: FormatSettings
  readonly #found = new Found()
  #reserved: readonly string[] = []

  constructor(settings: FormatSettings) {
    this.settings = settings
  }

  abstract begins(source: Uint8Array, start: number, end: number, recordStart: number): boolean

  reserve(keys: readonly string[]): void {
    this.#reserved = keys
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const found = this.#found
    found.reset()
    if (this.scan(source, start, end, found) !== undefined || this.#clashes()) return false
    if (this.settings.body === 'record' || found.messageStart >= found.messageEnd) {
      writer.bodyBytes(source, start, end)
    } else if (found.messageEscapes !== 'none') writer.body(found.messageText(source))
    else writer.bodyBytes(source, found.messageStart, found.messageEnd)
    found.write(source, writer)
    return true
  }

  read(source: Buffer, start: number, end: number, entry: Entry): string | undefined {
    const found = this.#found
    found.reset()
    const reason = this.scan(source, start, end, found)
    if (reason !== undefined) return reason
    found.apply(source, entry)
    if (this.settings.body === 'message') entry.body = found.messageText(source) ?? entry.body
    return undefined
  }

  /** Reads the record into `found`, which is empty. The reason why it cannot, or undefined. */
  protected abstract scan(
    source: Buffer,
    start: number,
    end: number,
    found: Found,
  ): string | undefined

  #clashes(): boolean {
    const reserved = this.#reserved
    for (let index = 0; index < reserved.length; index++) {
      if (this.#found.has(reserved[index] as string)) return true
    }
    return false
  }
}
