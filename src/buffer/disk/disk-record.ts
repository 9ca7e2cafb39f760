import type { Batch } from '../../signal/batch.ts'
import type { Segment } from './segment.ts'

/** A record that is in memory: to be handed out, or handed out and not acknowledged. */
export class DiskRecord {
  readonly batch: Batch
  /** The pipeline it came through. */
  readonly account: string
  /** Milliseconds since 1970, by the clock of the process that took it in. */
  readonly enqueuedMs: number
  /** Where it stands: the queue's own business. */
  readonly segment: Segment
  readonly index: number

  constructor(batch: Batch, account: string, enqueuedMs: number, segment: Segment, index: number) {
    this.batch = batch
    this.account = account
    this.enqueuedMs = enqueuedMs
    this.segment = segment
    this.index = index
  }
}
