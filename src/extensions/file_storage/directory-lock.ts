import { join } from 'node:path'
import { DirectoryInUse, lockDirectory } from '../../buffer/disk/directory-lock.ts'
import { type Clock, sleep } from '../../component/clock.ts'

const retryMs = 50

/** Takes the lock of a directory, waiting up to `timeoutMs` for its holder. Rejects and resolves as `lockDirectory`; rejects with the reason of `abort`. */
export async function waitForLock(
  directory: string,
  timeoutMs: number,
  clock: Clock,
  abort?: AbortSignal,
): Promise<() => Promise<void>> {
  const deadlineMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    try {
      return await lockDirectory(directory)
    } catch (error) {
      if (!(error instanceof DirectoryInUse)) throw error
      if (clock.monotonicMs() >= deadlineMs) {
        throw new Error(`${error.message} (lock file "${join(directory, 'lock')}")`)
      }
    }
    await sleep(clock, retryMs, abort)
    abort?.throwIfAborted()
  }
}
