import { once } from 'node:events'
import { constants, type FileHandle, open } from 'node:fs/promises'
import net from 'node:net'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './file-system.ts'

/** A socket that answers as long as this process lives. Whoever can see the file can ask, also from another container. */
export interface SignOfLife {
  /** Never rejects. */
  end(): Promise<void>
}

/**
 * Listens at `path`. Undefined where there is no /proc, by which a path of any length can be named in the 108 bytes that
 * sockets allow, or where the file system holds no sockets.
 */
export async function giveSignOfLife(path: string): Promise<SignOfLife | undefined> {
  const directory = await open(dirname(path), constants.O_RDONLY)
  const server = net.createServer((socket) => socket.destroy())
  // It answers while the process lives, and is no reason for it to live.
  server.unref()
  const listening = once(server, 'listening')
  server.listen(shortPath(directory, path))
  try {
    await listening
  } catch (error) {
    await directory.close()
    // Whatever the system says: the process id has to do, see directory-lock.ts.
    if (errorCode(error) === undefined) throw error
    return undefined
  }
  return {
    end: async () => {
      // Closing removes the file, by the directory.
      server.close()
      await once(server, 'close')
      await directory.close()
    },
  }
}

/** Whether a process listens at `path`. */
export async function isAnswered(path: string): Promise<boolean> {
  const directory = await open(dirname(path), constants.O_RDONLY)
  const socket = net.connect(shortPath(directory, path))
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    // EAGAIN: somebody listens, and many ask.
    return !['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(errorCode(error) ?? '')
  } finally {
    socket.destroy()
    await directory.close()
  }
}

/** `/proc/self/fd/7/name`: short, wherever the directory is. */
function shortPath(directory: FileHandle, path: string): string {
  return join('/proc/self/fd', String(directory.fd), basename(path))
}
