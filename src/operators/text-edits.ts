import type { Pattern } from '../regex/pattern.ts'
import { unquoteGo } from './go-quotes.ts'
import { OperatorError } from './operator-error.ts'

/** Escape sequences of terminals: CSI (colours and the like), OSC (titles, links), and those of two characters. */
export const ansiPattern =
  '\\x1b(?:\\[[0-9:;<=>?]*[ !-/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|[@-Z\\\\^_])'

/** Out of the quotes of Go and JSON. */
export function unquote(text: string): string {
  const plain = unquoteGo(text)
  if (plain === undefined) throw new OperatorError('it is not a quoted string')
  return plain
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
