import { getHeapStatistics } from 'node:v8'

let residentBytes = 0

/**
 * As `process.memoryUsage()`, which rejects a caller with EMFILE: Linux tells the resident part in a file. While no file can be
 * opened, that is what it was the last time, and the rest is V8's own count.
 */
export function memoryUsage(): NodeJS.MemoryUsage {
  try {
    const usage = process.memoryUsage()
    residentBytes = usage.rss
    return usage
  } catch {
    const { used_heap_size, total_heap_size, external_memory } = getHeapStatistics()
    return {
      rss: residentBytes,
      heapUsed: used_heap_size,
      heapTotal: total_heap_size,
      external: external_memory,
      arrayBuffers: external_memory,
    }
  }
}
