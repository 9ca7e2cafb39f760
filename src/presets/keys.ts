import { Key } from './found.ts'

interface Known extends Key {
  readonly bytes: Uint8Array
  /** The one that followed it last: lines of a log have the same keys in the same order. */
  next: Known | undefined
  /** The record that had it last. */
  record: number
}

class KnownKey extends Key implements Known {
  readonly bytes: Uint8Array
  next: Known | undefined
  record = 0

  constructor(text: string) {
    super(text)
    this.bytes = Buffer.from(text)
  }
}

const keysMax = 1000

/** Keys that come from the records themselves. At most 1,000 are kept; those behind are made each time. */
export class KeyNames {
  readonly #known = new Map<string, KnownKey>()
  readonly #first = new KnownKey('')
  #previous: Known = this.#first
  #record = 0

  /** A record begins. */
  begin(): void {
    this.#record++
    this.#previous = this.#first
  }

  /** The key `[start, end)`; undefined if the record has had it already. */
  next(source: Buffer, start: number, end: number): Key | undefined {
    const expected = this.#previous.next
    const key =
      expected !== undefined && isAt(expected.bytes, source, start, end)
        ? expected
        : this.#find(source.toString('utf8', start, end))
    if (key.record === this.#record) return undefined
    key.record = this.#record
    this.#previous.next = key
    this.#previous = key
    return key
  }

  #find(text: string): Known {
    let key = this.#known.get(text)
    if (key === undefined) {
      key = new KnownKey(text)
      if (this.#known.size < keysMax) this.#known.set(text, key)
    }
    return key
  }
}

function isAt(bytes: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false
  for (let index = 0; index < bytes.length; index++) {
    if (source[start + index] !== bytes[index]) return false
  }
  return true
}
