import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import { Batch } from '../../signal/batch.ts'
import { Ring } from '../ring.ts'
import { DiskRecord } from './disk-record.ts'
import { errorCode, type FileSystem } from './file-system.ts'
import { readWindow, type StoredRecord, type Window } from './read-window.ts'
import { keepUnread, scanSegment, sealOlder } from './scan-segment.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { Tally } from './tally.ts'

/** Large enough that a read costs little beside its bytes, small beside the memory of a sidecar. */
export const readBytesDefault = 512 * 1024
const retryMs = 1000
/** After this many tries a file that cannot be read no longer holds up the others. */
const triesMax = 10
/** Then it is tried again at this distance: descriptors come free, permissions are put right. */
const reopenMs = 10_000

export interface ReaderLimits {
  /** What waits in memory. */
  readonly memoryBytes: number
  /** What is read at once, unless a record is larger. */
  readonly readBytes: number
}

export interface ReaderEvents {
  /** There is something to take where there was nothing. */
  onReadable(): void
  /** Records that were safe and cannot be read any more. Items are 0 where nobody knows them. */
  onLost(account: string, lost: Tally): void
  /** Records that nobody knew of: their file could not be read before. */
  onFound(account: string, found: Readonly<Tally>): void
  /** Nothing in the segment waits or is being sent. */
  onDone(segment: Segment): void
}

/**
 * Hands out records, oldest first. What was just written comes from memory while the consumer keeps up; the rest is read
 * back, a window at a time.
 *
 *     segments   ██████████████████████░░░░░░░░░░░░░░░░░░▒▒▒▒
 *                handed out      front │ unloaded            │ being written
 *                                      └ read position       └ safe up to here
 *
 * The front is bounded by `memoryBytes`, and holds at least one record. A new record joins it only when nothing
 * unloaded stands before it.
 *
 * A file that cannot be read holds up the others for ten seconds, then they go on without it. Its records wait, and come next once
 * it can be read: late, but not lost. Only a file that is gone is.
 */
export class Reader {
  readonly #fs: FileSystem
  readonly #files: SegmentFiles
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: ReaderEvents
  readonly #memoryBytes: number
  readonly #readBytes: number
  readonly #front = new Ring<DiskRecord>()
  readonly #readable = new Tally()
  /** Everything that was not handed out. */
  readonly #waiting = new Tally()
  #loading: Promise<void> | undefined
  #openFile: { readonly segment: Segment; readonly file: number } | undefined
  /** The last record was larger than what is read at once, so the next one probably is. */
  #large = false
  #tries = 0
  #cancelRetry: (() => void) | undefined
  #cancelReopen: (() => void) | undefined
  #closed = false

  constructor(
    fs: FileSystem,
    files: SegmentFiles,
    { memoryBytes, readBytes }: ReaderLimits,
    clock: Clock,
    logger: Logger,
    events: ReaderEvents,
  ) {
    this.#fs = fs
    this.#files = files
    this.#memoryBytes = memoryBytes
    this.#readBytes = readBytes
    this.#clock = clock
    this.#logger = logger
    this.#events = events
    for (const segment of files.live) {
      for (const { records, items, bytes } of segment.unloaded.values()) {
        this.#waiting.add(records, items, bytes)
      }
    }
  }

  get waiting(): Readonly<Tally> {
    return this.#waiting
  }

  /** What of it is in memory. */
  get readable(): Readonly<Tally> {
    return this.#readable
  }

