import { type CharSet, newlineOnly, normalize, overlaps } from './char-set.ts'
import type { Node } from './parse.ts'

/*
 * How long V8's backtracking engine may take for a pattern, at worst, on n characters:
 *
 *     factor × n ^ (1 + degree)       steps
 *
 * At each choice (go on with a repetition or leave it, this alternative or that) it is asked which characters may come
 * next on either side. If no character may come on both, a wrong choice is noticed at the next character: it costs one step,
 * and a pattern of only such choices is linear. A choice that one character does not decide is
 *
 *   - a repetition without end, outside of others: it may end at n places, and all that follows is tried from each: degree + 1
 *   - a bounded repetition or an alternation, outside of endless repetitions: so many ways, factor × ways
 *   - inside of an endless repetition: exponential, and there is no cost.
 *
 * Looking for a match at every place costs one more degree, unless the pattern begins with `^` or `\A`.
 */
export interface Cost {
  readonly degree: number
  readonly factor: number
}

const linear: Cost = { degree: 0, factor: 1 }
const factorMax = 1e6

/** The cost of a match that begins at a given place; undefined where none can be given. */
export function costOf(node: Node): Cost | undefined {
  if (!capturesBehaveAlike(node, false, false)) return undefined
  return cost(node, [], false)
}

/** What a match may begin with. `nullable`: it may be empty, then what follows decides. */
export interface First {
  readonly set: CharSet
  readonly nullable: boolean
}

export function first(node: Node): First {
  switch (node.kind) {
    case 'set':
      return { set: node.set, nullable: false }
    case 'assert':
      // Nothing can follow the end. The others let through what follows them, or less.
      return { set: [], nullable: node.at !== 'end' }
    case 'capture':
      return first(node.node)
    case 'repeat': {
      const inner = first(node.node)
      return { set: inner.set, nullable: inner.nullable || node.min === 0 }
    }
    case 'alt': {
      const options = node.nodes.map(first)
      return {
        set: normalize(options.flatMap((option) => option.set)),
        nullable: options.some((option) => option.nullable),
      }
    }
    case 'cat': {
      let set: CharSet = []
      for (const part of node.nodes) {
        const found = first(part)
        set = normalize([...set, ...found.set])
        if (!found.nullable) return { set, nullable: false }
      }
      return { set, nullable: true }
    }
  }
}

/** Whether it may match without taking a character; `first` says no where that is so at the end of the text only. */
export function mayBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assert':
      return true
    case 'capture':
      return mayBeEmpty(node.node)
    case 'repeat':
      return node.min === 0 || mayBeEmpty(node.node)
    case 'alt':
      return node.nodes.some(mayBeEmpty)
    case 'cat':
      return node.nodes.every(mayBeEmpty)
  }
}

function firstThen(node: Node, follow: CharSet): CharSet {
  const { set, nullable } = first(node)
  return nullable ? normalize([...set, ...follow]) : set
}

/** `follow`: what may come after the node. Empty behind the last one: a match that is complete never turns back. */
function cost(node: Node, follow: CharSet, inLoop: boolean): Cost | undefined {
  switch (node.kind) {
    case 'set':
    case 'assert':
      return linear
    case 'capture':
      return cost(node.node, follow, inLoop)
    case 'cat':
      return costOfSequence(node.nodes, follow, inLoop)
    case 'alt':
      return costOfAlternatives(node.nodes, follow, inLoop)
    case 'repeat':
      return costOfRepeat(node, follow, inLoop)
  }
}

function costOfSequence(
  nodes: readonly Node[],
  follow: CharSet,
  inLoop: boolean,
): Cost | undefined {
  let total: Cost | undefined = linear
  let next = follow
  for (const node of nodes.toReversed()) {
    total = both(total, cost(node, next, inLoop))
    if (total === undefined) return undefined
    next = firstThen(node, next)
  }
  return total
}

function costOfAlternatives(
  nodes: readonly Node[],
  follow: CharSet,
  inLoop: boolean,
): Cost | undefined {
  let total: Cost | undefined = linear
  let seen: CharSet = []
  let ways = 1
  for (const node of nodes) {
    total = both(total, cost(node, follow, inLoop))
    const begins = firstThen(node, follow)
    if (overlaps(begins, seen)) ways++
    seen = normalize([...seen, ...begins])
  }
  if (ways > 1 && inLoop) return undefined
  return both(total, { degree: 0, factor: ways })
}

function costOfRepeat(
  node: Extract<Node, { kind: 'repeat' }>,
  follow: CharSet,
  inLoop: boolean,
): Cost | undefined {
  const { node: body, min, max } = node
  // JavaScript takes no iteration that is empty beyond `min`, RE2 does.
  if (min !== max && mayBeEmpty(body)) return undefined
  const begins = first(body)
  if (max === Number.POSITIVE_INFINITY) {
    const inner = cost(body, normalize([...begins.set, ...follow]), true)
    if (inner === undefined) return undefined
    if (!overlaps(begins.set, follow)) return linear
    return inLoop ? undefined : { degree: 1, factor: 1 }
  }
  if (begins.nullable && max > 1) return undefined
  const after = max > 1 ? normalize([...begins.set, ...follow]) : follow
  const inner = cost(body, after, inLoop)
  if (inner === undefined) return undefined
  const ambiguous = min !== max && overlaps(firstThen(body, follow), follow)
  if (ambiguous && inLoop) return undefined
  const total = {
    degree: inner.degree * max,
    factor: inner.factor ** max * (ambiguous ? max - min + 1 : 1),
  }
  return total.factor > factorMax ? undefined : total
}

function both(a: Cost | undefined, b: Cost | undefined): Cost | undefined {
  if (a === undefined || b === undefined) return undefined
  const factor = a.factor * b.factor
  return factor > factorMax ? undefined : { degree: a.degree + b.degree, factor }
}

/**
 * JavaScript forgets the groups of a repetition at the start of each round, RE2 does not. It makes no difference where
 * each round sets the group.
 */
function capturesBehaveAlike(node: Node, repeated: boolean, optional: boolean): boolean {
  switch (node.kind) {
    case 'capture':
      return !(repeated && optional) && capturesBehaveAlike(node.node, repeated, optional)
    case 'repeat': {
      const again = node.max > 1
      return capturesBehaveAlike(
        node.node,
        repeated || again,
        (repeated && optional) || (repeated && node.min === 0),
      )
    }
    case 'alt':
      return node.nodes.every((part) => capturesBehaveAlike(part, repeated, repeated))
    case 'cat':
      return node.nodes.every((part) => capturesBehaveAlike(part, repeated, optional))
    default:
      return true
  }
}

/** Whether a match may only begin at the beginning of the text. */
export function isAnchored(node: Node): boolean {
  if (node.kind === 'assert') return node.at === 'begin'
  if (node.kind === 'capture') return isAnchored(node.node)
  if (node.kind === 'cat') return node.nodes.length > 0 && isAnchored(node.nodes[0] as Node)
  return node.kind === 'alt' && node.nodes.every(isAnchored)
}

/** Whether a match stays within a line, and asks only about the line it is in. */
export function staysInLine(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return !overlaps(node.set, newlineOnly)
    case 'assert':
      return node.at !== 'begin' && node.at !== 'end'
    case 'capture':
    case 'repeat':
      return staysInLine(node.node)
    default:
      return node.nodes.every(staysInLine)
  }
}
