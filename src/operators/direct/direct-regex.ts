import type { OnePass } from '../../regex/one-pass.ts'
import { encodeKey, type LogWriter } from '../../wire/otlp/log-writer.ts'
import type { DirectParser, Wanted } from './direct-chain.ts'

/** The named groups of a pattern as attributes: from ranges of the line, no string is made. */
export class DirectRegex implements DirectParser {
  readonly #onePass: OnePass
  readonly #names: readonly string[]
  readonly #slots: readonly number[]
  readonly #keys: readonly Uint8Array[]
  readonly #wanted: readonly Wanted[]
  readonly #wantedSlots: readonly number[]
  #clash = false

  constructor(
    onePass: OnePass,
    groupNames: readonly (string | undefined)[],
    wanted: readonly Wanted[],
  ) {
    const named = [...groupNames.entries()].flatMap(([group, name]) =>
      name === undefined ? [] : [{ slot: 2 * group, name }],
    )
    this.#onePass = onePass
    this.#names = named.map(({ name }) => name)
    this.#slots = named.map(({ slot }) => slot)
    this.#keys = this.#names.map(encodeKey)
    this.#wanted = wanted
    this.#wantedSlots = wanted.map(({ key }) => this.#slots[this.#names.indexOf(key)] ?? -1)
  }

  reserve(keys: readonly string[]): void {
    this.#clash = this.#names.some((name) => keys.includes(name))
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    if (this.#clash || this.#onePass.exec(source, start, end) !== 'match') return false
    const found = this.#onePass.slots
    const slots = this.#slots
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index] as number
      // A group that took no part is an empty string.
      const from = Math.max(0, found[slot] as number)
      const to = Math.max(0, found[slot + 1] as number)
      writer.attributeBytes(this.#keys[index] as Uint8Array, source, from, to)
    }
    for (let index = 0; index < this.#wanted.length; index++) {
      const wanted = this.#wanted[index] as Wanted
      const slot = this.#wantedSlots[index] as number
      if (slot < 0) return false
      wanted.start = Math.max(0, found[slot] as number)
      wanted.end = Math.max(0, found[slot + 1] as number)
    }
    return true
  }
}
