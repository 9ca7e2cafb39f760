import type { Stats } from 'node:fs'
import type { Clock } from '../component/clock.ts'
import type { StorageClient } from '../component/storage.ts'
import type { Logger } from '../component/telemetry.ts'
import { hashBytes } from './identity.ts'
import { type HeadHash, type Remembered, RememberedSet } from './remembered.ts'
import type { Acknowledged, TailedFile } from './tailed-file.ts'

const version = 1
const hourMs = 60 * 60 * 1000
const expiryMs = 24 * hourMs
const rememberedMax = 2000
const savePeriodMs = 250
const savedAtKey = 'saved_at'
const lookedKey = 'looked_for'
const filePrefix = 'file/'
// File systems stamp files with a coarse clock, and the last poll before a stop may have been a while ago.
const birthSlackMs = 2000

/**
 * The positions up to which files are acknowledged, in memory and, with a storage, on disk.
 *
 * They are saved by themselves: at once after a quiet time, otherwise 250 ms after the save before has ended, whatever
 * reading is at. So a crash repeats what was acknowledged in the last 250 ms and the time of two writes.
 *
 * Those of files that are gone expire when they were not seen for a day, or when there are over 2,000. Those of files that
 * were open when remora stopped, however long ago, stay until it has looked for them for an hour: a restart after a long
 * time, or with more files, must find them all.
 */
export class Checkpoints {
  readonly #storage: StorageClient | undefined
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #remembered = new RememberedSet()
  readonly #changes = new Map<string, Uint8Array | undefined>()
  readonly #dirty = new Set<TailedFile>()
  readonly #startedMs: number
  #nextId = 1
  #savedAtMs = -Infinity
  #cancelTimer: (() => void) | undefined
  #saving: Promise<void> | undefined
  #closed = false
  /** When the earlier run saved last; 0 without one. */
  readonly earlierRunMs: number
  /** Whether an earlier run has looked at all files of these patterns: then one without a position was not there, or empty. */
  readonly #lookedBefore: boolean
  readonly #patterns: string

  /** `patterns` says for which files these are. */
  constructor(storage: StorageClient | undefined, logger: Logger, clock: Clock, patterns = '') {
    this.#storage = storage
    this.#logger = logger
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    let unreadable = 0
    for (const key of storage?.keys() ?? []) {
      if (!key.startsWith(filePrefix)) continue
      const remembered = parse(storage?.get(key))
      if (remembered === undefined) unreadable++
      else {
        this.#remembered.add(remembered)
        this.#nextId = Math.max(this.#nextId, remembered.id + 1)
      }
    }
    if (unreadable > 0)
      logger.warn('some checkpoints cannot be read and are ignored', { checkpoints: unreadable })
    const savedAt = Number(Buffer.from(storage?.get(savedAtKey) ?? []).toString())
    this.earlierRunMs = Number.isFinite(savedAt) ? savedAt : 0
    this.#patterns = hashBytes(Buffer.from(patterns))
    this.#lookedBefore = Buffer.from(storage?.get(lookedKey) ?? []).toString() === this.#patterns
    this.expire([])
  }

