import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory } from '../../buffer/create-directory.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/lifecycle.ts'
import type { Storage, StorageClient, StoredQueueSettings } from '../../component/storage.ts'
import type { Counter, Logger } from '../../component/telemetry.ts'
import { waitForLock } from './directory-lock.ts'
import { fileNameOf } from './file-name.ts'
import { type Entries, readSnapshot } from './snapshot.ts'
import { SnapshotClient } from './snapshot-client.ts'
import { type DirectorySettings, openDirectory } from './usable-directory.ts'

export interface FileStorageSettings extends DirectorySettings {
  readonly timeoutMs: number
  readonly fsync: boolean
  readonly queues: StoredQueueSettings
}

/** State of components in a directory: one file each. A file that cannot be read is set aside, and the start goes on. */
export class FileStorage implements Component, Storage {
  readonly storage: Storage = this
  readonly queues: StoredQueueSettings
  readonly #settings: FileStorageSettings
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #setAside: Counter
  readonly #open = new Set<string>()
  #unlock: (() => Promise<void>) | undefined

  constructor(settings: FileStorageSettings, logger: Logger, clock: Clock, setAside: Counter) {
    this.#settings = settings
    this.queues = settings.queues
    this.#logger = logger
    this.#clock = clock
    this.#setAside = setAside
  }

  async start(abort?: AbortSignal): Promise<void> {
    const { directory, timeoutMs } = this.#settings
    await openDirectory(this.#settings)
    this.#unlock = await waitForLock(directory, timeoutMs, this.#clock, abort)
  }

  async stop(): Promise<void> {
    await this.#unlock?.()
    this.#unlock = undefined
  }

  async open(name: string): Promise<StorageClient> {
    if (this.#open.has(name)) throw new Error(`cannot open storage "${name}": it is open already`)
    this.#open.add(name)
    const path = join(this.#settings.directory, `${fileNameOf(name)}.state`)
    try {
      const entries = await this.#read(path)
      return new SnapshotClient(path, entries, this.#settings.fsync, () => this.#open.delete(name))
    } catch (error) {
      this.#open.delete(name)
      throw error
    }
  }

  async directory(name: string): Promise<string> {
    const path = directoryOf(this.#settings.directory, name)
    await createDirectory(path, this.#settings.directoryMode)
    return path
  }

  async #read(path: string): Promise<Entries> {
    let bytes: Buffer
    try {
      bytes = await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
      throw new Error(`cannot read storage "${path}": ${(error as Error).message}`, {
        cause: error,
      })
    }
    const entries = readSnapshot(bytes)
    if (typeof entries !== 'string') return entries
    const aside = `${path}.damaged-${new Date(this.#clock.nowMs()).toISOString().replaceAll(':', '')}`
    await rename(path, aside)
    this.#setAside.add(1)
    this.#logger.error('cannot use a storage file; it is set aside', {
      path,
      aside,
      message: entries,
    })
    return new Map()
  }
}

/** Where `Storage.directory` is. */
export function directoryOf(storageDirectory: string, name: string): string {
  return join(storageDirectory, `${fileNameOf(name)}.d`)
}
