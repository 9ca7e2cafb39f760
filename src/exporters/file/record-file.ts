import { constants } from 'node:fs'
import { access, type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createDirectory } from '../../buffer/create-directory.ts'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import { backupPath, pruneBackups } from './rotation.ts'
import type { FileConfig } from './schema.ts'

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants
/** Telemetry is not for everybody on the machine. */
const fileMode = 0o640
const megabyte = 1_048_576

/** What is needed of a file; a test makes one that fails. */
export type OpenFile = (path: string, flags: number, mode: number) => Promise<FileHandle>

/**
 * A file of records that is only ever appended to, and set aside when it is full.
 *
 * Between two calls of `write` the file holds whole records: what a failed write left behind is cut off, at the latest
 * before the next write. One call at a time.
 */
export class RecordFile {
  readonly #config: FileConfig
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #open: OpenFile
  #handle: FileHandle | undefined
  /** Of the whole records. */
  #sizeBytes = 0
  /** Something stands behind the last whole record. */
  #torn = false
  /** A pipe or device: cannot be cut or set aside. */
  #special = false

  constructor(config: FileConfig, clock: Clock, logger: Logger, openFile: OpenFile = open) {
    this.#config = config
    this.#clock = clock
    this.#logger = logger
    this.#open = openFile
  }

  /** Rejects with the error of the system. */
  async open(): Promise<void> {
    const { path, append, rotation, create_directory: directory } = this.#config
    if (directory.enabled) {
      const mode = Number.parseInt(directory.directory_permissions, 8)
      await createDirectory(dirname(path), mode)
    }
    await this.#openFile(append || rotation ? 0 : O_TRUNC)
  }

  /** Resolves when all records are written. Rejects when they are not; then none of those not yet written is. */
  async write(records: readonly Uint8Array[]): Promise<number> {
    let written = 0
    let group: Uint8Array[] = []
    let groupBytes = 0
    try {
      for (const record of records) {
        if (this.#isFull(groupBytes + record.byteLength)) {
          await this.#append(group, groupBytes)
          written += group.length
          group = []
          groupBytes = 0
          if (this.#isFull(record.byteLength)) await this.#rotate()
        }
        group.push(record)
        groupBytes += record.byteLength
      }
      await this.#append(group, groupBytes)
      return records.length
    } catch (error) {
      throw new WriteError(written, error)
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (handle === undefined) return
    if (this.#torn) await this.#cut(handle).catch(() => {})
    await handle.close()
  }

  /** Whether `bytes` more would be too much. A single record that is larger than all gets a file of its own. */
  #isFull(bytes: number): boolean {
    const { rotation } = this.#config
    if (
      !rotation ||
      this.#special ||
      this.#sizeBytes + bytes <= rotation.max_megabytes * megabyte
    ) {
      return false
    }
    return true
  }

  async #append(group: readonly Uint8Array[], groupBytes: number): Promise<void> {
    if (groupBytes === 0) return
    const handle = this.#handle ?? (await this.#openFile(0))
    if (this.#torn) await this.#cut(handle)
    const whole = group.length === 1 ? (group[0] as Uint8Array) : Buffer.concat(group, groupBytes)
    this.#torn = true
    try {
      for (let offset = 0; offset < whole.byteLength; ) {
        const { bytesWritten } = await handle.write(whole, offset, whole.byteLength - offset, null)
        offset += bytesWritten
      }
      if (this.#config.fsync) await handle.datasync()
    } catch (error) {
      // Best at once, so that readers see no half record; if this fails too it is done before the next write.
      await this.#cut(handle).catch(() => {})
      throw error
    }
    this.#torn = false
    this.#sizeBytes += groupBytes
  }

  async #cut(handle: FileHandle): Promise<void> {
    if (!this.#special) await handle.truncate(this.#sizeBytes)
    this.#torn = false
  }

  async #openFile(flags: number): Promise<FileHandle> {
    const handle = await this.#open(
      this.#config.path,
      O_WRONLY | O_CREAT | O_APPEND | flags,
      fileMode,
    )
    const stat = await handle.stat()
    this.#special = !stat.isFile()
    this.#sizeBytes = stat.size
    this.#torn = false
    this.#handle = handle
    return handle
  }

  async #rotate(): Promise<void> {
    const { path, rotation, fsync } = this.#config
    if (!rotation || this.#sizeBytes === 0) return
    const handle = this.#handle
    if (handle !== undefined) {
      if (this.#torn) await this.#cut(handle)
      if (fsync) await handle.sync()
      this.#handle = undefined
      await handle.close()
    }
    await rename(path, await this.#freeBackupPath(rotation.localtime))
    await this.#openFile(0)
    await this.#prune(rotation)
  }

  async #freeBackupPath(localtime: boolean): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const backup = backupPath(this.#config.path, this.#clock.nowMs(), localtime, attempt)
      const taken = await access(backup).then(
        () => true,
        () => false,
      )
      if (!taken) return backup
    }
  }

  /** Old files that cannot be deleted are no reason to refuse new data. */
  async #prune(rotation: NonNullable<FileConfig['rotation']>): Promise<void> {
    try {
      await pruneBackups(this.#config.path, rotation, this.#clock.nowMs())
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#logger.warn('cannot delete old files', { path: this.#config.path, message })
    }
  }
}

/** The first `written` records stand in the file, the others do not. */
export class WriteError extends Error {
  readonly written: number

  constructor(written: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'WriteError'
    this.written = written
  }
}
