import type { Batch } from '../signal/batch.ts'
import type { LineSource, Place } from './line-source.ts'
import type { TailedFile } from './tailed-file.ts'

/** A position up to which a file is dealt with once a batch is acknowledged. */
export interface Progress<S extends LineSource = TailedFile> extends Place {
  readonly file: S
}

/** What a framer gives its records to. */
export interface RecordSink {
  /**
   * One record: the bytes `[start, end)` of `source`, valid UTF-8, valid only during the call. `offset` is where the
   * record begins in the file, with the blanks in front of it.
   */
  line(source: Buffer, start: number, end: number, offset: number): void
  /** One record that is not text (encoding `nop`, or `utf-8-raw` where it is not UTF-8). */
  binary(source: Buffer, start: number, end: number, offset: number): void
  /** A record of which only blanks were there: none comes of it, but it counts as one. */
  blank(offset: number): void
}

/**
 * Turns the records of blocks into a batch. Called in order: for each block begin, any number of lines, end; then finish
 * and progress.
 */
export interface LineTarget<S extends LineSource = TailedFile> extends RecordSink {
  /** A block of this file begins; `nowMs` is the time of all its records. */
  begin(file: S, nowMs: number): void
  /** The block is over: its bytes may change now. */
  end(): void
  /** Bytes written since the last `finish`. */
  readonly sizeBytes: number
  /** The batch, or undefined when no record came of the blocks. */
  finish(): Batch<'logs'> | undefined
  /**
   * How far files are dealt with when the batch of the last `finish` is acknowledged: those of its blocks, and others whose
   * records were held back until now. A position stays in front of what is still held back.
   */
  progress(files: readonly S[]): readonly Progress<S>[]
  /** Whether records are held back. */
  readonly holds: boolean
  /** Writes held records that have waited long enough, or all of them; `finish` and `progress` follow. */
  flush(nowMs: number, everything: boolean): void
}

export function progressOf<S extends LineSource>(file: S): Progress<S> {
  const { offset, guard, generation, skipping, recordNumber } = file
  return { file, offset, guard, generation, skipping, recordNumber }
}
