import { mod97 } from '../checks.ts'
import { confidence, type Detector, lettersAndDigitsOf } from '../detector.ts'

/** Lengths by country: SWIFT IBAN Registry, release 99; behind them those of countries that use IBANs without being in it. */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ' +
    'AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 TG28'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const candidate = /(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}/g

export const iban: Detector = {
  name: 'iban',
  group: 'pii',
  summary:
    'International bank account numbers, plain or in groups: country, its length, and the check digits (ISO 13616, mod 97).',
  anchors: ['[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}'],
  find(text, _key, report) {
    candidate.lastIndex = 0
    for (let match = candidate.exec(text); match !== null; match = candidate.exec(text)) {
      const length = lengths[match[0].slice(0, 2).toUpperCase()]
      const end = length === undefined ? -1 : endAfter(text, match.index, length)
      // What does not fit is tried again from the next word, for `ab12 DE89 …`.
      if (end > 0 && isIban(text.slice(match.index, end))) {
        report.add(match.index, end, confidence.certain)
        candidate.lastIndex = end
      } else candidate.lastIndex = match.index + 4
    }
  },
}

/** Where the last of `length` letters and digits from `start` on ends; -1 if it is cut out of a longer word. */
function endAfter(text: string, start: number, length: number): number {
  let left = length
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x20 || code === 0x2d) continue
    if (!/[A-Za-z0-9]/.test(text[at] as string)) return -1
    if (--left > 0) continue
    return /[A-Za-z0-9]/.test(text[at + 1] ?? '') ? -1 : at + 1
  }
  return -1
}

function isIban(text: string): boolean {
  const plain = lettersAndDigitsOf(text)
  return mod97(plain.slice(4) + plain.slice(0, 4)) === 1
}
