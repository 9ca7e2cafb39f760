import { passesLuhn } from '../checks.ts'
import {
  confidence,
  type Detector,
  digitsOf,
  hasContext,
  isUniform,
  nineDigits,
  type Report,
  separator,
} from '../detector.ts'

const groups = `[0-9](?:${separator}?[0-9]){11,18}`
/** Also behind `%B`, with which the first track of a magnetic stripe begins (ISO/IEC 7813). */
const candidate = new RegExp(
  `(?<=%B|(?<![0-9A-Za-z_.])(?<![0-9][-]))${groups}(?![0-9A-Za-z_])(?!\\.[0-9])`,
  'g',
)

/**
 * Issuer ranges (ISO/IEC 7812 and the networks' own tables): first and last prefix, and the lengths in use. Prefixes
 * are compared at their own length.
 */
const issuers: readonly (readonly [first: number, last: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]], // Visa
  [51, 55, [16]], // Mastercard
  [2221, 2720, [16]], // Mastercard
  [34, 34, [15]], // American Express
  [37, 37, [15]],
  [300, 305, [14, 16, 17, 18, 19]], // Diners Club
  [309, 309, [14, 16, 17, 18, 19]],
  [36, 36, [14, 16, 17, 18, 19]],
  [38, 39, [14, 16, 17, 18, 19]],
  [6011, 6011, [16, 17, 18, 19]], // Discover
  [644, 649, [16, 17, 18, 19]],
  [65, 65, [16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]], // JCB
  [1800, 1800, [15]],
  [2131, 2131, [15]],
  [62, 62, [16, 17, 18, 19]], // UnionPay
  [81, 81, [16, 17, 18, 19]], // UnionPay, RuPay
  [2200, 2205, [16, 17, 18, 19]], // Mir, Borica
  [60, 60, [16]], // RuPay
  [82, 82, [16]],
  [508, 508, [16]],
  [5041, 5041, [16]], // Elo
  [5060, 5067, [16, 18, 19]], // Verve, Elo
  [509, 509, [16]], // Elo
  [8600, 8600, [16]], // Uzcard
  [9860, 9860, [16]], // Humo
  [5600, 5899, [16, 18, 19]], // Maestro
  [6700, 6799, [16, 18, 19]],
  [5018, 5018, [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  [5020, 5020, [12, 13, 14, 15, 16, 17, 18, 19]],
  [5038, 5038, [12, 13, 14, 15, 16, 17, 18, 19]],
  [5893, 5893, [12, 13, 14, 15, 16, 17, 18, 19]],
  [6304, 6304, [12, 13, 14, 15, 16, 17, 18, 19]],
  [6331, 6334, [16, 18, 19]], // Switch, Solo
  [6759, 6759, [12, 13, 14, 15, 16, 17, 18, 19]],
  [6761, 6763, [12, 13, 14, 15, 16, 17, 18, 19]],
  [5019, 5019, [16]], // Dankort
  [4571, 4571, [16]],
  [636, 639, [16, 17, 18, 19]], // InstaPayment, Maestro
  [9792, 9792, [16]], // Troy
]

export const creditCard: Detector = {
  name: 'credit_card',
  group: 'pii',
  summary:
    'Payment card numbers of 12 to 19 digits, plain or in groups with spaces or dashes: issuer range, its lengths and the Luhn check; those of UATP only beside words such as card number.',
  anchors: [nineDigits],
  find(text, key, report) {
    candidate.lastIndex = 0
    for (let match = candidate.exec(text); match !== null; match = candidate.exec(text)) {
      examine(text, key, match.index, candidate.lastIndex, report)
    }
  },
}

/** Universal Air Travel Plan: too many other numbers begin with a one. */
const airTravelWords = /uatp|air[ _-]?plus|travel[ _-]?card|card[ _-]?(?:no|num)/i

function isAirTravelCard(digits: string): boolean {
  return digits.length === 15 && digits.startsWith('1') && passesLuhn(digits) && !isUniform(digits)
}

function examine(text: string, key: string, start: number, end: number, report: Report): void {
  const digits = digitsOf(text, start, end)
  if (isCard(digits)) {
    report.add(start, end, confidence.certain)
    return
  }
  if (isAirTravelCard(digits) && hasContext(text, key, start, end, airTravelWords)) {
    report.add(start, end, confidence.likely)
    return
  }
  // `4111 1111 1111 1111 2027`: the card, and then something else in digits.
  const grouped =
    /^(?:[0-9]{4}([ -])(?:[0-9]{4}\1){2}[0-9]{4}|[0-9]{4}([ -])[0-9]{6}\2[0-9]{5})(?=[ .-])/.exec(
      text.slice(start, end),
    )
  if (grouped !== null && isCard(digitsOf(grouped[0], 0, grouped[0].length))) {
    report.add(start, start + grouped[0].length, confidence.certain)
    return
  }
  // `order 12 4111 1111 1111 1111`: something else in digits, and then the card.
  const last = /(?<=[ .-])(?:[0-9]{4}([ -])(?:[0-9]{4}\1){2}[0-9]{4}|[0-9]{13,16})$/.exec(
    text.slice(start, end),
  )
  if (last !== null && isCard(digitsOf(last[0], 0, last[0].length))) {
    report.add(start + last.index, end, confidence.certain)
  }
}

function isCard(digits: string): boolean {
  if (!passesLuhn(digits) || isUniform(digits)) return false
  const four = Number(digits.slice(0, 4))
  for (const [first, last, lengths] of issuers) {
    const prefix = Math.floor(
      four / (first < 10 ? 1000 : first < 100 ? 100 : first < 1000 ? 10 : 1),
    )
    if (prefix >= first && prefix <= last && lengths.includes(digits.length)) return true
  }
  return false
}
