import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import { lockDirectory } from './directory-lock.ts'
import { DiskQueue, type DiskQueueEvents, type DiskQueueSettings } from './disk-queue.ts'
import { nodeFileSystem } from './node-file-system.ts'

export interface OpenDiskQueue {
  readonly queue: DiskQueue
  /** Closes the queue and leaves the directory to others. */
  close(): Promise<void>
}

/** Opens the queue of a directory that exists. Rejects if another process uses it, and as `DiskQueue.open`. */
export async function openDiskQueue(
  settings: DiskQueueSettings,
  clock: Clock,
  logger: Logger,
  events: DiskQueueEvents,
  abort?: AbortSignal,
): Promise<OpenDiskQueue> {
  const unlock = await lockDirectory(settings.directory)
  const parts = { fs: nodeFileSystem, clock, logger, random: Math.random, ...(abort && { abort }) }
  try {
    const queue = await DiskQueue.open(settings, parts, events)
    return {
      queue,
      async close() {
        await queue.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}
