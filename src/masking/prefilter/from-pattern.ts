import { lastCodePoint } from '../../regex/char-set.ts'
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
  return budget.states < 0 || isNullable(anchor) ? undefined : anchor
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
