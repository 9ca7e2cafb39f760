import { encodeKey } from '../../wire/otlp/log-writer.ts'
import type { Wanted } from './direct-chain.ts'

/** A key of a JSON object that was met before. */
export class KnownKey {
  readonly text: string
  readonly bytes: Uint8Array
  /** As the field `key` of a KeyValue. */
  readonly encoded: Uint8Array
  /** It is an attribute of every record already. */
  readonly reserved: boolean
  wanted: Wanted | undefined
  /** What is wanted of the object that is its value. */
  readonly inner: readonly Wanted[]
  /** The key that followed it last: lines of a log have the same keys in the same order. */
  next: KnownKey | undefined
  /** The object that had it last. */
  object = 0

  constructor(text: string, reserved: boolean, wanted: readonly Wanted[]) {
    this.text = text
    this.bytes = Buffer.from(text)
    this.encoded = encodeKey(text)
    this.reserved = reserved
    this.wanted = wanted.find(({ key, outer }) => key === text && outer === undefined)
    this.inner = wanted.filter(({ outer }) => outer === text)
  }
}

const keysMax = 1000

/** The keys of one depth of nesting, at most 1,000. */
export class KeyTable {
  readonly first: KnownKey
  readonly #keys = new Map<string, KnownKey>()
  readonly #reserved: readonly string[]
  readonly #wanted: readonly Wanted[]

  constructor(reserved: readonly string[], wanted: readonly Wanted[]) {
    this.#reserved = reserved
    this.#wanted = wanted
    // Stands in front of the first key of each object.
    this.first = new KnownKey('', false, [])
  }

  /** Undefined when the table is full: such keys cannot be told from each other. */
  find(text: string): KnownKey | undefined {
    const known = this.#keys.get(text)
    if (known !== undefined) return known
    if (this.#keys.size >= keysMax) return undefined
    const made = new KnownKey(text, this.#reserved.includes(text), this.#wanted)
    this.#keys.set(text, made)
    return made
  }
}
