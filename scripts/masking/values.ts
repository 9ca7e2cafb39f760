import { crc32 as crcOfNode } from 'node:zlib'
import type { Random } from '../random.ts'
import type { Kind } from './kind.ts'
import { makersOfServices } from './service-tokens.ts'

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const base62 = `0123456789${upper}${upper.toLowerCase()}`

export function luhnDigit(body: string): string {
  for (let digit = 0; digit < 10; digit++) {
    const digits = [...body, String(digit)].reverse().map(Number)
    const sum = digits.reduce((total, value, at) => {
      return total + (at % 2 === 0 ? value : Math.floor((value * 2) / 10) + ((value * 2) % 10))
    }, 0)
    if (sum % 10 === 0) return String(digit)
  }
  return ''
}

function card(random: Random): string {
  const [prefix, length] = random.pick([
    ['4', 16],
    ['51', 16],
    ['55', 16],
    ['2221', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['3528', 16],
    ['62', 16],
    ['36', 14],
  ] as const)
  const body = prefix + random.digits(length - 1 - prefix.length)
  const number = body + luhnDigit(body)
  const separator = random.pick(['', '', ' ', '-'])
  if (length !== 16) return number
  return number.match(/.{4}/g)?.join(separator) ?? number
}

function bigMod97(text: string): number {
  const digits = [...text].map((one) => (one >= 'A' ? one.charCodeAt(0) - 55 : one)).join('')
  return Number(BigInt(digits) % 97n)
}

function iban(random: Random): string {
  const [country, bban] = random.pick([
    ['DE', random.digits(18)],
    ['GB', random.letters(4) + random.digits(14)],
    ['FR', random.digits(10) + random.digits(11) + random.digits(2)],
    ['NL', random.letters(4) + random.digits(10)],
    ['ES', random.digits(20)],
    ['NO', random.digits(11)],
  ] as const)
  const check = String(98 - bigMod97(`${bban}${country}00`)).padStart(2, '0')
  const plain = `${country}${check}${bban}`
  return random.chance(0.4) ? (plain.match(/.{1,4}/g)?.join(' ') ?? plain) : plain
}

function weighted(body: string, weights: readonly number[]): number {
  return [...body].reduce((sum, digit, at) => sum + Number(digit) * (weights[at] as number), 0)
}

function until(make: () => string | undefined): string {
  for (;;) {
    const made = make()
    if (made !== undefined) return made
  }
}

function nhs(random: Random): string {
  return until(() => {
    const body = random.pick(['4', '6', '7']) + random.digits(8)
    const check = (11 - (weighted(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10
      ? undefined
      : `${body.slice(0, 3)} ${body.slice(3, 6)} ${body.slice(6)}${check}`
  })
}

function cpf(random: Random): string {
  let body = random.digits(9)
  for (let round = 0; round < 2; round++) {
    const weights = Array.from({ length: body.length }, (_, at) => body.length + 1 - at)
    const rest = (weighted(body, weights) * 10) % 11
    body += String(rest % 10)
  }
  return `${body.slice(0, 3)}.${body.slice(3, 6)}.${body.slice(6, 9)}-${body.slice(9)}`
}

function withCrc(prefix: string, random: Random): string {
  const body = random.from(base62, 30)
  let rest = crcOfNode(body)
  let check = ''
  for (let at = 0; at < 6; at++) {
    check = base62[rest % 62] + check
    rest = Math.floor(rest / 62)
  }
  return `${prefix}_${body}${check}`
}

function jwt(random: Random): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: random.pick(['HS256', 'RS256', 'ES256']), typ: 'JWT' })
  return `${header}.${encode({ sub: random.digits(8), iat: 1772438400 })}.${random.from(base62, 43)}`
}

function weightedMod(body: string, weights: readonly number[], modulus: number): number {
  return weighted(body, weights) % modulus
}

function taxIdOfGermany(random: Random): string {
  return until(() => {
    const twice = random.integer(0, 9)
    const digits = [...'0123456789'].filter((digit) => Number(digit) !== twice)
    digits.splice(random.integer(0, 8), 1)
    const body = shuffled([...digits, String(twice), String(twice)], random).join('')
    if (body.startsWith('0')) return undefined
    let rest = 10
    for (const digit of body) rest = (((Number(digit) + rest) % 10 || 10) * 2) % 11
    return `${body}${(11 - rest) % 10}`
  })
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(random.integer(0, left.length - 1), 1)[0] as T)
}

function nir(random: Random): string {
  const month = String(random.integer(1, 12)).padStart(2, '0')
  const body = `${random.integer(1, 2)}${random.digits(2)}${month}${random.integer(10, 95)}${random.digits(6)}`
  return `${body}${String(97 - Number(BigInt(body) % 97n)).padStart(2, '0')}`
}

