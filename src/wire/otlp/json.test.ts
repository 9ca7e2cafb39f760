import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { oracleDecode } from '../../../test/support/wire/oracle.ts'
import { plain } from '../../../test/support/wire/plain.ts'
import { randomView } from '../../../test/support/wire/random-view.ts'
import { wireFixture } from '../../../test/support/wire/wire-fixtures.ts'
import { Batch } from '../../signal/batch.ts'
import { signals } from '../../signal/signal.ts'
import { decodeView, encodeView } from '../../signal/views/views.ts'
import { WireError } from '../wire-error.ts'
import { fromJson, fromJsonInSlices } from './from-json.ts'
import { scanItems } from './scan.ts'
import type { OtlpSignal } from './signal.ts'
import { toJson } from './to-json.ts'

test('OTLP/JSON of an attribute is read with its key in front, wherever it stands', () => {
  const logs = (attribute: string): Uint8Array =>
    fromJson('logs', `{"resourceLogs":[{"resource":{"attributes":[${attribute}]}}]}`)
  const inner = '{"kvlistValue":{"values":[{"value":{"stringValue":"v"},"key":"inner"}]}}'
  const key = 'k'.repeat(300)
  assert.deepEqual(
    logs(`{"value":${inner},"key":"${key}"}`),
    logs(
      `{"key":"${key}","value":${inner.replace('"value":{"stringValue":"v"},"key":"inner"', '"key":"inner","value":{"stringValue":"v"}')}}`,
    ),
  )
})

for (const signal of signals) {
  suite(`OTLP/JSON of ${signal}`, () => {
    const { bytes, text, itemCount } = wireFixture(signal)

    test('is written as the specification wants it', () => {
      assert.deepEqual(JSON.parse(toJson(signal, bytes)), JSON.parse(text))
    })

    test('is read into the bytes that a foreign codec makes of it', () => {
      const got = fromJson(signal, text)
      assert.equal(scanItems(signal, got), itemCount)
      assert.deepEqual(oracleDecode(signal, got), oracleDecode(signal, bytes))
    })

    test('comes back as it went, whatever is in it', () => {
      const property = fc.property(randomView(signal), (view) => {
        const got = fromJson(signal, toJson(signal, encodeView(signal, view)))
        assert.deepEqual(plain(decodeView(new Batch(signal, [got], 0))), plain(view))
      })
      fc.assert(property, { numRuns: 60 })
    })

    test('of several segments is one object', () => {
      const both = toJson(signal, new Batch(signal, [bytes, bytes], 0).bytes())
      assert.equal(scanItems(signal, fromJson(signal, both)), 2 * itemCount)
    })

    test('is read in slices where it is large', () => {
      const times = Math.ceil(1_000_000 / text.length)
      const large = toJson(signal, Buffer.concat(new Array<Uint8Array>(times).fill(bytes)))
      const slices = fromJsonInSlices(signal, large)
      let count = 1
      let slice = slices.next()
      for (; slice.done !== true; slice = slices.next()) count++
      assert.equal(scanItems(signal, slice.value), times * itemCount)
      assert.ok(count > large.length / 256 / 1024, `${count} slices of ${large.length} characters`)
    })

    test('damaged at random is refused, or was JSON and becomes a request', () => {
      const whole = toJson(signal, bytes)
      const edit = fc.record({
        at: fc.nat({ max: whole.length }),
        remove: fc.nat({ max: 3 }),
        insert: fc.constantFrom(
          '',
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\',
          '0',
          '-',
          'null',
          '1e5',
          'ß',
        ),
      })
      const property = fc.property(edit, ({ at, remove, insert }) => {
        const text = whole.slice(0, at) + insert + whole.slice(at + remove)
        let got: Uint8Array
        try {
          got = fromJson(signal, text)
        } catch (error) {
          assert.ok(error instanceof WireError)
          return
        }
        scanItems(signal, got)
        JSON.parse(text)
      })
      fc.assert(property, { numRuns: 1000 })
    })

    test('cut at every character is refused', () => {
      const whole = toJson(signal, bytes)
      for (let length = 0; length < whole.length; length++) {
        assert.throws(() => fromJson(signal, whole.slice(0, length)), { name: 'WireError' })
      }
    })
  })
}

