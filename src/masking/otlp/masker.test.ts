import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { everyText } from '../../../test/support/wire/every-text.ts'
import { oracleDecode, oracleEncode } from '../../../test/support/wire/oracle.ts'
import type { Signal } from '../../signal/signal.ts'
import { signals } from '../../signal/signal.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { compileMasking } from '../compile.ts'
import { maskSchema } from '../schema.ts'

const canary = 'mail jane.doe@example.com card 4111 1111 1111 1111 password=hunter2secret'
const card = '4111111111111111'
const parts = ['jane.doe', 'example.com', '4111 1111', '1111', 'hunter2secret']

function mask(signal: Signal, bytes: Uint8Array, config: object = {}): Uint8Array {
  return compileMasking(v.parse(maskSchema, config)).masker.mask(signal, bytes)
}

function assertGone(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('latin1')
  for (const part of parts) assert.ok(!text.includes(part), `"${part}" is left in ${text}`)
  // 4111111111111111 as a varint and as a double.
  assert.ok(!text.includes('\x18\xc7\xe3\x8a'), 'a number is left')
  const double = Buffer.alloc(8)
  double.writeDoubleLE(4111111111111111)
  assert.ok(!text.includes(double.toString('latin1')), 'a double is left')
}

suite('masking reaches', () => {
  for (const signal of signals) {
    for (const action of ['mask', 'hash', 'drop'] as const) {
      test(`every text of ${signal}, with ${action}`, () => {
        for (const bytes of everyText(signal, canary, card)) {
          const before = Buffer.from(bytes).toString('hex')
          const masked = mask(signal, bytes, { action })
          assertGone(masked)
          assert.equal(scanItems(signal, masked), scanItems(signal, bytes))
          assert.equal(Buffer.from(bytes).toString('hex'), before)
          oracleDecode(signal, masked)
        }
      })
    }

    test(`every record of ${signal}, with drop_record`, () => {
      for (const bytes of everyText(signal, canary, card)) {
        const masked = mask(signal, bytes, { action: 'drop_record' })
        assertGone(masked)
        assert.equal(scanItems(signal, masked), 0)
      }
    })
  }
})

/** One log record around a body and attributes. */
function log(body: object, attributes: readonly object[] = []): Uint8Array {
  return oracleEncode('logs', {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body, attributes }] }] }],
  })
}

function recordOf(bytes: Uint8Array): { body?: Record<string, unknown>; attributes: unknown[] } {
  const { resourceLogs } = oracleDecode('logs', bytes) as never as {
    resourceLogs: {
      scopeLogs: { logRecords: { body: Record<string, unknown>; attributes: unknown[] }[] }[]
    }[]
  }
  return resourceLogs[0]?.scopeLogs[0]?.logRecords[0] as never
}