function codiceFiscale(random: Random): string {
  const body = `${random.letters(6)}${random.digits(2)}${random.pick([...'ABCDEHLMPRST'])}${random.pick(['01', '15', '41', '68'])}${random.letters(1)}${random.digits(3)}`
  // By value 0 to 25 of a letter, and of a digit, at the odd places: the ministry's table.
  const odd = '1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23'
    .split(' ')
    .map(Number)
  const sum = [...body].reduce((total, sign, at) => {
    const value = sign >= 'A' ? sign.charCodeAt(0) - 65 : Number(sign)
    return total + (at % 2 === 0 ? (odd[value] as number) : value)
  }, 0)
  return body + upper[sum % 26]
}

/** Verhoeff by composition of the dihedral group, not by tables: a rotation is 0-4, a reflection 5-9. */
function verhoeffDigit(body: string): string {
  const compose = (a: number, b: number) => {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b - 5) % 5)
    return b < 5 ? 5 + ((a - 5 - b + 5) % 5) : (a - b + 5) % 5
  }
  const once = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
  const permute = (digit: number, times: number) => {
    let value = digit
    for (let round = 0; round < times; round++) value = once[value] as number
    return value
  }
  for (let check = 0; check < 10; check++) {
    const digits = [...`${body}${check}`].reverse().map(Number)
    if (digits.reduce((sum, digit, at) => compose(sum, permute(digit, at % 8)), 0) === 0)
      return String(check)
  }
  return ''
}

function aadhaar(random: Random): string {
  const body = `${random.integer(2, 9)}${random.digits(10)}`
  return `${body}${verhoeffDigit(body)}`.replace(/(.{4})(.{4})/, '$1 $2 ')
}

function cnpj(random: Random): string {
  let body = random.chance(0.3) ? random.from(`0123456789${upper}`, 12) : `${random.digits(8)}0001`
  for (let round = 0; round < 2; round++) {
    const values = [...body].map((sign) => sign.charCodeAt(0) - 48).reverse()
    const rest = values.reduce((sum, value, at) => sum + value * ((at % 8) + 2), 0) % 11
    body += rest < 2 ? '0' : String(11 - rest)
  }
  return `${body.slice(0, 2)}.${body.slice(2, 5)}.${body.slice(5, 8)}/${body.slice(8, 12)}-${body.slice(12)}`
}

function sin(random: Random): string {
  const body = random.pick(['1', '2', '4', '5', '7']) + random.digits(7)
  return `${body}${luhnDigit(body)}`.replace(/(...)(...)/, random.pick(['$1 $2 ', '$1-$2-']))
}

function tfn(random: Random): string {
  return until(() => {
    const body = random.pick(['1', '4', '8']) + random.digits(8)
    const isRight = weightedMod(body, [1, 4, 3, 7, 5, 8, 6, 9, 10], 11) === 0
    return isRight ? body.replace(/(...)(...)/, '$1 $2 ') : undefined
  })
}

const streets = ['Main', 'Oak', 'Elm', 'Park', 'Second', 'Washington']

/** Azure storage keys are 64 bytes in base64. */
function base64(random: Random, length: number): string {
  return Buffer.from(Array.from({ length }, () => random.integer(0, 255))).toString('base64')
}

const names = [
  'jane',
  'omar',
  'li.wei',
  'maria_lopez',
  'k.schmidt',
  'anne-marie',
  'bob+news',
  'o.brien',
]
const domains = [
  'example.com',
  'mail.example.org',
  'example.co.uk',
  'corp.example.net',
  'example.de',
]

