import type { Entry, Value } from '../entry.ts'
import type { Condition } from '../expr/compile.ts'
import type { Field } from '../field.ts'
import { heldBytesMax, type Joiner } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'

export interface RecombineSettings {
  /** Either tells where a group begins, or where it ends. */
  readonly isFirst: Condition | undefined
  readonly isLast: Condition | undefined
  readonly combineField: Field
  readonly combineWith: string
  /** Which group an entry belongs to; the path of the file where there is no such field. */
  readonly sourceIdentifier: Field
  /** 0 for no limit. */
  readonly maxBatchSize: number
  /** Entries without a match that are put together; 0 for no limit. */
  readonly maxUnmatchedBatchSize: number
  readonly maxLogSizeBytes: number
  readonly maxSources: number
  readonly forceFlushPeriodMs: number
  readonly overwriteWith: 'oldest' | 'newest'
}

interface Group {
  /** What the others are put into. */
  base: Entry
  readonly oldest: Entry
  readonly texts: string[]
  sizeBytes: number
  count: number
  readonly sinceMs: number
  matched: boolean
}

/** What `Recombine` knows of lines that were put together elsewhere. */
export type Adopted = Pick<Group, 'sizeBytes' | 'count' | 'matched'>

/** Puts entries that follow each other together, for each source by itself. */
export class Recombine implements Joiner {
  readonly settings: RecombineSettings
  readonly #separatorBytes: number
  readonly #groups = new Map<Value, Group>()
  #heldBytes = 0

  constructor(settings: RecombineSettings) {
    this.settings = settings
    this.#separatorBytes = Buffer.byteLength(settings.combineWith)
  }

  take(entry: Entry, nowMs: number, out: (entry: Entry) => void): void {
    const { isFirst, isLast, combineField } = this.settings
    // Asked before anything is changed: it may throw.
    const first = isFirst?.(entry) === true
    const last = isLast?.(entry) === true
    const text = combineField.get(entry)
    if (typeof text !== 'string') throw new OperatorError(`${combineField.text} is not a string`)
    const key = this.sourceOf(entry)
    if (first) this.release(key, out)
    const group = this.#add(key, entry, text, nowMs, out)
    group.matched ||= first || last
    if (last || this.isFull(group.count, group.sizeBytes, group.matched)) this.release(key, out)
  }

  flush(nowMs: number, everything: boolean, out: (entry: Entry) => void): void {
    for (const [key, { sinceMs }] of this.#groups) {
      if (everything || nowMs - sinceMs >= this.settings.forceFlushPeriodMs) this.release(key, out)
    }
  }

  *held(): Iterable<Entry> {
    for (const { oldest } of this.#groups.values()) yield oldest
  }

  /** Which group an entry belongs to. */
  sourceOf(entry: Entry): Value {
    return this.settings.sourceIdentifier.get(entry) ?? entry.path
  }

  isFull(count: number, sizeBytes: number, matched: boolean): boolean {
    const { maxBatchSize, maxLogSizeBytes, maxUnmatchedBatchSize } = this.settings
    return (
      (maxBatchSize > 0 && count >= maxBatchSize) ||
      sizeBytes > (maxLogSizeBytes || heldBytesMax) ||
      (!matched && maxUnmatchedBatchSize > 0 && count >= maxUnmatchedBatchSize)
    )
  }

  /** Whether a group of this source could begin without an end of another one. */
  hasRoomFor(key: Value): boolean {
    return !this.#groups.has(key) && this.#groups.size < this.settings.maxSources
  }

  /** Goes on with lines that were put together elsewhere; there is room for them. */
  adopt(
    key: Value,
    entry: Entry,
    adopted: Adopted,
    nowMs: number,
    out: (entry: Entry) => void,
  ): void {
    const texts = [entry.body as string]
    this.#groups.set(key, { ...adopted, base: entry, oldest: entry, texts, sinceMs: nowMs })
    this.#hold(adopted.sizeBytes, out)
  }

  #add(key: Value, entry: Entry, text: string, nowMs: number, out: (entry: Entry) => void): Group {
    const known = this.#groups.get(key)
    if (known !== undefined) {
      if (this.settings.overwriteWith === 'newest') known.base = entry.clone()
      known.texts.push(text)
      this.#grow(known, this.#separatorBytes + Buffer.byteLength(text), out)
      known.count++
      return known
    }
    if (this.#groups.size >= this.settings.maxSources) this.#releaseOldest(out)
    const base = entry.clone()
    const group: Group = {
      base,
      oldest: base,
      texts: [text],
      sizeBytes: 0,
      count: 1,
      sinceMs: nowMs,
      matched: false,
    }
    this.#groups.set(key, group)
    this.#grow(group, Buffer.byteLength(text), out)
    return group
  }

  #grow(group: Group, byBytes: number, out: (entry: Entry) => void): void {
    group.sizeBytes += byBytes
    this.#hold(byBytes, out)
  }

  #hold(moreBytes: number, out: (entry: Entry) => void): void {
    this.#heldBytes += moreBytes
    while (this.#heldBytes > heldBytesMax) this.#releaseOldest(out)
  }

  #releaseOldest(out: (entry: Entry) => void): void {
    const [oldest] = this.#groups.keys()
    this.release(oldest, out)
  }

  /** Gives up the group of this source, if there is one. */
  release(key: Value, out: (entry: Entry) => void): void {
    const group = this.#groups.get(key)
    if (group === undefined) return
    this.#groups.delete(key)
    this.#heldBytes -= group.sizeBytes
    const { base, texts } = group
    if (texts.length > 1) {
      this.settings.combineField.set(base, texts.join(this.settings.combineWith))
    }
    out(base)
  }
}
