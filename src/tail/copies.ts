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
  const relation = await compare(file, other, files)
  if (relation === 'copy') return true
  if (relation === 'other') return false
  // A compressed one that is parked is gone through before it can be read: until then this one waits.
  if (relation === undefined && !other.isPlain) return true
  // While the original is being truncated nothing can be compared; the next poll can. The copy is complete by then.
  return (await files.borrow(file, (source) => holdsMark(source, other))) ?? false
}

/**
 * Whether a file is the beginning of another one. Undefined when one of them cannot be opened now. Both are opened once
 * for the whole answer: a compressed one that is parked can be had once in two polls.
 */
function compare(
  file: TailedFile,
  original: TailedFile,
  files: OpenFiles,
): Promise<'copy' | 'other' | 'touched' | undefined> {
  return files.borrow(file, (mine) =>
    files.borrow(original, async (theirs) => {
      if (await isBeginningOf(file, mine, theirs)) return 'copy'
      // Asked after the difference was seen: an original that was truncated meanwhile makes everything differ, and what
      // becomes of the copy is decided when the truncation has been noticed.
      return (await isUntouched(original, theirs)) ? 'other' : 'touched'
    }),
  )
}

async function isBeginningOf(file: TailedFile, mine: Source, theirs: Source): Promise<boolean> {
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
  const relation = await compare(file, original, files)
  if (relation === 'copy' || relation === 'other') return relation
  if (relation === 'touched') original.suspicious = true
  return 'unclear'
}

/** Whether everything that was read of a file still stands in it. */
async function isUntouched(original: TailedFile, source: Source): Promise<boolean> {
  const size = await sizeOf(source)
  if (size < original.sizeBytes || size < original.offset) return false
  const head = original.knownHead
  if (!sameBytes(await readRange(source, 0, head.length), head)) return false
  return await holdsMark(source, original)
}
