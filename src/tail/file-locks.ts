import { spawn } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import type { TailedFile } from './tailed-file.ts'

/*
 * Shared locks (flock) on the files of one round of reading, for writers that take an exclusive one while a file is not
 * to be read. Node has no such call. A lock belongs to the open file and not to the process, so the program `flock`
 * takes it on a descriptor that it shares with us, and closing ours gives it back:
 *
 *     open("/proc/self/fd/N") ──▶ fd ──▶ flock -s -n 3   0: we have it, until fd is closed     1: a writer has
 */
export class FileLocks {
  readonly #held = new Map<TailedFile, FileHandle>()
  readonly #busy = new Set<TailedFile>()

  /** Rejects with the reason where files cannot be locked. */
  async check(): Promise<void> {
    try {
      await run(['--help'], undefined)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new Error(
        'acquire_fs_lock needs the program "flock" (of util-linux or BusyBox), and it is not installed',
        { cause: error },
      )
    }
  }

  /** False when a writer holds the lock: then the file is left alone until the next round. */
  async acquire(file: TailedFile, fd: number): Promise<boolean> {
    if (this.#held.has(file)) return true
    if (this.#busy.has(file)) return false
    const handle = await open(`/proc/self/fd/${fd}`, 'r')
    const code = await run(['-s', '-n', '3'], handle.fd)
    if (code === 0) {
      this.#held.set(file, handle)
      return true
    }
    await handle.close()
    this.#busy.add(file)
    return false
  }

  /** At the end of a round. */
  async release(): Promise<void> {
    this.#busy.clear()
    const handles = [...this.#held.values()]
    this.#held.clear()
    for (const handle of handles) await handle.close()
  }
}

function run(args: readonly string[], fd: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', [...args], {
      stdio: ['ignore', 'ignore', 'ignore', ...(fd === undefined ? [] : [fd])],
    })
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
}
