import { Buckets } from './buckets.ts'
import { hashBytes, sameBytes } from './identity.ts'
import type { TailedFile } from './tailed-file.ts'

/** A head is filed under its first so many bytes: each of these lengths that it has. */
const levels = [1, 4, 16, 32, 64, 128, 256, 512]

/**
 * Finds, for a file, those that begin alike as far as both go, without looking at all others: with 20,000 files at a start
 * that would be 200 million pairs.
 */
export class HeadIndex {
  /** By level and first bytes: heads that have at least those, and heads for which it is the highest level. */
  readonly #atLeast = new Buckets<TailedFile>()
  readonly #highest = new Buckets<TailedFile>()
  readonly #keys = new Map<TailedFile, readonly string[]>()

  /** The file has this head now. */
  set(file: TailedFile, head: Uint8Array): void {
    const level = levelOf(head)
    const unmoved =
      level === levelOf(file.head) &&
      sameBytes(head.subarray(0, level), file.head.subarray(0, level))
    file.head = head
    if (unmoved && this.#keys.has(file)) return
    this.delete(file)
    this.add(file)
  }

  add(file: TailedFile): void {
    const keys = keysOf(file.head)
    if (keys.length === 0) return
    this.#keys.set(file, keys)
    for (const key of keys) this.#atLeast.add(key, file)
    this.#highest.add(keys.at(-1) as string, file)
  }

  delete(file: TailedFile): void {
    const keys = this.#keys.get(file)
    if (keys === undefined) return
    this.#keys.delete(file)
    for (const key of keys) this.#atLeast.delete(key, file)
    this.#highest.delete(keys.at(-1) as string, file)
  }

  /** Those that may share their beginning with this file; their heads are still to be compared. */
  *alike(file: TailedFile): Iterable<TailedFile> {
    const keys = keysOf(file.head)
    const last = keys.pop()
    if (last === undefined) return
    yield* this.#atLeast.get(last)
    for (const key of keys) yield* this.#highest.get(key)
  }
}

function levelOf(head: Uint8Array): number {
  return levels.findLast((level) => level <= head.length) ?? 0
}

function keysOf(head: Uint8Array): string[] {
  const had = levels.filter((level) => level <= head.length)
  return had.map((level) => `${level}:${hashBytes(head.subarray(0, level))}`)
}
