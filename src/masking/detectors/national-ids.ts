import {
  brazilianDigit,
  mod97,
  passesLuhn,
  passesMod11And10,
  passesVerhoeff,
  weigh,
} from '../checks.ts'
import {
  confidence,
  type Detector,
  digitsOf,
  hasContext,
  isUniform,
  lettersAndDigitsOf,
  nineDigits,
} from '../detector.ts'

/** An identity number: how it looks, how it is checked, and what stands near it. */
interface NationalId {
  readonly name: string
  readonly summary: string
  /** Without boundaries; it never begins or ends inside of a word or number. */
  readonly pattern: string
  /** Anchors in the syntax of RE2, where `pattern` is none. */
  readonly anchors?: readonly string[]
  /** On letters and digits alone, in upper case. */
  isValid(plain: string): boolean
  /** Words that make a finding of what is doubtful. */
  readonly words: RegExp
  /** Whether it is not even possible where it is neither distinct nor beside a word. */
  readonly onlyBeside?: true
  /** Whether the shape and the check say enough, without words. */
  isDistinct(written: string): boolean
}

const always = (): boolean => true
const never = (): boolean => false
const hasSigns = (written: string): boolean => /[^0-9A-Za-z]/.test(written)

/** Valid ranges since 2011: no area 000, 666 or 9xx, no group 00, no serial 0000 (SSA, POMS RM 10201.030). */
function isSsn(plain: string): boolean {
  if (!/^(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}$/.test(plain)) return false
  // Printed on specimens, never given to anybody.
  return !isUniform(plain) && plain !== '078051120' && plain !== '219099999'
}

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** DNI and NIE: the letter is the number modulo 23 (Orden INT/2058/2008). */
function isNif(plain: string): boolean {
  const digits = plain
    .slice(0, -1)
    .replace(/^[KLM]/, '')
    .replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return nifLetters[Number(digits) % 23] === plain.at(-1)
}

// Values of characters at odd places (Decreto 23 dicembre 1976), for 0-9 and A-Z.
const oddDigits = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
const oddLetters = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]

function isCodiceFiscale(plain: string): boolean {
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const code = plain.charCodeAt(at)
    const value = code < 58 ? code - 48 : code - 65
    if (at % 2 === 1) sum += value
    else sum += (code < 58 ? oddDigits[value] : oddLetters[value]) as number
  }
  return plain.charCodeAt(15) - 65 === sum % 26
}

/** NIR: sex, year, month, department, commune, order, key = 97 − number mod 97 (INSEE); Corsica counts as 19 and 18. */
function isNir(plain: string): boolean {
  const number = plain.slice(0, 13).replace('2A', '19').replace('2B', '18')
  if (!/^[0-9]{13}$/.test(number)) return false
  const month = Number(plain.slice(3, 5))
  const isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50
  return isMonth && 97 - mod97(number) === Number(plain.slice(13))
}

/** Steueridentifikationsnummer: one digit of the first ten occurs twice or thrice, no other does (BZSt). */
function isGermanTaxId(plain: string): boolean {
  const counts = new Array<number>(10).fill(0)
  for (let at = 0; at < 10; at++) {
    const digit = plain.charCodeAt(at) - 48
    counts[digit] = (counts[digit] as number) + 1
  }
  const repeated = counts.filter((count) => count > 1)
  if (repeated.length !== 1 || (repeated[0] as number) > 3 || plain[0] === '0') return false
  return passesMod11And10(plain)
}

