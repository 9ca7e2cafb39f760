import { setKey, type Values } from '../entry.ts'
import type { Field } from '../field.ts'
import { OperatorError } from '../operator-error.ts'
import { type Embedded, Parser } from './parser.ts'

/** `level=warn msg="two words" user='x'`: pairs behind each other. */
export class KeyValueParser extends Parser {
  readonly #delimiter: string
  readonly #pairDelimiter: string

  /** `pairDelimiter` empty: any white space. */
  constructor(
    from: Field,
    to: Field,
    embedded: Embedded,
    delimiter: string,
    pairDelimiter: string,
  ) {
    super(from, to, embedded)
    this.#delimiter = delimiter
    this.#pairDelimiter = pairDelimiter
  }

  protected parse(text: string): Values {
    const values: Values = {}
    let pairs = 0
    for (const pair of splitPairs(text, this.#pairDelimiter)) {
      const at = pair.indexOf(this.#delimiter)
      if (at < 0) throw new OperatorError(`it has a part without "${this.#delimiter}"`)
      const value = pair.slice(at + this.#delimiter.length).trim()
      // Blanks around the text of a quoted value go too, as in the collector.
      setKey(values, unquoted(pair.slice(0, at).trim()).trim(), unquoted(value).trim())
      pairs++
    }
    if (pairs === 0) throw new OperatorError('it is empty')
    return values
  }
}

function unquoted(text: string): string {
  const quote = text[0]
  if (text.length < 2 || (quote !== '"' && quote !== "'") || text.at(-1) !== quote) return text
  const inner = text.slice(1, -1)
  return inner.includes('\\') ? inner.replace(/\\(["'\\])/g, '$1') : inner
}

/** Splits where the delimiter stands outside of quotes; parts of nothing are left out. */
export function splitPairs(text: string, delimiter: string): string[] {
  const parts: string[] = []
  let start = 0
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === '"' || char === "'") {
      quote = char
    } else if (delimiter === '' ? isSpace(char) : text.startsWith(delimiter, at)) {
      if (at > start) parts.push(text.slice(start, at))
      start = at + (delimiter.length || 1)
      at = start - 1
    }
  }
  if (quote !== '') throw new OperatorError('it has a quote that is not closed')
  if (start < text.length) parts.push(text.slice(start))
  return parts
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r'
}
