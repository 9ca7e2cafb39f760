import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode } from './disk/file-system.ts'
import { nodeFileSystem } from './disk/node-file-system.ts'

/** The calls of the operating system that are made, so that a test can lose what was not synced. */
export interface Directories {
  /** Rejects with EEXIST. */
  make(path: string, mode: number): Promise<void>
  isThere(path: string): Promise<boolean>
  /** Returns once what was made in the directory is on the disk. */
  sync(path: string): Promise<void>
}

/**
 * Makes a directory and those above it that are missing. Once it resolves, a loss of power takes none of them, and so
 * nothing that is synced in them. Rejects with the error of the system.
 *
 * Not by `mkdir` with `recursive`: where a parent is there and takes no directory, as /proc, the system says "no such
 * file", and Node tries for ever.
 */
export async function createDirectory(
  path: string,
  mode: number,
  directories: Directories = nodeDirectories,
): Promise<void> {
  const missing: string[] = []
  let at = resolve(path)
  for (; !(await directories.isThere(at)); at = dirname(at)) missing.push(at)
  // Of what is there, a process that was killed may have made the last one and not come to the sync.
  await syncIfPossible(dirname(at), directories)
  for (const next of missing.reverse()) {
    try {
      await directories.make(next, mode)
    } catch (error) {
      // Somebody else made it meanwhile; if it is no directory, the use of it says so.
      if (errorCode(error) !== 'EEXIST') throw error
    }
    await syncIfPossible(dirname(next), directories)
  }
}

/** The directory may not be opened, or its file system syncs no directories: then nobody can do better. */
const cannotSync: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EINVAL', 'EROFS'])

async function syncIfPossible(path: string, directories: Directories): Promise<void> {
  try {
    await directories.sync(path)
  } catch (error) {
    if (!cannotSync.has(errorCode(error))) throw error
  }
}

const nodeDirectories: Directories = {
  make: (path, mode) => mkdir(path, { mode }),
  isThere,
  sync: (path) => nodeFileSystem.syncDirectory(path),
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && path !== dirname(path)) return false
    throw error
  }
}
