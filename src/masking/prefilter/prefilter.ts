import { Bug } from '../../errors/bug.ts'
import { overlaps } from '../../regex/char-set.ts'
import { first } from '../../regex/cost.ts'
import { type Node, parsePattern } from '../../regex/parse.ts'
import { Automaton } from './automaton.ts'
import { Hits } from './hits.ts'

export interface Anchor {
  /** On bytes, without assertions: in the syntax of RE2, or as its tree. */
  readonly pattern: string | Node
  /** Set in a hit of this anchor. */
  readonly bits: number
}

/** A few anchors share one automaton; of many, words and shapes together would have a state for each pair of them. */
const anchorsMaxOfOne = 32

/**
 * Proves bytes clean: what no anchor ends in, no detector can find anything in. One pass (two for many anchors) over the
 * bytes of a batch as they are, protobuf included, nothing allocated.
 *
 *     bytes → places at which an anchor may begin (candidates.ts) → the automaton from there → hits
 *
 * A hit outside of a text (in a length, a timestamp) costs a look at that place and nothing else.
 */
export class Prefilter {
  readonly #automata: readonly Automaton[]
  readonly #own = new Hits()

  constructor(anchors: readonly Anchor[]) {
    const parsed = merge(anchors).map(({ pattern, bits }) => {
      if (typeof pattern !== 'string') return { node: pattern, bits }
      const tree = parsePattern(pattern)
      if (tree === undefined) throw new Bug(`anchor outside of the known syntax: ${pattern}`)
      return { node: tree.node, bits }
    })
    const shapes = parsed.filter(({ node }) => isShape(node))
    const words = parsed.filter(({ node }) => !isShape(node))
    const groups = parsed.length <= anchorsMaxOfOne ? [parsed] : [shapes, words]
    this.#automata = groups.filter((group) => group.length > 0).map((group) => new Automaton(group))
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

  /** The bits of all anchors in `bytes`. */
  bitsOf(bytes: Uint8Array): number {
    this.scan(bytes, this.#own)
    return this.#own.bitsIn(0, bytes.length)
  }

  /** Puts the hits in `bytes` into `hits`. */
  scan(bytes: Uint8Array, hits: Hits): void {
    hits.reset()
    const [one, two] = this.#automata
    one?.scan(bytes, hits.lists[0])
    two?.scan(bytes, hits.lists[1])
  }
}

/** The same anchor of several detectors is one. */
function merge(anchors: readonly Anchor[]): Anchor[] {
  const bitsOf = new Map<string | Node, number>()
  for (const { pattern, bits } of anchors) bitsOf.set(pattern, (bitsOf.get(pattern) ?? 0) | bits)
  return [...bitsOf].map(([pattern, bits]) => ({ pattern, bits }))
}

const digitOne = [49, 49]
const aboveAscii = [0x80, 0xff]

/**
 * Whether a digit may begin it: numbers and codes, unlike words and the prefixes of tokens. Also what begins above ASCII: words
 * tell apart most letters, and the table of an automaton that tells apart more than 128 bytes is twice as large.
 */
function isShape(node: Node): boolean {
  const { set } = first(node)
  return overlaps(set, digitOne) || overlaps(set, aboveAscii)
}
