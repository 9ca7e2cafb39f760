import { hash } from 'node:crypto'
import { bytesOf, type Head } from './head.ts'
import type { Source } from './source.ts'

/*
 * What tells one log file from another. A path says nothing (rotation), an inode little (reuse, copytruncate), and the
 * first bytes not enough (every start prints the same banner). So a position in a file is known by three things:
 *
 *   device and inode      where it was
 *   head                  the first `fingerprint_size` bytes; fewer while less is read
 *   guard                 the last 1,024 bytes before the position
 *
 * A file is the same, up to the position, if head and guard are found in it at their places. Guards are kept as hashes, and
 * so are heads in a checkpoint, so that no log text lies there.
 */

/** Longer than nearly all lines: the end of a line may be the same in each, its beginning has the time. */
export const guardBytes = 1024

/** The bytes that stand before a position. */
export interface Guard {
  readonly bytes: number
  readonly hash: string
}

/** A place in some content, by what stands before it. */
export interface Mark {
  readonly offset: number
  readonly guard: Guard
}

export interface Position {
  readonly dev: number
  readonly ino: number
  readonly headBytes: number
  readonly headHash: string
  readonly offset: number
  readonly guardBytes: number
  readonly guardHash: string
}

export const noGuard: Guard = { bytes: 0, hash: '' }

const hashLength = 22
const hashText = Buffer.alloc(hashLength)

export function hashBytes(bytes: Uint8Array): string {
  // Not a slice of the string, which would keep all of it: there is one for each file.
  hashText.write(hash('sha256', bytes, 'base64'), 'latin1')
  return hashText.toString('latin1')
}

/** Of the position at the end of these bytes; only the last ones count. */
export function guardOf(before: Uint8Array): Guard {
  if (before.length === 0) return noGuard
  const last = before.subarray(Math.max(0, before.length - guardBytes))
  return { bytes: last.length, hash: hashBytes(last) }
}

export function isGuard(bytes: Uint8Array, guard: Guard): boolean {
  if (bytes.length !== guard.bytes) return false
  return guard.bytes === 0 || hashBytes(bytes) === guard.hash
}

/** Up to `length` bytes from `position`; fewer at the end of the file. */
export async function readRange(source: Source, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await source.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** So many first bytes, fewer of a file that is shorter; `head` are those that are known. */
export async function firstBytes(source: Source, head: Head, length: number): Promise<Buffer> {
  return head.length >= length ? bytesOf(head.slice(0, length)) : await readRange(source, 0, length)
}

export async function readGuard(source: Source, offset: number): Promise<Guard> {
  const length = Math.min(guardBytes, offset)
  return guardOf(await readRange(source, offset - length, length))
}

export async function holdsMark(source: Source, { offset, guard }: Mark): Promise<boolean> {
  return isGuard(await readRange(source, offset - guard.bytes, guard.bytes), guard)
}

export function markOf({ offset, guardBytes: bytes, guardHash: hash }: Position): Mark {
  return { offset, guard: { bytes, hash } }
}

/** Whether a file holds, at their places, the head and the guard of a position. `head` are its first bytes. */
export async function holdsPosition(
  source: Source,
  sizeBytes: number,
  head: Head,
  position: Position,
): Promise<boolean> {
  const { offset, headBytes, headHash } = position
  if (sizeBytes < offset) return false
  const begin = await firstBytes(source, head, headBytes)
  if (begin.length !== headBytes || hashBytes(begin) !== headHash) return false
  return await holdsMark(source, markOf(position))
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
