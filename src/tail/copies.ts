import { guardBytes, holdsMark, readRange, sameBytes, sharesHead } from './identity.ts'
import type { OpenFiles } from './open-files.ts'
import type { Source } from './source.ts'
import { sizeOf } from './source.ts'
import type { TailedFile } from './tailed-file.ts'

/*
 * Rotation by copytruncate: the log is copied, then cut to nothing. Between the two the copy is a second file with the
 * same content. It is kept as a "shadow", unread, until it is clear what it is:
 *
 *   the original is truncated or gone    the copy has what was not yet read of it: goes on at the original's position
 *   the copy grows beyond the original   a file of its own that only began alike: read from its beginning
 */

// Logs of one program may all begin with the same kilobyte, and each pair is compared by reading.
const comparedMax = 32

/** The file that the content of `file` is a copy of, or the beginning of one; of several the one read furthest. */
export async function findCopied(
  file: TailedFile,
  bornMs: number,
  others: Iterable<TailedFile>,
  files: OpenFiles,
): Promise<TailedFile | undefined> {
  let best: TailedFile | undefined
  let compared = 0
  for (const other of others) {
    if (other === file || other.shadowOf !== undefined || other.closed) continue
    if (bornMs > other.unlinkedMs || !sharesHead(file.head, other.head)) continue
    if (best !== undefined && best.offset >= other.offset) continue
    if (compared++ >= comparedMax) break
    if (await mayBeCopy(file, other, files)) best = other
  }
  return best
}

async function mayBeCopy(file: TailedFile, other: TailedFile, files: OpenFiles): Promise<boolean> {
  if (await isBeginningOf(file, other, files)) return true
  // While the original is being truncated nothing can be compared; the next poll can. The copy is complete by then.
  if (await isUntouched(other, files)) return false
  return (await files.borrow(file, (source) => holdsMark(source, other))) ?? false
}

async function isBeginningOf(
  file: TailedFile,
  original: TailedFile,
  files: OpenFiles,
): Promise<boolean> {
  const compare = async (mine: Source, theirs: Source): Promise<boolean> => {
    const size = await sizeOf(mine)
    if (size > (await sizeOf(theirs))) return false
    const length = Math.min(guardBytes, size)
    const [a, b] = await Promise.all([
      readRange(mine, size - length, length),
      readRange(theirs, size - length, length),
    ])
    if (a.length !== length || !sameBytes(a, b)) return false
    file.shadowBytes = size
    return true
  }
  const same = await files.borrow(file, (mine) =>
    files.borrow(original, (theirs) => compare(mine, theirs)),
  )
  return same ?? false
}

/**
 * Looks again at a shadow, when it or its original has changed. When it is another file, or the original is no longer what
 * it was, its place must be found anew.
 */
export async function compareShadow(
  file: TailedFile,
  files: OpenFiles,
): Promise<'copy' | 'other' | 'unclear'> {
  const original = file.shadowOf
  if (original === undefined) return 'other'
  if (original.closed || original.generation !== file.shadowGeneration) return 'other'
  if (await isBeginningOf(file, original, files)) return 'copy'
  // Asked after the difference was seen: an original that was truncated meanwhile makes everything differ, and what
  // becomes of the copy is decided when the truncation has been noticed.
  if (await isUntouched(original, files)) return 'other'
  original.suspicious = true
  return 'unclear'
}

/** Whether everything that was read of a file still stands in it. */
async function isUntouched(original: TailedFile, files: OpenFiles): Promise<boolean> {
  const untouched = await files.borrow(original, async (source) => {
    const size = await sizeOf(source)
    if (size < original.sizeBytes || size < original.offset) return false
    const head = original.knownHead
    if (!sameBytes(await readRange(source, 0, head.length), head)) return false
    return await holdsMark(source, original)
  })
  return untouched ?? false
}
