import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { createDirectory } from '../../buffer/create-directory.ts'
import { errorCode } from '../../buffer/disk/file-system.ts'

export interface DirectorySettings {
  readonly directory: string
  /** Whether it may be made, with `directoryMode`, if it is missing. */
  readonly createDirectory: boolean
  readonly directoryMode: number
}

/** Makes the directory if it may. Rejects with what keeps it from being used, and what a person can do about it. */
export async function openDirectory(settings: DirectorySettings): Promise<void> {
  const { directory, createDirectory: mayCreate, directoryMode } = settings
  try {
    if (mayCreate) await createDirectory(directory, directoryMode)
    // With the dot, a file is ENOTDIR.
    await access(`${directory}/.`, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const reason = reasonFor(error, mayCreate)
    throw new Error(`cannot use directory "${directory}": ${reason}`, { cause: error })
  }
}

function reasonFor(error: unknown, mayCreate: boolean): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return mayCreate
        ? 'it cannot be made there'
        : 'there is none; make it, or set create_directory: true'
    case 'ENOTDIR':
      return 'it, or a part of its path, is a file'
    case 'EACCES':
    case 'EPERM':
      return `user ${process.getuid?.()} has no permission to ${mayCreate ? 'make it or to ' : ''}read and write it`
    case 'EROFS':
      return 'the file system is read-only'
    default:
      return (error as Error).message
  }
}
