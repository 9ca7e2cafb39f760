import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import { must } from '../../errors/bug.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import { Appender } from './appender.ts'
import { CursorFile } from './cursor-file.ts'
import type { DiskRecord } from './disk-record.ts'
import type { FileSystem } from './file-system.ts'
import { errorCode } from './file-system.ts'
import { accountBytesOf } from './format.ts'
import { type Limits, limitsFor } from './limits.ts'
import { Reader, readBytesDefault } from './reader.ts'
import { type Recovered, Recovery, type RecoveryReport } from './recovery.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SetAside } from './set-aside.ts'
import { Tally, tallyOf } from './tally.ts'

export interface DiskQueueSettings {
  /** Exists, and belongs to this queue alone. */
  readonly directory: string
  /** All files together, at every moment. */
  readonly maxSizeBytes: number
  /** At most a sixteenth of `maxSizeBytes`, which is what it is unless given. */
  readonly segmentSizeBytes?: number
  /** Records are synced before `append` resolves. */
  readonly fsync: boolean
  /** At least this long between two syncs, for larger groups; 0: as soon as the one before is through. */
  readonly syncIntervalMs: number
  /** At least this long between two saves of what is acknowledged: a crash sends again what was acknowledged since. */
  readonly cursorIntervalMs: number
  /** What waits is kept in memory up to this; the rest is read back. */
  readonly memoryBytes: number
  /** What is read back at once, unless a record is larger; 512 KiB unless given. */
  readonly readBytes?: number
}

export interface DiskQueueParts {
  readonly fs: FileSystem
  readonly clock: Clock
  readonly logger: Logger
  /** From 0 up to 1. */
  readonly random: () => number
  /** Fires when nobody needs the queue after all. */
  readonly abort?: AbortSignal
}

/** Called after `open` has resolved, also from within `ack` and `dropOldest`. */
export interface DiskQueueEvents {
  /** `peek` returns something again. */
  onReadable(): void
  /** `fits` may say yes where it said no, or `append` succeed where it failed. */
  onRoom(): void
  /** Records that were safe and cannot be read any more. Account '' and no items where nobody knows. */
  onLost(account: string, lost: Readonly<Tally>): void
  /** Records that were not found when the queue was opened, since their file could not be read. */
  onFound(account: string, found: Readonly<Tally>): void
  /** There is a `failure` where there was none: an append was refused, or the cursor could not be saved. */
  onFailing(): void
}

/** Why nothing can be written now. */
export interface DiskFailure {
  /** ENOSPC, EIO, EROFS, … */
  readonly code: string
  readonly message: string
  /** By the monotonic clock. */
  readonly sinceMs: number
}

/** The first try comes soon: space returns when a log is rotated; then more and more seldom. */
const probeMsMin = 1000
const probeMsMax = 30_000
const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/**
 * A first-in first-out queue of batches in the files of one directory, at most `maxSizeBytes` large.
 *
 *     append ──▶ Appender ──▶ segments ──▶ Reader ──▶ take ──▶ (being sent) ──▶ ack
 *                    │           ▲                                               │
 *                    └── safe ───┼─ short cut through memory ─▶                  ▼
 *                                └──── removed once wholly acknowledged ◀── CursorFile
 *
 * What holds at every moment, also across kill -9 and power loss:
 * - A batch whose `append` resolved is handed out until it is acknowledged.
 * - What is acknowledged is handed out again only after a crash, and only if it was acknowledged after the last save of the
 *   cursor: within `cursorIntervalMs`, and while the disk takes no writes.
 * - A batch whose `append` rejected may be handed out after a crash: the disk may have it.
 * - The files never take more than the cap, unless they did when the queue was opened; then nothing is taken in until
 *   they do not.
 */
export class DiskQueue {
  readonly report: RecoveryReport
  /** What was found when the queue was opened, by account. */
  readonly recovered: ReadonlyMap<string, Readonly<Tally>>
  readonly #files: SegmentFiles
  readonly #setAside: SetAside
  readonly #reader: Reader
  readonly #appender: Appender
  readonly #cursor: CursorFile
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: DiskQueueEvents
  readonly #accounts = new Map<string, Uint8Array>()
  readonly #sending = new Tally()
  readonly #lost = new Tally()
  #failure: DiskFailure | undefined
  #probeMs = probeMsMin
  #probeDueMs = 0
  #cancelProbe: (() => void) | undefined
  /** Somebody was told that there is no room. */
  #roomWanted = false
  #closed = false

