import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory and those above it that are missing. Rejects with the error of the system.
 *
 * Not by `mkdir` with `recursive`: where a parent is there and takes no directory, as /proc, the system says "no such
 * file", and Node tries for ever.
 */
export async function createDirectory(path: string, mode: number): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); !(await isThere(at)); at = dirname(at)) missing.push(at)
  for (const next of missing.reverse()) {
    try {
      await mkdir(next, { mode })
    } catch (error) {
      // Somebody else made it meanwhile; if it is no directory, the use of it says so.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path !== dirname(path)) return false
    throw error
  }
}
