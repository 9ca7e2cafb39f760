import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from './file-system.ts'
import { isAnswered } from './sign-of-life.ts'

const ofATry = /^(lock\.[\da-f]{8})\.(?:sock|tmp|stale)$/

/** Between its bind and its listen nobody answers at a socket that will be somebody's sign of life. */
const ageMsMin = 60_000

/**
 * Removes what processes left that were killed while they took the lock. `socket` is that of the holder, just made: ages
 * are measured against it, by the clock of the file system. What cannot be removed stays.
 */
export async function removeLockLeftovers(directory: string, socket: string): Promise<void> {
  try {
    const { mtimeMs: nowMs } = await lstat(socket)
    for (const name of await readdir(directory)) {
      const [, owner] = ofATry.exec(name) ?? []
      if (owner === undefined) continue
      const path = join(directory, name)
      if (nowMs - (await lstat(path)).mtimeMs < ageMsMin) continue
      if (!(await isAnswered(join(directory, `${owner}.sock`)))) await unlink(path)
    }
  } catch (error) {
    // Whatever the system says: nothing depends on it, and the next start tries again.
    if (errorCode(error) === undefined) throw error
  }
}
