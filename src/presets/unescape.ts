import { isUtf8 } from 'node:buffer'

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
}

// Several \u in a row belong together: two of them may be one character.
const escapes = /\\x([0-9a-fA-F]{2})|((?:\\u[0-9a-fA-F]{4})+)|\\(.)/gs

/**
 * The text that `[start, end)` stands for, where servers and loggers write `\"`, `\\`, `\n`, `\x1b` or `\u00e4`. Bytes that
 * make no UTF-8 stay as they are written.
 */
export function unescapeText(source: Buffer, start: number, end: number): string {
  const text = source.toString('utf8', start, end)
  if (!text.includes('\\')) return text
  const parts: Buffer[] = []
  let at = 0
  for (const match of text.matchAll(escapes)) {
    parts.push(Buffer.from(text.slice(at, match.index)))
    parts.push(bytesOf(match))
    at = match.index + match[0].length
  }
  parts.push(Buffer.from(text.slice(at)))
  const bytes = Buffer.concat(parts)
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}

function bytesOf([, hex, codes, char = '']: RegExpExecArray): Buffer {
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  if (codes !== undefined) {
    const units = codes.split('\\u').slice(1)
    return Buffer.from(String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16))))
  }
  const known = simple[char]
  return known === undefined ? Buffer.from(char) : Buffer.from([known])
}
