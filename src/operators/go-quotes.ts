const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

// Bytes written one by one belong together: several of them may be one character.
const escapes =
  /((?:\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2})+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([abfnrtv\\'"])|["'\\]/g
const byte = /\\x(..)|\\(...)/g

/**
 * What stands in the quotes of Go (strconv.Unquote) and of JSON: "…" with escapes, `…` as it is, '…' for a single character.
 * Undefined for anything else. Bytes that are no UTF-8 become U+FFFD.
 */
export function unquoteGo(text: string): string | undefined {
  const quote = text[0]
  const inner = text.slice(1, -1)
  if (text.length < 2 || text.at(-1) !== quote) return undefined
  if (quote === '`') return inner.includes('`') ? undefined : inner
  if ((quote !== '"' && quote !== "'") || inner.includes('\n')) return undefined
  // Fast path: nothing is escaped.
  const plain = /["'\\]/.test(inner) ? unescaped(inner, quote) : inner
  return quote === "'" && plain !== undefined && [...plain].length !== 1 ? undefined : plain
}

function unescaped(inner: string, quote: string): string | undefined {
  let isWrong = false
  const plain = inner.replace(
    escapes,
    (match: string, bytes?: string, four?: string, eight?: string, one?: string) => {
      if (bytes !== undefined) return ofBytes(bytes)
      if (one !== undefined) return simple[one] ?? one
      const code = Number.parseInt(four ?? eight ?? '', 16)
      if (code <= 0x10ffff) return String.fromCodePoint(code)
      // A quote of the other kind, or what means nothing.
      if (match === '\\' || match === quote || !Number.isNaN(code)) isWrong = true
      return match
    },
  )
  return isWrong ? undefined : plain
}

function ofBytes(written: string): string {
  const bytes = Array.from(written.matchAll(byte), ([, hex, octal]) => {
    return hex === undefined ? Number.parseInt(octal as string, 8) : Number.parseInt(hex, 16)
  })
  return Buffer.from(bytes).toString('utf8')
}
