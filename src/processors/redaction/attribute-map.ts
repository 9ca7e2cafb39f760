import { type AnyValue, type KeyValue, readKeyValue } from '../../wire/otlp/any-view.ts'
import type { Reader } from '../../wire/reader.ts'

/** An attribute, and what became of it. */
export interface Entry extends KeyValue {
  /** Its field, with tag and length; both -1 where it was put in. */
  readonly start: number
  readonly end: number
  /** Which blocked values may be in it. */
  readonly bits: number
  state: 'kept' | 'changed' | 'removed'
}

/** The attributes of one message, in order. Keys may stand twice: what is asked for is the first, as in the collector. */
export class AttributeMap {
  readonly entries: Entry[] = []

  /** Reads a KeyValue up to the end of the current message; its field began at `start`. */
  read(reader: Reader, start: number, bits: number): void {
    const { end } = reader
    const pair = readKeyValue(reader, pairDepth)
    // What the last field of its number hides was not examined, so it does not stay in the bytes.
    const state = pair.overwrote ? 'changed' : 'kept'
    this.entries.push({ ...pair, start, end, bits, state })
  }

  get(key: string): Entry | undefined {
    return this.entries.find((entry) => entry.state !== 'removed' && entry.key === key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** The text of a string attribute. */
  text(key: string): string | undefined {
    const value = this.get(key)?.value
    return value?.kind === 'string' ? value.value : undefined
  }

  put(key: string, value: AnyValue): void {
    const entry = this.get(key)
    if (entry !== undefined) change(entry, value)
    else
      this.entries.push({
        key,
        value,
        keyStrindex: 0,
        start: -1,
        end: -1,
        bits: 0,
        state: 'changed',
      })
  }

  get isChanged(): boolean {
    return this.entries.some(({ state }) => state !== 'kept')
  }
}

/** Messages above a KeyValue: request, resource, scope, record. */
const pairDepth = 5

export function change(entry: Entry, value: AnyValue): void {
  entry.value = value
  if (entry.state === 'kept') entry.state = 'changed'
}
