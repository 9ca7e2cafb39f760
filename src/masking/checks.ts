/** Check digits of numbers. All take plain digits; the caller knows the length. */

const zero = 48

function digitAt(digits: string, at: number): number {
  return digits.charCodeAt(at) - zero
}

/** ISO/IEC 7812-1 annex B: cards, Canadian SIN. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let at = digits.length - 1, twice = false; at >= 0; at--, twice = !twice) {
    const digit = digitAt(digits, at)
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** ISO 7064 MOD 97-10 over letters (A = 10) and digits: the remainder. */
export function mod97(text: string): number {
  let rest = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    rest = code <= 57 ? (rest * 10 + code - zero) % 97 : (rest * 100 + code - 55) % 97
  }
  return rest
}

/** Sum of digits times weights. */
export function weigh(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (let at = 0; at < weights.length; at++) sum += digitAt(digits, at) * (weights[at] as number)
  return sum
}

/** ISO 7064 MOD 11,10: German tax id. */
export function passesMod11And10(digits: string): boolean {
  let product = 10
  for (let at = 0; at < digits.length - 1; at++) {
    const sum = (digitAt(digits, at) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  const check = 11 - product
  return (check === 10 ? 0 : check) === digitAt(digits, digits.length - 1)
}

// Verhoeff's tables: multiplication in the dihedral group D5, and the permutation of each position.
const multiply = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]
const permute = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]

/** Aadhaar. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digitAt(digits, digits.length - 1 - at)
    const permuted = Number((permute[at % 8] as string)[digit])
    check = Number((multiply[check] as string)[permuted])
  }
  return check === 0
}

/** One of the two check digits of CPF and CNPJ. */
export function brazilianDigit(digits: string, weights: readonly number[]): number {
  const rest = weigh(digits, weights) % 11
  return rest < 2 ? 0 : 11 - rest
}

let crcTable: Int32Array | undefined

/** CRC-32 (IEEE 802.3), unsigned: the check of GitHub and npm tokens. */
export function crc32(text: string): number {
  crcTable ??= Int32Array.from({ length: 256 }, (_, index) => {
    let crc = index
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  })
  let crc = -1
  for (let at = 0; at < text.length; at++) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ text.charCodeAt(at)) & 0xff] as number)
  }
  return ~crc >>> 0
}

/** Bits of information in a character of `text`, by how often each occurs in it (Shannon). */
export function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    const share = count / text.length
    bits -= share * Math.log2(share)
  }
  return bits
}
