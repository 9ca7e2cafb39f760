import { crc32 } from 'node:zlib'
import { Buckets } from './buckets.ts'
import { sameBytes } from './identity.ts'
import type { TailedFile } from './tailed-file.ts'

/** A head is filed under its first so many bytes: each of these lengths that it has. */
const levels = [1, 4, 16, 32, 64, 128, 256, 512]

/**
 * Finds, for a file, those that begin alike as far as both go, without looking at all others: with 20,000 files at a start
 * that would be 200 million pairs.
 *
 * There is an entry for each file and level, for as long as the file is known, so keys are numbers that are made again
 * from the head when they are needed. Two heads that differ may share one: whoever asks compares the heads anyway.
 */
export class HeadIndex {
  /** By level and first bytes: heads that have at least those, and heads for which it is the highest level. */
  readonly #atLeast = levels.map(() => new Buckets<number, TailedFile>())
  readonly #highest = levels.map(() => new Buckets<number, TailedFile>())
  readonly #files = new Set<TailedFile>()

  /** The file has this head now. Heads in the index are changed here only. */
  set(file: TailedFile, head: Uint8Array): void {
    const level = levelOf(head)
    const unmoved =
      level === levelOf(file.head) &&
      sameBytes(head.subarray(0, level), file.head.subarray(0, level))
    if (unmoved && this.#files.has(file)) {
      file.head = head
      return
    }
    this.delete(file)
    file.head = head
    this.add(file)
  }

  add(file: TailedFile): void {
    const keys = keysOf(file.head)
    if (keys.length === 0) return
    this.#files.add(file)
    for (const [level, key] of keys.entries()) this.#atLeast[level]?.add(key, file)
    this.#highest[keys.length - 1]?.add(keys.at(-1) as number, file)
  }

  delete(file: TailedFile): void {
    if (!this.#files.delete(file)) return
    const keys = keysOf(file.head)
    for (const [level, key] of keys.entries()) this.#atLeast[level]?.delete(key, file)
    this.#highest[keys.length - 1]?.delete(keys.at(-1) as number, file)
  }

  /** Those that may share their beginning with this file; their heads are still to be compared. */
  *alike(file: TailedFile): Iterable<TailedFile> {
    const keys = keysOf(file.head)
    const last = keys.pop()
    if (last === undefined) return
    yield* this.#atLeast[keys.length]?.get(last) ?? []
    for (const [level, key] of keys.entries()) yield* this.#highest[level]?.get(key) ?? []
  }
}

function levelOf(head: Uint8Array): number {
  return levels.findLast((level) => level <= head.length) ?? 0
}

/** For each level that a head has: a checksum of so many first bytes, as a 32-bit integer with sign, which V8 keeps in place. */
function keysOf(head: Uint8Array): number[] {
  const keys: number[] = []
  let sum = 0
  let from = 0
  for (const level of levels) {
    if (level > head.length) break
    sum = crc32(head.subarray(from, level) as Buffer, sum)
    from = level
    keys.push(sum | 0)
  }
  return keys
}
