import { join } from 'node:path'
import { type Cursor, readCursor } from './cursor.ts'
import { errorCode, type FileSystem, readAll } from './file-system.ts'

export const cursorName = 'cursor'
/** The cursor that the last save has replaced: what a damaged one falls back on. */
export const cursorBeforeName = 'cursor.before'
/** The largest cursor that any cap allows, and some room for later versions: a cap that has become smaller leaves a larger one behind. */
const readBytesMax = 64 * 1024

/** The cursor in a file, or a phrase that says why it is damaged. Rejects with a Node error if it cannot be read now. */
export async function loadCursor(
  fs: FileSystem,
  directory: string,
  name: string,
): Promise<Cursor | string> {
  const path = join(directory, name)
  try {
    const bytes = Buffer.alloc(Math.min(await fs.size(path), readBytesMax))
    const file = await fs.open(path, 'read')
    try {
      return readCursor(bytes.subarray(0, await readAll(fs, file, bytes, 0)))
    } finally {
      await fs.close(file)
    }
  } catch (error) {
    // What the disk cannot read now it cannot read later.
    if (errorCode(error) === 'EIO') return (error as Error).message
    throw error
  }
}
