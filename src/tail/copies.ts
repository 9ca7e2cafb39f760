import { guardBytes, readRange, sameBytes, sharesHead } from './identity.ts'
import type { TailedFile } from './tailed-file.ts'

/*
 * Rotation by copytruncate: the log is copied, then cut to nothing. Between the two the copy is a second file with the
 * same content. It is kept as a "shadow", unread, until it is clear what it is:
 *
 *   the original is truncated or gone    the copy has what was not yet read of it: goes on at the original's position
 *   the copy grows beyond the original   a file of its own that only began alike: read from its beginning
 */

/** The open file that the content of `file` is a copy of, or the beginning of one. */
export async function findCopied(
  file: TailedFile,
  others: Iterable<TailedFile>,
): Promise<TailedFile | undefined> {
  for (const other of others) {
    if (other === file || other.shadowOf !== undefined || other.closed) continue
    if (!sharesHead(file.head, other.head)) continue
    if ((await holdsWhatWasRead(file, other)) || (await isBeginningOf(file, other))) return other
  }
  return undefined
}

/** The last bytes that were read of the original stand at their place; also when the original was truncated since. */
async function holdsWhatWasRead(file: TailedFile, original: TailedFile): Promise<boolean> {
  const { guard, offset } = original
  if (file.handle === undefined || guard.length === 0 || file.sizeBytes < offset) return false
  return sameBytes(await readRange(file.handle, offset - guard.length, guard.length), guard)
}

async function isBeginningOf(file: TailedFile, original: TailedFile): Promise<boolean> {
  if (file.handle === undefined || original.handle === undefined) return false
  if (file.sizeBytes > (await original.handle.stat()).size) return false
  const length = Math.min(guardBytes, file.sizeBytes)
  const position = file.sizeBytes - length
  const [mine, theirs] = await Promise.all([
    readRange(file.handle, position, length),
    readRange(original.handle, position, length),
  ])
  return mine.length === length && sameBytes(mine, theirs)
}

/** Looks again at a shadow, once a poll. */
export async function followShadow(file: TailedFile): Promise<void> {
  const original = file.shadowOf
  if (original === undefined || file.handle === undefined) return
  if (original.closed || original.generation !== file.shadowGeneration) {
    file.shadowOf = undefined
    const readTo = original.closed ? original.offset : original.pastOffset
    const offset = Math.min(file.sizeBytes, readTo)
    const length = Math.min(guardBytes, offset)
    file.restartAt(offset, await readRange(file.handle, offset - length, length))
    return
  }
  // Truncated, but that is not noticed yet: the next poll decides.
  if (original.handle === undefined) return
  if (original.offset > 0 && !(await holdsWhatWasRead(original, original))) return
  if (await isBeginningOf(file, original)) return
  file.shadowOf = undefined
  file.restartAt(0, new Uint8Array(0))
}
