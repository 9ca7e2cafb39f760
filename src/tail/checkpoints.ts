import type { Stats } from 'node:fs'
import type { StorageClient } from '../component/storage.ts'
import type { Logger } from '../component/telemetry.ts'
import { type HeadHash, type Remembered, RememberedSet } from './remembered.ts'
import type { TailedFile } from './tailed-file.ts'

const version = 1
const expiryMs = 24 * 60 * 60 * 1000
const rememberedMax = 2000
const savePeriodMs = 250
const savedAtKey = 'saved_at'

/**
 * The positions up to which files are acknowledged, in memory and, with a storage, on disk: at most every 250 ms and at
 * the end. Those of files that are not open expire after a day, those of files known to be gone also when there are over
 * 2,000: a restart with more files than that must find them all.
 */
export class Checkpoints {
  readonly #storage: StorageClient | undefined
  readonly #logger: Logger
  readonly #remembered = new RememberedSet()
  readonly #changes = new Map<string, Uint8Array | undefined>()
  readonly #dirty = new Set<TailedFile>()
  #nextId = 1
  #savedAtMs = 0
  /** When the earlier run saved last; 0 without one. */
  readonly earlierRunMs: number
  failing = false

  constructor(storage: StorageClient | undefined, logger: Logger, nowMs: number) {
    this.#storage = storage
    this.#logger = logger
    let unreadable = 0
    for (const key of storage?.keys() ?? []) {
      if (key === savedAtKey) continue
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
    this.expire(nowMs)
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

  /** Those of contents that ended in this run. */
  *ended(): Iterable<Remembered> {
    for (const remembered of this.#remembered.values()) {
      if (remembered.past !== undefined) yield remembered
    }
  }

  /** The file is open again, under a new id. */
  claim(remembered: Remembered): void {
    this.#remembered.delete(remembered)
    this.#changes.set(keyOf(remembered.id), undefined)
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
    this.#changes.set(keyOf(id), format({ ...stored, ...committedOf(file) }))
    return id
  }

  /** The file itself no longer has a checkpoint. */
  forget(file: TailedFile): void {
    this.#dirty.delete(file)
    this.#changes.set(keyOf(file.id), undefined)
  }

  changed(file: TailedFile): void {
    if (!file.closed) {
      this.#dirty.add(file)
      return
    }
    // Acknowledged after it was closed; unless it was opened again by now.
    const remembered = this.#remembered.get(file.rememberedId)
    if (remembered === undefined) return
    const { past: _, ...stored } = remembered
    this.#changes.set(keyOf(remembered.id), format({ ...stored, ...committedOf(file) }))
  }

  expire(nowMs: number): void {
    const gone: Remembered[] = []
    for (const remembered of this.#remembered.values()) {
      if (nowMs - remembered.seenMs >= expiryMs) this.claim(remembered)
      else if (remembered.gone) gone.push(remembered)
    }
    if (gone.length <= rememberedMax) return
    gone.sort((a, b) => a.seenMs - b.seenMs)
    for (const remembered of gone.slice(0, gone.length - rememberedMax)) this.claim(remembered)
  }

  /** Writes what changed; never rejects. Does nothing until it is time, unless `now` is set. */
  async save(nowMs: number, now = false): Promise<void> {
    if (!now && nowMs - this.#savedAtMs < savePeriodMs && nowMs >= this.#savedAtMs) return
    if (this.#dirty.size === 0 && this.#changes.size === 0) return
    this.#savedAtMs = nowMs
    for (const file of this.#dirty) {
      // What a copy is, the next start finds out again.
      if (file.shadowOf !== undefined) continue
      const { id, pathNow: path } = file
      const committed = committedOf(file)
      const open = { seenMs: nowMs, gone: false }
      this.#changes.set(keyOf(id), format({ id, path, ...committed, ...open }))
    }
    this.#dirty.clear()
    const changes = new Map(this.#changes)
    this.#changes.clear()
    if (this.#storage === undefined) return
    changes.set(savedAtKey, Buffer.from(String(nowMs)))
    try {
      await this.#storage.update(changes)
      this.failing = false
    } catch (error) {
      this.failing = true
      for (const [key, value] of changes) if (!this.#changes.has(key)) this.#changes.set(key, value)
      this.#logger.error('cannot save checkpoints', { message: (error as Error).message })
    }
  }

  async close(): Promise<void> {
    await this.#storage?.close()
  }
}

function keyOf(id: number): string {
  return `file/${id}`
}

/** All of one moment: what reading is in now means nothing at the position up to which is acknowledged. */
function committedOf(file: TailedFile): Pick<Remembered, 'position' | 'recordNumber' | 'skipping'> {
  const { committedRecordNumber: recordNumber, committedSkipping: skipping } = file
  return { position: file.committedPosition(), recordNumber, skipping }
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
  const numbers = [
    id,
    position.dev,
    position.ino,
    position.headBytes,
    position.offset,
    position.guardBytes,
  ]
  if (!numbers.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)) return undefined
  return { id: id as number, path, position, recordNumber, skipping, seenMs, gone }
}
