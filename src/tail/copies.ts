import { headOf, sharesHead } from './head.ts'
import { guardBytes, guardOf, holdsMark, readRange, sameBytes } from './identity.ts'
import type { OpenFiles } from './open-files.ts'
import type { Source } from './source.ts'
import { sizeOf } from './source.ts'
import type { CopyEnd, TailedFile } from './tailed-file.ts'

/*
 * Rotation by copytruncate: the log is copied, then cut to nothing. Between the two the copy is a second file with the
 * same content. It is kept as a "shadow", unread, until it is clear what it is:
 *
 *   the original is truncated or gone    the copy has what was not yet read of it: goes on at the original's position
 *   the copy grows beyond the original   a file of its own that only began alike: read from its beginning
 */

// Logs of one program may all begin with the same kilobyte, and each pair is compared by reading.
const comparedMax = 32

/** What a file is a copy of; where it ends there, if the two could be compared. */
export interface Copied {
  readonly original: TailedFile
  readonly copyEnd: CopyEnd | undefined
}

/** How a file relates to one that begins like it; undefined when one of them cannot be read now. */
type Relation = CopyEnd | 'other' | 'touched' | undefined

/** The file that the content of `file` is a copy of, or the beginning of one; of several the one read furthest. */
export async function findCopied(
  file: TailedFile,
  bornMs: number,
  others: Iterable<TailedFile>,
  files: OpenFiles,
): Promise<Copied | undefined> {
  let best: Copied | undefined
  let compared = 0
  for (const other of others) {
    if (other === file || other.shadowOf !== undefined || other.closed) continue
    if (bornMs > other.unlinkedMs || !sharesHead(file.head, other.head)) continue
    if (best !== undefined && best.original.offset >= other.offset) continue
    if (compared++ >= comparedMax) break
    const relation = await compare(file, other, files)
    if (relation === 'other') continue
    if (typeof relation === 'object') best = { original: other, copyEnd: relation }
    else if (await mayBeCopy(file, other, relation, files))
      best = { original: other, copyEnd: undefined }
  }
  return best
}

async function mayBeCopy(
  file: TailedFile,
  other: TailedFile,
  relation: 'touched' | undefined,
  files: OpenFiles,
): Promise<boolean> {
  // A compressed one that is parked is gone through before it can be read: until then this one waits. So it does for one
  // that was closed just now: the next poll knows where that ended.
  if (relation === undefined && (other.closed || !other.isPlain)) return true
  // While the original is being truncated nothing can be compared; the next poll can. The copy is complete by then.
  return (await files.borrow(file, (source) => holdsMark(source, other))) ?? false
}

/** From now on the file is a shadow of this original. */
export function followCopied(file: TailedFile, { original, copyEnd }: Copied): void {
  file.shadowOf = original
  file.shadowGeneration = original.generation
  noteEnd(file, original, copyEnd)
}

function noteEnd(file: TailedFile, original: TailedFile, copyEnd: CopyEnd | undefined): void {
  if (copyEnd !== undefined) original.noteCopyEnd(copyEnd, file.copyEnd)
  file.copyEnd = copyEnd
}

/** Whether a file is the beginning of another one. */
async function compare(
  file: TailedFile,
  original: TailedFile,
  files: OpenFiles,
): Promise<Relation> {
  const end = await files.borrow(file, async (source) => {
    const offset = await sizeOf(source)
    const bytes = Math.min(guardBytes, offset)
    const last = await readRange(source, offset - bytes, bytes)
    // It has shrunk meanwhile, which the next poll sees.
    return last.length === bytes ? { offset, last } : undefined
  })
  if (end === undefined) return undefined
  const { offset, last } = end
  return await files.consult(original, async (theirs) => {
    if (await holds(theirs, offset, last)) {
      const mark = { offset, guard: guardOf(last) }
      const wasRead = original.offset >= offset && (await holdsMark(theirs, original))
      return { mark, reached: wasRead }
    }
    // Asked after the difference was seen: an original that was truncated meanwhile makes everything differ, and what
    // becomes of the copy is decided when the truncation has been noticed.
    return (await isUntouched(original, theirs)) ? 'other' : 'touched'
  })
}

/** Whether these bytes stand in front of a place. */
async function holds(source: Source, offset: number, last: Uint8Array): Promise<boolean> {
  if (offset > (await sizeOf(source))) return false
  return sameBytes(await readRange(source, offset - last.length, last.length), last)
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
  if (relation === 'other') return relation
  if (typeof relation === 'object') {
    noteEnd(file, original, relation)
    return 'copy'
  }
  if (relation === 'touched') original.suspicious = true
  return 'unclear'
}

/** Whether everything that was read of a file still stands in it. */
async function isUntouched(original: TailedFile, source: Source): Promise<boolean> {
  const size = await sizeOf(source)
  if (size < original.sizeBytes || size < original.offset) return false
  const head = original.knownHead
  if (headOf(await readRange(source, 0, head.length)) !== head) return false
  return await holdsMark(source, original)
}
