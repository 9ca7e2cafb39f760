import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { oracleDecode } from '../../../test/support/wire/oracle.ts'
import { countView } from '../../../test/support/wire/plain.ts'
import { wireFixture } from '../../../test/support/wire/wire-fixtures.ts'
import { Batch } from '../../signal/batch.ts'
import { signals } from '../../signal/signal.ts'
import { decodeView, encodeView } from '../../signal/views/views.ts'
import { WireError } from '../wire-error.ts'
import { nestingLimit } from '../wire-type.ts'
import { Writer } from '../writer.ts'
import { fromJson } from './from-json.ts'
import { scanItems } from './scan.ts'
import type { OtlpSignal } from './signal.ts'
import { countItems, splitItems } from './split.ts'
import { toJson } from './to-json.ts'

/** `hex` with spaces for reading. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

suite('scanItems counts', () => {
  for (const signal of signals) {
    test(`the fixture of ${signal}`, () => {
      const { bytes, itemCount } = wireFixture(signal)
      assert.equal(scanItems(signal, bytes), itemCount)
      assert.equal(scanItems(signal, new Uint8Array(bytes)), itemCount)
      assert.equal(countItems(signal, bytes), itemCount)
    })
  }

  const rows: readonly { name: string; bytes: string; want: number }[] = [
    { name: 'nothing', bytes: '', want: 0 },
    { name: 'a resource without records', bytes: '0a00', want: 0 },
    { name: 'an empty record', bytes: '0a04 1202 1200', want: 1 },
    { name: 'a tag in two bytes where one is enough', bytes: '8a00 04 1202 1200', want: 1 },
    { name: 'a length in more bytes than needed', bytes: '0a84808000 1202 1200', want: 1 },
    {
      name: 'unknown fields of every wire type',
      bytes: '9a0100 a00100 b93e0000000000000000 fdffffff0f00000000 0a00',
      want: 0,
    },
    {
      name: 'a key of 130 bytes',
      bytes: `0a9101 0a8e01 0a8b01 0a8201${'61'.repeat(130)} 1204 0a02 6162`,
      want: 0,
    },
    { name: 'a pair without key and value', bytes: '0a04 0a02 0a00', want: 0 },
    {
      name: 'an int attribute of ten bytes',
      bytes: '0a13 0a11 0a0f 0a00 120b 18ffffffffffffffffff01',
      want: 0,
    },
  ]
  for (const { name, bytes, want } of rows) {
    test(name, () => assert.equal(scanItems('logs', hex(bytes)), want))
  }
})

suite('scanItems refuses', () => {
  const rows: readonly { name: string; signal?: OtlpSignal; bytes: string; want: string }[] = [
    { name: 'field number 0', bytes: '0000', want: 'request: field number 0 (byte 0)' },
    {
      name: 'field number 0 in a long tag',
      bytes: '8080808000',
      want: 'request: tag is longer than it needs to be (byte 0)',
    },
    { name: 'a group', bytes: '0b', want: 'resourceLogs[0]: groups are not supported (byte 0)' },
    {
      name: 'the end of a group',
      bytes: 'fc01',
      want: 'field 31: groups are not supported (byte 0)',
    },
    { name: 'wire type 6', bytes: '0a00 16', want: 'field 2: unknown wire type 6 (byte 2)' },
    {
      name: 'wire type 7 in a long tag',
      bytes: '87f0ff0f',
      want: 'field 4194048: unknown wire type 7 (byte 0)',
    },
    {
      name: 'a tag of more than 32 bits',
      bytes: 'ffffffff1f',
      want: 'request: field number above 536870911 (byte 0)',
    },
    {
      name: 'a known field behind a tag that is too long',
      bytes: '8a8000 00',
      want: 'resourceLogs[0]: tag is longer than it needs to be (byte 0)',
    },
    {
      name: 'a length beyond the request',
      bytes: '0a01',
      want: 'resourceLogs[0]: length exceeds its message (byte 0)',
    },
    {
      name: 'a length beyond its message',
      bytes: '0a03 1202 12 00',
      want: 'resourceLogs[0].scopeLogs[0]: length exceeds its message (byte 2)',
    },
    {
      name: 'a length of 2^32',
      bytes: '0a8080808010',
      want: 'resourceLogs[0]: length exceeds its message (byte 0)',
    },
    {
      name: 'a length of 2^63',
      bytes: '0a80808080808080808001',
      want: 'resourceLogs[0]: length exceeds its message (byte 0)',
    },
    {
      name: 'a length that does not end',
      bytes: '0affff',
      want: 'resourceLogs[0]: truncated varint (byte 1)',
    },
    { name: 'a missing length', bytes: '0a', want: 'resourceLogs[0]: truncated varint (byte 1)' },
    {
      name: 'a varint of eleven bytes',
      bytes: `08${'ff'.repeat(10)}01`,
      want: 'resourceLogs[0]: has wire type 0 instead of 2 (byte 0)',
    },
    {
      name: 'an unknown varint of eleven bytes',
      bytes: `18${'ff'.repeat(10)}01`,
      want: 'field 3: varint longer than 10 bytes (byte 1)',
    },
    {
      name: 'a truncated fixed64',
      bytes: '0a08 1206 1204 09000000',
      want: 'resourceLogs[0].scopeLogs[0].logRecords[0].timeUnixNano: truncated fixed-size value (byte 6)',
    },
    {
      name: 'a time as varint',
      bytes: '0a06 1204 1202 0801',
      want: 'resourceLogs[0].scopeLogs[0].logRecords[0].timeUnixNano: has wire type 0 instead of 1 (byte 6)',
    },
    {
      name: 'a key as varint in the second attribute',
      bytes: '0a08 0a06 0a00 0a02 0801',
      want: 'resourceLogs[0].resource.attributes[1].key: has wire type 0 instead of 2 (byte 8)',
    },
    {
      name: 'a string value that is too long',
      bytes: '0a09 0a07 0a05 1203 0a05 61',
      want: 'resourceLogs[0].resource.attributes[0].value.stringValue: length exceeds its message (byte 8)',
    },
    {
      name: 'packed bucket counts of 7 bytes',
      signal: 'metrics',
      bytes: '0a11 120f 120d 4a0b 0a09 3207 00000000000000',
      want: 'resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[0].bucketCounts[0]: packed numbers are not 8 bytes each (byte 12)',
    },
    {
      name: 'packed varints that do not end',
      signal: 'metrics',
      bytes: '0a0e 120c 120a 5208 0a06 4204 1202 01ff',
      want: 'resourceMetrics[0].scopeMetrics[0].metrics[0].exponentialHistogram.dataPoints[0].positive.bucketCounts[0]: truncated varint (byte 15)',
    },
  ]
  for (const { name, signal, bytes, want } of rows) {
    test(name, () => {
      assert.throws(() => scanItems(signal ?? 'logs', hex(bytes)), {
        name: 'WireError',
        message: want,
      })
    })
  }
})

/** A log body of `depth` lists inside each other, around the fields of a value. */
function nestedBody(depth: number, innermost = Buffer.alloc(0)): Uint8Array {
  // Prefixes from the inside out. Each level is array_value { values { … } }: two messages.
  const prefixes: Uint8Array[] = []
  let length = innermost.length
  const tags = [...Array.from({ length: depth }, () => [10, 42]).flat(), 42, 18, 18, 10]
  for (const tag of tags) {
    const prefix = new Writer(8)
    prefix.tag(tag)
    prefix.varint32(length)
    prefixes.push(prefix.finish())
    length += prefixes.at(-1)?.length ?? 0
  }
  const bytes = new Writer(length)
  for (const prefix of prefixes.toReversed()) bytes.raw(prefix)
  bytes.raw(innermost)
  return bytes.finish()
}

