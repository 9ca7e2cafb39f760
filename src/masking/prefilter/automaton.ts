import type { Node } from '../../regex/parse.ts'
import { Dfa, endBit, unknown } from './dfa.ts'
import type { HitList } from './hits.ts'
import { buildNfa } from './nfa.ts'

/** Patterns whose table is full so often follow each byte anew: from then on every text is looked at instead. */
const restartsMax = 8

/** Anchors as an automaton whose table grows with what it meets, and the place where a scan stands in it. */
export class Automaton {
  readonly #dfa: Dfa
  /** By byte: whether it leads out of the start state. */
  readonly #begins = new Uint8Array(256)
  #state = 0
  readonly #allBits: number

  constructor(anchors: readonly { readonly node: Node; readonly bits: number }[]) {
    this.#dfa = new Dfa(
      buildNfa(anchors.map(({ node }) => node)),
      anchors.map(({ bits }) => bits),
    )
    this.#allBits = anchors.reduce((all, { bits }) => all | bits, 0)
    const { classes, classCount } = this.#dfa
    const begins = Array.from({ length: classCount }, (_, index) => this.#dfa.step(0, index) !== 0)
    for (let byte = 0; byte < 256; byte++) {
      this.#begins[byte] = begins[classes[byte] as number] ? 1 : 0
    }
  }

  get states(): number {
    return this.#dfa.states
  }

  scan(bytes: Uint8Array, hits: HitList): void {
    this.#state = 0
    this.#scanFrom(bytes, 0, hits)
  }

  #scanFrom(bytes: Uint8Array, from: number, hits: HitList): void {
    let at = from
    while (at < bytes.length) {
      at = this.#follow(bytes, at, hits)
      if (at < bytes.length && !this.#learn(bytes, at, hits)) return
    }
  }

  /** Fills in where the byte at `at` leads. False where that was given up, and the rest of the bytes is one hit. */
  #learn(bytes: Uint8Array, at: number, hits: HitList): boolean {
    const dfa = this.#dfa
    const index = dfa.classes[bytes[at] as number] as number
    if (dfa.next[(this.#state << dfa.shift) | index] !== unknown) return true
    this.#state = dfa.makeRoom(this.#state)
    if (dfa.restarts > restartsMax) {
      hits.addRange(at, bytes.length - 1, this.#allBits)
      return false
    }
    dfa.step(this.#state, index)
    return true
  }

  /** From `from` on as far as the table is known; returns where it is not. */
  #follow(bytes: Uint8Array, from: number, hits: HitList): number {
    const { classes, shift, next } = this.#dfa
    const begins = this.#begins
    const length = bytes.length
    let state = this.#state
    for (let at = from; at < length; at++) {
      if (state === 0) {
        // Fast path: most bytes begin no anchor. Four a turn save a fifth of it.
        while (
          at + 3 < length &&
          ((begins[bytes[at] as number] as number) |
            (begins[bytes[at + 1] as number] as number) |
            (begins[bytes[at + 2] as number] as number) |
            (begins[bytes[at + 3] as number] as number)) ===
            0
        ) {
          at += 4
        }
        while (at < length && begins[bytes[at] as number] === 0) at++
        if (at >= length) return length
      }
      const entry = next[(state << shift) | (classes[bytes[at] as number] as number)] as number
      if (entry < endBit) {
        state = entry
        continue
      }
      if (entry === unknown) {
        this.#state = state
        return at
      }
      state = entry & stateMask
      hits.add(at, this.#dfa.bitsOf(state))
    }
    return length
  }

  /**
   * Two automata over the same bytes. Each step waits for the one before it to come from memory; two at once wait together,
   * and cost hardly more than one.
   */
  static scanBoth(
    one: Automaton,
    two: Automaton,
    bytes: Uint8Array,
    lists: readonly [HitList, HitList],
  ): void {
    one.#state = 0
    two.#state = 0
    let at = 0
    while (at < bytes.length) {
      at = Automaton.#followBoth(one, two, bytes, at, lists)
      if (at === bytes.length) return
      if (!one.#learn(bytes, at, lists[0])) {
        two.#scanFrom(bytes, at, lists[1])
        return
      }
      if (!two.#learn(bytes, at, lists[1])) {
        one.#scanFrom(bytes, at, lists[0])
        return
      }
    }
  }

  static #followBoth(
    one: Automaton,
    two: Automaton,
    bytes: Uint8Array,
    from: number,
    lists: readonly [HitList, HitList],
  ): number {
    const { classes: classesOne, shift: shiftOne, next: nextOne } = one.#dfa
    const { classes: classesTwo, shift: shiftTwo, next: nextTwo } = two.#dfa
    const length = bytes.length
    let stateOne = one.#state
    let stateTwo = two.#state
    for (let at = from; at < length; at++) {
      const byte = bytes[at] as number
      const entryOne = nextOne[(stateOne << shiftOne) | (classesOne[byte] as number)] as number
      const entryTwo = nextTwo[(stateTwo << shiftTwo) | (classesTwo[byte] as number)] as number
      if ((entryOne | entryTwo) < endBit) {
        stateOne = entryOne
        stateTwo = entryTwo
        continue
      }
      if (entryOne === unknown || entryTwo === unknown) {
        one.#state = stateOne
        two.#state = stateTwo
        return at
      }
      stateOne = entryOne & stateMask
      stateTwo = entryTwo & stateMask
      if (entryOne >= endBit) lists[0].add(at, one.#dfa.bitsOf(stateOne))
      if (entryTwo >= endBit) lists[1].add(at, two.#dfa.bitsOf(stateTwo))
    }
    return length
  }
}

const stateMask = endBit - 1
