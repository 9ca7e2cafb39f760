import { Bug } from '../../errors/bug.ts'
import { overlaps } from '../../regex/char-set.ts'
import { first } from '../../regex/cost.ts'
import { type Node, parsePattern } from '../../regex/parse.ts'
import { buildDfa, type Dfa } from './dfa.ts'
import { Hits } from './hits.ts'
import { buildNfa } from './nfa.ts'

export interface Anchor {
  /** In the syntax of RE2, on bytes, without assertions. */
  readonly pattern: string
  /** Set in a hit of this anchor. */
  readonly bits: number
}

interface Parsed {
  readonly node: Node
  readonly bits: number
}

/** One table for all anchors if it stays in the cache nearest to the processor, else one for words and one for shapes. */
const statesMaxOfOne = 600
/** A table of 2 MB helps nobody. */
const statesMax = 16_384

/**
 * Proves bytes clean: what no anchor ends in, no detector can find anything in. One pass (two for many anchors) over the
 * bytes of a batch as they are, protobuf included, a table look-up a byte, nothing allocated. A hit outside of a text (in
 * a length, a timestamp) costs a look at that place and nothing else.
 */
export class Prefilter {
  readonly #automata: readonly Automaton[]
  readonly #spare = new Hits()

  constructor(anchors: readonly Anchor[]) {
    const parsed = merge(anchors).map(({ pattern, bits }) => {
      const tree = parsePattern(pattern)
      if (tree === undefined) throw new Bug(`anchor outside of the known syntax: ${pattern}`)
      return { node: tree.node, bits }
    })
    const whole = build(parsed, statesMaxOfOne)
    if (whole !== undefined) {
      this.#automata = [whole]
      return
    }
    const shapes = parsed.filter(({ node }) => isShape(node))
    const words = parsed.filter(({ node }) => !isShape(node))
    this.#automata = [shapes, words].map((group) => {
      const automaton = build(group, statesMax)
      if (automaton === undefined) throw new Bug('the anchors need too many states')
      return automaton
    })
  }

  /** How large the tables are. */
  get states(): number {
    return this.#automata.reduce((sum, { states }) => sum + states, 0)
  }

  /** How many places of `bytes` need a look. */
  hits(bytes: Uint8Array): number {
    const hits = new Hits()
    this.scan(bytes, hits)
    return hits.count
  }

  /** Puts the hits in `bytes` into `hits`, in order. */
  scan(bytes: Uint8Array, hits: Hits): void {
    const [one, two] = this.#automata
    hits.reset()
    one?.scan(bytes, hits)
    if (two === undefined) return
    this.#spare.reset()
    two.scan(bytes, this.#spare)
    hits.merge(this.#spare)
  }
}

/** The same anchor of several detectors is one. */
function merge(anchors: readonly Anchor[]): Anchor[] {
  const bitsOf = new Map<string, number>()
  for (const { pattern, bits } of anchors) bitsOf.set(pattern, (bitsOf.get(pattern) ?? 0) | bits)
  return [...bitsOf].map(([pattern, bits]) => ({ pattern, bits }))
}

const digitOne = [49, 49]

/** Whether a digit may begin it: numbers and codes, unlike words and the prefixes of tokens. */
function isShape(node: Node): boolean {
  const { set } = first(node)
  return overlaps(set, digitOne)
}

function build(parsed: readonly Parsed[], max: number): Automaton | undefined {
  const nfa = buildNfa(parsed.map(({ node }) => node))
  const bits = parsed.map((one) => one.bits)
  const dfa = buildDfa(nfa, bits, max)
  return dfa === undefined ? undefined : new Automaton(dfa)
}

class Automaton {
  readonly #dfa: Dfa
  /** By byte: whether it leads out of the start state. */
  readonly #begins: Uint8Array

  constructor(dfa: Dfa) {
    this.#dfa = dfa
    this.#begins = dfa.classes.map((index) => (dfa.next[index] === 0 ? 0 : 1))
  }

  get states(): number {
    return this.#dfa.bits.length
  }

  scan(bytes: Uint8Array, hits: Hits): void {
    const { classes, next, shift, firstEnd, bits } = this.#dfa
    const begins = this.#begins
    const length = bytes.length
    let state = 0
    for (let at = 0; at < length; at++) {
      if (state === 0) {
        // Fast path: most bytes begin no anchor.
        while (at < length && begins[bytes[at] as number] === 0) at++
        if (at >= length) return
      }
      state = next[(state << shift) | (classes[bytes[at] as number] as number)] as number
      if (state >= firstEnd) hits.add(at, bits[state] as number)
    }
  }
}
