import type { Nfa } from './nfa.ts'

/**
 * The deterministic automaton that follows all patterns at once, from every place of a text: one step a byte, whatever
 * the text. Bytes that no pattern tells apart share a class.
 */
export interface Dfa {
  /** Class of each byte. */
  readonly classes: Uint8Array
  /** A row of `1 << shift` entries for each state. */
  readonly next: Uint16Array
  readonly shift: number
  /** States from here on end a pattern. State 0 is the start. */
  readonly firstEnd: number
  /** By state: the bits of all patterns that end there. */
  readonly bits: Int32Array
}

/** `bitOf[pattern]` is the bit that is set where the pattern ends. Undefined where more than `statesMax` states are needed. */
export function buildDfa(nfa: Nfa, bitOf: readonly number[], statesMax: number): Dfa | undefined {
  const { classes, members } = classify(nfa)
  const closer = new Closer(nfa)
  const known = new Map<string, number>()
  const sets: number[][] = []
  const rows: number[][] = []
  const visit = (states: number[]): number => {
    const key = states.join()
    const seen = known.get(key)
    if (seen !== undefined) return seen
    known.set(key, sets.length)
    sets.push(states)
    return sets.length - 1
  }
  // A match may begin at every place, so each set holds the start: what is listed is the rest of it.
  const start = closer.close(nfa.starts)
  const isStart = new Uint8Array(nfa.sets.length)
  for (const state of start) isStart[state] = 1
  const fromStart = members.map((byte) => move(nfa, start, byte))
  visit([])
  for (let state = 0; state < sets.length; state++) {
    if (sets.length > statesMax) return undefined
    const rest = sets[state] as number[]
    const row = members.map((byte, index) => {
      const reached = [...(fromStart[index] as number[]), ...move(nfa, rest, byte)]
      return visit(closer.close(reached).filter((one) => isStart[one] === 0))
    })
    rows.push(row)
  }
  return tabulate(nfa, bitOf, classes, members.length, sets, rows)
}

/** Where the states go with a byte. */
function move(nfa: Nfa, states: readonly number[], byte: number): number[] {
  const reached: number[] = []
  for (const state of states) {
    if (nfa.sets[state]?.[byte] === 1) reached.push(...(nfa.targets[state] as number[]))
  }
  return reached
}

/** States that end a pattern come last, so that one comparison finds them. */
function tabulate(
  nfa: Nfa,
  bitOf: readonly number[],
  classes: Uint8Array,
  classCount: number,
  sets: readonly number[][],
  rows: readonly number[][],
): Dfa {
  const bitsOf = sets.map((states) => {
    let bits = 0
    for (const state of states) {
      const pattern = nfa.ends[state] as number
      if (pattern >= 0) bits |= bitOf[pattern] as number
    }
    return bits
  })
  const order = [...sets.keys()].sort(
    (a, b) => Number(bitsOf[a] !== 0) - Number(bitsOf[b] !== 0) || a - b,
  )
  const position = new Uint16Array(sets.length)
  for (const [at, state] of order.entries()) position[state] = at
  const shift = Math.max(1, Math.ceil(Math.log2(classCount)))
  const next = new Uint16Array(sets.length << shift)
  const bits = new Int32Array(sets.length)
  for (const [at, state] of order.entries()) {
    bits[at] = bitsOf[state] as number
    for (const [index, target] of (rows[state] as number[]).entries()) {
      next[(at << shift) | index] = position[target] as number
    }
  }
  const firstEnd = order.findIndex((state) => bitsOf[state] !== 0)
  return { classes, next, shift, firstEnd: firstEnd < 0 ? sets.length : firstEnd, bits }
}

/** Groups the bytes by the sets that hold them; one member of each group stands for it. */
function classify(nfa: Nfa): { classes: Uint8Array; members: number[] } {
  const sets = new Map<string, Uint8Array>()
  for (const set of nfa.sets) if (set !== undefined) sets.set(set.join(''), set)
  const distinct = [...sets.values()]
  const classes = new Uint8Array(256)
  const known = new Map<string, number>()
  const members: number[] = []
  for (let byte = 0; byte < 256; byte++) {
    const key = distinct.map((set) => set[byte]).join('')
    let index = known.get(key)
    if (index === undefined) {
      index = members.length
      known.set(key, index)
      members.push(byte)
    }
    classes[byte] = index
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
