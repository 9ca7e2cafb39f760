import type { Nfa } from './nfa.ts'

/**
 * The deterministic automaton that follows all patterns at once, from every place of a text: one step a byte, whatever
 * the text. Bytes that no pattern tells apart share a class.
 *
 * Its states are made when a text first leads to them: there are some thousands, and few of them ever occur. Where patterns
 * of a configuration have more, the table is emptied and begun again from where the text stands.
 *
 *     next[state << shift | class] = state to go to, with `endBit` where a pattern ends there; `unknown` until it is asked for
 */
export class Dfa {
  /** Class of each byte. */
  readonly classes: Uint8Array
  readonly shift: number
  /** Replaced when it grows: read it again after `step`. */
  next: Uint16Array
  readonly #nfa: Nfa
  readonly #bitOf: readonly number[]
  /** A byte of each class. */
  readonly #members: readonly number[]
  readonly #closer: Closer
  readonly #isStart: Uint8Array
  readonly #fromStart: readonly (readonly number[])[]
  readonly #known = new Map<string, number>()
  readonly #sets: number[][] = []
  readonly #bits: number[] = []
  /** How often the table was emptied. */
  restarts = 0

  /** `bitOf[pattern]` is the bit that is set where the pattern ends. */
  constructor(nfa: Nfa, bitOf: readonly number[]) {
    const { classes, members } = classify(nfa)
    this.#nfa = nfa
    this.#bitOf = bitOf
    this.#members = members
    this.#closer = new Closer(nfa)
    this.classes = classes
    this.shift = Math.max(1, Math.ceil(Math.log2(members.length)))
    this.next = new Uint16Array(64 << this.shift).fill(unknown)
    // A match may begin at every place, so each set holds the start: what is listed is the rest of it.
    const start = this.#closer.close(nfa.starts)
    this.#isStart = new Uint8Array(nfa.sets.length)
    for (const state of start) this.#isStart[state] = 1
    this.#fromStart = members.map((byte) => move(nfa, start, byte))
    this.#stateOf([])
  }

  get classCount(): number {
    return this.#members.length
  }

  get states(): number {
    return this.#sets.length
  }

  /** Fills in one entry of `next` and returns it. */
  step(state: number, index: number): number {
    const rest = this.#sets[state] as number[]
    // A class without a byte of its own cannot be asked for.
    const byte = this.#members[index] as number
    const reached = [...(this.#fromStart[index] as number[]), ...move(this.#nfa, rest, byte)]
    const set = this.#closer.close(reached).filter((one) => this.#isStart[one] === 0)
    const target = this.#stateOf(set)
    const entry = this.#bits[target] === 0 ? target : target | endBit
    this.next[(state << this.shift) | index] = entry
    return entry
  }

  /** The state to go on from where `state` was reached: another number, where the table was full and is begun again. */
  makeRoom(state: number): number {
    if (this.#sets.length < statesMax) return state
    const set = this.#sets[state] as number[]
    this.restarts++
    this.#known.clear()
    this.#sets.length = 0
    this.#bits.length = 0
    this.next = new Uint16Array(64 << this.shift).fill(unknown)
    this.#stateOf([])
    return this.#stateOf(set)
  }

  /** The bits of all patterns that end in a state. */
  bitsOf(state: number): number {
    return this.#bits[state] as number
  }

  #stateOf(set: number[]): number {
    const key = set.join()
    const seen = this.#known.get(key)
    if (seen !== undefined) return seen
    const state = this.#sets.length
    this.#known.set(key, state)
    this.#sets.push(set)
    let bits = 0
    for (const one of set) {
      const pattern = this.#nfa.ends[one] as number
      if (pattern >= 0) bits |= this.#bitOf[pattern] as number
    }
    this.#bits.push(bits)
    if (state << this.shift >= this.next.length) {
      const grown = new Uint16Array(this.next.length * 2).fill(unknown, this.next.length)
      grown.set(this.next)
      this.next = grown
    }
    return state
  }
}

export const endBit = 0x8000
/** One step adds one state; the entries of the table leave room for half as many again. */
const statesMax = 20_000
export const unknown = 0xffff

/** Where the states go with a byte. */
function move(nfa: Nfa, states: readonly number[], byte: number): number[] {
  const reached: number[] = []
  for (const state of states) {
    if (nfa.sets[state]?.[byte] === 1) reached.push(...(nfa.targets[state] as number[]))
  }
  return reached
}

/** Groups the bytes by the sets that hold them, by splitting groups with one set after another; one member stands for each. */
function classify(nfa: Nfa): { classes: Uint8Array; members: number[] } {
  const classes = new Uint8Array(256)
  const split = new Int16Array(512)
  // Without any set all bytes are one group.
  const members = [0]
  for (const set of new Set(nfa.sets)) {
    if (set === undefined) continue
    split.fill(-1)
    members.length = 0
    for (let byte = 0; byte < 256; byte++) {
      const half = ((classes[byte] as number) << 1) | (set[byte] as number)
      if (split[half] === -1) split[half] = members.push(byte) - 1
      classes[byte] = split[half] as number
    }
  }
  return { classes, members }
}

/** All states that can be reached without reading, sorted; splitting states themselves are left out. */
class Closer {
  readonly #nfa: Nfa
  readonly #seen: Uint32Array
  #round = 0

  constructor(nfa: Nfa) {
    this.#nfa = nfa
    this.#seen = new Uint32Array(nfa.sets.length)
  }

  close(states: readonly number[]): number[] {
    const { sets, targets, ends } = this.#nfa
    const open = [...states]
    const closed: number[] = []
    this.#round++
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (this.#seen[state] === this.#round) continue
      this.#seen[state] = this.#round
      if (sets[state] !== undefined || (ends[state] as number) >= 0) closed.push(state)
      if (sets[state] === undefined) open.push(...(targets[state] as number[]))
    }
    return closed.sort((a, b) => a - b)
  }
}
