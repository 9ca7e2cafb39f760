import type { Source } from './source.ts'
import type { TailedFile } from './tailed-file.ts'

/** Lines at the beginning of a file that are no records but say something of all of them. */
export interface FileHeader {
  /** Before a block is read: finds out what the header of a file says in whose middle reading goes on. */
  prepare(file: TailedFile, source: Source): Promise<void>
  /** Takes header lines from the front of `view[start, …)`; returns where they end. */
  take(file: TailedFile, view: Buffer, start: number, flush: boolean): number
  /** Whether the first line that belongs to no header was seen. */
  isDone(file: TailedFile): boolean
}
