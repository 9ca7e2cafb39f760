import type { Clock } from '../../component/clock.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import { cutFile } from './cut-file.ts'
import { DiskRecord } from './disk-record.ts'
import { type FileSystem, writeAll } from './file-system.ts'
import { recordHeaderBytes, segmentHeaderBytes, writeSegmentHeader } from './format.ts'
import { encodeRecords, PendingAppend } from './pending-append.ts'
import { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { SpareFiles } from './spare-files.ts'

/** A group this large is worth its sync; more would make the first of it wait. */
const groupBytesMax = 8 * 1024 * 1024

export interface AppenderOptions {
  readonly fs: FileSystem
  readonly directory: string
  readonly files: SegmentFiles
  readonly clock: Clock
  /** Records are synced before they count as safe. */
  readonly fsync: boolean
  /** At least this long between two syncs; 0: with `fsync` as soon as the one before is through, without it never. */
  readonly syncIntervalMs: number
  /** From 0 up to 1. */
  readonly random: () => number
  readonly nextSequence: number
  readonly appendable: Segment | undefined
  readonly events: AppenderEvents
}

export interface AppenderEvents {
  /** The record stands at `offset`, the segment ends after it, and both are safe. */
  onSafe(segment: Segment, offset: number, record: DiskRecord): void
  /** All records of a group were told, or refused. */
  onGroup(safe: boolean): void
  onSealed(segment: Segment): void
  onFailed(error: Error): void
}

/** The segment that grows, with its file. */
interface Active {
  readonly segment: Segment
  readonly file: number
}

/**
 * Writes records to the newest segment, in groups: what comes in one turn of the event loop, or while a group is being
 * synced, goes out with one write and one sync.
 *
 *     append ─┐            ┌─ write ── sync ── safe: promises resolve ─┐
 *     append ─┼─▶ group 1 ─┘                                           │
 *     append ─┘   append ─┬─▶ group 2 ─────────────────────────────────┴─ write ── sync ── …
 *                 append ─┘
 *
 * When a write fails, the file is cut back to its last safe record. When a sync fails, nobody knows what became of the pages,
 * so the segment is also left for a new one. Either way the group is refused and the next one is tried afresh.
 */
export class Appender {
  readonly #options: AppenderOptions
  readonly #fs: FileSystem
  readonly #files: SegmentFiles
  #active: Active | undefined
  #appendable: Segment | undefined
  #nextSequence: number
  #pending: PendingAppend[] = []
  #reservedBytes = 0
  #running: Promise<void> | undefined
  #lastSyncMs: number
  /** Written and not synced. */
  #dirty = false
  #closing = false
  #cancelWait: (() => void) | undefined
  #cancelSync: (() => void) | undefined
  #writing = false
  /** Files that are complete are closed; until then their space is not free. */
  #closed: Promise<unknown> = Promise.resolve()
  groups = 0
  syncs = 0

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#fs = options.fs
    this.#files = options.files
    this.#nextSequence = options.nextSequence
    this.#appendable = options.appendable
    this.#lastSyncMs = options.clock.monotonicMs() - options.syncIntervalMs
  }

  get nextSequence(): number {
    return this.#nextSequence
  }

  /** A group is on its way to the disk. */
  get writing(): boolean {
    return this.#writing
  }

  /** What records under way will take at most. */
  get reservedBytes(): number {
    return this.#reservedBytes
  }

  /** What a record takes at most: it may need a segment of its own. */
  static bytesFor(payloadBytes: number, accountBytes: number): number {
    return segmentHeaderBytes + recordHeaderBytes + accountBytes + payloadBytes
  }

  /** The caller has made sure that there is room. Rejects with a DeliveryError `write_failed`. */
  append(batch: Batch, accountName: string, account: Uint8Array): Promise<void> {
    const pending = new PendingAppend(batch, accountName, account, this.#options.clock.nowMs())
    const safe = new Promise<void>((resolve, reject) => {
      pending.resolve = resolve
      pending.reject = reject
    })
    this.#pending.push(pending)
    this.#reservedBytes += pending.recordBytes + segmentHeaderBytes
    this.#start()
    return safe
  }

  /** Whether `seal` may be called: not for the newest segment while it is being written to. */
  maySeal(segment: Segment): boolean {
    return segment.sealed || this.#running === undefined
  }

  /** Makes the segment complete, so that it can be removed. */
  seal(segment: Segment): void {
    if (!segment.sealed) this.#seal()
  }

  /** Writes what was taken in, and closes the file. */
  async close(): Promise<void> {
    this.#closing = true
    this.#cancelWait?.()
    this.#cancelSync?.()
    // What came in while the last sync was under way makes another run.
    while (this.#running) await this.#running
    await this.#closed
    const active = this.#active
    this.#active = undefined
    if (active === undefined) return
    try {
      await this.#makeWhole(active).finally(() => this.#fs.close(active.file))
    } catch (error) {
      this.#options.events.onFailed(error as Error)
    }
  }

  /** Nothing but records is left in the file, and its header says so. */
  async #makeWhole({ segment, file }: Active): Promise<void> {
    // It is about to be removed.
    if (segment.isDone) return
    if (segment.hasRest) await this.#cut({ segment, file }, true)
    else if (this.#dirty) await this.#fs.sync(file)
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#pending.length > 0) this.#start()
    })
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      await this.#gather()
      await this.#commit(this.#takeGroup())
    }
    if (this.#dirty) await this.#syncWhenDue()
  }

  /** Lets the rest of the turn come in, and the time between two syncs pass. */
  async #gather(): Promise<void> {
    const { fsync, syncIntervalMs, clock } = this.#options
    const waitMs = this.#lastSyncMs + syncIntervalMs - clock.monotonicMs()
    if (!fsync || waitMs <= 0 || this.#closing) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      return
    }
    await new Promise<void>((resolve) => {
      const cancel = clock.after(waitMs, resolve)
      this.#cancelWait = () => {
        cancel()
        resolve()
      }
    })
    this.#cancelWait = undefined
  }

  #takeGroup(): PendingAppend[] {
    let bytes = 0
    let count = 0
    for (const { recordBytes } of this.#pending) {
      if (count > 0 && bytes + recordBytes > groupBytesMax) break
      bytes += recordBytes
      count++
    }
    if (count === this.#pending.length) {
      const all = this.#pending
      this.#pending = []
      return all
    }
    return this.#pending.splice(0, count)
  }

  async #commit(group: readonly PendingAppend[]): Promise<void> {
    const { events } = this.#options
    let done = 0
    this.#writing = true
    try {
      await this.#makeRoom(group)
      while (done < group.length) done = await this.#writeRun(group, done)
      this.groups++
    } catch (error) {
      const refusal = refusalFor(error as Error)
      if (refusal.code === 'write_failed') events.onFailed(error as Error)
      for (let index = done; index < group.length; index++) this.#refuse(group[index], refusal)
    }
    this.#writing = false
    events.onGroup(done === group.length)
  }

  #refuse(pending: PendingAppend | undefined, { code, message, cause }: DeliveryError): void {
    if (pending === undefined) return
    this.#reservedBytes -= pending.recordBytes + segmentHeaderBytes
    // A caller may mark an error as accounted, so each gets its own.
    pending.reject(new DeliveryError(code, message, { cause }))
  }

  /** Room was promised on the strength of segments that are to be removed: now they must be. */
  async #makeRoom(group: readonly PendingAppend[]): Promise<void> {
    const { capBytes } = this.#files.limits
    let bytes = 0
    for (const { recordBytes } of group) bytes += recordBytes + segmentHeaderBytes
    if (this.#files.fileBytes + bytes <= capBytes) return
    await this.#files.clear()
    if (this.#files.fileBytes + bytes <= capBytes) return
    const newest = this.#active?.segment ?? this.#appendable
    if (newest?.isDone) {
      this.#seal()
      await this.#closed
      await this.#files.clear()
    }
    // The call above may have joined a removal that had begun earlier.
    if (this.#files.fileBytes + bytes > capBytes) await this.#files.clear()
    if (this.#files.fileBytes + bytes <= capBytes) return
    if (this.#files.removalFailure !== undefined) throw this.#files.removalFailure
    throw new DeliveryError('queue_full', 'the files of the disk queue take all the space they may')
  }

  /** Writes the records from `from` on that fit into one segment; returns where the next ones begin. */
  async #writeRun(group: readonly PendingAppend[], from: number): Promise<number> {
    const { segmentBytes } = this.#files.limits
    const first = group[from] as PendingAppend
    const fresh = await this.#prepare(first.recordBytes)
    const { segment, file } = this.#active as Active
    let endOffset = segment.sizeBytes
    let to = from
    do {
      endOffset += (group[to] as PendingAppend).recordBytes
      to++
    } while (
      to < group.length &&
      endOffset + (group[to] as PendingAppend).recordBytes <= segmentBytes
    )
    const buffers = encodeRecords(segment, group, from, to)
    const offset = fresh ? 0 : segment.sizeBytes
    if (fresh) {
      const usedBytes = segment.fileBytes
      segment.usedBytes = usedBytes
      buffers.unshift(writeSegmentHeader(segment, this.#options.clock.nowMs(), usedBytes))
    }
    this.#files.resize(segment, Math.max(segment.fileBytes, endOffset))
    let step: 'write' | 'sync' = 'write'
    try {
      await writeAll(this.#fs, file, buffers, endOffset - offset, offset)
      step = 'sync'
      await this.#makeSafe(segment, file, fresh)
    } catch (error) {
      await this.#repair(fresh, step)
      throw error
    }
    this.#tell(segment, group, from, to)
    return to
  }

  /**
   * Sees to a segment with room for the record. True if it is new: then it has no header yet, and its file gets its name once the
   * first records are on the disk, so that no crash leaves one that is empty or torn before them.
   */
  async #prepare(recordBytes: number): Promise<boolean> {
    const { segmentBytes } = this.#files.limits
    const newest = this.#active?.segment ?? this.#appendable
    if (newest !== undefined) {
      const isEmpty = newest.sizeBytes <= segmentHeaderBytes
      if (isEmpty || newest.sizeBytes + recordBytes <= segmentBytes) {
        if (this.#active === undefined) await this.#reopen(newest)
        return false
      }
      if (this.#dirty) await this.#sync((this.#active as Active).file)
      if (this.#active !== undefined) await this.#end(this.#active)
      this.#seal()
    }
    const sequence = this.#nextSequence++
    // Different from those of the file's former segments, even if `random` always says the same: a checksum that starts from
    // another salt never comes out the same, so their records cannot pass for new ones.
    const salt = (Math.floor(this.#options.random() * 2 ** 32) + sequence) % 2 ** 32
    const segment = new Segment({ sequence, salt }, this.#options.directory, segmentHeaderBytes)
    const file = (await this.#reuse(segment)) ?? (await this.#create(segment))
    this.#active = { segment, file }
    return true
  }

  async #create(segment: Segment): Promise<number> {
    segment.path = SpareFiles.pathFor(segment.path)
    const file = await this.#fs.create(segment.path)
    segment.fileBytes = 0
    this.#files.add(segment)
    return file
  }

  /** Opens a spare file for the segment, if there is one. */
  async #reuse(segment: Segment): Promise<number | undefined> {
    const { limits, heldBytes, spares } = this.#files
    const spare = this.#files.takeSpare(limits.capBytes - heldBytes - this.#reservedBytes)
    if (spare === undefined) return undefined
    try {
      const file = await this.#fs.open(spare.path, 'write')
      this.#files.addReusing(segment, spare)
      return file
    } catch {
      // A new file does as well; if that fails too, it is said.
      await spares.discard(spare)
      return undefined
    }
  }

  /** Nothing follows in the segment: what its file's former use has left over goes, so that damage at the end shows as such. */
  async #end(active: Active): Promise<void> {
    if (!active.segment.hasRest) return
    try {
      await this.#cut(active, false)
    } catch (error) {
      this.#options.events.onFailed(error as Error)
    }
  }

  async #cut({ segment, file }: Active, sync: boolean): Promise<void> {
    await cutFile(this.#fs, file, segment, sync)
    this.#files.resize(segment, segment.sizeBytes)
  }

  /** Goes on with the newest segment of an earlier process. */
  async #reopen(segment: Segment): Promise<void> {
    try {
      this.#active = { segment, file: await this.#fs.open(segment.path, 'write') }
      this.#appendable = undefined
    } catch (error) {
      this.#seal()
      throw error
    }
  }

  async #makeSafe(segment: Segment, file: number, fresh: boolean): Promise<void> {
    const { fsync, directory } = this.#options
    this.#dirty = true
    if (fsync) await this.#sync(file)
    const path = segment.pathIn(directory)
    if (segment.path !== path) {
      await this.#fs.rename(segment.path, path)
      segment.path = path
    }
    if (!(await this.#fs.isLinked(file))) {
      const error = new Error('somebody has removed the file that is being written to')
      throw Object.assign(error, { code: 'ENOENT' })
    }
    if (fsync && fresh) await this.#files.syncDirectory(directory)
  }

  async #sync(file: number): Promise<void> {
    this.#lastSyncMs = this.#options.clock.monotonicMs()
    this.syncs++
    await this.#fs.sync(file)
    this.#dirty = false
  }

  #tell(segment: Segment, group: readonly PendingAppend[], from: number, to: number): void {
    const { events } = this.#options
    for (let index = from; index < to; index++) {
      const pending = group[index] as PendingAppend
      const { batch, accountName, enqueuedMs, recordBytes } = pending
      const offset = segment.sizeBytes
      const record = new DiskRecord(batch, accountName, enqueuedMs, segment, segment.nextIndex)
      segment.nextIndex++
      segment.sizeBytes += recordBytes
      this.#reservedBytes -= recordBytes + segmentHeaderBytes
      events.onSafe(segment, offset, record)
      pending.resolve()
    }
  }

  async #repair(fresh: boolean, step: 'write' | 'sync'): Promise<void> {
    const { segment, file } = this.#active as Active
    segment.sound = false
    if (fresh) {
      // Nothing in it was ever safe: the file goes, as soon as that is possible.
      this.#seal()
      return
    }
    let cut = false
    try {
      await this.#fs.truncate(file, segment.sizeBytes)
      this.#files.resize(segment, segment.sizeBytes)
      cut = true
    } catch (error) {
      this.#options.events.onFailed(error as Error)
    }
    if (!cut || step === 'sync') this.#seal()
  }

  /** The newest segment is complete. */
  #seal(): void {
    const { events } = this.#options
    const segment = this.#active?.segment ?? this.#appendable
    if (this.#active !== undefined) {
      const closed = this.#fs
        .close(this.#active.file)
        .catch((error: Error) => events.onFailed(error))
      this.#closed = Promise.all([this.#closed, closed])
    }
    this.#active = undefined
    this.#appendable = undefined
    this.#dirty = false
    if (segment === undefined) return
    segment.sealed = true
    events.onSealed(segment)
  }

  /** Without `fsync`: at the interval, and once more after the last write. */
  async #syncWhenDue(): Promise<void> {
    const { fsync, syncIntervalMs, clock, events } = this.#options
    const active = this.#active
    if (fsync || syncIntervalMs === 0 || active === undefined) return
    const waitMs = this.#lastSyncMs + syncIntervalMs - clock.monotonicMs()
    if (waitMs > 0) {
      if (this.#closing) return
      this.#cancelSync ??= clock.after(waitMs, () => {
        this.#cancelSync = undefined
        this.#start()
      })
      return
    }
    try {
      await this.#sync(active.file)
    } catch (error) {
      events.onFailed(error as Error)
    }
  }
}

function refusalFor(error: Error): DeliveryError {
  if (error instanceof DeliveryError) return error
  return new DeliveryError('write_failed', `cannot write to the disk queue: ${error.message}`, {
    cause: error,
  })
}
