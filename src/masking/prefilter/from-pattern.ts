import { type CharSet, lastCodePoint, overlaps } from '../../regex/char-set.ts'
import { first } from '../../regex/cost.ts'
import { type Node, parsePattern } from '../../regex/parse.ts'

/**
 * What any match of a pattern of the configuration ends with, as a pattern over the bytes of UTF-8 without assertions: the
 * prefilter's language. It may also end where the pattern does not match; it never misses a match.
 *
 * Undefined where there is none: the pattern matches the empty text, or is of the rare syntax that only RE2 reads.
 */
export function anchorOf(pattern: string): Node | undefined {
  const parsed = parsePattern(pattern)
  if (parsed === undefined) return undefined
  const budget = { states: statesMax }
  const anchor = translate(parsed.node, budget)
  return budget.states < 0 || isNullable(anchor) ? undefined : shorten(anchor)
}

/**
 * A part that is in each match, and begins with what is rare: of `[a-z0-9.]+@[a-z]+(\\.[a-z]+)+` all from the `@`. So most bytes
 * of a text begin nothing.
 */
function shorten(node: Node): Node {
  if (node.kind !== 'cat') return leastOf(node)
  const parts = node.nodes.flatMap((part) => (part.kind === 'cat' ? part.nodes : [part]))
  let best: readonly Node[] = parts
  let rarest = Number.POSITIVE_INFINITY
  for (let from = 0; from < parts.length; from++) {
    const rest = parts.slice(from)
    if (isNullable({ kind: 'cat', nodes: rest })) break
    const weight = weightOf(first({ kind: 'cat', nodes: rest }).set)
    // One byte alone proves too little to be worth losing what stands before it.
    if (weight < rarest && (from === 0 || rest.length > 1)) {
      rarest = weight
      best = rest
    }
  }
  const [start, ...others] = best
  return start === undefined ? node : { kind: 'cat', nodes: [leastOf(start), ...others] }
}

/** A repetition at the beginning: each match holds its last rounds. */
function leastOf(node: Node): Node {
  return node.kind === 'repeat' && node.min > 0 ? { ...node, max: node.min } : node
}

/** How often bytes of these kinds are met in logs, in hundredths. */
const frequencies: readonly (readonly [set: CharSet, share: number])[] = [
  [[97, 122], 55],
  [[32, 32], 8],
  [[48, 57], 12],
  [[65, 90], 6],
  [[128, 255], 4],
  [[0, 31], 4],
]

function weightOf(set: CharSet): number {
  return frequencies.reduce((sum, [kind, share]) => sum + (overlaps(kind, set) ? share : 0), 1)
}

/** Of the automaton that follows the anchor. A larger one has too many sets of states to be worth it. */
const statesMax = 2000
/** More repetitions of one part prove little more, and each costs a state. */
const repeatMax = 20

const nothing: Node = { kind: 'cat', nodes: [] }
/** One character above ASCII, or what stands for it where the bytes are no UTF-8. */
const wide: Node = {
  kind: 'repeat',
  node: { kind: 'set', set: [0x80, 0xff] },
  min: 1,
  max: 4,
  lazy: false,
}

function translate(node: Node, budget: { states: number }): Node {
  if (budget.states < 0) return nothing
  switch (node.kind) {
    case 'assert':
      return nothing
    case 'capture':
      return translate(node.node, budget)
    case 'cat':
      return { kind: 'cat', nodes: node.nodes.map((part) => translate(part, budget)) }
    case 'alt':
      return { kind: 'alt', nodes: node.nodes.map((part) => translate(part, budget)) }
    case 'set':
      budget.states -= 6
      return bytesOf(node.set)
    case 'repeat': {
      const inner = { states: budget.states }
      const part = translate(node.node, inner)
      const min = Math.min(node.min, repeatMax)
      const max = node.max <= 1 ? node.max : node.max === min ? min : Number.POSITIVE_INFINITY
      budget.states -= (budget.states - inner.states) * (min + 1)
      return { kind: 'repeat', node: part, min, max, lazy: false }
    }
  }
}

function bytesOf(set: readonly number[]): Node {
  const ascii: number[] = []
  let isWide = false
  for (let at = 0; at < set.length; at += 2) {
    const first = set[at] as number
    const last = Math.min(set[at + 1] as number, lastCodePoint)
    if (first < 0x80) ascii.push(first, Math.min(last, 0x7f))
    isWide ||= last >= 0x80
  }
  const narrow: Node = { kind: 'set', set: ascii }
  if (!isWide) return narrow
  return ascii.length === 0 ? wide : { kind: 'alt', nodes: [narrow, wide] }
}

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assert':
      return true
    case 'capture':
      return isNullable(node.node)
    case 'cat':
      return node.nodes.every(isNullable)
    case 'alt':
      return node.nodes.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.node)
  }
}
