import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeFileSystem } from '../../buffer/disk/node-file-system.ts'
import type { StorageClient } from '../../component/storage.ts'
import { type Entries, writeSnapshot } from './snapshot.ts'

/**
 * Keys and values of one component over one file.
 *
 * A change is seen by `get` at once and is on disk when `update` resolves: written beside the old file, synced, renamed
 * over it, and the directory synced. Changes that come while a write is under way share the next one. When a write
 * fails, `update` rejects, the old file is untouched, and the next update carries the change as well.
 */
export class SnapshotClient implements StorageClient {
  readonly #path: string
  readonly #entries: Entries
  readonly #fsync: boolean
  readonly #closed: () => void
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(path: string, entries: Entries, fsync: boolean, closed: () => void) {
    this.#path = path
    this.#entries = entries
    this.#fsync = fsync
    this.#closed = closed
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key)
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  update(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    for (const [key, value] of changes) {
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value)
    }
    this.#next ??= this.#writeAfter(this.#writing)
    return this.#next
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => undefined)
    await this.#writing?.catch(() => undefined)
    this.#closed()
  }

  async #writeAfter(earlier: Promise<void> | undefined): Promise<void> {
    // The owner of the earlier write has its error; here only its end counts. Waiting also lets the changes of this
    // turn gather.
    await earlier?.catch(() => undefined)
    this.#writing = this.#next
    this.#next = undefined
    const temporary = `${this.#path}.tmp`
    const handle = await open(temporary, 'w', 0o640)
    try {
      await handle.writeFile(writeSnapshot(this.#entries))
      if (this.#fsync) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, this.#path)
    if (this.#fsync) await nodeFileSystem.syncDirectory(dirname(this.#path))
  }
}
