import { seededRandom } from '../test/support/random.ts'

/** Repeatable random values: the same seed gives the same files on every machine and with every version of Node. */
export class Random {
  /** From 0 up to but not including 1. */
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededRandom(seed)
  }

  /** Both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1))
  }

  chance(share: number): boolean {
    return this.#next() < share
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T
  }

  from(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.integer(0, alphabet.length - 1)]).join('')
  }

  digits(length: number): string {
    return this.from('0123456789', length)
  }

  letters(length: number): string {
    return this.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', length)
  }

  hex(length: number): string {
    return this.from('0123456789abcdef', length)
  }
}
