import { closeSync, openSync, readSync } from 'node:fs'
import { maxSourceBytes } from '../config/source.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
}

/** A whole text file; pipes such as `<(…)` work. Bounded, because a path may name /dev/zero. */
export function readTextFile(path: string): string {
  let bytes: Uint8Array
  try {
    bytes = readBounded(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(reasons[code ?? ''] ?? message, { cause: error })
  }
  if (bytes.length > maxSourceBytes) {
    throw new Error(`it is larger than ${maxSourceBytes / 1024 / 1024} MiB`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('it is not UTF-8 text', { cause: error })
  }
}

function readBounded(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
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
