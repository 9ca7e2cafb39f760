import type { Batch } from '../signal/batch.ts'
import type { TailedFile } from './tailed-file.ts'

/** Turns the records of one block into a batch. Called in order: begin, any number of lines, finish. */
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
}
