import { type CharSet, lastCodePoint, negate } from './char-set.ts'
import type { Node } from './parse.ts'

/** The same pattern for JavaScript, for the flag `u` and no other: all other flags are worked into the tree. */
export function emitPattern(node: Node): string {
  switch (node.kind) {
    case 'set':
      return emitSet(node.set)
    case 'assert':
      return asserts[node.at]
    case 'capture':
      return `(${emitPattern(node.node)})`
    case 'cat':
      return node.nodes
        .map((part) => (part.kind === 'alt' ? `(?:${emitPattern(part)})` : emitPattern(part)))
        .join('')
    case 'alt':
      return node.nodes.map(emitPattern).join('|')
    case 'repeat': {
      const simple = node.node.kind === 'set' || node.node.kind === 'capture'
      const body = simple ? emitPattern(node.node) : `(?:${emitPattern(node.node)})`
      return `${body}${bounds(node.min, node.max)}${node.lazy ? '?' : ''}`
    }
  }
}

const asserts = {
  begin: '^',
  end: '$',
  lineBegin: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  word: '\\b',
  notWord: '\\B',
} as const

function bounds(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  return min === max ? `{${min}}` : min === 0 && max === 1 ? '?' : `{${min},${max}}`
}

function emitSet(set: CharSet): string {
  if (set.length === 2 && set[0] === set[1]) return codePoint(set[0] as number)
  const negated = set.at(-1) === lastCodePoint
  const ranges = negated ? negate(set) : set
  let text = ''
  for (let at = 0; at < ranges.length; at += 2) {
    const low = ranges[at] as number
    const high = ranges[at + 1] as number
    text += low === high ? codePoint(low) : `${codePoint(low)}-${codePoint(high)}`
  }
  return `[${negated ? '^' : ''}${text}]`
}

function codePoint(code: number): string {
  const char = String.fromCodePoint(code)
  return /^[A-Za-z0-9_ ]$/.test(char) ? char : `\\u{${code.toString(16)}}`
}
