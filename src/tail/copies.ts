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
    if (sharesHead(file.head, other.head) && (await agrees(file, other))) return other
  }
  return undefined
}

async function agrees(file: TailedFile, other: TailedFile): Promise<boolean> {
  if (file.handle === undefined || other.handle === undefined) return false
  if (file.sizeBytes > (await other.handle.stat()).size) return false
  const length = Math.min(guardBytes, file.sizeBytes)
  const position = file.sizeBytes - length
  const [mine, theirs] = await Promise.all([
    readRange(file.handle, position, length),
    readRange(other.handle, position, length),
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
  if (original.sizeBytes < original.offset || (await agrees(file, original))) return
  const originalSize = (await original.handle?.stat())?.size ?? 0
  // Truncated, but not noticed yet: the next poll decides.
  if (originalSize < original.offset) return
  file.shadowOf = undefined
  file.restartAt(0, new Uint8Array(0))
}
