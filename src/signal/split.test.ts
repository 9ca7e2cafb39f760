import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { plain } from '../../test/support/wire/plain.ts'
import { salt } from '../../test/support/wire/salt.ts'
import { wireFixture } from '../../test/support/wire/wire-fixtures.ts'
import { requestOf } from '../wire/otlp/fields.ts'
import { fromJson } from '../wire/otlp/from-json.ts'
import { messageOf } from '../wire/otlp/messages.ts'
import { scanItems } from '../wire/otlp/scan.ts'
import { toJson } from '../wire/otlp/to-json.ts'
import { Batch } from './batch.ts'
import { type Signal, signals } from './signal.ts'
import { halveBatch, splitBatch, splitBatchByBytes } from './split.ts'
import { decodeView } from './views/views.ts'

/** Each item of a batch with its whole surroundings, in order: what must be the same before and after a split. */
function itemsOf(signal: Signal, batches: readonly Batch[]): unknown[] {
  const items: unknown[] = []
  for (const batch of batches) {
    for (const segment of batch.segments) {
      for (const single of splitBatch(new Batch(signal, [segment], batch.itemCount), 1)) {
        items.push(plain(decodeView(single)))
      }
    }
  }
  return items
}

function checkParts(signal: Signal, whole: Batch, parts: readonly Batch[]): void {
  for (const part of parts) {
    assert.equal(scanItems(signal, part.bytes()), part.itemCount)
    assert.ok(part.itemCount > 0)
  }
  const total = parts.reduce((sum, part) => sum + part.itemCount, 0)
  assert.equal(total, whole.itemCount)
  assert.deepEqual(itemsOf(signal, parts), itemsOf(signal, [whole]))
}

for (const signal of signals) {
  suite(`splitting ${signal}`, () => {
    const { bytes, itemCount } = wireFixture(signal)
    const salted = salt(messageOf(requestOf[signal]), bytes)
    const batch = new Batch(signal, [bytes, salted, bytes], 3 * itemCount)

    test('by items keeps every item and all that surrounds it', () => {
      for (let maxItems = 1; maxItems <= 3 * itemCount; maxItems++) {
        const parts = splitBatch(batch, maxItems)
        for (const part of parts) assert.ok(part.itemCount <= maxItems)
        checkParts(signal, batch, parts)
      }
    })

    test('by bytes stays below the limit, except for a single item', () => {
      for (let maxBytes = 1; maxBytes <= batch.sizeBytes; maxBytes += 37) {
        const parts = splitBatchByBytes(batch, maxBytes)
        for (const part of parts) assert.ok(part.sizeBytes <= maxBytes || part.itemCount === 1)
        checkParts(signal, batch, parts)
      }
    })

    test('in halves goes down to single items', () => {
      const open: Batch[] = [batch]
      const single: Batch[] = []
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const halves = halveBatch(next)
        if (halves === undefined) single.unshift(next)
        else {
          assert.ok(Math.abs(halves[0].itemCount - halves[1].itemCount) <= 1)
          open.push(...halves)
        }
      }
      assert.equal(single.length, batch.itemCount)
      checkParts(signal, batch, single)
    })
  })
}

suite('a batch', () => {
  const { bytes, itemCount } = wireFixture('logs')

  test('that fits is given back as it is', () => {
    const batch = new Batch('logs', [bytes], itemCount)
    assert.equal(splitBatch(batch, itemCount)[0], batch)
    assert.equal(splitBatchByBytes(batch, bytes.length)[0], batch)
  })

  test('of segments that fit is regrouped without a copy', () => {
    const batch = new Batch('logs', [bytes, bytes, bytes], 3 * itemCount)
    const groups = splitBatch(batch, 2 * itemCount)
    assert.deepEqual(
      groups.map((group) => group.segments.length),
      [2, 1],
    )
    for (const group of groups) for (const segment of group.segments) assert.equal(segment, bytes)
    const halves = splitBatchByBytes(batch, bytes.length)
    assert.deepEqual(
      halves.map((group) => group.segments[0] === bytes),
      [true, true, true],
    )
  })

  test('of one item or none has no halves', () => {
    assert.equal(halveBatch(new Batch('logs', [Buffer.from('0a0412021200', 'hex')], 1)), undefined)
    assert.equal(halveBatch(new Batch('logs', [], 0)), undefined)
  })

  test('below one item or byte is a bug', () => {
    const batch = new Batch('logs', [bytes], itemCount)
    assert.throws(() => splitBatch(batch, 0), /BUG: maxItems/)
    assert.throws(() => splitBatchByBytes(batch, Number.NaN), /BUG: maxBytes/)
  })
})

suite('a metric that is cut', () => {
  test('keeps its name, unit and temporality in each part', () => {
    const metric = '"name":"n","unit":"s"'
    const request = (points: string) =>
      `{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{"name":"x"},"metrics":[{${metric},"sum":{"dataPoints":[${points}],"aggregationTemporality":1,"isMonotonic":true}}],"schemaUrl":"u"}]}]}`
    const bytes = fromJson('metrics', request('{"asInt":"1"},{"asInt":"2"}'))
    const parts = splitBatch(new Batch('metrics', [bytes], 2), 1)
    assert.deepEqual(
      parts.map((part) => toJson('metrics', part.bytes())),
      [request('{"asInt":"1"}'), request('{"asInt":"2"}')],
    )
  })
})
