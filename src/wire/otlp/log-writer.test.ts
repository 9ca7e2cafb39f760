import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nestingLimit } from '../wire-type.ts'
import { encodeAnyValue, type PlainValue } from './any-value.ts'
import {
  encodeKey,
  encodeLogAttributes,
  encodeResource,
  encodeScope,
  LogWriter,
} from './log-writer.ts'
import { scanItems } from './scan.ts'
import { toJson } from './to-json.ts'

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(toJson('logs', bytes))
}

suite('LogWriter', () => {
  const source = Buffer.from('first line\nsecond line – ß\n')
  const attributes = encodeLogAttributes({ 'log.file.name': 'app.log' })
  const jsonAttributes = [{ key: 'log.file.name', value: { stringValue: 'app.log' } }]

  test('writes lines of a chunk under a resource and a scope', () => {
    const writer = new LogWriter()
    writer.observedAt(1_700_000_000_123)
    writer.beginResource(encodeResource({ 'service.name': 'a' }), encodeScope('file', '1'))
    writer.line(source, 0, 10, attributes)
    writer.line(source, 11, source.length - 1, attributes)
    writer.beginResource(encodeResource({}))
    writer.line(source, 0, 0, new Uint8Array(0))
    assert.equal(writer.itemCount, 3)
    const { bytes, itemCount } = writer.finish()
    assert.equal(itemCount, 3)
    assert.equal(scanItems('logs', bytes), 3)
    const observedTimeUnixNano = '1700000000123000000'
    const record = (stringValue: string) => ({
      body: { stringValue },
      attributes: jsonAttributes,
      observedTimeUnixNano,
    })
    assert.deepEqual(parsed(bytes), {
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'a' } }] },
          scopeLogs: [
            {
              scope: { name: 'file', version: '1' },
              logRecords: [record('first line'), record('second line – ß')],
            },
          ],
        },
        { scopeLogs: [{ logRecords: [{ body: { stringValue: '' }, observedTimeUnixNano }] }] },
      ],
    })
  })

  test('writes every part of a record', () => {
    const writer = new LogWriter(16)
    writer.beginResource(encodeResource({}))
    writer.beginRecord()
    writer.bodyBytes(source, 0, 5)
    writer.time(0x15_00_00_00, 0x17_97_9c_fe)
    writer.severity(9, 'INFO')
    writer.traceContext(Buffer.alloc(16, 1), Buffer.alloc(8, 2), 1)
    writer.eventName('e')
    writer.attributes(attributes)
    writer.attribute('n', 5)
    writer.attributeBytes(encodeKey('word'), source, 6, 10)
    writer.endRecord()
    writer.beginRecord()
    writer.body({ a: [1] })
    writer.timeUnixNano(7n)
    writer.endRecord()
    const { bytes } = writer.finish()
    const list = { arrayValue: { values: [{ intValue: '1' }] } }
    assert.deepEqual(parsed(bytes), {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: String((0x17_97_9c_fen << 32n) | 0x15_00_00_00n),
                  severityNumber: 9,
                  severityText: 'INFO',
                  body: { stringValue: 'first' },
                  attributes: [
                    ...jsonAttributes,
                    { key: 'n', value: { intValue: '5' } },
                    { key: 'word', value: { stringValue: 'line' } },
                  ],
                  flags: 1,
                  traceId: '01'.repeat(16),
                  spanId: '02'.repeat(8),
                  eventName: 'e',
                },
                {
                  timeUnixNano: '7',
                  body: { kvlistValue: { values: [{ key: 'a', value: list }] } },
                },
              ],
            },
          ],
        },
      ],
    })
  })

  test('takes a record back', () => {
    const writer = new LogWriter()
    writer.beginResource(encodeResource({}))
    writer.line(source, 0, 5, attributes)
    const { sizeBytes } = writer
    writer.beginRecord()
    writer.bodyBytes(source, 0, 10)
    writer.cancelRecord()
    assert.equal(writer.sizeBytes, sizeBytes)
    const { bytes, itemCount } = writer.finish()
    assert.equal(scanItems('logs', bytes), 1)
    assert.equal(itemCount, 1)
  })

  test('starts over after finish, and is empty without records', () => {
    const writer = new LogWriter()
    writer.beginResource(encodeResource({ a: 1 }))
    writer.line(source, 0, 5, attributes)
    const first = writer.finish()
    writer.beginResource(encodeResource({ b: 2 }))
    assert.deepEqual(writer.finish(), { bytes: Buffer.alloc(0), itemCount: 0 })
    writer.beginResource(encodeResource({ a: 1 }))
    writer.line(source, 0, 5, attributes)
    assert.deepEqual(writer.finish(), first)
  })

  test('inside a record cannot finish', () => {
    const writer = new LogWriter()
    writer.beginResource(encodeResource({}))
    writer.beginRecord()
    assert.throws(() => writer.finish(), /BUG: finish inside a record/)
  })

  test('with lines of all lengths around the steps of a length prefix', () => {
    const writer = new LogWriter()
    const chunk = Buffer.alloc(70_000, 'x')
    const lengths = [0, 1, 63, 64, 65, 100, 120, 123, 125, 126, 127, 128, 16380, 16384, 70_000]
    writer.observedAt(1)
    writer.beginResource(encodeResource({}))
    for (const length of lengths) {
      writer.line(chunk, 0, length, attributes)
      writer.beginRecord()
      writer.bodyBytes(chunk, 0, length)
      writer.attributes(attributes)
      writer.endRecord()
    }
    const { bytes } = writer.finish()
    assert.equal(scanItems('logs', bytes), 2 * lengths.length)
    const text = toJson('logs', bytes)
    const bodies = [...text.matchAll(/"stringValue":"(x*)"/g)].map(([, body]) => body?.length)
    assert.deepEqual(
      bodies,
      lengths.flatMap((length) => [length, length]),
    )
  })
})

