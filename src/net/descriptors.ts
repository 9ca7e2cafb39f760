import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'

/** Kept free for files, backends and probes; of a small limit an eighth. */
const keptFree = 32

/**
 * The highest descriptor that a connection may have, so that connections alone never use up those of the process: where none
 * is left, accepting closes connections (libuv does, and nobody is told), and files and backends cannot be opened.
 * Infinity where the limit is not known: only Linux tells it.
 */
export async function highestDescriptor(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'latin1').catch(() => '')
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1]
  const limit = soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  return limit - 1 - Math.min(keptFree, Math.floor(limit / 8))
}

/** Descriptors are given out from the lowest on. −1 where it is not known. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
}
