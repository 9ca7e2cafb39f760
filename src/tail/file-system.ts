import { constants, type Dirent, type Stats } from 'node:fs'
import { open, readdir, readlink, realpath, stat, unlink } from 'node:fs/promises'

/** An open file, as far as the tail needs it. */
export interface OpenFile {
  readonly fd: number
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>
  stat(): Promise<Stats>
  close(): Promise<void>
}

/** What the tail asks of the file system; injected, so that a test can be one in which anything happens at any moment. */
export interface FileSystem {
  list(
    directory: string,
  ): Promise<readonly Pick<Dirent, 'name' | 'isDirectory' | 'isSymbolicLink'>[]>
  stat(path: string): Promise<Stats>
  /** For reading. Never blocks, whatever is there. */
  open(path: string): Promise<OpenFile>
  unlink(path: string): Promise<void>
  realPath(path: string): Promise<string>
  /** Where an open file really is, so that nobody can exchange it in between; `path` led to it. */
  realPathOf(path: string, file: OpenFile): Promise<string>
}

const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

export const systemFiles: FileSystem = {
  list: (directory) => readdir(directory, { withFileTypes: true }),
  stat,
  open: (path) => open(path, openFlags),
  unlink,
  realPath: realpath,
  async realPathOf(path, { fd }) {
    try {
      return await readlink(`/proc/self/fd/${fd}`)
    } catch (error) {
      // Not Linux.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return await realpath(path)
    }
  },
}