function isNhs(plain: string): boolean {
  const check = (11 - (weigh(plain, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return check === Number(plain[9]) && !isUniform(plain)
}

function isCpf(plain: string): boolean {
  if (isUniform(plain)) return false
  const first = brazilianDigit(plain, [10, 9, 8, 7, 6, 5, 4, 3, 2])
  const second = brazilianDigit(plain, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
  return plain.endsWith(`${first}${second}`)
}

function isCnpj(plain: string): boolean {
  if (isUniform(plain)) return false
  const first = brazilianDigit(plain, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
  const second = brazilianDigit(plain, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
  return plain.endsWith(`${first}${second}`)
}

const ids: readonly NationalId[] = [
  {
    name: 'us_ssn',
    summary:
      'US social security numbers in valid ranges: with dashes; with spaces, dots or nothing between the groups beside words such as ssn.',
    pattern: '[0-9]{3}(?:([- .])[0-9]{2}\\1[0-9]{4}|[0-9]{6})',
    anchors: [nineDigits],
    isValid: isSsn,
    words:
      /(?:^|[^a-z])(?:ssn|ss#|social[ _-]?sec(?:urity)?|tax(?:payer)?[ _-]?id|itin)|ssn(?![a-z])/i,
    isDistinct: (written) => written.includes('-'),
  },
  {
    name: 'us_passport',
    summary:
      'US passport numbers (nine digits, or a letter and eight), only beside the word passport.',
    pattern: '[A-Za-z]?[0-9]{8,9}',
    anchors: ['[0-9]{8}'],
    isValid: (plain) => /^(?:[A-Z][0-9]{8}|[0-9]{9})$/.test(plain),
    words: /passport/i,
    isDistinct: never,
  },
  {
    name: 'uk_nhs',
    summary:
      'NHS numbers with their check digit (mod 11): in groups 3-3-4, or plain beside words such as nhs.',
    pattern: '[0-9]{3}(?:([ -])[0-9]{3}\\1[0-9]{4}|[0-9]{7})',
    anchors: [nineDigits],
    isValid: isNhs,
    words: /(?:^|[^a-z])(?:nhs|national[ _-]?health|patient)/i,
    isDistinct: hasSigns,
  },
  {
    name: 'uk_nino',
    summary: 'UK national insurance numbers: letters that are in use, six digits, a suffix A to D.',
    pattern: '[A-Za-z]{2} ?(?:[0-9]{2} ?[0-9]{2} ?[0-9]{2}|[0-9]{3} [0-9]{3}) ?[A-Da-d]',
    anchors: ['[A-Za-z]{2} ?(?:[0-9]{2} ?[0-9]{2} ?[0-9]{2}|[0-9]{3} [0-9]{3}) ?[A-Da-d]'],
    isValid: (plain) =>
      /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]$/.test(plain),
    words: /(?:^|[^a-z])(?:nino|ni[ _-]?(?:no|number)|national[ _-]?insurance)/i,
    // `ce123456a` is a piece of hex as well.
    isDistinct: (written) =>
      /^[A-Z]{2}/.test(written) || written.includes(' ') || !/^[a-f]{2}/.test(written),
  },
  {
    name: 'de_tax_id',
    summary:
      'German tax ids with their check digit (mod 11,10) and the rule of repeated digits: grouped, or plain beside words such as Steuer-ID.',
    pattern: '[1-9][0-9](?: [0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{9})',
    anchors: [nineDigits],
    isValid: isGermanTaxId,
    words: /(?:^|[^a-z])(?:steuer|idnr|tin(?![a-z])|tax[ _-]?(?:id|no|number))/i,
    isDistinct: hasSigns,
  },
  {
    name: 'fr_insee',
    summary:
      'French social security numbers (NIR) of 15 digits: month, department and key (mod 97).',
    pattern: '[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}',
    // Corsica has a letter.
    anchors: [nineDigits, '[0-9] ?2[ABab] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}'],
    isValid: isNir,
    words: /(?:nir(?![a-z])|insee|s[e\xc3\xa9]+curit|secu)/i,
    // 3, 4, 7 and 8 are given for a time, while a person is being registered.
    isDistinct: (written) => /^[12]/.test(written),
  },
  {
    name: 'es_nif',
    summary: 'Spanish NIF (of K, L and M too) and NIE with their check letter (mod 23).',
    pattern: '(?:[0-9]{7,8}|[0-9]{1,2}\\.[0-9]{3}\\.[0-9]{3}|[XYZKLMxyzklm]-?[0-9]{7})-?[A-Za-z]',
    anchors: ['[0-9]{7}-?[A-Za-z]', '\\.[0-9]{3}\\.[0-9]{3}-?[A-Za-z]'],
    isValid: isNif,
    words: /(?:^|[^a-z])(?:nif|nie|dni)(?![a-z])/i,
    // Seven digits are eight without the zero in front.
    isDistinct: (written) => /(?:^[^0-9].*|[0-9]{8}|-|[.][0-9]{3})[A-Z]$/.test(written),
  },
  {
    name: 'it_codice_fiscale',
    summary:
      'Italian fiscal codes of 16 characters with their check letter, also with replaced digits.',
    pattern:
      '[A-Za-z]{6}[0-9LMNP-Vlmnp-v]{2}[A-EHLMPR-Ta-ehlmpr-t][0-9LMNP-Vlmnp-v]{2}[A-Za-z][0-9LMNP-Vlmnp-v]{3}[A-Za-z]',
    anchors: [
      '[0-9LMNP-Vlmnp-v]{2}[A-EHLMPR-Ta-ehlmpr-t][0-9LMNP-Vlmnp-v]{2}[A-Za-z][0-9LMNP-Vlmnp-v]{3}[A-Za-z]',
    ],
    isValid: isCodiceFiscale,
    words: /codice|fiscale|(?:^|[^a-z])cf(?![a-z])/i,
    isDistinct: always,
  },
  {
    name: 'in_aadhaar',
    summary:
      'Aadhaar numbers with their check digit (Verhoeff): in groups of four, or plain beside words such as aadhaar.',
    pattern: '[2-9][0-9]{3}(?:([ -])[0-9]{4}\\1[0-9]{4}|[0-9]{8})',
    anchors: [nineDigits],
    isValid: (plain) => passesVerhoeff(plain) && !isUniform(plain),
    words: /aadh?aa?r|uidai|(?:^|[^a-z])uid(?![a-z])/i,
    isDistinct: hasSigns,
  },
  {
    name: 'in_pan',
    summary:
      'Indian permanent account numbers: five letters, the fourth a kind of holder, four digits, a letter.',
    pattern: '[A-Za-z]{3}[ABCFGHJLPTabcfghjlpt][A-Za-z][0-9]{4}[A-Za-z]',
    anchors: ['[A-Za-z][0-9]{4}[A-Za-z]'],
    isValid: (plain) => !plain.includes('0000'),
    words: /(?:^|[^a-z])(?:pan|permanent[ _-]?account|income[ _-]?tax)(?![a-z])/i,
    isDistinct: (written) => written === written.toUpperCase(),
  },
  {
    name: 'br_cpf',
    summary:
      'Brazilian CPF with both check digits: `000.000.000-00`, or plain beside the word cpf.',
    pattern: '[0-9]{3}(?:\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2}|[0-9]{6}-?[0-9]{2})',
    anchors: [nineDigits],
    isValid: isCpf,
    words: /(?:^|[^a-z])(?:cpf|cadastro)|contribuinte/i,
    isDistinct: hasSigns,
  },
  {
    name: 'br_cnpj',
    summary:
      'Brazilian CNPJ with both check digits, also those with letters (since July 2026): `00.000.000/0000-00`, or plain beside the word cnpj.',
    pattern:
      '[0-9A-Za-z]{2}(?:\\.[0-9A-Za-z]{3}\\.[0-9A-Za-z]{3}/[0-9A-Za-z]{4}-[0-9]{2}|[0-9A-Za-z]{10}[0-9]{2})',
    anchors: ['[0-9]{14}', '\\.[0-9A-Za-z]{3}/[0-9A-Za-z]{4}-[0-9]', '(?i)cnpj'],
    isValid: isCnpj,
    words: /cnpj/i,
    onlyBeside: true,
    isDistinct: hasSigns,
  },
  {
    name: 'ca_sin',
    summary:
      'Canadian social insurance numbers with their check digit (Luhn): in groups of three, or plain beside words such as sin.',
    pattern: '[0-79][0-9]{2}(?:([ -])[0-9]{3}\\1[0-9]{3}|[0-9]{6})',
    anchors: [nineDigits],
    isValid: (plain) => passesLuhn(plain) && !isUniform(plain),
    words: /(?:^|[^a-z])(?:sin|nas)(?![a-z])|social[ _-]?insurance|assurance[ _-]?sociale/i,
    isDistinct: hasSigns,
  },
  {
    name: 'au_tfn',
    summary:
      'Australian tax file numbers with their check (mod 11): in groups of three, or plain beside words such as tfn.',
    pattern: '[0-9]{3}(?:([ -])[0-9]{3}\\1[0-9]{3}|[0-9]{6})',
    anchors: [nineDigits],
    isValid: (plain) => weigh(plain, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !isUniform(plain),
    words: /(?:^|[^a-z])tfn(?![a-z])|tax[ _-]?file/i,
    isDistinct: hasSigns,
  },
]

function toDetector(id: NationalId): Detector {
  const { name, summary, words } = id
  // Not cut out of a word, a decimal, or a longer number in groups.
  const pattern = new RegExp(
    `(?<![0-9A-Za-z_])(?<![0-9][ .-])(?:${id.pattern})(?![0-9A-Za-z_])(?![.-][0-9])(?! [0-9]{3,4}(?![0-9]))`,
    'g',
  )
  return {
    name,
    group: 'pii',
    summary,
    anchors: id.anchors ?? [id.pattern],
    find(text, key, report) {
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        const written = match[0]
        const plain = /[A-Za-z]/.test(written)
          ? lettersAndDigitsOf(written)
          : digitsOf(written, 0, written.length)
        if (!id.isValid(plain)) continue
        const near = hasContext(text, key, match.index, pattern.lastIndex, words)
        const sure = near || id.isDistinct(written)
        if (!sure && id.onlyBeside) continue
        report.add(
          match.index,
          pattern.lastIndex,
          near ? confidence.certain : sure ? confidence.likely : confidence.possible,
        )
      }
    },
  }
}

export const nationalIds: readonly Detector[] = ids.map(toDetector)
