import { confidence, type Detector, digitsOf, hasContext, nineDigits } from '../detector.ts'
import {
  isInternational,
  isNorthAmerican,
  type Region,
  type RegionName,
  regions,
} from './phone-numbering.ts'

/** Between the digits of an international number: up to two signs of `(0) `, or a dash of Unicode. */
const between = '(?:[ ().\\-/]{1,3}|\\xC2\\xA0|\\xE2\\x80[\\x90-\\x95\\xAF])?'
const international = new RegExp(
  `(?<![0-9A-Za-z+.])(?:\\+|\\(\\+)[1-9](?:${between}[0-9]){6,15}(?![0-9])(?:(?: ?(?:x|ext\\.?) ?)[0-9]{1,6})?`,
  'g',
)
/** The international prefix as dialled in most of the world, and in North America; bare digits only beside words. */
const dialled = new RegExp(
  `(?<![0-9A-Za-z_+.])(?<![0-9][ .:/-])(?:00|011[ .-]?)[ .-]?[1-9](?:${between}[0-9]){6,15}(?![0-9A-Za-z_])(?!\\.[0-9])`,
  'g',
)
const words =
  /(?:^|[^a-z])(?:tele?(?:phone|fon|fono|fone|foon)?s?(?:[ _-]?(?:no|nr|number))?|phones?|phone[ _-]?(?:no|number)|mobiles?|mobil|cell(?:phone|ular)?|handy|msisdn|call(?:er|ed|ing|back)?|fax|sms|whatsapp|contact|dial(?:ed|led)?)(?![a-z])|(?:phone|mobile|tel)(?:number|no|nr)|(?:phone|mobile|msisdn)/i

/** Of small countries a number has four digits behind its code. */
const sevenDigits = '\\+[0-9](?:[ ().\\-/\\xC2\\xA0\\xE2\\x80\\x90-\\x95\\xAF]{0,3}[0-9]){6}'

export function createPhone(names: readonly RegionName[]): Detector {
  const chosen: Region[] = [...new Set(names.map((name) => regions[name]))]
  const grouped = compile(chosen.map((region) => region.grouped))
  const bare = compile(chosen.map((region) => region.bare))
  const isUs = names.includes('US') || names.includes('CA')
  return {
    name: 'phone',
    group: 'pii',
    summary:
      'Phone numbers in the international form (`+`, an assigned calling code, its lengths) and in the national forms of `regions`; national digits without groups only beside words such as phone or mobile.',
    anchors: [nineDigits, sevenDigits, ...chosen.flatMap(({ anchor }) => anchor ?? [])],
    find(text, key, report) {
      if (text.includes('+')) findInternational(text, report)
      if (text.includes('00') || text.includes('011')) findDialled(text, key, report)
      findNational(text, key, grouped, isUs, report)
      findBare(text, key, bare, report)
    },
  }
}

type Report = Parameters<Detector['find']>[2]

function compile(patterns: readonly string[]): RegExp | undefined {
  if (patterns.length === 0) return undefined
  const any = [...new Set(patterns)].join('|')
  // Not cut out of a longer number, a decimal, an address or a date.
  return new RegExp(
    `(?<![0-9A-Za-z_+])(?<![0-9][ .:/-])(?<!\\.)(?:${any})(?![0-9A-Za-z_:])(?![.\\-/:][0-9])`,
    'g',
  )
}

function findInternational(text: string, report: Report): void {
  international.lastIndex = 0
  for (let match = international.exec(text); match !== null; match = international.exec(text)) {
    const number = match[0].includes('x') ? match[0].replace(/ ?(?:x|ext).*$/, '') : match[0]
    if (isInternational(digitsOf(number, 0, number.length))) {
      report.add(match.index, international.lastIndex, confidence.certain)
      continue
    }
    // `+1 202-555-0143 200`: the greedy match took what stands behind a space.
    const end = shorter(number)
    if (end > 0) report.add(match.index, match.index + end, confidence.certain)
    international.lastIndex = match.index + Math.max(end, 2)
  }
}

function findDialled(text: string, key: string, report: Report): void {
  dialled.lastIndex = 0
  for (let match = dialled.exec(text); match !== null; match = dialled.exec(text)) {
    const written = match[0]
    const prefix = written.startsWith('011') ? 3 : 2
    if (!isInternational(digitsOf(written, prefix, written.length))) continue
    const isShaped = /^00[1-9][0-9]{0,2}[ -]\(?[0-9]+\)?[ -]/.test(written)
    if (isShaped || nearBefore(text, key, match.index)) {
      report.add(match.index, dialled.lastIndex, confidence.likely)
    }
  }
}

/** The longest part up to a space that is a number by itself; 0 if none is. */
function shorter(number: string): number {
  for (let end = number.lastIndexOf(' '); end > 0; end = number.lastIndexOf(' ', end - 1)) {
    const digits = digitsOf(number, 0, end)
    if (digits.length >= 8 && isInternational(digits)) return end
  }
  return 0
}

function findNational(
  text: string,
  key: string,
  pattern: RegExp | undefined,
  isUs: boolean,
  report: Report,
): void {
  if (pattern === undefined) return
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const digits = digitsOf(match[0], 0, match[0].length)
    const isSure =
      isShaped(match[0], digits, isUs) ||
      hasContext(text, key, match.index, pattern.lastIndex, words)
    if (!isSure) report.add(match.index, pattern.lastIndex, confidence.possible)
    else if (digits.length >= 7) report.add(match.index, pattern.lastIndex, confidence.likely)
  }
}

/** The form of North America is told by its ranges; `0…` with groups by its leading zero and its groups. */
function isShaped(written: string, digits: string, isUs: boolean): boolean {
  const plain = digits.startsWith('1') && digits.length === 11 ? digits.slice(1) : digits
  if (isUs && isNorthAmerican(plain)) return true
  if (!digits.startsWith('0') || digits.length < 9) return brazilian.test(written)
  const groups = written.split(/[^0-9]+/).filter((group) => group !== '').length
  return groups >= 3 || /^\(?0[1-9][0-9]{0,4}\)? ?[/ -]/.test(written) || brazilian.test(written)
}

/** `(11) 91234-5678`; other things have no area in brackets, and no nine in front of a mobile number. */
const brazilian = /^(?:\([1-9][0-9]\) ?9?|[1-9][0-9] 9)[0-9]{4}-[0-9]{4}$/

function findBare(text: string, key: string, pattern: RegExp | undefined, report: Report): void {
  if (pattern === undefined) return
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (nearBefore(text, key, match.index)) {
      report.add(match.index, pattern.lastIndex, confidence.likely)
    }
  }
}

/** Closer than for other kinds, and only in front: many numbers stand behind `call 17 for order 2025550143`. */
function nearBefore(text: string, key: string, start: number): boolean {
  return (key !== '' && words.test(key)) || words.test(text.slice(Math.max(0, start - 24), start))
}