suite('nesting', () => {
  // Request, resource logs, scope logs, record, body: five messages, and two more a level.
  const deepest = Math.floor((nestingLimit - 5) / 2)

  test('up to the limit is read by everything', () => {
    const bytes = nestedBody(deepest)
    assert.equal(scanItems('logs', bytes), 1)
    assert.equal(decodeView(new Batch('logs', [bytes], 1)).resourceLogs.length, 1)
    assert.match(toJson('logs', bytes), /arrayValue/)
  })

  test('above the limit is refused by everything', () => {
    const bytes = nestedBody(deepest + 1)
    const refusal = { name: 'WireError', message: /nest deeper than 100/ }
    assert.throws(() => scanItems('logs', bytes), refusal)
    assert.throws(() => decodeView(new Batch('logs', [bytes], 1)), refusal)
    assert.throws(() => toJson('logs', bytes), refusal)
  })

  test('of a pair at the limit is refused as well', () => {
    // Lists down to message 97 or 98; then a map, and its pair and its value of a plain string below it.
    for (const [lists, isAllowed] of [
      [46, true],
      [47, false],
    ] as const) {
      const pair = Buffer.from('0a0161 1203 0a0162'.replaceAll(' ', ''), 'hex')
      const map = Buffer.from([0x32, pair.length + 2, 0x0a, pair.length, ...pair])
      const bytes = nestedBody(lists, map)
      assert.equal(scanOrRefuse('logs', bytes) === 1, isAllowed)
      if (isAllowed) decodeView(new Batch('logs', [bytes], 1))
    }
  })

  test('of 10,000 levels is refused at once', () => {
    const bytes = nestedBody(10_000)
    assert.throws(() => scanItems('logs', bytes), /nest deeper than 100/)
  })
})

