import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import type { Entry, Value, Values } from '../entry.ts'

/*
 * The usual operators of a log file need neither a string nor an object a line: a parser of the body and readers of what it
 * found, the line of a container runtime, lines that are put together. For them there is a short way, from the bytes of
 * the line straight into the batch:
 *
 *     DirectPath   a record for each line       container, json_parser, regex_parser, severity and time of what they found
 *     DirectJoin   a record of several lines    recombine, and a DirectPath behind it
 *
 * Whatever is out of the ordinary (the pattern does not match, it is no JSON, a key comes twice, a part of a line) is taken
 * back, and goes the long way through an Entry, where errors are counted and handled. So both ways must give the same
 * record; the tests compare them.
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

/** From the bytes of a record straight into a batch. */
export interface DirectPath {
  /** Whether records may get a time of it. */
  readonly setsTime: boolean
  /** A block begins. The resource of its records, or undefined if all of them go the long way. */
  begin(source: DirectSource): Readonly<Values> | undefined
  /** Adds body, time, level and attributes to the open record. False: cancel it and go the long way. */
  write(bytes: Buffer, start: number, end: number, writer: LogWriter): boolean
}

/** Where a DirectJoin finds and puts records: the one who gives it the lines. */
export interface DirectHost {
  /** A new record, with the attributes of the file. */
  open(): LogWriter
  end(): void
  cancel(): void
  /** A record of the file with this body, as it goes the long way. */
  entry(body: Value): Entry
  /** Takes a record that the operator gives up on the long way. */
  readonly release: (entry: Entry) => void
}

/**
 * Lines that become a record together. What is unfinished at the end of a block is handed to the operator itself, which
 * holds it, answers for it and gives it up in time.
 */
export interface DirectJoin {
  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined
  /** False: the line goes the long way, and what was held for it is with the operator. */
  line(bytes: Buffer, start: number, end: number): boolean
  /** The block ends, or something comes that is no line. */
  settle(): void
}
