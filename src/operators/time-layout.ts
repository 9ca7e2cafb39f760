/*
 * Layouts of times, in two languages that become one list of parts:
 *
 *   strptime   %Y-%m-%dT%H:%M:%S.%L%z       the directives of the collector's time_parser
 *   gotime     2006-01-02T15:04:05.000Z07:00   Go's reference time
 */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'number'
      readonly unit: NumberUnit
      readonly min: number
      readonly max: number
      readonly padded: boolean
    }
  | { readonly kind: 'fraction'; readonly withSeparator: boolean }
  | { readonly kind: 'name'; readonly unit: 'month' | 'weekday' | 'half' }
  | { readonly kind: 'offset'; readonly utcAsZ: boolean }
  | { readonly kind: 'zone' }

export type NumberUnit =
  | 'year'
  | 'year2'
  | 'month'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'minute'
  | 'second'
  | 'yearDay'

const fixed = (unit: NumberUnit, digits: number): Part => ({
  kind: 'number',
  unit,
  min: digits,
  max: digits,
  padded: false,
})
const loose = (unit: NumberUnit): Part => ({ kind: 'number', unit, min: 1, max: 2, padded: false })
const padded = (unit: NumberUnit): Part => ({ kind: 'number', unit, min: 1, max: 2, padded: true })
const text = (value: string): Part => ({ kind: 'text', text: value })

/** As strptime reads numbers: with or without leading zeros, blanks in front. */
const number = (unit: NumberUnit): Part => padded(unit)
const fraction: Part = { kind: 'fraction', withSeparator: false }
/** Of seconds; taken also where the layout has none. */
const restOfSecond: Part = { kind: 'fraction', withSeparator: true }

const directives: Readonly<Record<string, readonly Part[]>> = {
  Y: [{ kind: 'number', unit: 'year', min: 4, max: 4, padded: true }],
  y: [{ kind: 'number', unit: 'year2', min: 2, max: 2, padded: true }],
  m: [number('month')],
  o: [number('month')],
  q: [number('month')],
  b: [{ kind: 'name', unit: 'month' }],
  h: [{ kind: 'name', unit: 'month' }],
  B: [{ kind: 'name', unit: 'month' }],
  d: [number('day')],
  e: [number('day')],
  g: [number('day')],
  j: [{ kind: 'offset', utcAsZ: false }],
  a: [{ kind: 'name', unit: 'weekday' }],
  A: [{ kind: 'name', unit: 'weekday' }],
  H: [number('hour')],
  I: [number('hour12')],
  l: [number('hour12')],
  p: [{ kind: 'name', unit: 'half' }],
  P: [{ kind: 'name', unit: 'half' }],
  M: [number('minute')],
  S: [number('second'), restOfSecond],
  L: [fraction],
  f: [fraction],
  s: [fraction],
  z: [{ kind: 'offset', utcAsZ: true }],
  w: [{ kind: 'offset', utcAsZ: false }],
  i: [{ kind: 'offset', utcAsZ: false }],
  k: [{ kind: 'offset', utcAsZ: false }],
  Z: [{ kind: 'zone' }],
  n: [text('\n')],
  t: [text('\t')],
  '%': [text('%')],
}

const composed: Readonly<Record<string, string>> = {
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  c: '%a %b %d %H:%M:%S %Y',
  v: '%e-%b-%Y',
}

/** Throws an Error with the reason. */
export function parseStrptime(layout: string): readonly Part[] {
  const parts: Part[] = []
  for (let at = 0; at < layout.length; at++) {
    const char = layout.charAt(at)
    if (char !== '%') {
      parts.push(text(char))
      continue
    }
    const letter = layout.charAt(++at)
    if (/[Lfs]/.test(letter) && isFractionOfSecond(parts)) {
      parts.pop()
      continue
    }
    const expansion = composed[letter]
    const found = expansion === undefined ? directives[letter] : parseStrptime(expansion)
    if (found === undefined) throw new Error(`has the unknown directive "%${letter}"`)
    parts.push(...found)
  }
  return joined(parts)
}

/** Whether the layout so far ends with seconds and a separator: they take a fraction behind either separator, or none. */
function isFractionOfSecond(parts: readonly Part[]): boolean {
  const separator = parts.at(-1)
  return (
    separator?.kind === 'text' &&
    (separator.text === '.' || separator.text === ',') &&
    parts.at(-2) === restOfSecond
  )
}

/** Longest first, as Go reads them. */
const goTokens: readonly (readonly [string, readonly Part[]])[] = [
  ['January', [{ kind: 'name', unit: 'month' }]],
  ['Jan', [{ kind: 'name', unit: 'month' }]],
  ['Monday', [{ kind: 'name', unit: 'weekday' }]],
  ['Mon', [{ kind: 'name', unit: 'weekday' }]],
  ['MST', [{ kind: 'zone' }]],
  ['2006', [fixed('year', 4)]],
  ['Z07:00:00', [{ kind: 'offset', utcAsZ: true }]],
  ['Z070000', [{ kind: 'offset', utcAsZ: true }]],
  ['Z07:00', [{ kind: 'offset', utcAsZ: true }]],
  ['Z0700', [{ kind: 'offset', utcAsZ: true }]],
  ['Z07', [{ kind: 'offset', utcAsZ: true }]],
  ['-07:00:00', [{ kind: 'offset', utcAsZ: false }]],
  ['-070000', [{ kind: 'offset', utcAsZ: false }]],
  ['-07:00', [{ kind: 'offset', utcAsZ: false }]],
  ['-0700', [{ kind: 'offset', utcAsZ: false }]],
  ['-07', [{ kind: 'offset', utcAsZ: false }]],
  ['__2', [{ kind: 'number', unit: 'yearDay', min: 1, max: 3, padded: true }]],
  ['002', [{ kind: 'number', unit: 'yearDay', min: 3, max: 3, padded: false }]],
  ['01', [fixed('month', 2)]],
  ['02', [fixed('day', 2)]],
  ['03', [fixed('hour12', 2)]],
  ['04', [fixed('minute', 2)]],
  ['05', [fixed('second', 2), { kind: 'fraction', withSeparator: true }]],
  ['06', [fixed('year2', 2)]],
  ['15', [loose('hour')]],
  ['_2', [padded('day')]],
  ['PM', [{ kind: 'name', unit: 'half' }]],
  ['pm', [{ kind: 'name', unit: 'half' }]],
  ['1', [loose('month')]],
  ['2', [loose('day')]],
  ['3', [loose('hour12')]],
  ['4', [loose('minute')]],
  ['5', [loose('second'), { kind: 'fraction', withSeparator: true }]],
]

export function parseGoLayout(layout: string): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  while (at < layout.length) {
    // A fraction is part of the seconds in front of it: Go takes one even where the layout has none.
    const fraction = /^[.,](?:0+|9+)(?!\d)/.exec(layout.slice(at))
    if (fraction !== null && parts.at(-1)?.kind === 'fraction') {
      at += fraction[0].length
      continue
    }
    const token = goTokens.find(([written]) => layout.startsWith(written, at))
    if (token === undefined) parts.push(text(layout.charAt(at++)))
    else {
      parts.push(...token[1])
      at += token[0].length
    }
  }
  return joined(parts)
}

/** Neighbouring texts as one. */
function joined(parts: readonly Part[]): readonly Part[] {
  const out: Part[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (part.kind === 'text' && last?.kind === 'text')
      out[out.length - 1] = text(last.text + part.text)
    else out.push(part)
  }
  return out
}