/** The record `members` as bytes, through JSON. */
function record(members: string) {
  const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${members}}]}]}]}`
  const view = decodeView(new Batch('logs', [fromJson('logs', text)], 1))
  const [got] = view.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? []
  assert.ok(got)
  return got
}

suite('fromJson reads', () => {
  test('64-bit integers of every form without losing a digit', () => {
    const rows: readonly [string, bigint][] = [
      ['"1700000000123456789"', 1700000000123456789n],
      ['1700000000123456789', 1700000000123456789n],
      ['18446744073709551615', 2n ** 64n - 1n],
      ['"9007199254740993"', 9007199254740993n],
      ['4294967296', 2n ** 32n],
      ['"999999999"', 999999999n],
      ['1000000000', 1000000000n],
      ['1e3', 1000n],
      ['5.0', 5n],
      ['"0"', 0n],
    ]
    for (const [text, want] of rows)
      assert.equal(record(`"timeUnixNano":${text}`).timeUnixNano, want)
  })

  test('any unsigned 64-bit integer', () => {
    const property = fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      assert.equal(record(`"timeUnixNano":"${value}"`).timeUnixNano, value)
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('ids in any case, enums by name, names as in the .proto', () => {
    const got = record(
      '"trace_id":"5B8EFFF798038103d269b633813fc60c","severityNumber":"SEVERITY_NUMBER_WARN3","severity_text":"w"',
    )
    assert.equal(Buffer.from(got.traceId).toString('hex'), '5b8efff798038103d269b633813fc60c')
    assert.equal(got.severityNumber, 15)
    assert.equal(got.severityText, 'w')
  })

  test('bytes as the JavaScript SDK writes them: an object of indices', () => {
    const json = (value: string): string =>
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":${value}}}]}]}]}`
    assert.deepEqual(
      fromJson('logs', json('{"0":0,"1":1,"2":254,"3":255}')),
      fromJson('logs', json('"AAH+/w=="')),
    )
    for (const broken of [
      '{"1":0}',
      '{"0":256}',
      '{"0":-1}',
      '{"0":0.5}',
      '{"0":"1"}',
      '{"a":1}',
    ]) {
      assert.throws(() => fromJson('logs', json(broken)), /must be a base64 string/)
    }
  })

  test('base64 of both alphabets, with padding and without', () => {
    for (const text of ['+/8=', '+/8', '-_8=', '-_8']) {
      const { body } = record(`"body":{"bytesValue":"${text}"}`)
      assert.deepEqual(plain(body), { kind: 'bytes', value: 'hex fbff' })
    }
  })

  test('the words for special doubles', () => {
    for (const [text, want] of [
      ['"NaN"', Number.NaN],
      ['"Infinity"', Number.POSITIVE_INFINITY],
      ['"-Infinity"', Number.NEGATIVE_INFINITY],
      ['-0', -0],
      ['"1.5"', 1.5],
      ['1', 1],
    ] as const) {
      assert.deepEqual(record(`"body":{"doubleValue":${text}}`).body, {
        kind: 'double',
        value: want,
      })
    }
  })

  test('escapes and all of Unicode', () => {
    const { severityText } = record(
      '"severityText":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udd88 🦈"',
    )
    assert.equal(severityText, '"\\/\b\f\n\r\té🦈 🦈')
  })

  test('half a surrogate pair as U+FFFD', () => {
    assert.equal(record('"severityText":"a\\ud83e"').severityText, 'a\ufffd')
  })

  test('null as absent, and skips what it does not know', () => {
    const got = record(
      '"body":null,"attributes":null,"constructor":{"a":[1,{"b":null}]},"__proto__":{"x":1},"toString":"y","eventName":"e"',
    )
    assert.equal(got.body, undefined)
    assert.equal(got.eventName, 'e')
    assert.equal(({} as Record<string, unknown>)['x'], undefined)
  })

  test('white space everywhere', () => {
    const text = ' \r\n\t{ "resourceLogs" : [ { } , { } ] } \n'
    assert.equal(Buffer.from(fromJson('logs', text)).toString('hex'), '0a000a00')
  })

  test('an empty packed list as nothing', () => {
    const text =
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[]}]}}]}]}]}'
    assert.equal(
      Buffer.from(fromJson('metrics', text)).toString('hex'),
      '0a081206120 44a020a00'.replace(' ', ''),
    )
  })
})

