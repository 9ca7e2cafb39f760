import { Buckets } from './buckets.ts'
import type { Position } from './identity.ts'
import { inodeKey, type Past } from './tailed-file.ts'

/** What is remembered of a file that is not open: one that was read before the start, or is gone, or was truncated. */
export interface Remembered {
  readonly id: number
  readonly path: string
  readonly position: Position
  readonly recordNumber: number
  readonly skipping: boolean
  /** When it was there last. */
  readonly seenMs: number
  /** It was closed because nothing leads to it any more. Of one that was open when remora stopped nobody knows. */
  readonly gone: boolean
  /** It was a copy of another one, so far, of which nothing before its position is to be read. */
  readonly isCopy?: boolean
  /** Of one that ended in this run. */
  readonly past?: Past
}

/** The hash of so many first bytes of a file; undefined when it is shorter. */
export type HeadHash = (bytes: number) => Promise<string | undefined>

/** Remembered positions, found by inode and by head: at a start with many files, looking at all would take minutes. */
export class RememberedSet {
  readonly #byId = new Map<number, Remembered>()
  readonly #byInode = new Buckets<string, Remembered>()
  readonly #byHead = new Map<number, Buckets<string, Remembered>>()

  get(id: number): Remembered | undefined {
    return this.#byId.get(id)
  }

  values(): Iterable<Remembered> {
    return this.#byId.values()
  }

  add(remembered: Remembered): void {
    const { id, position } = remembered
    this.#byId.set(id, remembered)
    this.#byInode.add(inodeKey(position), remembered)
    const ofLength = this.#byHead.get(position.headBytes) ?? new Buckets<string, Remembered>()
    this.#byHead.set(position.headBytes, ofLength)
    ofLength.add(position.headHash, remembered)
  }

  delete(remembered: Remembered): void {
    const { id, position } = remembered
    this.#byId.delete(id)
    this.#byInode.delete(inodeKey(position), remembered)
    const ofLength = this.#byHead.get(position.headBytes)
    if (ofLength === undefined) return
    ofLength.delete(position.headHash, remembered)
    if (ofLength.isEmpty) this.#byHead.delete(position.headBytes)
  }

  /** Those of an inode, the longest read first. */
  ofInode(inode: { readonly dev: number; readonly ino: number }): readonly Remembered[] {
    return longestFirst(this.#byInode.get(inodeKey(inode)))
  }

  /** Those whose head a file has, the longest read first. */
  async withHead(hashOf: HeadHash): Promise<readonly Remembered[]> {
    const found: Remembered[] = []
    for (const [bytes, ofLength] of this.#byHead) {
      const hash = await hashOf(bytes)
      if (hash !== undefined) found.push(...ofLength.get(hash))
    }
    return longestFirst(found)
  }
}

function longestFirst(some: Iterable<Remembered>): readonly Remembered[] {
  return [...some].sort((a, b) => b.position.offset - a.position.offset)
}