suite('encodeAnyValue', () => {
  const rows: readonly { value: PlainValue; want: unknown }[] = [
    { value: 'ä', want: { stringValue: 'ä' } },
    { value: 'x'.repeat(300), want: { stringValue: 'x'.repeat(300) } },
    { value: true, want: { boolValue: true } },
    { value: false, want: { boolValue: false } },
    { value: 0, want: { intValue: '0' } },
    { value: -1, want: { intValue: '-1' } },
    { value: 2 ** 40 + 1, want: { intValue: '1099511627777' } },
    { value: Number.MAX_SAFE_INTEGER, want: { intValue: '9007199254740991' } },
    { value: 2 ** 53, want: { doubleValue: 2 ** 53 } },
    { value: 1.5, want: { doubleValue: 1.5 } },
    { value: -0, want: { doubleValue: -0 } },
    { value: Number.NaN, want: { doubleValue: 'NaN' } },
    { value: 2n ** 63n - 1n, want: { intValue: '9223372036854775807' } },
    { value: -(2n ** 63n), want: { intValue: '-9223372036854775808' } },
    { value: 2n ** 63n, want: { doubleValue: 2 ** 63 } },
    { value: null, want: {} },
    { value: undefined, want: {} },
    { value: Uint8Array.of(1, 2), want: { bytesValue: 'AQI=' } },
    { value: [], want: { arrayValue: {} } },
    { value: ['a', null], want: { arrayValue: { values: [{ stringValue: 'a' }, {}] } } },
    {
      value: { k: 1 },
      want: { kvlistValue: { values: [{ key: 'k', value: { intValue: '1' } }] } },
    },
  ]

  test('makes of each value what JSON readers expect', () => {
    for (const { value, want } of rows) {
      const writer = new LogWriter()
      writer.beginResource(encodeResource({}))
      writer.beginRecord()
      writer.body(value)
      writer.endRecord()
      const { bytes } = writer.finish()
      assert.equal(scanItems('logs', bytes), 1)
      assert.deepEqual(parsed(bytes), {
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: want }] }] }],
      })
    }
  })

  test('refuses maps that nest deeper than a request may', () => {
    let value: PlainValue = 1
    // Six messages above the value, three for each map.
    const allowed = Math.floor((nestingLimit - 6) / 3)
    for (let level = 0; level < allowed; level++) value = { k: value }
    assert.equal(isEncodable(value), true)
    assert.equal(isEncodable({ k: value }), false)
  })

  test('refuses lists that nest deeper than a request may', () => {
    let value: PlainValue = 1
    let levels = 0
    for (; levels < nestingLimit / 2; levels++) {
      value = [value]
      if (!isEncodable(value)) break
    }
    // Six messages above the value, two for each list.
    assert.equal(levels, (nestingLimit - 6) / 2)
    let deepest: PlainValue = 1
    for (let level = 0; level < levels; level++) deepest = [deepest]
    const writer = new LogWriter()
    writer.beginResource(encodeResource({}))
    writer.beginRecord()
    writer.attribute('k', deepest)
    writer.endRecord()
    assert.equal(scanItems('logs', writer.finish().bytes), 1)
  })
})

function isEncodable(value: PlainValue): boolean {
  try {
    encodeAnyValue(value)
    return true
  } catch (error) {
    assert.match(String(error), /nests too deep for OTLP/)
    return false
  }
}