suite('masking', () => {
  test('leaves a clean request as it is, without a copy', () => {
    const bytes = log({ stringValue: 'all is well' })
    assert.equal(mask('logs', bytes), bytes)
  })

  test('takes the key of an attribute as context', () => {
    const masked = mask('logs', log({}, [{ key: 'db.password', value: { stringValue: 'hunter' } }]))
    assert.deepEqual(recordOf(masked).attributes, [
      { key: 'db.password', value: { stringValue: '<generic_secret>' } },
    ])
  })

  for (const [first, second, text] of [
    ['customer', 'name', 'Jane Doe'],
    ['card', 'holder', 'Jane Doe'],
    ['billing', 'address', '12 Rue Longue'],
    ['aws', 'secret', 'wJalrXUtnFEMIK7MDENGbPxRfiCYzZZ8KEYabcdE'],
    ['contrase\u00f1a', 'x', 'swordfish'],
    ['\u041f\u0410\u0420\u041e\u041b\u042c', 'x', 'swordfish'],
  ] as const) {
    test(`takes the keys ${first} and ${second} of maps in each other as one`, () => {
      const inner = { kvlistValue: { values: [{ key: second, value: { stringValue: text } }] } }
      const asMaps = mask('logs', log({ kvlistValue: { values: [{ key: first, value: inner }] } }))
      assert.ok(!Buffer.from(asMaps).includes(text))
      const asText = log({ stringValue: JSON.stringify({ [first]: { [second]: text } }) })
      assert.ok(!Buffer.from(mask('logs', asText, { json_strings: true })).includes(text))
    })
  }

  test('takes whole numbers as text, also short ones and those that a double cannot tell apart', () => {
    const attributes = [
      { key: 'password', value: { intValue: '123' } },
      { key: 'card', value: { doubleValue: 9792000000000052 } },
    ]
    const values = recordOf(mask('logs', log({}, attributes))).attributes
    assert.deepEqual(values, [
      { key: 'password', value: { stringValue: '<generic_secret>' } },
      { key: 'card', value: { stringValue: '<credit_card>' } },
    ])
  })

  test('keeps the last four, with the format', () => {
    const detectors = [{ name: 'credit_card', keep_last: 4, keep_format: true }]
    const masked = mask(
      'logs',
      log({ stringValue: 'card 4111 1111 1111 1234 4111-1111-1111-1111' }),
      { detectors },
    )
    assert.equal(
      recordOf(masked).body?.['stringValue'],
      'card 4111 1111 1111 1234 ****-****-****-1111',
    )
  })

  test('masks a body of 300 bytes that grows over the next length of its prefixes', () => {
    const body = { stringValue: `${'x'.repeat(110)} a@b.io` }
    const masked = mask('logs', log(body), {
      detectors: [{ name: 'email', template: '#'.repeat(20_000) }],
    })
    assert.equal(recordOf(masked).body?.['stringValue'], `${'x'.repeat(110)} ${'#'.repeat(20_000)}`)
    assert.equal(scanItems('logs', masked), 1)
  })

  test('removes ids that are text, and leaves those that are ids', () => {
    const ids = (traceId: Buffer, spanId: Buffer) =>
      oracleEncode('logs', {
        resourceLogs: [
          { scopeLogs: [{ logRecords: [{ traceId, spanId, body: { stringValue: 'a@b.io' } }] }] },
        ],
      })
    const mail = Buffer.from('jane@example.com')
    assert.equal(mail.length, 16)
    for (const [traceId, spanId] of [
      [mail, mail],
      [mail.subarray(0, 15), Buffer.from('jd@ab.io')],
    ] as const) {
      const text = Buffer.from(mask('logs', ids(traceId, spanId))).toString('latin1')
      assert.ok(!/j(?:ane|d)@/.test(text), text)
    }
    const traceId = Buffer.concat([Buffer.from([0]), mail.subarray(1)])
    const spanId = Buffer.from(' a@b.io\x7f')
    const kept = Buffer.from(mask('logs', ids(traceId, spanId)))
    assert.ok(kept.includes(traceId) && kept.includes(spanId))
  })

  test('keeps fields it does not know, and removes them where they hold something', () => {
    const unknown = (text: string) =>
      Buffer.concat([
        log({ stringValue: 'a@b.io' }),
        Buffer.from([0xfa, 0x01, text.length]),
        Buffer.from(text),
      ])
    assert.ok(Buffer.from(mask('logs', unknown('harmless'))).includes('harmless'))
    assert.ok(!Buffer.from(mask('logs', unknown('c@d.io'))).includes('c@d.io'))
  })

  test('gives the same pseudonym for the same value and key, in whatever form', () => {
    const config = { detectors: ['credit_card'], action: 'hash', hash_key: '0123456789abcdef' }
    const one = recordOf(mask('logs', log({ stringValue: '4111 1111 1111 1111' }), config)).body
    const two = recordOf(mask('logs', log({ stringValue: '4111-1111-1111-1111' }), config)).body
    assert.deepEqual(one, two)
    assert.match(one?.['stringValue'] as string, /^<credit_card:[0-9a-f]{16}>$/)
  })

  test('never makes one series of two', () => {
    const point = (user: string) => ({
      asInt: '1',
      attributes: [{ key: 'user', value: { stringValue: user } }],
    })
    const gauge = { dataPoints: [point('a@b.io'), point('c@d.io'), point('a@b.io')] }
    const bytes = oracleEncode('metrics', {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge }] }] }],
    })
    const users = (masked: Uint8Array) =>
      [
        ...Buffer.from(masked)
          .toString('latin1')
          .matchAll(/<email:[0-9a-f]{16}>/g),
      ].map(([label]) => label)
    const [first, second, third] = users(mask('metrics', bytes, { action: 'mask' }))
    assert.ok(first !== undefined && first === third && first !== second)
    const written = { dataPoints: [point('A@b.io'), point('a@b.io'), point('a%40b.io')] }
    const ways = oracleEncode('metrics', {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: written }] }] }],
    })
    assert.equal(new Set(users(mask('metrics', ways))).size, 3)
    assert.equal(
      scanItems('metrics', mask('metrics', bytes, { on_label_collision: 'drop_series' })),
      0,
    )
  })

  test('does not pass on what is too large or too deep to be examined', () => {
    const large = log({ stringValue: `a@b.io ${'x'.repeat(100)}` })
    assert.equal(
      recordOf(mask('logs', large, { max_field_size: 64 })).body?.['stringValue'],
      '<unexamined>',
    )
    assert.equal(
      scanItems('logs', mask('logs', large, { max_field_size: 64, on_limit: 'drop_record' })),
      0,
    )
    let value: object = { stringValue: 'a@b.io' }
    for (let level = 0; level < 30; level++) value = { arrayValue: { values: [value] } }
    assert.ok(!Buffer.from(mask('logs', log(value), { max_depth: 5 })).includes('a@b.io'))
    assert.ok(!Buffer.from(mask('logs', log(value))).includes('a@b.io'))
  })

  test('examines included paths only, and not the excluded ones', () => {
    const bytes = log({ stringValue: 'a@b.io' }, [
      { key: 'x.y', value: { stringValue: 'c@d.io' } },
      { key: 'z', value: { stringValue: 'e@f.io' } },
    ])
    const left = (config: object) =>
      Buffer.from(mask('logs', bytes, config))
        .toString('latin1')
        .match(/[ace]@[bdf]\.io/g)
    assert.deepEqual(left({ include: ['attributes'] }), ['a@b.io'])
    assert.deepEqual(left({ exclude: ['attributes.x.*', 'body'] }), ['a@b.io', 'c@d.io'])
    assert.deepEqual(left({ include: ['body'] }), ['c@d.io', 'e@f.io'])
  })

  test('knows labels of metrics and attributes of spans by the same path', () => {
    const attributes = [{ key: 'who', value: { stringValue: 'a@b.io' } }]
    const points = { dataPoints: [{ asInt: '1', attributes }] }
    const metric = oracleEncode('metrics', {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'c@d.io', gauge: points }] }] }],
    })
    const span = oracleEncode('traces', {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'c@d.io', attributes }] }] }],
    })
    for (const [signal, bytes, name] of [
      ['metrics', metric, 'metric.name'],
      ['traces', span, 'name'],
    ] as const) {
      const left = (include: string[]) =>
        Buffer.from(mask(signal, bytes, { include }))
          .toString('latin1')
          .match(/[ac]@[bd]\.io/g)
      assert.deepEqual(left(['attributes.who']), ['c@d.io'])
      assert.deepEqual(left([name]), ['a@b.io'])
    }
  })

  test('names in an attribute what is only tagged, record by record', () => {
    const records = ['a@b.io from 203.0.113.9', 'nothing', 'c@d.io'].map((stringValue) => ({
      body: { stringValue },
      attributes: [{ key: 'k', value: { stringValue: 'v' } }],
    }))
    const resource = { attributes: [{ key: 'owner', value: { stringValue: 'e@f.io' } }] }
    const bytes = oracleEncode('logs', {
      resourceLogs: [{ resource, scopeLogs: [{ logRecords: records }] }],
    })
    const tags = (config: object) =>
      [
        ...JSON.stringify(oracleDecode('logs', mask('logs', bytes, config))).matchAll(
          /"key":"(remora[^"]*|pii)","value":\{"stringValue":"([^"]*)"/g,
        ),
      ].map(([, key, value]) => `${key}=${value}`)
    const detectors = ['email', 'ip_address']
    assert.deepEqual(tags({ detectors, action: 'tag' }), [
      'remora.mask.detectors=email,ip_address',
      'remora.mask.detectors=email',
    ])
    assert.deepEqual(tags({ detectors, action: 'tag', tag_attribute: 'pii' }), [
      'pii=email,ip_address',
      'pii=email',
    ])
    assert.equal(mask('logs', bytes, { detectors, action: 'tag', tag_attribute: '' }), bytes)
  })

  const jsonRows: readonly (readonly [before: string, after: string, config?: object])[] = [
    ['{"to":"jane\\u0040example.com"}', '{"to":"<email>"}'],
    ['{ "a" : [ "x", "\\u0061@b.io" ] }', '{ "a" : [ "x", "<email>" ] }'],
    ['{"url":"https:\\/\\/app:s3cr3t99@db\\/x"}', '{"url":"https://app:<url_credentials>@db/x"}'],
    ['{"card":4111111111111111,"n":4111}', '{"card":"<credit_card>","n":4111}'],
    [
      '{"db":{"password":"hunter"},"x":"hunter"}',
      '{"db":{"password":"<generic_secret>"},"x":"hunter"}',
    ],
    [
      '[{"name":"DB_PASSWORD","value":"swordfish"},{"name":"x","value":"y"}]',
      '[{"name":"DB_PASSWORD","value":"<generic_secret>"},{"name":"x","value":"y"}]',
    ],
    ['{"in":"{\\"to\\":\\"a@b.io\\"}"}', '{"in":"{\\"to\\":\\"<email>\\"}"}'],
    [
      '{"to":"a@b.io"}',
      '{"to":"<\\"email>"}',
      { detectors: [{ name: 'email', template: '<"email>' }] },
    ],
    ['{"to":"a@b.io"', '{"to":"<email>"'],
    ['{"to":"ü a@b.io \\u00fc"}', '{"to":"ü <email> ü"}'],
    ['{"to":"a@b.io","x":1}', '{"to":"","x":1}', { action: 'drop' }],
  ]
  for (const [before, after, config] of jsonRows) {
    test(`sees through the JSON of ${before}`, () => {
      const masked = mask('logs', log({ stringValue: before }), { json_strings: true, ...config })
      assert.equal(recordOf(masked).body?.['stringValue'], after)
    })
  }

  test('finds patterns of the configuration, by group and on characters', () => {
    const detectors = [
      { name: 'customer', pattern: 'Kunde-(\\w+)-ü', group: 1, keywords: ['kunde'] },
    ]
    const masked = mask('logs', log({ stringValue: 'für Kunde-A17-ü da' }), { detectors })
    assert.equal(recordOf(masked).body?.['stringValue'], 'für Kunde-<customer>-ü da')
  })
})
