import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { byteSize, duration, headers, integer, listenAddress, secret, text } from './schema.ts'

/** What a scalar makes of a value, or the message with which it refuses it. */
function parse(schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value)
  return result.success ? result.output : result.issues.map(({ message }) => message).join('; ')
}

const wrongDuration = 'must be a duration such as "200ms", "5s" or "1h30m"'
const wrongSize = 'must be a size such as "4MiB", "500kB" or a number of bytes'
const wrongAddress = 'must be "host:port", or ":port" for all addresses'
const wrongPort = 'must be a whole number from 1 to 65535'

const suites: readonly {
  name: string
  schema: v.GenericSchema
  rows: readonly (readonly [value: unknown, want: unknown])[]
}[] = [
  {
    name: 'a duration',
    schema: duration(),
    rows: [
      ['200ms', 200],
      ['1.5s', 1500],
      ['1h30m', 5_400_000],
      ['10us', 0.01],
      ['10µs', 0.01],
      ['0', 0],
      [0, 0],
      ['0s', 0],
      [5, wrongDuration],
      ['5', wrongDuration],
      ['-5s', wrongDuration],
      ['5 s', wrongDuration],
      ['1d', wrongDuration],
      ['', wrongDuration],
      [true, wrongDuration],
    ],
  },
  {
    name: 'a size',
    schema: byteSize(),
    rows: [
      ['4MiB', 4_194_304],
      ['500kB', 500_000],
      ['1kb', 1000],
      ['1.5KiB', 1536],
      ['2 GiB', 2_147_483_648],
      ['512', 512],
      ['512B', 512],
      [512, 512],
      [-1, wrongSize],
      [1.5, wrongSize],
      ['big', wrongSize],
      ['4MiBs', wrongSize],
      ['', wrongSize],
      [{}, wrongSize],
    ],
  },
  {
    name: 'an address to listen on',
    schema: listenAddress(),
    rows: [
      ['localhost:4317', 'localhost:4317'],
      [':4317', ':4317'],
      ['0.0.0.0:0', '0.0.0.0:0'],
      ['[::1]:4317', '[::1]:4317'],
      ['[fe80::1%eth0]:4317', '[fe80::1%eth0]:4317'],
      ['my_host.ns.svc:65535', 'my_host.ns.svc:65535'],
      ['localhost', wrongAddress],
      ['localhost:', wrongAddress],
      ['localhost:65536', 'the port must be from 0 to 65535'],
      ['[::1]:99999', 'the port must be from 0 to 65535'],
      ['localhost:http', wrongAddress],
      ['::1:4317', wrongAddress],
      ['a b:1', wrongAddress],
      ['unix:///run/x.sock', wrongAddress],
      ['http://host:4317', wrongAddress],
      [4317, wrongAddress],
    ],
  },
  {
    name: 'an integer',
    schema: integer(1, 65_535),
    rows: [
      [1, 1],
      [65_535, 65_535],
      [1.5, wrongPort],
      [Number.POSITIVE_INFINITY, `${wrongPort}; ${wrongPort}`],
      ['5', wrongPort],
    ],
  },
  {
    name: 'a text',
    schema: text(),
    rows: [
      ['a', 'a'],
      [5, '5'],
      [false, 'false'],
      [[], 'must be a string'],
      [null, 'must be a string'],
    ],
  },
]

for (const { name, schema, rows } of suites) {
  suite(name, () => {
    for (const [value, want] of rows) {
      test(`${JSON.stringify(value)} is ${JSON.stringify(want)}`, () => {
        assert.deepEqual(parse(schema, value), want)
      })
    }
  })
}

test('a secret and the values of headers do not print', () => {
  const token = v.parse(secret(), 'canary')
  const sent = v.parse(headers(), { a: 'canary', b: '' })
  const listed = v.parse(headers(), [{ name: '__proto__', value: 'canary' }])
  assert.equal(token.reveal(), 'canary')
  assert.equal(sent['a']?.reveal(), 'canary')
  assert.deepEqual(Object.keys(listed), ['__proto__'])
  assert.doesNotMatch(`${token}${JSON.stringify([token, sent, listed])}`, /canary/)
})
