import { join } from 'node:path'
import type { Batch } from '../../signal/batch.ts'
import { type SegmentName, segmentFileName, segmentHeaderBytes } from './format.ts'
import { Ranges } from './ranges.ts'
import { type Tally, tallyOf } from './tally.ts'

/** Of a record that was handed out, what its end has to say. */
interface Sent {
  readonly account: string
  readonly batch: Batch
}

/**
 * What is known in memory of one segment file.
 *
 *     0          readOffset            sizeBytes        fileBytes
 *     ├──────────────┼─────────────────────┼────────────────┤
 *      handed out or   unloaded: only on    of a failed write, or of the
 *      in memory       the disk             file's former use: never read
 */
export class Segment implements SegmentName {
  readonly sequence: number
  readonly salt: number
  /** Where its file is. */
  path: string
  /** Up to here stand whole records that are safe; nobody reads further. */
  sizeBytes: number
  /** What the file takes from the cap. */
  fileBytes: number
  /** How large the file was when it became this segment's, as its header says; 0 for a new one, and once it is cut. */
  usedBytes = 0
  /** Nothing is appended any more. */
  sealed = false
  /** Its file may be written over by another segment: no write or sync of it has failed. */
  sound = true
  /** Index of the next record that is appended. */
  nextIndex = 0
  readOffset = segmentHeaderBytes
  /** Index that follows the last record that was loaded. */
  readIndex = 0
  /** Safe records that were not loaded yet and are not acknowledged, by account. */
  readonly unloaded = new Map<string, Tally>()
  /** Of the records before `nextIndex` those that the walk at the start did not find: they are not in `unloaded`. */
  passedOver = new Ranges()
  /** Records that were never found where their neighbours are. */
  missingRecords = 0
  /** Behind the last record that is known stands what may be one, or several, that nobody could read. */
  tailMissing = false
  /**
   * It could not be read at the start, when it was the newest or older than that: its records are not in `unloaded` yet, and
   * nobody knows how many there are.
   */
  uncounted: 'newest' | 'older' | undefined
  /** `now`: it is passed over, its records wait. `before`: it is to be tried again. */
  unreadable: 'now' | 'before' | undefined
  /** Records in memory, handed out or not, that are not acknowledged. */
  openRecords = 0
  /** Those of them that were handed out. */
  readonly sending = new Set<Sent>()
  readonly acked = new Ranges()

  constructor(name: SegmentName, directory: string, sizeBytes: number) {
    this.sequence = name.sequence
    this.salt = name.salt
    this.path = this.pathIn(directory)
    this.sizeBytes = sizeBytes
    this.fileBytes = sizeBytes
  }

  /** Where its file belongs. */
  pathIn(directory: string): string {
    return join(directory, segmentFileName(this))
  }

  /** Behind its last record the file may hold what is left over from its former use. */
  get hasRest(): boolean {
    return this.fileBytes > this.sizeBytes || this.usedBytes > 0
  }

  /** Every record was loaded, or lost. */
  get isRead(): boolean {
    return this.uncounted === undefined && this.readOffset >= this.sizeBytes
  }

  /** No record in it waits or is being sent. */
  get isDone(): boolean {
    return this.isRead && this.openRecords === 0
  }

  addUnloaded(account: string, items: number, sizeBytes: number): void {
    tallyOf(this.unloaded, account).add(1, items, sizeBytes)
  }

  removeUnloaded(account: string, items: number, sizeBytes: number): void {
    const tally = this.unloaded.get(account)
    if (tally === undefined) return
    tally.subtract(1, items, sizeBytes)
    if (tally.records <= 0) this.unloaded.delete(account)
  }

  /** Whether the record was found when the segment was last walked through, or appended since. */
  knows(index: number): boolean {
    return index < this.nextIndex && !this.passedOver.has(index)
  }
}
