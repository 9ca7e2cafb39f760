import type { DeliveryError } from '../errors/delivery-error.ts'
import type { Entry } from './entry.ts'

/**
 * What holds the entries of one signal of one exporter between `consume` and the backend.
 *
 *     offer ──▶ [ waiting … ] ──take──▶ being sent, waiting for a retry ──ack──▶ gone
 *               └──────────────── counts against capacity ───────────────┘
 *
 * An entry counts against the capacity until it is acknowledged, so that the bound holds for everything kept, also
 * for what is being sent. First in, first out.
 */
export interface Queue {
  /** In the unit of the sizer; for `otelcol_exporter_queue_capacity`. */
  readonly capacity: number
  /** What is held of it. */
  readonly size: number
  /** Entries that can be taken. */
  readonly length: number
  /** Items of the entries that can be taken. */
  readonly waitingItems: number
  /** Bytes of the entries that can be taken. */
  readonly waitingBytes: number

  /** Items of everything held. */
  readonly heldItems: number
  /** Bytes of everything held. */
  readonly heldBytes: number

  /** Bytes of the largest entry that can ever be held; larger ones come in parts. */
  readonly entryBytesMax: number
  /** Whether an entry of this size has room now. An entry larger than the whole queue fits when nothing else is held. */
  fits(units: number, sizeBytes: number, pipeline: string): boolean
  /** Why it takes nothing in now, whatever room it has. */
  readonly failure: DeliveryError | undefined
  /** What is not acknowledged survives the process. */
  readonly persistent: boolean
  /**
   * Holds the entry, and calls its `accepted` once it is safe: at once in memory, after the fsync on disk. The caller has
   * asked `fits`.
   */
  offer(entry: Entry): void
  /** The oldest entry, still in the queue. Undefined with a `length` above 0: it has to be read first. */
  peek(): Entry | undefined
  /** Hands out the oldest entry; it stays held until `ack`. */
  take(): Entry | undefined
  /** The entry has ended: forgets it. */
  ack(entry: Entry): void
  /**
   * Gives up the oldest that can be taken until an entry of this size fits, or nothing is left to give up. `drop` is called
   * for entries in memory; a disk queue counts by itself.
   */
  dropOldest(units: number, sizeBytes: number, pipeline: string, drop: (entry: Entry) => void): void
  /** Resolves when what was offered is safe, or refused. */
  flush(): Promise<void>
  /** Everything has been taken, or stays on the disk. */
  close(): Promise<void>
}
