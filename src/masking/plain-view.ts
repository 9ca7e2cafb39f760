/**
 * A text with what hides its signs resolved: escapes of JSON, URLs, HTML and terminals, and letters of Unicode that look like those
 * of ASCII. `\n4111…`, `%2B49…`, `&#64;` and full-width digits are found in it, and masked where they stand in the text.
 *
 * Texts are latin1 views of UTF-8, as everywhere in masking.
 */

/** What a name stands for in HTML, as far as it can be part of a finding. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  commat: '@',
  period: '.',
  colon: ':',
  equals: '=',
  sol: '/',
}

/** Spaces and dashes of Unicode; those in a finding have ASCII behind them. */
const spaces = '(?:\\xc2\\xa0|\\xe2\\x80[\\x80-\\x8a\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)'
const dashes = '(?:\\xe2\\x80[\\x90-\\x95]|\\xe2\\x88\\x92)'

/** Patterns of JavaScript, and what is in each text in which one of them matches, as anchors on bytes. */
const pieces: readonly (readonly [hidden: string, ...anchors: string[]])[] = [
  // Colours of a terminal, the escape character written out or not.
  [
    '(?:\\x1b|\\\\{1,8}(?:u001[bB]|x1[bB]|033|e))\\[[0-9;]{0,16}[A-Za-z]',
    '\\x1b\\[',
    '\\\\(?:033|e)\\[',
  ],
  // Several backslashes: JSON in JSON.
  ['\\\\{1,8}(?:(?:u00|x)[0-7][0-9A-Fa-f]|[nrtbfv/])', '\\\\(?:(?:u00|x)[0-7]|[nrtbfv/])'],
  // `%2540` too, which was escaped twice.
  ['%(?:25){0,3}[0-9A-Fa-f]{2}', '%[0-9A-Fa-f]{2}'],
  [
    `&(?:#(?:[xX][0-9A-Fa-f]{1,4}|[0-9]{1,5})|${Object.keys(entities).join('|')});`,
    `&(?:#[0-9xX]|(?:${Object.keys(entities).join('|')});)`,
  ],
  // Nothing to see: soft hyphen, zero-width and directional signs, byte order mark.
  alike(
    '(?:\\xc2\\xad|\\xe2\\x80[\\x8b-\\x8f\\xaa-\\xae]|\\xe2\\x81[\\xa0-\\xa9]|\\xef\\xbb\\xbf)',
  ),
  [`${spaces}(?=${spaces}{0,3}[!-~])`, `${spaces}[!-~]`],
  [`${dashes}(?=${dashes}{0,3}[!-~])`, `${dashes}[!-~]`],
  // Spaces in the query of a URL, and tabs in a number.
  ['(?<=[0-9])\\+(?=[0-9])', '[0-9]\\+[0-9]'],
  ['(?<=[0-9]{3})\\t(?=[0-9]{2})', '[0-9]{3}\\t[0-9]{2}'],
  // Full-width letters, digits and signs of values (commas and brackets are those of each Chinese text), digits of Arabic and Devanagari.
  alike(
    '(?:\\xef(?:\\xbc[\\x8b\\x8d-\\x9a\\x9d\\xa0-\\xba\\xbf]|\\xbd[\\x81-\\x9a])|\\xd9[\\xa0-\\xa9]|\\xdb[\\xb0-\\xb9]|\\xe0\\xa5[\\xa6-\\xaf])',
  ),
  // Every second byte of UTF-16, little-endian as Windows writes it: of three characters in a row. Two are also the empty trace
  // and span id that the collector's log records end with.
  [
    '(?<=[ -~])\\x00(?=(?:[ -~]\\x00){2})|(?<=[ -~]\\x00[ -~])\\x00(?=[ -~]\\x00)|(?<=(?:[ -~]\\x00){2}[ -~])\\x00$',
    '\\x00(?:[ -~]\\x00){2}',
  ],
]

function alike(pattern: string): readonly [string, string] {
  return [pattern, pattern]
}

const hidden = new RegExp(pieces.map(([pattern]) => pattern).join('|'), 'g')

/** A text without one of them has no view that could hold more than itself. */
export const hidingAnchors: readonly string[] = pieces.flatMap(([, ...anchors]) => anchors)