/** What everything behind the scanner makes of bytes that it let pass. */
function checkAccepted(signal: OtlpSignal, bytes: Uint8Array, items: number): void {
  assert.equal(countItems(signal, bytes), items)
  const view = decodeView(new Batch(signal, [bytes], items))
  assert.equal(countView(signal, view), items)
  assert.equal(scanItems(signal, encodeView(signal, view)), items)
  scanItems(signal, fromJson(signal, toJson(signal, bytes)))
  const parts = splitItems(signal, bytes, 1)
  assert.equal(parts.length, items)
  for (const part of parts) assert.equal(scanItems(signal, part.bytes), 1)
}

/** Items, or undefined when the scanner refuses; anything but a WireError is a failure. */
function scanOrRefuse(signal: OtlpSignal, bytes: Uint8Array): number | undefined {
  try {
    return scanItems(signal, bytes)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

for (const signal of signals) {
  suite(`damaged ${signal}`, () => {
    test('truncated at every byte are refused, or counted as the oracle sees them', () => {
      const { bytes } = wireFixture(signal)
      let accepted = 0
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length)
        const items = scanOrRefuse(signal, cut)
        if (items === undefined) continue
        accepted++
        checkAccepted(signal, cut, items)
        oracleDecode(signal, cut)
      }
      // Only the ends of the top-level messages are whole requests.
      assert.ok(accepted >= 1 && accepted <= 2, `${accepted} cuts accepted`)
    })

    test('with every byte changed never break what comes behind the scanner', () => {
      const { bytes } = wireFixture(signal)
      for (let at = 0; at < bytes.length; at++) {
        for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff, (bytes[at] as number) ^ 0x08]) {
          const changed = Buffer.from(bytes)
          changed[at] = value
          const items = scanOrRefuse(signal, changed)
          if (items !== undefined) checkAccepted(signal, changed, items)
        }
      }
    })

    test('with bytes inserted, removed and moved at random neither', () => {
      const { bytes } = wireFixture(signal)
      const edit = fc.record({
        at: fc.nat({ max: bytes.length }),
        remove: fc.nat({ max: 8 }),
        insert: fc.uint8Array({ maxLength: 8 }),
      })
      const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const numbers = [...bytes]
        for (const { at, remove, insert } of edits) numbers.splice(at, remove, ...insert)
        const changed = Uint8Array.from(numbers)
        const items = scanOrRefuse(signal, changed)
        if (items !== undefined) checkAccepted(signal, changed, items)
      })
      fc.assert(property, { numRuns: 500 })
    })
  })
}
