import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { oracleDecode, oracleEncode } from '../../../test/support/wire/oracle.ts'
import { countView, plain, viewToDocument } from '../../../test/support/wire/plain.ts'
import { randomView } from '../../../test/support/wire/random-view.ts'
import { salt } from '../../../test/support/wire/salt.ts'
import { wireFixture } from '../../../test/support/wire/wire-fixtures.ts'
import { requestOf } from '../../wire/otlp/fields.ts'
import { messageOf } from '../../wire/otlp/messages.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { toJson } from '../../wire/otlp/to-json.ts'
import { Writer } from '../../wire/writer.ts'
import { Batch } from '../batch.ts'
import { type Signal, signals } from '../signal.ts'
import { decodeView, encodeView } from './views.ts'

function viewOf<S extends Signal>(signal: S, bytes: Uint8Array) {
  return decodeView(new Batch(signal, [bytes], 0))
}

/** A message below 128 bytes behind its tag. */
function nest(tag: number, inner: Buffer): Buffer {
  return Buffer.from([tag, inner.length, ...inner])
}

for (const signal of signals) {
  suite(`views of ${signal}`, () => {
    test('read what a foreign codec wrote, field by field, and count as the scanner does', () => {
      const property = fc.property(randomView(signal), (view) => {
        const bytes = oracleEncode(signal, viewToDocument(signal, view))
        assert.deepEqual(plain(viewOf(signal, bytes)), plain(view))
        assert.equal(scanItems(signal, bytes), countView(signal, view))
      })
      fc.assert(property, { numRuns: 60 })
    })

    test('write what a foreign codec reads, field by field', () => {
      const property = fc.property(randomView(signal), (view) => {
        const bytes = encodeView(signal, view)
        const wanted = oracleEncode(signal, viewToDocument(signal, view))
        assert.deepEqual(oracleDecode(signal, bytes), oracleDecode(signal, wanted))
      })
      fc.assert(property, { numRuns: 60 })
    })

    test('keep zeros that differ from absence', () => {
      const { bytes, text } = wireFixture(signal)
      const again = encodeView(signal, viewOf(signal, bytes))
      assert.deepEqual(JSON.parse(toJson(signal, again)), JSON.parse(text))
    })

    test('keep the fields of a newer OTLP in every message, byte for byte', () => {
      const { bytes, itemCount } = wireFixture(signal)
      const canonical = encodeView(signal, viewOf(signal, bytes))
      const salted = salt(messageOf(requestOf[signal]), canonical)
      assert.equal(scanItems(signal, salted), itemCount)
      const again = encodeView(signal, viewOf(signal, salted))
      assert.deepEqual(Buffer.from(again), Buffer.from(salted))
    })

    test('join the segments of a batch', () => {
      const { bytes, itemCount } = wireFixture(signal)
      const view = decodeView(new Batch(signal, [bytes, bytes], 2 * itemCount))
      assert.equal(countView(signal, view), 2 * itemCount)
    })
  })
}

suite('of two members of a oneof', () => {
  test('the last on the wire wins', () => {
    // resource metrics > scope metrics > metric > gauge > point { as_double = 1, as_int = 2 }
    const point = Buffer.from('21000000000000f03f310200000000000000', 'hex')
    const bytes = nest(10, nest(18, nest(18, nest(42, nest(10, point)))))
    const [resource] = viewOf('metrics', bytes).resourceMetrics
    const [got] = resource?.scopeMetrics[0]?.metrics[0]?.gauge?.dataPoints ?? []
    assert.equal(got?.asInt, 2n)
    assert.equal(got?.asDouble, undefined)
  })
})