  /** Records that wait in files that cannot be read. */
  get unreachableRecords(): number {
    let count = 0
    // Nothing is passed over while nothing is to be tried again.
    if (this.#cancelReopen === undefined) return count
    for (const { unreadable, unloaded } of this.#files.live) {
      if (unreadable === 'now') for (const { records } of unloaded.values()) count += records
    }
    return count
  }

  peek(): DiskRecord | undefined {
    return this.#front.peek()
  }

  take(): DiskRecord | undefined {
    const record = this.#shift()
    this.fill()
    return record
  }

  /** A record is safe at the end of its segment, which has grown by it already. */
  appended(segment: Segment, offset: number, record: DiskRecord): void {
    const { sizeBytes: endOffset } = segment
    const { itemCount, sizeBytes } = record.batch
    this.#waiting.add(1, itemCount, sizeBytes)
    const room = this.#readable.bytes + sizeBytes <= this.#memoryBytes || this.#front.length === 0
    if (!room || segment.readOffset !== offset || this.#loading || this.#current() !== segment) {
      segment.addUnloaded(record.account, itemCount, sizeBytes)
      return
    }
    segment.readOffset = endOffset
    segment.readIndex = record.index + 1
    this.#push(record)
  }

  /** Reads ahead if there is room for it. */
  fill(): void {
    if (this.#loading || this.#closed || this.#cancelRetry) return
    if (this.#front.length > 0 && this.#readable.bytes * 2 >= this.#memoryBytes) return
    const segment = this.#current()
    if (segment === undefined) return
    this.#loading = this.#load(segment).then((going) => {
      this.#loading = undefined
      if (this.#front.length > 0) this.#events.onReadable()
      if (going) this.fill()
    })
  }

  /** Gives up what waits in the segment. What is being sent stays. */
  drop(segment: Segment, dropped: (account: string, lost: Tally) => void): void {
    // Records of an older segment, that stays, may stand before those of this one: each goes round once.
    for (let count = this.#front.length; count > 0; count--) {
      const record = this.#front.shift() as DiskRecord
      if (record.segment !== segment) {
        this.#front.push(record)
        continue
      }
      const { account, batch, index } = record
      this.#leave(record)
      const one = new Tally()
      one.add(1, batch.itemCount, batch.sizeBytes)
      dropped(account, one)
      segment.acked.add(index, index + 1)
      segment.openRecords--
    }
    this.#giveUp(segment, dropped)
    segment.acked.add(segment.readIndex, segment.nextIndex)
    segment.readIndex = segment.nextIndex
    segment.readOffset = segment.sizeBytes
  }

  /** Waits for the read under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRetry?.()
    this.#cancelReopen?.()
    await this.#loading
    await this.#closeFile()
  }

  /** The oldest segment with something unread that can be read. */
  #current(): Segment | undefined {
    for (const segment of this.#files.live) {
      if (!segment.isRead && segment.unreadable !== 'now') return segment
    }
    return undefined
  }

  #push(record: DiskRecord): void {
    record.segment.openRecords++
    this.#readable.add(1, record.batch.itemCount, record.batch.sizeBytes)
    this.#front.push(record)
  }

