/**
 * Durable keys and values of one component, e.g. the offsets of a tail. Small: the whole set is kept in memory.
 * A key is any string; it never becomes a path.
 */
export interface StorageClient {
  get(key: string): Uint8Array | undefined
  keys(): readonly string[]
  /** Resolves once the change is fsynced (if the storage has `fsync`) or written. Applied all or none. */
  update(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>
  close(): Promise<void>
}

/** How a storage wants queues to be kept in its directories. */
export interface StoredQueueSettings {
  /** All files of one queue, that is of one exporter and signal, together. */
  readonly maxSizeBytes: number
  /** Undefined: as it suits the size. */
  readonly segmentSizeBytes: number | undefined
  /** Whether what is stored is forced to the disk before it counts as safe. */
  readonly fsync: boolean
  /** At least this long between two syncs; 0: as soon as the one before is through. */
  readonly syncIntervalMs: number
}

/** What an extension offers that can be named as `storage`. */
export interface Storage {
  /** Opens the data of one component; `name` is unique, e.g. `receiver_file_log_app`. Rejects if it is open already. */
  open(name: string): Promise<StorageClient>
  /** A directory of one component's own, created if missing: for data that is too large for keys and values. */
  directory(name: string): Promise<string>
  readonly queues: StoredQueueSettings
}