suite('fromJson refuses', () => {
  const log = 'resourceLogs[0].scopeLogs[0].logRecords[1]'
  const inRecord = (members: string) =>
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{${members}}]}]}]}`
  const rows: readonly { name: string; text: string; want: string; signal?: OtlpSignal }[] = [
    { name: 'nothing', text: '', want: 'request: must be an object' },
    { name: 'an array', text: '[]', want: 'request: must be an object' },
    {
      name: 'two requests',
      text: '{}{}',
      want: 'request: expected the end but found "{" at character 2',
    },
    {
      name: 'a trailing comma',
      text: '{"a":1,}',
      want: 'request: expected a value but found "}" at character 7',
    },
    {
      name: 'a missing comma',
      text: '{"a":1 "b":2}',
      want: 'request: expected "," but found "\\"" at character 7',
    },
    {
      name: 'a missing colon',
      text: '{"a" 1}',
      want: 'request: expected ":" but found "1" at character 5',
    },
    {
      name: 'a number with a leading zero',
      text: '{"a":01}',
      want: 'request: expected a number but found "0" at character 5',
    },
    {
      name: 'a word',
      text: '{"a":nil}',
      want: 'request: expected a number but found "n" at character 5',
    },
    {
      name: 'an unknown escape',
      text: '{"a":"\\x"}',
      want: 'request: invalid escape in a string at character 6',
    },
    {
      name: 'half an escape',
      text: '{"a":"\\u12"}',
      want: 'request: invalid escape in a string at character 6',
    },
    {
      name: 'a control character',
      text: '{"a":"\n"}',
      want: 'request: control character in a string at character 6',
    },
    {
      name: 'an object for an array',
      text: '{"resourceLogs":{}}',
      want: 'resourceLogs: must be an array',
    },
    {
      name: 'a null in an array',
      text: '{"resourceLogs":[{},null]}',
      want: 'resourceLogs[1]: must be an object',
    },
    {
      name: 'a negative time',
      text: inRecord('"timeUnixNano":"-1"'),
      want: `${log}.timeUnixNano: must be an unsigned 64-bit integer`,
    },
    {
      name: 'a time above 64 bits',
      text: inRecord('"timeUnixNano":"18446744073709551616"'),
      want: `${log}.timeUnixNano: must be an unsigned 64-bit integer`,
    },
    {
      name: 'a time as a word',
      text: inRecord('"timeUnixNano":"now"'),
      want: `${log}.timeUnixNano: must be an unsigned 64-bit integer`,
    },
    {
      name: 'a time with a fraction',
      text: inRecord('"timeUnixNano":1.5'),
      want: `${log}.timeUnixNano: must be an unsigned 64-bit integer`,
    },
    {
      name: 'an empty time',
      text: inRecord('"timeUnixNano":""'),
      want: `${log}.timeUnixNano: must be an unsigned 64-bit integer`,
    },
    {
      name: 'an int above 63 bits',
      text: inRecord('"body":{"intValue":"9223372036854775808"}'),
      want: `${log}.body.intValue: must be a signed 64-bit integer`,
    },
    {
      name: 'a count above 32 bits',
      text: inRecord('"droppedAttributesCount":4294967296'),
      want: `${log}.droppedAttributesCount: must be an unsigned 32-bit integer`,
    },
    {
      name: 'an enum without that name',
      text: inRecord('"severityNumber":"INFO"'),
      want: `${log}.severityNumber: must be a number or a name such as SEVERITY_NUMBER_TRACE`,
    },
    {
      name: 'an id that is not hex',
      text: inRecord('"traceId":"xy"'),
      want: `${log}.traceId: must be a hex string`,
    },
    {
      name: 'half a byte',
      text: inRecord('"traceId":"abc"'),
      want: `${log}.traceId: must be a hex string`,
    },
    {
      name: 'bytes that are not base64',
      text: inRecord('"body":{"bytesValue":"*"}'),
      want: `${log}.body.bytesValue: must be a base64 string`,
    },
    {
      name: 'a number for a string',
      text: inRecord('"severityText":5'),
      want: `${log}.severityText: must be a string`,
    },
    {
      name: 'a string for a bool',
      text: inRecord('"body":{"boolValue":"true"}'),
      want: `${log}.body.boolValue: must be true or false`,
    },
    {
      name: 'a word for a double',
      text: inRecord('"body":{"doubleValue":"nan"}'),
      want: `${log}.body.doubleValue: must be a number`,
    },
    {
      name: 'no digits for a double',
      text: inRecord('"body":{"doubleValue":""}'),
      want: `${log}.body.doubleValue: must be a number`,
    },
    {
      name: 'the key of the second attribute',
      text: inRecord('"attributes":[{"key":"a"},{"key":1}]'),
      want: `${log}.attributes[1].key: must be a string`,
    },
    {
      name: 'a word in a list of numbers',
      signal: 'metrics',
      text: '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":["1",""]}]}}]}]}]}',
      want: 'resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[0].bucketCounts[1]: must be an unsigned 64-bit integer',
    },
  ]
  for (const { name, text, want, signal } of rows) {
    test(name, () => {
      assert.throws(() => fromJson(signal ?? 'logs', text), { name: 'WireError', message: want })
    })
  }

  test('10,000 values inside each other, at once', () => {
    const lists = '{"arrayValue":{"values":['.repeat(10_000)
    assert.throws(() => fromJson('logs', inRecord(`"body":${lists}`)), /nest deeper than 100$/)
    assert.throws(() => fromJson('logs', `{"a":${'['.repeat(10_000)}`), /nest deeper than 200$/)
    assert.throws(() => fromJson('logs', `{"a":${'{"a":'.repeat(10_000)}`), /nest deeper than 200$/)
  })
})

suite('toJson', () => {
  test('writes U+FFFD for bytes that are not UTF-8', () => {
    const bytes = Buffer.from('0a0912071205 1a0361ff62'.replaceAll(' ', ''), 'hex')
    assert.equal(
      toJson('logs', bytes),
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"a\ufffdb"}]}]}]}',
    )
  })

  test('merges a message that stands twice, as protobuf does', () => {
    // resource { dropped = 1 } resource { attribute } resource { dropped = 2 }
    const bytes = Buffer.from('0a0e 0a021001 0a040a020a00 0a021002'.replaceAll(' ', ''), 'hex')
    assert.equal(
      toJson('logs', bytes),
      '{"resourceLogs":[{"resource":{"attributes":[{"key":""}],"droppedAttributesCount":2}}]}',
    )
  })

  test('writes special doubles as words', () => {
    const text =
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asDouble":"NaN"},{"asDouble":"-Infinity"},{"asDouble":-0}]}}]}]}]}'
    assert.equal(toJson('metrics', fromJson('metrics', text)), text)
  })
})

test('the data points of one metric are read in slices', () => {
  const dataPoints = new Array<object>(20_000).fill({ timeUnixNano: '1', asDouble: 0.25 })
  const metrics = [{ name: 'm', gauge: { dataPoints } }]
  const text = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })
  const slices = [...fromJsonInSlices('metrics', text)]
  assert.ok(slices.length >= 4, `${slices.length} slices of ${text.length} characters`)
})
