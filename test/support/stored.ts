import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage, StoredQueueSettings } from '../../src/component/storage.ts'

/** A storage for disk queues in a directory of the test; nothing is synced, unless told otherwise, to be quick. */
export function directoryStorage(
  root: string,
  queues: Partial<StoredQueueSettings> = {},
): Readonly<Record<string, Storage>> {
  const storage: Storage = {
    queues: {
      maxSizeBytes: 4 * 1024 * 1024,
      segmentSizeBytes: undefined,
      fsync: false,
      syncIntervalMs: 0,
      ...queues,
    },
    open: () => Promise.reject(new Error('this storage has no keys')),
    directory: async (name) => {
      const path = join(root, encodeURIComponent(name))
      await mkdir(path, { recursive: true })
      return path
    },
  }
  return { file_storage: storage }
}
