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
import { Batch } from '../batch.ts'
import { type Signal, signals } from '../signal.ts'
import { decodeView, encodeView } from './views.ts'

function viewOf<S extends Signal>(signal: S, bytes: Uint8Array) {
  return decodeView(new Batch(signal, [bytes], 0))
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
    const nest = (tag: number, inner: Buffer) => Buffer.from([tag, inner.length, ...inner])
    const bytes = nest(10, nest(18, nest(18, nest(42, nest(10, point)))))
    const [resource] = viewOf('metrics', bytes).resourceMetrics
    const [got] = resource?.scopeMetrics[0]?.metrics[0]?.gauge?.dataPoints ?? []
    assert.equal(got?.asInt, 2n)
    assert.equal(got?.asDouble, undefined)
  })
})
