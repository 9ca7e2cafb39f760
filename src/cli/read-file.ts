import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { maxSourceBytes } from '../config/source.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  ENXIO: 'it is a socket or a device, and not a file',
}

export const tooLarge = `it is larger than ${maxSourceBytes / 1024 / 1024} MiB`

/** The error that says to a person why a file cannot be read; its cause has the code of the system. */
export function readError(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  return new Error(reasons[code ?? ''] ?? message, { cause: error })
}

/** A whole regular text file. Bounded, and never waits: a path may name /dev/zero, or a pipe into which nobody writes. */
export function readTextFile(path: string): string {
  let bytes: Uint8Array
  try {
    bytes = readBounded(path)
  } catch (error) {
    throw readError(error)
  }
  if (bytes.length > maxSourceBytes) throw new Error(tooLarge)
  return decodeText(bytes)
}

/** Whether a file that is open is a pipe; what is closed is none. */
export function isPipe(file: number): boolean {
  try {
    return fstatSync(file).isFIFO()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return false
    throw error
  }
}

export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('it is not UTF-8 text', { cause: error })
  }
}

function readBounded(path: string): Uint8Array {
  // Opening a pipe would wait for its writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    refuseOthers(fstatSync(file))
    let buffer = Buffer.allocUnsafe(64 * 1024)
    let size = 0
    while (size <= maxSourceBytes) {
      if (size === buffer.length) {
        const larger = Buffer.allocUnsafe(buffer.length * 2)
        buffer.copy(larger)
        buffer = larger
      }
      const read = readSync(file, buffer, size, buffer.length - size, null)
      if (read === 0) break
      size += read
    }
    return buffer.subarray(0, size)
  } finally {
    closeSync(file)
  }
}

/** With a code of the system, so that whoever looks for missing files reports it as well. */
function refuseOthers(stats: Stats): void {
  if (stats.isFile()) return
  if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
  const kind = stats.isFIFO() ? 'a pipe' : 'a device'
  throw Object.assign(new Error(`it is ${kind}, and not a file`), { code: 'EINVAL' })
}
