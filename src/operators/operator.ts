import type { Entry, Value } from './entry.ts'
import type { Field } from './field.ts'

/** One that changes an entry. Throws an OperatorError for one that it cannot handle. */
export interface Operator {
  process(entry: Entry): void
  /** The fields that it reads or writes, as far as they are known before. */
  readonly fields: readonly Field[]
}

/** One that lets entries through or not. */
export interface Gate {
  passes(entry: Entry): boolean
}

/** One that chooses where an entry goes on: the index of a route, or -1 for none of them. */
export interface Switch {
  route(entry: Entry): number
}

/** What one operator may hold of all sources together. Beyond it the oldest is given up, in as many records as it takes. */
export const heldBytesMax = 32 * 1024 * 1024

/** One that makes one entry of several. What it takes it keeps as a copy. */
export interface Joiner {
  /** Takes an entry. What is complete now goes to `out`; afterwards an entry belongs to the next operator. */
  take(entry: Entry, nowMs: number, out: (entry: Entry) => void): void
  /** Gives up waiting for what is older than it may be, or for everything. */
  flush(nowMs: number, everything: boolean, out: (entry: Entry) => void): void
  /** The oldest entry of each group that is held. */
  held(): Iterable<Entry>
}

/** One that takes a single value and changes only the time, the level or the like. */
export interface FieldReader extends Operator {
  readonly from: Field
  /** `process`, when the value is at hand. */
  read(value: Value, entry: Entry): void
}
