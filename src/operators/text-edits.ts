import type { Pattern } from '../regex/pattern.ts'
import { OperatorError } from './operator.ts'

/** Escape sequences of terminals: CSI (colours and the like), OSC (titles, links), and those of two characters. */
export const ansiPattern =
  '\\x1b(?:\\[[0-9:;<=>?]*[ !-/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|[@-Z\\\\^_])'

/** Out of the quotes of Go and JSON: "…" with escapes, `…` as it is, '…' for a single character. */
export function unquote(text: string): string {
  const quote = text[0]
  const inner = text.slice(1, -1)
  if (text.length < 2 || text.at(-1) !== quote) throw notQuoted()
  if (quote === '`') {
    if (inner.includes('`')) throw notQuoted()
    return inner
  }
  if (quote !== '"' && quote !== "'") throw notQuoted()
  if (inner.includes('\n')) throw notQuoted()
  const plain = inner.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[abfnrtv\\'"])|["'\\]/gu,
    (match, escaped: string | undefined) => {
      if (escaped === undefined) {
        if (match === '\\' || match === quote) throw notQuoted()
        return match
      }
      return unescaped(escaped)
    },
  )
  if (quote === "'" && [...plain].length !== 1) throw notQuoted()
  return plain
}

const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

function unescaped(escaped: string): string {
  const [first = ''] = escaped
  if (escaped.length === 1) return simple[first] ?? escaped
  const octal = /[0-7]/.test(first)
  const code = octal ? Number.parseInt(escaped, 8) : Number.parseInt(escaped.slice(1), 16)
  if (code > (octal ? 0xff : 0x10ffff)) throw notQuoted()
  return String.fromCodePoint(code)
}

function notQuoted(): OperatorError {
  return new OperatorError('it is not a quoted string')
}

type Piece = string | number

/** Replaces each match; `$1`, `${1}` and `${name}` are groups and `$$` is a dollar, as in Go. */
export function compileReplace(pattern: Pattern, replacement: string): (text: string) => string {
  const pieces = piecesOf(pattern, replacement)
  const found: [number, number] = [0, 0]
  return (text) => {
    let out = ''
    let at = 0
    let from = 0
    while (from <= text.length && pattern.search(text, from, found)) {
      const [start, end] = found
      // As in Go, nothing is found once more right behind what was found.
      if (end > start || start > at || start === 0) {
        out += text.slice(at, start) + fill(pieces, pattern, text, start, end)
        at = end
      }
      from = end > start ? end : end + 1
    }
    return at === 0 && out === '' ? text : out + text.slice(at)
  }
}

function piecesOf(pattern: Pattern, replacement: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of replacement.matchAll(/\$(?:\$|(\w+)|\{(\w+)\})/g)) {
    pieces.push(replacement.slice(at, match.index))
    at = match.index + match[0].length
    const name = match[1] ?? match[2]
    if (name === undefined) pieces.push('$')
    else pieces.push(/^\d+$/.test(name) ? Number(name) : pattern.groupNames.indexOf(name))
  }
  pieces.push(replacement.slice(at))
  return pieces
}

function fill(
  pieces: readonly Piece[],
  pattern: Pattern,
  text: string,
  start: number,
  end: number,
): string {
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('')
  const groups = pattern.exec(text.slice(start, end)) ?? []
  return pieces.map((piece) => (typeof piece === 'string' ? piece : (groups[piece] ?? ''))).join('')
}
