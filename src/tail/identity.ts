import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { Source } from './source.ts'

/*
 * What tells one log file from another. A path says nothing (rotation), an inode little (reuse, copytruncate), and the
 * first bytes not enough (every start prints the same banner). So a position in a file is known by three things:
 *
 *   device and inode      where it was
 *   head                  the first `fingerprint_size` bytes; fewer while the file is shorter
 *   guard                 the last 64 bytes before the position
 *
 * A file is the same, up to the position, if head and guard are found in it at their places. Both are kept as bytes while
 * the file is open, and as hashes in a checkpoint, so that no log text lies there.
 */
export const guardBytes = 64

export interface Position {
  readonly dev: number
  readonly ino: number
  readonly headBytes: number
  readonly headHash: string
  readonly offset: number
  readonly guardBytes: number
  readonly guardHash: string
}

export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64').slice(0, 22)
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

/**
 * Whether a file holds, up to the position, what the position was taken in. `head` are its first bytes. A position at the
 * very beginning has no guard, so there only the inode tells files with equal heads apart.
 */
export async function holdsPosition(
  source: Source,
  stats: Stats,
  sizeBytes: number,
  head: Uint8Array,
  position: Position,
): Promise<boolean> {
  if (sizeBytes < position.offset) return false
  if (position.offset === 0 && (stats.ino !== position.ino || stats.dev !== position.dev))
    return false
  const { headBytes } = position
  const begin =
    head.length >= headBytes ? head.subarray(0, headBytes) : await readRange(source, 0, headBytes)
  if (begin.length < headBytes || hashBytes(begin) !== position.headHash) return false
  const guard = await readRange(source, position.offset - position.guardBytes, position.guardBytes)
  return guard.length === position.guardBytes && hashBytes(guard) === position.guardHash
}

/** Whether one is the beginning of the other. */
export function sharesHead(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length)
  // Asked of each pair of files: most are told apart by one byte, without an object made.
  if (length === 0 || a[length - 1] !== b[length - 1] || a[length >> 1] !== b[length >> 1])
    return false
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return false
  return true
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