  /** All files that are there were placed. */
  looked(): void {
    if (!this.#lookedBefore) this.note(lookedKey, Buffer.from(this.#patterns))
  }

  /** Whether a file without a position came while remora was down: then it is new, whatever start_at says of the first start. */
  isNews(bornMs: number): boolean {
    if (this.#lookedBefore) return true
    return this.earlierRunMs > 0 && bornMs >= this.earlierRunMs - birthSlackMs
  }

  /** What an earlier run has noted beside the positions. */
  noted(key: string): Uint8Array | undefined {
    return this.#storage?.get(key)
  }

  /** Saved together with the positions that change meanwhile. */
  note(key: string, value: Uint8Array | undefined): void {
    if (this.#storage === undefined) return
    this.#changes.set(key, value)
    this.#schedule()
  }

  /** Whether a next start finds the positions. */
  get stored(): boolean {
    return this.#storage !== undefined
  }

  newId(): number {
    return this.#nextId++
  }

  /** Those of the same inode, the longest read first. */
  ofInode(stats: Pick<Stats, 'dev' | 'ino'>): readonly Remembered[] {
    return this.#remembered.ofInode(stats)
  }

  /** Those of whatever inode whose head a file has, the longest read first. */
  withHead(hashOf: HeadHash): Promise<readonly Remembered[]> {
    return this.#remembered.withHead(hashOf)
  }

  /** Whether a file with this inode was open when remora stopped. */
  knows(stats: Stats): boolean {
    return this.#remembered.ofInode(stats).some(({ gone }) => !gone)
  }

  /** Where a content of a file ended in this run, unless reading goes on there in another one. */
  endOf(file: TailedFile, generation: number): Remembered | undefined {
    for (const remembered of this.#remembered.values()) {
      const { past } = remembered
      if (past?.file === file && past.generation === generation) return remembered
    }
    return undefined
  }

  /** A copy that waits for its place keeps the content alive that it is of: an archive may be made of it meanwhile. */
  outlived({ shadowOf, shadowGeneration, unlinkedMs }: TailedFile): void {
    if (shadowOf === undefined) return
    const past = this.endOf(shadowOf, shadowGeneration)?.past
    if (past === undefined) return
    past.endedMs = Math.max(past.endedMs, Math.min(unlinkedMs, this.#clock.nowMs()))
  }

  /** The file is open again, under a new id, and stands at its place: the old entry goes when the new one comes. */
  claim(remembered: Remembered, file: TailedFile): void {
    this.#drop(remembered)
    this.changed(file)
  }

  /**
   * The file is closed, or its content is about to be replaced; it, or a copy of it, may turn up. In this run reading
   * goes on where it ended, in the next one where the acknowledgements ended. Returns the id of the entry.
   */
  remember(file: TailedFile, seenMs: number, endedMs: number): number {
    if (file.offset === 0 || file.shadowOf !== undefined) return -1
    const { recordNumber, skipping, pathNow: path, generation } = file
    const id = this.newId()
    const position = file.readPosition()
    const past = { file, generation, endedMs }
    const stored = { id, path, recordNumber, skipping, seenMs, gone: true }
    this.#remembered.add({ ...stored, position, past })
    this.#change(id, { ...stored, ...file.acknowledged })
    return id
  }

  /** The file itself no longer has a checkpoint. */
  forget(file: TailedFile): void {
    this.#dirty.delete(file)
    this.#change(file.id, undefined)
  }

  /** The file is renamed, placed or acknowledged further. */
  changed(file: TailedFile): void {
    for (const [id, acknowledged] of file.takeEarlier()) this.#changeEnded(id, acknowledged)
    if (file.closed) this.#changeEnded(file.rememberedId, file.acknowledged)
    else if (this.#storage !== undefined) this.#dirty.add(file)
    this.#schedule()
  }

  /** Called now and then with the files that are open: what was not seen for long is forgotten. */
  expire(open: Iterable<TailedFile>): void {
    const nowMs = this.#clock.nowMs()
    const sought = this.#clock.monotonicMs() - this.#startedMs >= hourMs
    const gone: Remembered[] = []
    for (const remembered of this.#remembered.values()) {
      const mayExpire = remembered.gone || sought
      if (mayExpire && nowMs - remembered.seenMs >= expiryMs) this.#drop(remembered)
      else if (remembered.gone) gone.push(remembered)
    }
    gone.sort((a, b) => a.seenMs - b.seenMs)
    for (const remembered of gone.slice(0, -rememberedMax)) this.#drop(remembered)
    // A file in which nothing happens is there all the same.
    for (const file of open) if (nowMs - file.savedMs >= hourMs) this.changed(file)
  }

  /** The last save. Nothing is saved from now on. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer?.()
    await this.#saving
    await this.#save()
    await this.#storage?.close()
  }

  #drop(remembered: Remembered): void {
    this.#remembered.delete(remembered)
    this.#change(remembered.id, undefined)
  }

  /** Acknowledged after it had ended; unless it was opened again by now. */
  #changeEnded(id: number, acknowledged: Acknowledged): void {
    const remembered = this.#remembered.get(id)
    if (remembered === undefined) return
    const { past: _, ...stored } = remembered
    this.#change(id, { ...stored, ...acknowledged })
  }

  #change(id: number, remembered: Remembered | undefined): void {
    this.note(keyOf(id), remembered === undefined ? undefined : format(remembered))
  }

  #schedule(): void {
    if (this.#storage === undefined || this.#closed) return
    if (this.#cancelTimer !== undefined || this.#saving !== undefined) return
    const restMs = this.#savedAtMs + savePeriodMs - this.#clock.monotonicMs()
    this.#cancelTimer = this.#clock.after(Math.max(restMs, 0), () => {
      this.#cancelTimer = undefined
      void this.#saveInTurn()
    })
  }

  async #saveInTurn(): Promise<void> {
    this.#saving = this.#save()
    await this.#saving
    this.#saving = undefined
    this.#savedAtMs = this.#clock.monotonicMs()
    if (this.#dirty.size > 0 || this.#changes.size > 0) this.#schedule()
  }

  /** Writes what changed; never rejects. */
  async #save(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    for (const file of this.#dirty) {
      const isCopy = file.shadowOf !== undefined
      // What a copy is, the next start finds out again, but not what of it was there before the first one.
      if (isCopy && file.startsAt === undefined) continue
      const { id, pathNow: path } = file
      file.savedMs = nowMs
      const open = { id, path, ...file.acknowledged, seenMs: nowMs, gone: false }
      this.#changes.set(keyOf(id), format(isCopy ? { ...open, isCopy } : open))
    }
    this.#dirty.clear()
    const changes = new Map(this.#changes)
    this.#changes.clear()
    if (changes.size === 0) return
    changes.set(savedAtKey, Buffer.from(String(nowMs)))
    try {
      await this.#storage?.update(changes)
    } catch (error) {
      // They go with the next save, unless there is something newer by then.
      for (const [key, value] of changes) if (!this.#changes.has(key)) this.#changes.set(key, value)
      this.#logger.error('cannot save checkpoints', { message: (error as Error).message })
    }
  }
}

function keyOf(id: number): string {
  return filePrefix + id
}

function format(remembered: Remembered): Uint8Array {
  return Buffer.from(JSON.stringify({ version, ...remembered }))
}

function parse(bytes: Uint8Array | undefined): Remembered | undefined {
  let value: (Partial<Remembered> & { version?: number }) | null
  try {
    value = JSON.parse(Buffer.from(bytes ?? []).toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const position = value?.position
  if (value?.version !== version || position === undefined || position === null) return undefined
  const { id, path = '', recordNumber = 0, skipping = false, seenMs = 0, gone = false } = value
  const isCopy = value.isCopy === true
  const numbers = [
    id,
    position.dev,
    position.ino,
    position.headBytes,
    position.offset,
    position.guardBytes,
  ]
  if (!numbers.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)) return undefined
  return { id: id as number, path, position, recordNumber, skipping, seenMs, gone, isCopy }
}
