import { guardBytes, readRange, sameBytes, sharesHead } from './identity.ts'
import { sizeOf } from './source.ts'
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
    if (await holds(file, other.offset, other.guard)) return other
    if (await isBeginningOf(file, other)) return other
    // While the original is being truncated nothing can be compared; the next poll can.
    if (!(await isUntouched(other))) return other
  }
  return undefined
}

/** Whether the bytes up to a position that was read in another file stand at their place in this one. */
async function holds(file: TailedFile, offset: number, guard: Uint8Array): Promise<boolean> {
  if (file.source === undefined || guard.length === 0) return false
  return sameBytes(await readRange(file.source, offset - guard.length, guard.length), guard)
}

async function isBeginningOf(file: TailedFile, original: TailedFile): Promise<boolean> {
  if (file.source === undefined || original.source === undefined) return false
  const size = await sizeOf(file.source)
  if (size > (await sizeOf(original.source))) return false
  const length = Math.min(guardBytes, size)
  const position = size - length
  const [mine, theirs] = await Promise.all([
    readRange(file.source, position, length),
    readRange(original.source, position, length),
  ])
  return mine.length === length && sameBytes(mine, theirs)
}

/** Looks again at a shadow, once a poll. */
export async function followShadow(file: TailedFile): Promise<void> {
  const original = file.shadowOf
  if (original === undefined || file.source === undefined) return
  if (original.closed || original.generation !== file.shadowGeneration) {
    file.shadowOf = undefined
    const offset = original.closed ? original.offset : original.pastOffset
    const guard = original.closed ? original.guard : original.pastGuard
    if (await holds(file, offset, guard)) file.restartAt(offset, guard)
    else file.restartAt(0, new Uint8Array(0))
    return
  }
  if (await isBeginningOf(file, original)) return
  // Asked after the difference was seen: an original that was truncated meanwhile makes everything differ, and what
  // becomes of the copy is decided when the truncation has been noticed.
  if (!(await isUntouched(original))) return
  file.shadowOf = undefined
  file.restartAt(0, new Uint8Array(0))
}

async function isUntouched(original: TailedFile): Promise<boolean> {
  if (original.source === undefined) return false
  const size = await sizeOf(original.source)
  if (size < original.sizeBytes || size < original.offset) return false
  return original.offset === 0 || (await holds(original, original.offset, original.guard))
}
