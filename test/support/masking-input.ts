import { makers } from '../../scripts/masking/values.ts'
import type { Random } from '../../scripts/random.ts'
import { regions } from '../../src/masking/detectors/phone-numbering.ts'
import { type Node, parsePattern } from '../../src/regex/parse.ts'
import { makeTag, wireType } from '../../src/wire/wire-type.ts'
import { Writer } from '../../src/wire/writer.ts'

/**
 * Requests full of what detectors find, nearly find, and find only beside a word or below a key: written in odd ways, hidden
 * behind escapes, cut, repeated, between bytes that are no UTF-8. Texts are latin1 views of bytes, as in masking.
 */
export class MaskingInput {
  readonly #random: Random
  readonly #extra: readonly (() => string)[]

  /** `extra` makes further values, as latin1 views. */
  constructor(random: Random, extra: readonly (() => string)[] = []) {
    this.#random = random
    this.#extra = extra
  }

  /** An Export request of logs: bodies, attributes, resource and scope. */
  request(): Uint8Array {
    const records = this.#times(3, () => this.#record())
    const scope = message([1, this.text()], ...this.#times(1, () => [3, this.#pair(0)] as const))
    const scopeLogs = message([1, scope], ...records.map((record) => [2, record] as const))
    const resource = message(...this.#times(2, () => [1, this.#pair(0)] as const))
    return message([1, message([1, resource], [2, scopeLogs])])
  }

  #record(): Uint8Array {
    const attributes = this.#times(4, () => [6, this.#pair(0)] as const)
    return message(
      [3, this.#random.chance(0.1) ? this.text() : 'INFO'],
      [5, this.#value(0)],
      ...attributes,
      [12, this.#random.chance(0.1) ? this.text() : ''],
    )
  }

  #value(depth: number): Uint8Array {
    const random = this.#random
    const kind = random.integer(0, depth > 3 ? 6 : 9)
    if (kind === 5) return number(3, BigInt(random.pick(numbers)(random)))
    if (kind === 6) return number(4, BigInt(random.pick(numbers)(random)))
    if (kind === 4) return message([7, this.text()])
    if (kind === 7) {
      return message([5, message(...this.#times(3, () => [1, this.#value(depth + 1)] as const))])
    }
    if (kind > 7) {
      return message([6, message(...this.#times(3, () => [1, this.#pair(depth + 1)] as const))])
    }
    return message([1, this.text()])
  }

  /** An attribute, whose key may be that of a map in a map. */
  #pair(depth: number): Uint8Array {
    const random = this.#random
    const key = random.chance(0.1) ? this.text() : this.#key()
    const cut = random.chance(0.3) && depth < 3 ? key.search(/[_. -]/) : -1
    const value = this.#value(depth)
    if (cut < 0) return message([1, key], [2, value])
    const inner = message([1, key.slice(cut + 1)], [2, value])
    return message([1, key.slice(0, cut)], [2, message([6, message([1, inner])])])
  }

  #key(): string {
    return this.#cased(this.#random.pick(keys))
  }

  text(): string {
    const random = this.#random
    const kind = random.integer(0, 19)
    if (kind === 0) return this.#json(0)
    if (kind === 1) return ''
    const text = this.#times(random.integer(1, 5), () => this.#piece()).join('')
    if (kind === 2) return hide.json(hide.json(text))
    return kind === 3 ? this.#damaged(text) : text
  }

  #piece(): string {
    const random = this.#random
    switch (random.integer(0, 9)) {
      case 0:
        return random.pick(fillers)(random)
      case 1:
        return this.#cased(random.pick(keys)) + random.pick(joins)
      case 2:
      case 3:
        return random.pick(fillers)(random) + this.#found()
      case 4:
        return random.pick(Object.values(hide))(this.#found())
      case 5:
        return this.#damaged(this.#found())
      default:
        return (
          this.#cased(random.pick(keys)) + random.pick(joins) + this.#found() + random.pick(ends)
        )
    }
  }

  #found(): string {
    const random = this.#random
    if (this.#extra.length > 0 && random.chance(0.7)) return random.pick(this.#extra)()
    const kind = random.integer(0, 9)
    if (kind === 0) return random.pick(odd)(random)
    const value = random.pick(makerList).make(random)
    return utf8(kind < 4 ? this.#respelled(value) : kind === 4 ? this.#cased(value) : value)
  }

  /** In other groups, with other signs between them. */
  #respelled(value: string): string {
    const random = this.#random
    const plain = value.replace(/[ .-]/g, '')
    const sign = random.pick(separators)
    const length = random.integer(1, 5)
    return plain.replace(new RegExp(`.{${length}}(?=.)`, 'g'), (group) =>
      random.chance(0.9) ? group + sign : group,
    )
  }

  #cased(text: string): string {
    const kind = this.#random.integer(0, 9)
    if (kind === 0) return text.toUpperCase()
    if (kind === 1) return text.replace(/^[a-z]/, (letter) => letter.toUpperCase())
    if (kind === 2) return text.replace(/[._-]/g, this.#random.pick(['', '-', ' ', '.', '_']))
    return text
  }

  #damaged(text: string): string {
    const random = this.#random
    const at = random.integer(0, text.length)
    const byte = String.fromCharCode(random.integer(0, 255))
    return text.slice(0, at) + byte + text.slice(at + random.integer(0, 1))
  }

  #json(depth: number): string {
    const random = this.#random
    const kind = random.integer(0, depth > 2 ? 1 : 3)
    if (kind === 0) return `"${random.pick([hide.json, hide.unicode, quoted])(this.#found())}"`
    if (kind === 1) return random.chance(0.5) ? this.#found().replace(/[^0-9]/g, '') || '0' : 'null'
    if (kind === 2) return `[${this.#times(3, () => this.#json(depth + 1)).join(', ')}]`
    const pairs = this.#times(3, () => {
      const [first = '', ...rest] = this.#key().split(/[_.](?=.)/)
      const value = this.#json(depth + 1)
      return random.chance(0.7) || rest.length === 0
        ? `"${quoted([first, ...rest].join('_'))}":${random.pick(['', ' '])}${value}`
        : `"${quoted(first)}" : {"${quoted(rest.join('_'))}": ${value}}`
    })
    return `{${pairs.join(',')}}`
  }

  #times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.#random.integer(0, most) }, make)
  }
}

/** One of the texts that a pattern matches; assertions are left out. */
export function sampleOf(node: Node, random: Random): string {
  switch (node.kind) {
    case 'set': {
      const at = 2 * random.integer(0, node.set.length / 2 - 1)
      const [low, high] = node.set.slice(at, at + 2) as [number, number]
      return String.fromCodePoint(random.integer(low, Math.min(high, low + 300)))
    }
    case 'assert':
      return ''
    case 'capture':
      return sampleOf(node.node, random)
    case 'cat':
      return node.nodes.map((part) => sampleOf(part, random)).join('')
    case 'alt':
      return sampleOf(random.pick(node.nodes), random)
    case 'repeat': {
      const rounds = random.integer(node.min, Math.min(node.max, node.min + 3))
      return Array.from({ length: rounds }, () => sampleOf(node.node, random)).join('')
    }
  }
}

/** A request of one log record with that body, a latin1 view. */
export function bodyRequest(body: string): Uint8Array {
  return message([1, message([2, message([2, message([5, message([1, body])])])])])
}

export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

type Content = string | Uint8Array

function message(...fields: readonly (readonly [number: number, content: Content])[]): Uint8Array {
  const writer = new Writer()
  for (const [field, content] of fields) {
    writer.tag(makeTag(field, wireType.bytes))
    writer.bytes(typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
  }
  return writer.finish()
}

/** An AnyValue of an int (field 3) or a double (field 4). */
function number(field: 3 | 4, value: bigint): Uint8Array {
  if (field === 4) {
    const double = Buffer.alloc(9, 33)
    double.writeDoubleLE(Number(value), 1)
    return double
  }
  const bytes = [24]
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

const makerList = Object.values(makers)

function digitsOf(text = ''): string {
  return text.replace(/[^0-9]/g, '')
}

const numbers: readonly ((random: Random) => string)[] = [
  (random) => digitsOf(makers['credit_card']?.make(random)),
  (random) => digitsOf(makers['in_aadhaar']?.make(random)),
  (random) => random.digits(random.integer(1, 18)),
  (random) => `-${random.digits(random.integer(1, 12))}`,
  (random) => random.pick(['0', '1', '42', '127', '2097151', '2097152', '19800101', '2025550143']),
]

const separators = ['', ' ', '-', '.', '/', '  ', '\t', '\u00a0', '\u202f', '\u2013', ') ', ' / ']

const phones = Object.values(regions).flatMap(({ grouped, bare }) =>
  [grouped, bare].map((pattern) => parsePattern(pattern)?.node as Node),
)

/** What the makers of the corpus leave out. */
const odd: readonly ((random: Random) => string)[] = [
  (random) => sampleOf(random.pick(phones), random),
  (random) =>
    `${random.pick(['+', '00', '011 ', '(+'])}${random.integer(1, 999)} ${random.digits(random.integer(3, 12))}`,
  (random) =>
    `+${random.pick(['290', '677', '683', '47', '376'])} ${random.digits(random.integer(4, 6))}`,
  corsican,
  (random) =>
    `${random.integer(1, 9)}.${random.integer(1, 9)}.${random.integer(1, 9)}.${random.integer(1, 9)}/24`,
  (random) => Array.from({ length: 8 }, () => random.hex(random.integer(1, 4))).join(':'),
  () => '64:ff9b:1:2:3:4:192.0.2.1',
  (random) => `${random.hex(4)}.${random.hex(4)}.${random.hex(4)}`,
  (random) => random.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+', 40),
  (random) => `jane@[${random.integer(1, 255)}.0.2.1]`,
  () => 'jane%40[192.0.2.1]',
  () => utf8('\u5f20\u4f1f@\u4f8b\u3048.jp'),
  () => 'curl -u jane:hunter2secret',
  () => 'jane:hunter2@tcp(db)',
  () => 'jdbc:oracle:thin:scott/tiger9x@db',
  () => 'swordfish12',
  () => 'Jane Doe',
  () => '12 Main Street 5',
]

function corsican(random: Random): string {
  const year = random.digits(2)
  const department = random.pick(['2A', '2B'])
  const rest = random.digits(6)
  const plain = BigInt(`1${year}05${department === '2A' ? '19' : '18'}${rest}`)
  return `1 ${year} 05 ${department} ${rest}${String(97n - (plain % 97n)).padStart(2, '0')}`
}

const keys = [
  'password',
  'db_password',
  'pass',
  'user_pass',
  'api_key',
  'access_key_id',
  'token',
  'session_id',
  'auth',
  'authorization',
  'proxy-authorization',
  'credentials',
  'set-cookie',
  'cookie',
  'client_secret',
  'contrase\u00f1a',
  '\u043f\u0430\u0440\u043e\u043b\u044c',
  '\u041f\u0430\u0440\u043e\u043b\u044c',
  '\u5bc6\u7801',
  'mot_de_passe',
  'customer_name',
  'first.name',
  'last name',
  'card_holder_name',
  'surname',
  'vorname',
  'billing_address',
  'street',
  'shipping.line1',
  'home',
  'aws_secret_access_key',
  'aws_prod_secret',
  'aws.config.key',
  'secret_key',
  'secret_access_key',
  'date_of_birth',
  'dob',
  'born',
  'ssn',
  'nhs_number',
  'patient',
  'steuer-id',
  'passport',
  'cnpj',
  'tfn',
  'sin',
  'phone',
  'mobile_number',
  'card number',
  'uatp',
  'hw_addr',
  'version',
  'AccountKey',
  'SharedAccessKey',
  'user password',
  'pwd',
  'name',
  'value',
  'id',
  'message',
  'x',
  '',
].map(utf8)

const joins = [
  ...[
    '=',
    ': ',
    ':',
    ' = ',
    '\t=',
    '\t: ',
    ' ',
    ' is ',
    '="',
    '":"',
    '": "',
    "='",
    ' => ',
    ':=',
    '?=',
    '||=',
  ],
  ...[
    '\n',
    '\n  value: ',
    ',value=',
    '";"value":"',
    '>',
    ' id="1">',
    '\n id="1">',
    '", "',
    '] = ',
    '\\":\\"',
    '\n= ',
  ],
  ...[' string = "', '', ' Bearer ', ' Basic ', ': Token ', '\\n', '\r\n', '\f', '\u00a0'].map(
    utf8,
  ),
]

const ends = ['', '', ' ', '\n', '"', "'", ';Database=x;', ',', '}', '<', '&', '\u0000', '.', ')']

const fillers: readonly ((random: Random) => string)[] = [
  () => ' ',
  (random) => random.digits(random.integer(1, 20)),
  (random) => random.hex(random.integer(1, 40)),
  (random) => `${random.pick(['GET', 'user', 'see', 'x'])} `,
  (random) => random.pick([...'"\'()[]{}<>,;:.=&?/|\\ \t\n']),
  (random) =>
    utf8(
      random.pick([
        '\u00e9',
        '\u6f22\u5b57',
        '\u{1f600}',
        '\u212a',
        '\u017f',
        '\u00a0',
        '\u2013',
        '\u200b',
      ]),
    ),
  (random) => Buffer.from(random.hex(2 * random.integer(1, 6)), 'hex').toString('latin1'),
  () => '2026-03-02T08:00:15.188Z ',
]

/** Ways to write a text so that it reads otherwise. */
const hide = {
  percent: (text: string) => text.replace(/[^A-Za-z0-9]/g, percent),
  percentTwice: (text: string) =>
    text.replace(/[^A-Za-z0-9]/g, (one) => percent(one).replace('%', '%25')),
  percentAll: (text: string) => text.replace(/[\s\S]/g, percent),
  unicode: (text: string) => text.replace(/[^A-Za-z0-9]/g, (one) => `\\u${hex(one, 4)}`),
  unicodeTwice: (text: string) => text.replace(/[@+ :/]/g, (one) => `\\\\u${hex(one, 4)}`),
  newline: (text: string) => `\\n${text}`,
  tab: (text: string) => `\\t${text}\\r\\n`,
  json: (text: string) => text.replace(/["\\]/g, '\\$&').replace(/[/]/g, '\\/'),
  entity: (text: string) => text.replace(/[@:.=/]/g, (one) => `&#${one.charCodeAt(0)};`),
  entityNamed: (text: string) => `&lt;${text.replace('@', '&commat;')}&gt;`,
  colour: (text: string) => `\u001b[31m${text}\u001b[0m`,
  fullWidth: (text: string) =>
    text.replace(/[0-9@]/g, (one) => utf8(String.fromCharCode(one.charCodeAt(0) + 0xfee0))),
  invisible: (text: string) => text.replace(/(?<=.)(?=.)/g, utf8('\u200b')),
  plus: (text: string) => text.replaceAll(' ', '+'),
  utf16: (text: string) => text.replace(/[\s\S]/g, '$&\u0000'),
} as const

function hex(one: string, length: number): string {
  return one.charCodeAt(0).toString(16).padStart(length, '0')
}

function percent(one: string): string {
  return `%${hex(one, 2)}`
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