/** By detector: its values. Those that need a word beside them get it from the template (`key`). */
export const makers: Readonly<Record<string, Kind>> = {
  email: { make: (random) => `${random.pick(names)}${random.digits(2)}@${random.pick(domains)}` },
  credit_card: { make: card },
  iban: { make: iban },
  us_ssn: {
    make: (random) =>
      `${random.pick(['212', '536', '401', '078', '665'])}-${random.pick(['12', '45', '88'])}-${random.pick(['1', '4', '7'])}${random.digits(3)}`,
  },
  phone: {
    make: (random) =>
      random.pick([
        `+1 ${random.pick(['202', '415', '646'])}-${random.pick(['555', '867'])}-${random.digits(4)}`,
        `(${random.pick(['202', '415'])}) ${random.pick(['555', '867'])}-${random.digits(4)}`,
        `+44 20 7946 0${random.digits(3)}`,
        `+49 151 ${random.pick(['2', '5'])}${random.digits(7)}`,
        `+33 6 12 34 ${random.digits(2)} ${random.digits(2)}`,
      ]),
  },
  ip_address: {
    make: (random) =>
      random.pick([
        `203.0.113.${random.integer(1, 254)}`,
        `10.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`,
        `2001:db8::${random.from('123456789abcdef', 4)}:${random.from('123456789abcdef', 4)}`,
      ]),
  },
  mac_address: {
    make: (random) => `02:${random.from('0123456789abcdef', 10).match(/../g)?.join(':') ?? ''}`,
  },
  uk_nhs: { make: nhs, word: 'nhs_number' },
  br_cpf: { make: cpf },
  uk_nino: {
    make: (random) =>
      `${random.pick(['AB', 'CE', 'JG', 'SH'])}${random.digits(6)}${random.pick(['A', 'B', 'C', 'D'])}`,
  },
  in_pan: {
    make: (random) =>
      `${random.letters(3)}P${random.letters(1)}${random.pick(['1', '3', '7'])}${random.digits(3)}${random.letters(1)}`,
  },
  es_nif: {
    make: (random) => {
      const number = random.pick(['1', '3', '5']) + random.digits(7)
      return number + 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23]
    },
  },
  us_passport: { make: (random) => `C${random.digits(8)}`, word: 'passport' },
  date_of_birth: {
    make: (random) =>
      `19${random.integer(50, 99)}-0${random.integer(1, 9)}-1${random.integer(0, 9)}`,
    word: 'date_of_birth',
  },
  jwt: { make: jwt },
  github_token: { make: (random) => withCrc(random.pick(['ghp', 'gho', 'ghs']), random) },
  npm_token: { make: (random) => withCrc('npm', random) },
  aws_key: { make: (random) => `AKIA${random.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}` },
  gcp_key: { make: (random) => `AIza${random.from(base62, 35)}` },
  gitlab_token: { make: (random) => `glpat-${random.from(base62, 20)}` },
  slack_token: {
    make: (random) => `xoxb-${random.digits(12)}-${random.digits(12)}-${random.from(base62, 24)}`,
  },
  stripe_key: { make: (random) => `sk_live_${random.from(base62, 24)}` },
  pypi_token: { make: (random) => `pypi-AgEIcHlwaS5vcmc${random.from(base62, 80)}` },
  ...makersOfServices,
  de_tax_id: { make: taxIdOfGermany, word: 'steuer_id' },
  fr_insee: { make: nir },
  it_codice_fiscale: { make: codiceFiscale },
  in_aadhaar: { make: aadhaar },
  br_cnpj: { make: cnpj },
  ca_sin: { make: sin },
  au_tfn: { make: tfn, word: 'tfn' },
  postal_address: {
    make: (random) =>
      random.pick([
        `${random.integer(1, 9999)} ${random.pick(streets)} ${random.pick(['Street', 'Avenue', 'Road', 'Lane'])}`,
        `${random.pick(['Haupt', 'Bahnhof', 'Garten'])}stra\u00dfe ${random.integer(1, 200)}`,
      ]),
  },
  person_name: {
    make: (random) =>
      `${random.pick(['Jane', 'Omar', 'Li', 'Maria', 'Karl'])} ${random.pick(['Doe', 'Haddad', 'Wei', 'Lopez', 'Schmidt'])}`,
    word: 'last_name',
    signed: true,
  },
  authorization: {
    make: (random) =>
      random.pick([
        `Bearer ${random.from(base62, 32)}`,
        `Basic ${Buffer.from(`${random.pick(names)}:${random.from(base62, 12)}`).toString('base64')}`,
      ]),
    secret: (value) => value.slice(value.indexOf(' ') + 1),
  },
  private_key: {
    make: (random) => {
      const kind = random.pick([
        'RSA PRIVATE KEY',
        'PRIVATE KEY',
        'EC PRIVATE KEY',
        'OPENSSH PRIVATE KEY',
      ])
      return `-----BEGIN ${kind}-----\\n${base64(random, 96)}\\n-----END ${kind}-----`
    },
  },
  azure_key: {
    make: (random) =>
      `DefaultEndpointsProtocol=https;AccountName=shop${random.digits(2)};AccountKey=${base64(random, 64)};EndpointSuffix=core.windows.net`,
    secret: (value) => /AccountKey=([^;]+)/.exec(value)?.[1] ?? '',
  },
  url_credentials: {
    make: (random) =>
      `${random.pick(['postgres', 'amqp', 'https', 'redis'])}://app:${random.from(base62, 16)}@db${random.digits(1)}.example.com:5432/shop`,
    secret: (value) => /:([^:@]+)@/.exec(value)?.[1] ?? '',
  },
  connection_string: {
    make: (random) =>
      `Server=tcp:db,1433;User Id=app;Password=${random.from(base62, 14)}!;Encrypt=true;`,
    secret: (value) => /Password=([^;]+)/.exec(value)?.[1] ?? '',
  },
  generic_secret: { make: (random) => random.from(`${base62}!_`, 20), word: 'password' },
}

/** Further forms of those above, each with a detector. They came later: what was in the corpus stays as it was. */
export const moreForms: readonly (readonly [detector: string, kind: Kind])[] = [
  [
    'authorization',
    {
      make: (random) =>
        `curl ${random.pick(['-u', '-sSu', '--user', '--proxy-user'])} ${random.pick(names)}:${random.from(base62, 12)}`,
      word: 'command',
      secret: (value) => value.slice(value.indexOf(':') + 1),
    },
  ],
  // Universal Air Travel Plan: 15 digits from a one on.
  [
    'credit_card',
    {
      make: (random) => {
        const body = `1${random.digits(13)}`
        return body + luhnDigit(body)
      },
      word: 'uatp_card',
    },
  ],
]
