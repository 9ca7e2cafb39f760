const MiB = 1024 * 1024
/** Enough for a thousand requests of the OTLP SDKs' usual size. */
const bytesAtMost = 64 * MiB
/** Below this a queue cannot hold one request of the largest size that OTLP senders use by default. */
const bytesAtLeast = 4 * MiB
/** In a small container three signals may fill their queues at once and still leave most of the memory. */
const shareOfMemory = 1 / 8

/**
 * How many bytes one queue in memory holds when the configuration does not say: 64 MiB, or an eighth of the memory
 * limit of the container if that is less.
 */
export function defaultQueueBytes(memoryLimitBytes: number | undefined): number {
  if (memoryLimitBytes === undefined || memoryLimitBytes <= 0) return bytesAtMost
  return Math.max(bytesAtLeast, Math.min(bytesAtMost, Math.floor(memoryLimitBytes * shareOfMemory)))
}

/** Of a queue on disk, what waits in memory as well: the rest is read back, which costs about what writing it did. */
const shareInMemory = 1 / 4

/** How many bytes of a queue on disk are kept in memory too: 16 MiB, or less in a small container. */
export function defaultBytesInMemory(memoryLimitBytes: number | undefined): number {
  return defaultQueueBytes(memoryLimitBytes) * shareInMemory
}
