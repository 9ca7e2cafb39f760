import type { Entry, Value } from '../entry.ts'
import type { Condition } from '../expr/compile.ts'
import type { Field } from '../field.ts'
import { type Joiner, OperatorError } from '../operator.ts'

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

/** Puts entries that follow each other together, for each source by itself. */
export class Recombine implements Joiner {
  readonly #settings: RecombineSettings
  readonly #separatorBytes: number
  readonly #groups = new Map<Value, Group>()

  constructor(settings: RecombineSettings) {
    this.#settings = settings
    this.#separatorBytes = Buffer.byteLength(settings.combineWith)
  }

  take(entry: Entry, nowMs: number, out: (entry: Entry) => void): void {
    const { isFirst, isLast, combineField, sourceIdentifier, maxUnmatchedBatchSize } =
      this.#settings
    // Asked before anything is changed: it may throw.
    const first = isFirst?.(entry) === true
    const last = isLast?.(entry) === true
    const text = combineField.get(entry)
    if (typeof text !== 'string') throw new OperatorError(`${combineField.text} is not a string`)
    const key = sourceIdentifier.get(entry) ?? entry.path
    if (first) this.#release(key, out)
    const group = this.#add(key, entry, text, nowMs, out)
    group.matched ||= first || last
    const unmatchedFull =
      !group.matched && maxUnmatchedBatchSize > 0 && group.count >= maxUnmatchedBatchSize
    if (last || unmatchedFull || this.#isFull(group)) this.#release(key, out)
  }

  flush(nowMs: number, everything: boolean, out: (entry: Entry) => void): void {
    for (const [key, { sinceMs }] of this.#groups) {
      if (everything || nowMs - sinceMs >= this.#settings.forceFlushPeriodMs)
        this.#release(key, out)
    }
  }

  *held(): Iterable<Entry> {
    for (const { oldest } of this.#groups.values()) yield oldest
  }

  #isFull({ count, sizeBytes }: Group): boolean {
    const { maxBatchSize, maxLogSizeBytes } = this.#settings
    return (
      (maxBatchSize > 0 && count >= maxBatchSize) ||
      (maxLogSizeBytes > 0 && sizeBytes > maxLogSizeBytes)
    )
  }

  #add(key: Value, entry: Entry, text: string, nowMs: number, out: (entry: Entry) => void): Group {
    const known = this.#groups.get(key)
    if (known !== undefined) {
      if (this.#settings.overwriteWith === 'newest') known.base = entry.clone()
      known.texts.push(text)
      known.sizeBytes += this.#separatorBytes + Buffer.byteLength(text)
      known.count++
      return known
    }
    if (this.#groups.size >= this.#settings.maxSources) {
      for (const oldest of this.#groups.keys()) {
        this.#release(oldest, out)
        break
      }
    }
    const base = entry.clone()
    const group: Group = {
      base,
      oldest: base,
      texts: [text],
      sizeBytes: Buffer.byteLength(text),
      count: 1,
      sinceMs: nowMs,
      matched: false,
    }
    this.#groups.set(key, group)
    return group
  }

  #release(key: Value, out: (entry: Entry) => void): void {
    const group = this.#groups.get(key)
    if (group === undefined) return
    this.#groups.delete(key)
    const { base, texts } = group
    if (texts.length > 1) {
      this.#settings.combineField.set(base, texts.join(this.#settings.combineWith))
    }
    out(base)
  }
}