  #shift(): DiskRecord | undefined {
    const record = this.#front.shift()
    if (record !== undefined) this.#leave(record)
    return record
  }

  /** The record is not in the front any more. */
  #leave({ batch: { itemCount, sizeBytes } }: DiskRecord): void {
    this.#readable.subtract(1, itemCount, sizeBytes)
    this.#waiting.subtract(1, itemCount, sizeBytes)
  }

  /** False: not before the retry. */
  async #load(segment: Segment): Promise<boolean> {
    const { readOffset, salt } = segment
    let window: Window
    try {
      if (segment.uncounted !== undefined) await this.#count(segment, segment.uncounted)
      const file = await this.#fileOf(segment)
      const source = { fs: this.#fs, file, salt, endOffset: segment.sizeBytes }
      // A large record is read by its head, which says how much that is, and not by a window that it does not fit into.
      window = await readWindow(source, readOffset, this.#large ? 0 : this.#readBytes, 'payloads')
      this.#large = window.records.some(({ recordBytes }) => recordBytes > this.#readBytes)
      this.#tries = 0
      this.#wasRead(segment)
    } catch (error) {
      await this.#closeFile()
      return this.#loadFailed(segment, error)
    }
    // Unless it was dropped meanwhile.
    if (segment.readOffset === readOffset) {
      segment.readOffset = window.nextOffset
      for (const record of window.records) this.#accept(segment, record)
      if (segment.isRead) this.#finish(segment)
    }
    // A file that is removed while it is open still takes its space.
    if (segment.isRead) await this.#closeFile()
    return true
  }

  /** Finds what the segment holds, which could not be read at the start. */
  async #count(segment: Segment, when: 'newest' | 'older'): Promise<void> {
    const scan = await scanSegment(this.#fs, segment, when === 'newest')
    if (scan.unusable !== undefined) throw new Error(scan.unusable)
    if (when === 'older') sealOlder(segment, scan)
    else if (!keepUnread(segment, scan)) segment.sizeBytes = scan.validEnd
    segment.uncounted = undefined
    for (const [account, found] of segment.unloaded) this.#found(account, found)
  }

  #found(account: string, found: Readonly<Tally>): void {
    this.#waiting.add(found.records, found.items, found.bytes)
    this.#events.onFound(account, found)
  }

  #accept(segment: Segment, stored: StoredRecord): void {
    const { index, account, itemCount, payloadBytes, payload, signal, enqueuedMs } = stored
    if (index < segment.readIndex) return
    for (let missing = segment.readIndex; missing < index; missing++) {
      if (!segment.acked.has(missing)) segment.missingRecords++
    }
    segment.readIndex = index + 1
    if (index >= segment.nextIndex) segment.tailMissing = false
    if (segment.acked.has(index)) return
    if (segment.knows(index)) segment.removeUnloaded(account, itemCount, payloadBytes)
    else {
      // Where it stands the disk could read nothing at the start.
      const one = new Tally()
      one.add(1, itemCount, payloadBytes)
      this.#found(account, one)
    }
    if (payload === undefined) {
      this.#waiting.subtract(1, itemCount, payloadBytes)
      segment.acked.add(index, index + 1)
      this.#lose(account, 1, itemCount, payloadBytes)
      return
    }
    const batch = new Batch(signal, [payload], itemCount)
    this.#push(new DiskRecord(batch, account, enqueuedMs, segment, index))
  }

  /** Whatever was known and has not turned up is lost; so is what nobody knew but its neighbours' indexes tell of. */
  #finish(segment: Segment): void {
    let known = 0
    this.#giveUp(segment, (account, lost) => {
      known += lost.records
      this.#events.onLost(account, lost)
    })
    const unknown = segment.missingRecords + (segment.tailMissing ? 1 : 0) - known
    if (unknown > 0) this.#lose('', unknown, 0, 0)
    segment.missingRecords = 0
    segment.tailMissing = false
    if (segment.isDone) this.#events.onDone(segment)
  }

  #giveUp(segment: Segment, lost: (account: string, lost: Tally) => void): void {
    for (const [account, tally] of segment.unloaded) {
      this.#waiting.subtract(tally.records, tally.items, tally.bytes)
      lost(account, tally)
    }
    segment.unloaded.clear()
    if (segment.uncounted === undefined) return
    // Nobody will know how many it held; without one it would not have been there.
    segment.uncounted = undefined
    const one = new Tally()
    one.add(1, 0, 0)
    lost('', one)
  }

  #lose(account: string, records: number, items: number, bytes: number): void {
    const lost = new Tally()
    lost.add(records, items, bytes)
    this.#events.onLost(account, lost)
  }

  async #loadFailed(segment: Segment, error: unknown): Promise<boolean> {
    // Dropped, and removed, meanwhile.
    if (segment.isRead) return true
    const gone = errorCode(error) === 'ENOENT'
    this.#tries++
    if (!gone && this.#tries < triesMax && segment.unreadable === undefined) {
      if (this.#closed) return false
      this.#cancelRetry = this.#clock.after(retryMs, () => {
        this.#cancelRetry = undefined
        this.fill()
      })
      return false
    }
    this.#tries = 0
    const fields = { path: segment.path, message: (error as Error).message }
    if (gone) {
      this.#logger.error('a queue file has disappeared', fields)
      segment.readOffset = segment.sizeBytes
      this.#finish(segment)
      return true
    }
    if (segment.unreadable === undefined) {
      this.#logger.error('cannot read a queue file; others go first until it can be read', fields)
    }
    segment.unreadable = 'now'
    this.#reopenLater()
    return true
  }

  #reopenLater(): void {
    if (this.#closed) return
    this.#cancelReopen ??= this.#clock.after(reopenMs, () => {
      this.#cancelReopen = undefined
      for (const segment of this.#files.live) {
        if (segment.unreadable === 'now') segment.unreadable = 'before'
      }
      this.fill()
    })
  }

  #wasRead(segment: Segment): void {
    if (segment.unreadable === undefined) return
    segment.unreadable = undefined
    this.#logger.info('a queue file can be read again', { path: segment.path })
  }

  async #fileOf(segment: Segment): Promise<number> {
    if (this.#openFile?.segment === segment) return this.#openFile.file
    await this.#closeFile()
    const file = await this.#fs.open(segment.path, 'read')
    this.#openFile = { segment, file }
    return file
  }

  async #closeFile(): Promise<void> {
    const open = this.#openFile
    this.#openFile = undefined
    if (open === undefined) return
    try {
      await this.#fs.close(open.file)
    } catch (error) {
      this.#logger.warn('cannot close a queue file', { message: (error as Error).message })
    }
  }
}
