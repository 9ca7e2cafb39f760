import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import type { Entry, Value, Values } from '../entry.ts'
import type { LineHead } from './line-head.ts'

/*
 * The usual operators of a log file need neither a string nor an object a line. For them there is a short way, from the
 * bytes of the line straight into the batch, in stages that give each other bytes:
 *
 *     container ──▶ recombine, or the lines of a preset ──▶ a record: json_parser, regex_parser, a preset, or the text alone
 *       text and head         several lines as one               body, time, level, attributes
 *
 * Each of them may be left out. Whatever is out of the ordinary (the pattern does not match, it is no JSON, a key comes
 * twice) goes the long way through an Entry, where errors are counted and handled. So both ways must give the same record;
 * the tests compare them.
 */

/** The file or stream whose lines come. */
export interface DirectSource {
  readonly path: string
  /** What each of its records has before anything is written to it. */
  readonly attributes: Readonly<Values>
  readonly resource: Readonly<Values>
  /** The names of attributes that each record has already: one that brings them itself goes the long way. */
  readonly reserved: readonly string[]
}

export interface DirectStage {
  /** A block begins. The resource of its records, or undefined if all of its lines go the long way. */
  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined
  /**
   * Takes a text and what is known besides it. False where it cannot: then nothing of it was taken, and the caller calls
   * `settle` and sends it the long way, from the operator of this stage on.
   */
  take(bytes: Buffer, start: number, end: number, head: Readonly<LineHead>): boolean
  /**
   * Hands what is unfinished to the operator itself, which holds it, answers for it and gives it up in time: the block ends,
   * or the next line goes the long way.
   */
  settle(): void
}

/** Where the stages put records: the one who gives them the lines. */
export interface DirectHost {
  /** A new record, with the attributes of the file. */
  open(): LogWriter
  end(): void
  cancel(): void
  /** A record of the file with this body, as it goes the long way. */
  entry(body: Value, head: Readonly<LineHead>): Entry
  /** Takes a record that the operator with this index gives up on the long way. */
  release(entry: Entry, operator: number): void
}

/** Makes records of texts. */
export interface RecordWriter {
  /** Attributes that the records have already. */
  reserve(keys: readonly string[]): void
  /** Adds body, time, level and attributes to the open record. False: cancel it, it goes the long way. */
  write(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean
}
