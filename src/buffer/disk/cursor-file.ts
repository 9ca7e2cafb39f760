import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import { type CursorEntry, writeCursor } from './cursor.ts'
import { errorCode, type FileSystem, writeAll } from './file-system.ts'
import type { SegmentName } from './format.ts'
import { cursorBeforeName, cursorName } from './load-cursor.ts'
import type { SegmentFiles } from './segment-files.ts'

export interface CursorFileOptions {
  readonly fs: FileSystem
  readonly directory: string
  readonly files: SegmentFiles
  readonly clock: Clock
  /** At most one save in this time. */
  readonly intervalMs: number
  readonly nextSequence: () => number
  readonly onFailed: (error: Error) => void
}

/**
 * Keeps on the disk which records are acknowledged: written under another name, synced, renamed, directory synced. After a crash
 * what was acknowledged since the last save is sent again, and nothing else. The one before is kept, under another name: if
 * the cursor is damaged, only what was acknowledged since the last save but one comes again.
 */
export class CursorFile {
  readonly #options: CursorFileOptions
  readonly #path: string
  readonly #beforePath: string
  readonly #temporaryPath: string
  #cancelTimer: (() => void) | undefined
  #saving: Promise<boolean> | undefined
  #closed = false
  saves = 0

  constructor(options: CursorFileOptions) {
    this.#options = options
    this.#path = join(options.directory, cursorName)
    this.#beforePath = join(options.directory, cursorBeforeName)
    this.#temporaryPath = `${this.#path}.tmp`
  }

  /** Something was acknowledged. */
  touch(): void {
    if (this.#cancelTimer !== undefined || this.#closed) return
    this.#cancelTimer = this.#options.clock.after(this.#options.intervalMs, () => {
      this.#cancelTimer = undefined
      void this.save()
    })
  }

  /** False if it could not be saved; then the one of before still stands, under one of the two names. Never rejects. */
  async save(): Promise<boolean> {
    while (this.#saving) await this.#saving
    this.#saving = this.#save()
    try {
      return await this.#saving
    } finally {
      this.#saving = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.save()
  }

  async #save(): Promise<boolean> {
    const { fs, directory, files, nextSequence, onFailed } = this.#options
    await files.removeRetired()
    const entries = [...files.gone.map(wholly), ...acknowledged(files)]
    const bytes = writeCursor({ nextSequence: nextSequence(), entries }, files.limits.cursorBytes)
    try {
      await this.#write(bytes)
      await this.#keepBefore()
      await fs.rename(this.#temporaryPath, this.#path)
      await files.syncDirectory(directory)
      this.saves++
      return true
    } catch (error) {
      onFailed(error as Error)
      await this.#removeTemporary()
      return false
    }
  }

  async #keepBefore(): Promise<void> {
    try {
      await this.#options.fs.rename(this.#path, this.#beforePath)
    } catch (error) {
      // The first save, or the one before was cut short here.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { fs } = this.#options
    const file = await fs.create(this.#temporaryPath).catch(async (error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error
      await fs.unlink(this.#temporaryPath)
      return fs.create(this.#temporaryPath)
    })
    try {
      await writeAll(fs, file, [bytes], bytes.byteLength, 0)
      await fs.sync(file)
    } finally {
      await fs.close(file)
    }
  }

  async #removeTemporary(): Promise<void> {
    try {
      await this.#options.fs.unlink(this.#temporaryPath)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#options.onFailed(error as Error)
    }
  }
}

function wholly({ sequence, salt }: SegmentName): CursorEntry {
  return { sequence, salt, from: 0, to: 0xffff_ffff }
}

function acknowledged(files: SegmentFiles): CursorEntry[] {
  const entries: CursorEntry[] = []
  for (const { sequence, salt, acked } of files.live) {
    acked.forEach((from, to) => {
      entries.push({ sequence, salt, from, to })
    })
  }
  return entries
}