/** What stands for an escape: one character, or nothing. */
function plainOf(written: string): string {
  const second = written.charCodeAt(1)
  switch (written.charCodeAt(0)) {
    case 0x25: // %
      return hexadecimal(written)
    case 0x5c: // \\
      return unescaped(written)
    case 0x26: // &
      return entityOf(written.slice(1, -1))
    case 0xc2:
      return second === 0xa0 ? ' ' : ''
    case 0xe2:
      return punctuation(second, written.charCodeAt(2))
    case 0xef:
      return second === 0xbb ? '' : fullWidth(second, written.charCodeAt(2))
    case 0xd9:
      return String(second - 0xa0)
    case 0xdb:
      return String(second - 0xb0)
    case 0xe0:
      return String(written.charCodeAt(2) - 0xa6)
    case 0x00:
      return ''
    default:
      return ' '
  }
}

/** By the last two digits. */
function hexadecimal(written: string): string {
  return characterOf(Number.parseInt(written.slice(-2), 16))
}

function unescaped(written: string): string {
  if (written.endsWith('/')) return '/'
  return /[ux][0-9A-Fa-f]+$/.test(written) ? hexadecimal(written) : ' '
}

function entityOf(name: string): string {
  if (name[0] !== '#') return entities[name] as string
  const isHex = name[1] === 'x' || name[1] === 'X'
  return characterOf(isHex ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)))
}

/** U+2000 to U+2FFF, as far as it is resolved: spaces, dashes, and what is not seen. */
function punctuation(second: number, third: number): string {
  if (second === 0x88 || (second === 0x80 && third >= 0x90 && third <= 0x95)) return '-'
  const isSpace = second === 0x80 ? third <= 0x8a || third === 0xaf : third === 0x9f
  return isSpace ? ' ' : ''
}

function fullWidth(second: number, third: number): string {
  return String.fromCharCode(second === 0xbc ? third - 0x60 : third - 0x20)
}

/** Controls end words, as blanks do. What is no byte is no part of a finding. */
function characterOf(code: number): string {
  return code > 0x20 && code < 0x100 ? String.fromCharCode(code) : ' '
}

/** One view serves all texts, one after another. */
export class PlainView {
  text = ''
  /** By escape: where it begins and ends in the text, the place of its character in the view, and how many it has (one or none). */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #places: number[] = []
  readonly #widths: number[] = []
  #count = 0
  #source = ''

  /** False where the text hides nothing. */
  open(text: string): boolean {
    hidden.lastIndex = 0
    let out = ''
    let copied = 0
    this.#count = 0
    for (let match = hidden.exec(text); match !== null; match = hidden.exec(text)) {
      out += text.slice(copied, match.index)
      copied = hidden.lastIndex
      const plain = plainOf(match[0])
      const at = this.#count++
      this.#starts[at] = match.index
      this.#ends[at] = copied
      this.#places[at] = out.length
      this.#widths[at] = plain.length
      out += plain
    }
    this.text = out + text.slice(copied)
    this.#source = text
    return this.#count > 0
  }

  /** Where the character at `place` of the view begins in the text. */
  startOf(place: number): number {
    const at = lastUpTo(this.#places, this.#count, place)
    if (at < 0) return place
    const behind = place - (this.#places[at] as number) - (this.#widths[at] as number)
    return behind < 0 ? (this.#starts[at] as number) : (this.#ends[at] as number) + behind
  }

  /** Where the character at `place` of the view ends in the text. */
  endOf(place: number): number {
    const at = lastUpTo(this.#places, this.#count, place)
    if (at < 0) return place + 1
    const behind = place - (this.#places[at] as number) - (this.#widths[at] as number)
    return behind < 0 ? (this.#ends[at] as number) : (this.#ends[at] as number) + behind + 1
  }

  /**
   * `offset` in the text, or the end of the escape that it cuts in two: in `\\njane@…` the `n` is no letter. In `%B4111…` the `B`
   * may be one, so that the escape is part of the finding.
   */
  outOfEscape(offset: number): number {
    const at = lastUpTo(this.#starts, this.#count, offset - 1)
    if (at < 0 || this.#source[this.#starts[at] as number] === '%') return offset
    return Math.max(offset, this.#ends[at] as number)
  }
}

/** The last of the ascending `values` that is not above `limit`; -1 if all are. */
function lastUpTo(values: readonly number[], count: number, limit: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
