import type { Batch } from '../signal/batch.ts'
import type { Place, TailedFile } from './tailed-file.ts'

/** A position up to which a file is dealt with once a batch is acknowledged. */
export interface Progress extends Place {
  readonly file: TailedFile
}

/** Turns the records of one block into a batch. Called in order: begin, any number of lines, finish, progress. */
export interface LineTarget {
  /** A block of this file begins; `nowMs` is the time of all its records. */
  begin(file: TailedFile, nowMs: number): void
  /**
   * One record: the bytes `[start, end)` of `source`, valid UTF-8, valid only during the call. `offset` is where the
   * record begins in the file.
   */
  line(source: Buffer, start: number, end: number, offset: number): void
  /** One record that is not text (encoding `nop`, or `utf-8-raw` where it is not UTF-8). */
  binary(source: Buffer, start: number, end: number, offset: number): void
  /** The batch, or undefined when no record came of the block. */
  finish(): Batch<'logs'> | undefined
  /**
   * How far files are dealt with when the batch of the last `finish` is acknowledged: the file of `begin`, and others whose
   * records were held back until now. A position stays in front of what is still held back.
   */
  progress(file: TailedFile | undefined): readonly Progress[]
  /** Whether records are held back. */
  readonly holds: boolean
  /** Writes held records that have waited long enough, or all of them; `finish` and `progress` follow. */
  flush(nowMs: number, everything: boolean): void
}

export function progressOf(file: TailedFile): Progress {
  const { offset, guard, generation, skipping, recordNumber } = file
  return { file, offset, guard, generation, skipping, recordNumber }
}