  /**
   * Recovers what the directory holds. Rejects only if the directory cannot be listed, or with the reason of `abort` where it would
   * have to wait for what cannot be read now; then everything is as it was.
   */
  static async open(
    settings: DiskQueueSettings,
    parts: DiskQueueParts,
    events: DiskQueueEvents,
  ): Promise<DiskQueue> {
    const limits: Limits = limitsFor(settings.maxSizeBytes, settings.segmentSizeBytes)
    const recovered = await new Recovery(settings.directory, limits, parts).run()
    const queue = new DiskQueue(settings, parts, events, recovered)
    for (const segment of [...recovered.files.live]) queue.#retireIfDone(segment)
    queue.#reader.fill()
    return queue
  }

  private constructor(
    settings: DiskQueueSettings,
    parts: DiskQueueParts,
    events: DiskQueueEvents,
    recovered: Recovered,
  ) {
    const { fs, clock, logger, random } = parts
    const { directory, fsync, syncIntervalMs } = settings
    const { files, setAside, nextSequence, appendable, report } = recovered
    this.report = report
    this.recovered = tallyByAccount(files)
    this.#files = files
    this.#setAside = setAside
    this.#clock = clock
    this.#logger = logger
    this.#events = events
    const { memoryBytes, readBytes = readBytesDefault } = settings
    this.#reader = new Reader(fs, files, { memoryBytes, readBytes }, clock, logger, {
      onReadable: () => events.onReadable(),
      onLost: (account, lost) => this.#onLost(account, lost),
      onFound: (account, found) => events.onFound(account, found),
      onDone: (segment) => this.#retireIfDone(segment),
    })
    this.#appender = new Appender({
      fs,
      directory,
      files,
      clock,
      fsync,
      syncIntervalMs,
      random,
      nextSequence,
      appendable,
      events: {
        onSafe: (segment, offset, record) => this.#reader.appended(segment, offset, record),
        onGroup: (safe) => this.#onGroup(safe),
        onSealed: (segment) => this.#retireIfDone(segment),
        onFailed: (error) => this.#onFailed(error),
      },
    })
    this.#cursor = new CursorFile({
      fs,
      directory,
      files,
      clock,
      intervalMs: settings.cursorIntervalMs,
      nextSequence: () => this.#appender.nextSequence,
      onFailed: (error) => this.#onFailed(error),
    })
  }

  /** What was not handed out: in memory and on the disk. */
  get waiting(): Readonly<Tally> {
    return this.#reader.waiting
  }

  /** Of the records that wait, those that are not in a file that cannot be read now. */
  get reachableRecords(): number {
    return this.#reader.waiting.records - this.#reader.unreachableRecords
  }

  /** What of it is in memory. */
  get readable(): Readonly<Tally> {
    return this.#reader.readable
  }

  /** What was handed out and is not acknowledged. */
  get sending(): Readonly<Tally> {
    return this.#sending
  }

  /** Records lost to damage since the queue was opened; items where they are known. */
  get lost(): Readonly<Tally> {
    return this.#lost
  }

  /** All files of the directory. */
  get fileBytes(): number {
    return this.#files.fileBytes
  }

  get maxSizeBytes(): number {
    return this.#files.limits.capBytes
  }

  /** The largest payload that `append` takes, for accounts of usual length. */
  get payloadBytesMax(): number {
    return this.#files.limits.recordBytes - Appender.bytesFor(0, 256)
  }

  get setAsideFiles(): number {
    return this.#setAside.files
  }

  /** Files that cannot be read: segments, which are tried again, and others, which stay as they are until the next start. */
  get unreadableFiles(): number {
    let files = this.report.leftAlone
    for (const { unreadable, uncounted } of this.#files.live) {
      if (unreadable !== undefined || uncounted !== undefined) files++
    }
    return files
  }

  /** Why nothing can be written, while that is so. */
  get failure(): DiskFailure | undefined {
    return this.#failure
  }

  get #isFull(): boolean {
    return this.#failure !== undefined && fullCodes.has(this.#failure.code)
  }

  get counts(): { readonly groups: number; readonly syncs: number; readonly cursorSaves: number } {
    const { groups, syncs } = this.#appender
    return { groups, syncs, cursorSaves: this.#cursor.saves }
  }

  /** Whether a payload of this size has room now. */
  fits(payloadBytes: number, account: string): boolean {
    const fits = this.#missingBytes(payloadBytes, account) <= 0
    if (!fits) this.#roomWanted = true
    return fits
  }

  /** How much has to go before a payload of this size fits. */
  #missingBytes(payloadBytes: number, account: string): number {
    const needed = Appender.bytesFor(payloadBytes, this.#accountBytes(account).byteLength)
    const { limits, heldBytes, live } = this.#files
    const newest = live.at(-1)
    // A newest segment that is done is removed when its space is needed, unless something is being written to it.
    const done = newest?.isDone && !newest.sealed && !this.#appender.writing
    const removable = done ? newest.fileBytes : 0
    return heldBytes - removable + this.#appender.reservedBytes + needed - limits.capBytes
  }

  /**
   * Resolves once the batch is safe. Rejects with a DeliveryError: `queue_full` (ask `fits` first), `too_large` (larger than
   * the queue can ever take), `write_failed` (see `failure`), `stopping`.
   */
  append(batch: Batch, account: string): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new DeliveryError('stopping', 'the disk queue is closed'))
    }
    const accountBytes = this.#accountBytes(account)
    const needed = Appender.bytesFor(batch.sizeBytes, accountBytes.byteLength)
    const { recordBytes } = this.#files.limits
    if (needed > recordBytes) {
      const text = `a batch of ${batch.sizeBytes} bytes is larger than the disk queue can hold`
      return Promise.reject(new DeliveryError('too_large', text))
    }
    if (!this.fits(batch.sizeBytes, account)) {
      return Promise.reject(new DeliveryError('queue_full', 'the disk queue is full'))
    }
    return this.#appender.append(batch, account, accountBytes)
  }

  /** The oldest record in memory. Undefined with `reachableRecords > 0`: `onReadable` follows. */
  peek(): DiskRecord | undefined {
    return this.#reader.peek()
  }

  /** Hands out the oldest record; it stays on the disk until `ack`. */
  take(): DiskRecord | undefined {
    const record = this.#reader.take()
    if (record !== undefined) {
      record.segment.sending.add(record)
      this.#sending.add(1, record.batch.itemCount, record.batch.sizeBytes)
    }
    return record
  }

  /** Everything in the record was delivered, or dropped and counted. In any order. */
  ack(record: DiskRecord): void {
    const { segment, index, batch } = record
    must(!segment.acked.has(index), 'a record is acknowledged twice')
    segment.acked.add(index, index + 1)
    segment.openRecords--
    segment.sending.delete(record)
    this.#sending.subtract(1, batch.itemCount, batch.sizeBytes)
    this.#cursor.touch()
    this.#retireIfDone(segment)
  }

  /**
   * Gives up the oldest waiting records until a payload of this size fits; none at all, and false, if it would not fit even
   * so. Space comes back by whole segments: more than the size is dropped, and what shares a segment with records that are
   * being sent stays. Calls `dropped` with what went.
   */
  dropOldest(
    payloadBytes: number,
    account: string,
    dropped: (account: string, tally: Readonly<Tally>) => void,
  ): boolean {
    let missing = this.#missingBytes(payloadBytes, account)
    const segments: Segment[] = []
    for (const segment of this.#files.live) {
      if (missing <= 0) break
      if (!this.#mayGiveUp(segment)) continue
      segments.push(segment)
      missing -= segment.fileBytes
    }
    if (missing > 0) return false
    for (const segment of segments) {
      this.#appender.seal(segment)
      this.#reader.drop(segment, dropped)
      this.#cursor.touch()
      this.#retireIfDone(segment)
    }
    return true
  }

  /** Something in it waits, and its file can go with that. */
  #mayGiveUp(segment: Segment): boolean {
    if (segment.isDone || segment.sending.size > 0 || segment.uncounted !== undefined) return false
    return this.#appender.maySeal(segment)
  }

  /** Writes what was taken in, saves what is acknowledged, closes the files. Everything unacknowledged stays. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelProbe?.()
    await this.#appender.close()
    await this.#reader.close()
    await this.#files.spares.close()
    for (const segment of [...this.#files.live]) {
      if (!segment.isDone && (await this.#files.isGone(segment))) this.#loseAll(segment)
      segment.sealed = true
      this.#retireIfDone(segment)
    }
    await this.#files.removeRetired()
    await this.#cursor.close()
  }

  /** The last moment to say that nothing stays of what was neither read nor delivered: somebody has removed the file. */
  #loseAll(segment: Segment): void {
    this.#logger.error('a queue file has disappeared', { path: segment.path })
    const lost = new Map<string, Tally>()
    const lose = (account: string, { records, items, bytes }: Readonly<Tally>): void =>
      tallyOf(lost, account).add(records, items, bytes)
    this.#reader.drop(segment, lose)
    for (const { account, batch } of segment.sending) {
      this.#sending.subtract(1, batch.itemCount, batch.sizeBytes)
      tallyOf(lost, account).add(1, batch.itemCount, batch.sizeBytes)
    }
    segment.openRecords -= segment.sending.size
    segment.sending.clear()
    for (const [account, tally] of lost) this.#onLost(account, tally)
  }

  #accountBytes(account: string): Uint8Array {
    let bytes = this.#accounts.get(account)
    if (bytes === undefined) {
      bytes = accountBytesOf(account)
      this.#accounts.set(account, bytes)
    }
    return bytes
  }

  #onGroup(safe: boolean): void {
    if (safe) {
      this.#probeMs = probeMsMin
      this.#recovered()
    } else this.#offerRoom()
    if (this.#closed) return
    if (this.#reader.peek() === undefined) this.#reader.fill()
    else this.#events.onReadable()
  }

  #onLost(account: string, lost: Readonly<Tally>): void {
    this.#lost.add(lost.records, lost.items, lost.bytes)
    this.#cursor.touch()
    this.#logger.error('records of the disk queue are damaged and lost', {
      records: lost.records,
      items: lost.items,
    })
    this.#events.onLost(account, lost)
  }

  #retireIfDone(segment: Segment): void {
    if (!segment.isDone) return
    // On a full disk the file that is written to may hold all the room there is: nothing else would ever come free.
    if (!segment.sealed && this.#isFull && this.#appender.maySeal(segment)) {
      this.#appender.seal(segment)
    } else if (segment.sealed) {
      this.#files.retire(segment)
      if (this.#failure !== undefined) void this.#probeForRoom()
      this.#cursor.touch()
    }
    this.#offerRoom()
  }

  #offerRoom(): void {
    if (!this.#roomWanted || this.#closed) return
    this.#roomWanted = false
    this.#events.onRoom()
  }

  #onFailed(error: Error): void {
    const known = this.#failure
    const sinceMs = known?.sinceMs ?? this.#clock.monotonicMs()
    this.#failure = { code: errorCode(error) ?? 'unknown', message: error.message, sinceMs }
    if (known === undefined) {
      this.#logger.error('cannot write to the disk queue', { message: error.message })
    }
    if (this.#closed) return
    // The room they take may be what is missing.
    void this.#files.spares.want(false)
    if (known === undefined) this.#events.onFailing()
    this.#probeIn(this.#probeMs)
  }

  /** Unless a probe comes earlier. */
  #probeIn(waitMs: number): void {
    const dueMs = this.#clock.monotonicMs() + waitMs
    if (this.#cancelProbe !== undefined && this.#probeDueMs <= dueMs) return
    this.#cancelProbe?.()
    this.#probeDueMs = dueMs
    this.#cancelProbe = this.#clock.after(waitMs, () => {
      this.#cancelProbe = undefined
      this.#probeMs = Math.min(this.#probeMs * 2, probeMsMax)
      void this.#probe()
    })
  }

  /** What was delivered has left the disk: that may be the room that was missing. */
  async #probeForRoom(): Promise<void> {
    await this.#files.removeRetired()
    if (this.#failure === undefined || this.#closed) return
    if (this.#files.removalFailure !== undefined || !this.#isFull) return
    this.#probeMs = probeMsMin
    this.#probeIn(probeMsMin)
  }

  /**
   * Saving the cursor makes, writes, syncs and renames a file: if that works, so will an append, unless the disk has room for no more
   * than a cursor. Therefore only an append that is safe makes the probes soon again: a full disk would be said to be
   * healed every second.
   */
  async #probe(): Promise<void> {
    const newest = this.#files.live.at(-1)
    if (newest !== undefined) this.#retireIfDone(newest)
    if (!(await this.#cursor.save())) return
    const { removalFailure, fileBytes, limits } = this.#files
    const full = fileBytes + limits.segmentBytes > limits.capBytes
    if (removalFailure !== undefined && full) this.#onFailed(removalFailure)
    else this.#recovered()
  }

  #recovered(): void {
    if (this.#failure === undefined || this.#closed) return
    this.#failure = undefined
    this.#cancelProbe?.()
    this.#cancelProbe = undefined
    void this.#files.spares.want(true)
    this.#logger.info('the disk queue can be written to again')
    this.#events.onRoom()
  }
}

function tallyByAccount({ live }: SegmentFiles): Map<string, Tally> {
  const found = new Map<string, Tally>()
  for (const segment of live) {
    for (const [account, { records, items, bytes }] of segment.unloaded) {
      tallyOf(found, account).add(records, items, bytes)
    }
  }
  return found
}