suite('views', () => {
  test('keep the string indexes of profiles', () => {
    // resource logs > resource > attribute { value { string_value_strindex = -1 } key_strindex = 3 }
    const bytes = Buffer.from(
      '0a13 0a11 0a0f 120b 40ffffffffffffffffff01 1803'.replaceAll(' ', ''),
      'hex',
    )
    const view = viewOf('logs', bytes)
    assert.deepEqual(view.resourceLogs[0]?.resource?.attributes, [
      { key: '', value: { kind: 'string_index', value: -1 }, keyStrindex: 3 },
    ])
    assert.deepEqual(Buffer.from(encodeView('logs', view)), bytes)
    assert.match(toJson('logs', bytes), /"stringValueStrindex":-1/)
  })

  test('read repeated numbers one by one as well as packed, and lists in two pieces', () => {
    // … histogram > data point { bucket_counts = 1, 2; explicit_bounds = 0, 0 }
    const counts = '31 0100000000000000 31 0200000000000000'
    const bounds = '39 0000000000000000 3a08 0000000000000000'
    const point = Buffer.from(`${counts}${bounds}`.replaceAll(' ', ''), 'hex')
    const histogram = nest(10, nest(18, nest(18, nest(74, nest(10, point)))))
    const metric = viewOf('metrics', histogram).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]
    const [got] = metric?.histogram?.dataPoints ?? []
    assert.deepEqual(got?.bucketCounts, [1n, 2n])
    assert.deepEqual(got?.explicitBounds, [0, 0])
    assert.match(
      toJson('metrics', histogram),
      /"bucketCounts":\["1","2"\],"explicitBounds":\[0,0\]/,
    )

    // body { array { "a" } array { "b" } }, and the same as maps
    for (const [tag, element] of [
      [42, '0a01'],
      [50, '0a01'],
    ] as const) {
      const list = (letter: string) =>
        nest(tag, nest(10, Buffer.from(`${element}${letter}`, 'hex')))
      const body = nest(42, Buffer.from([...list('61'), ...list('62')]))
      const log = viewOf('logs', nest(10, nest(18, nest(18, body))))
      const value = log.resourceLogs[0]?.scopeLogs[0]?.logRecords[0]?.body
      assert.ok(value?.kind === 'array' || value?.kind === 'map')
      assert.equal(value.value.length, 2)
    }
  })

  test('and JSON refuse bytes that nobody checked', () => {
    // A resource, a schema URL and bucket counts of the wrong wire type.
    const counts = nest(10, nest(18, nest(18, nest(74, nest(10, Buffer.from('3001', 'hex'))))))
    for (const [signal, bytes] of [
      ['logs', Buffer.from('0a020801', 'hex')],
      ['logs', Buffer.from('0a021801', 'hex')],
      ['metrics', counts],
    ] as const) {
      const refusal = { name: 'WireError', message: /has wire type 0 instead of/ }
      assert.throws(() => viewOf(signal, bytes), refusal)
      assert.throws(() => toJson(signal, bytes), refusal)
      assert.throws(() => scanItems(signal, bytes), refusal)
    }
  })

  test('stop at the nesting limit in values, lists, maps and pairs', () => {
    // From the inside out; the outer levels shift which message is the one too many.
    const list = [10, 42]
    const map = [18, 10, 50]
    const many = (levels: readonly number[]) => Array.from({ length: 60 }, () => levels).flat()
    for (const tags of [
      many(list),
      [...many(list), ...map],
      many(map),
      [...many(map), ...list],
      [...many(map), ...list, ...list],
    ]) {
      let bytes: Uint8Array = Buffer.alloc(0)
      for (const tag of [...tags, 42, 18, 18, 10]) {
        const writer = new Writer()
        writer.tag(tag)
        writer.bytes(bytes)
        bytes = writer.finish()
      }
      assert.throws(() => viewOf('logs', bytes), /nest deeper than 100/)
    }
  })

  test('cost no more than the bytes, however they are cut', () => {
    // 400,000 unknown fields; and a resource in half as many pieces, each with an unknown field.
    // Joined one by one they would take minutes; this takes a fraction of a second.
    const pieces = 200_000
    const writer = new Writer()
    const unknown = Buffer.from('78001a00', 'hex')
    for (let piece = 0; piece < pieces; piece++) writer.raw(unknown)
    const resource = new Writer()
    const twice = Buffer.from('0a027801', 'hex')
    for (let piece = 0; piece < pieces; piece++) resource.raw(twice)
    writer.tag(10)
    writer.bytes(resource.finish())
    const bytes = writer.finish()
    const startedAt = performance.now()
    const view = viewOf('logs', bytes)
    assert.equal(toJson('logs', bytes), '{"resourceLogs":[{"resource":{}}]}')
    assert.ok(performance.now() - startedAt < 10_000)
    assert.equal(view.unknown.byteLength, 4 * pieces)
    assert.equal(view.resourceLogs[0]?.resource?.unknown.byteLength, 2 * pieces)
  })
})
