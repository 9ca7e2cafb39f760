import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { oracleDecode } from '../../../test/support/wire/oracle.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { mask } from '../../processors/mask/definition.ts'
import { MaskProcessor } from '../../processors/mask/mask-processor.ts'
import { redaction } from '../../processors/redaction/definition.ts'
import { RedactionProcessor } from '../../processors/redaction/redaction-processor.ts'
import { Batch } from '../../signal/batch.ts'

/**
 * Values in more than one part. Requests here are written field by field, because no encoder writes a field twice that is
 * no list; protobuf's rule is that the last one counts, and that messages are merged.
 */

/** A field of number `number` that holds a text or a message. */
function field(number: number, ...content: readonly (Uint8Array | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)))
  const length =
    bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
}

/** Fields of AnyValue, KeyValue and LogRecord. */
const text = (value: string) => field(1, value)
const list = (...values: readonly Uint8Array[]) =>
  field(5, ...values.map((value) => field(1, value)))
const map = (...pairs: readonly Uint8Array[]) => field(6, ...pairs.map((pair) => field(1, pair)))
const key = (name: string) => field(1, name)
const value = (...parts: readonly Uint8Array[]) => field(2, ...parts)
const attribute = (...parts: readonly Uint8Array[]) => field(6, ...parts)
const body = (...parts: readonly Uint8Array[]) => field(5, ...parts)
const record = (...parts: readonly Uint8Array[]) => field(1, field(2, field(2, ...parts)))

async function masked(...segments: readonly Uint8Array[]): Promise<Buffer> {
  const next = new RecordingIntake()
  const settings = testSettings(v.parse(mask.config, {}))
  const batch = new Batch('logs', segments, segments.length)
  await new MaskProcessor(settings, next).consume(batch, testContext())
  return Buffer.from(next.calls[0]?.batch.bytes() ?? [])
}

async function redacted(...segments: readonly Uint8Array[]): Promise<Buffer> {
  const next = new RecordingIntake()
  const config = { allow_all_keys: true, blocked_values: ['[a-z]+@[a-z]+\\.io'] }
  const settings = testSettings(v.parse(redaction.config, config))
  const batch = new Batch('logs', segments, segments.length)
  await new RedactionProcessor(settings, next).consume(batch, testContext())
  return Buffer.from(next.calls[0]?.batch.bytes() ?? [])
}

const email = 'jane@example.io'
const harmless = text('harmless')

suite('a field that stands twice hides nothing', () => {
  const rows: readonly (readonly [name: string, record: Buffer])[] = [
    ['the value, and another', record(attribute(key('k'), value(text(email)), value(harmless)))],
    ['the value, and an empty one', record(attribute(key('k'), value(text(email)), value()))],
    [
      'another value, and the value',
      record(attribute(key('k'), value(harmless), value(text(email)))),
    ],
    ['the string of a value', record(attribute(key('k'), value(text(email), harmless)))],
    ['a string, and then a list', record(attribute(key('k'), value(text(email), list(harmless))))],
    ['a list, and another', record(body(list(text(email))), body(list(harmless)))],
    ['a list in one body', record(body(list(text(email)), list(harmless)))],
    ['a list, and then a string', record(attribute(key('k'), value(list(text(email)), harmless)))],
    ['a value in a map', record(body(map(Buffer.concat([key('x'), value(text(email)), value()]))))],
    ['a value in a list', record(body(list(Buffer.concat([text(email), harmless]))))],
    ['the body', record(body(text(email)), body(harmless))],
    ['the body, and an empty one', record(body(text(email)), body())],
    ['the key', record(attribute(key(email), key('k'), value(harmless)))],
    ['a value without a key', record(attribute(value(text(email)), value()))],
  ]
  for (const [name, bytes] of rows) {
    test(name, async () => {
      for (const out of [await masked(bytes), await redacted(bytes)]) {
        assert.ok(!out.includes(email), out.toString('latin1'))
        oracleDecode('logs', out)
      }
    })
  }

  test('nor does a text where a number belongs', async () => {
    // time_unix_nano with the wire type of a text: a reader keeps it as an unknown field.
    assert.ok(!(await masked(record(field(1, `mail ${email} `)))).includes(email))
  })
})

suite('redaction of a field that stands twice leaves what protobuf takes', () => {
  const rows: readonly (readonly [name: string, parts: Buffer[], want: string])[] = [
    ['the last string', [value(text(email)), value(harmless)], 'harmless'],
    ['the first, before an empty one', [value(text(email)), value()], '****'],
    ['the last, behind an empty one', [value(), value(text(email))], '****'],
  ]
  for (const [name, parts, want] of rows) {
    test(name, async () => {
      const out = await redacted(record(attribute(key('k'), ...parts)))
      assert.deepEqual(attributesOf(out), [{ key: 'k', value: { stringValue: want } }])
    })
  }
})

function attributesOf(bytes: Uint8Array): unknown[] {
  const { resourceLogs } = oracleDecode('logs', bytes) as never as {
    resourceLogs: { scopeLogs: { logRecords: { attributes: unknown[] }[] }[] }[]
  }
  return resourceLogs[0]?.scopeLogs[0]?.logRecords[0]?.attributes ?? []
}

suite('a value in two parts', () => {
  test('each of which is one by itself is found in both', async () => {
    const parts = await masked(
      record(attribute(key('to'), value(text(email))), attribute(key('cc'), value(text(email)))),
      record(body(list(text(email), text(`x ${email}`)))),
    )
    assert.ok(!parts.includes(email))
    assert.equal(parts.toString('latin1').match(/<email>/g)?.length, 4)
  })

  // Each part is passed on as it is: nobody can tell that `jane` and `@example.io` are one. The page of `mask` says so.
  const rows: readonly (readonly [name: string, ...segments: Buffer[]])[] = [
    [
      'is not found in two attributes',
      record(
        attribute(key('a'), value(text('jane'))),
        attribute(key('b'), value(text('@example.io'))),
      ),
    ],
    [
      'is not found in two elements of a list',
      record(body(list(text('jane'), text('@example.io')))),
    ],
    [
      'is not found in two segments of a batch',
      record(body(text('4111 1111 '))),
      record(body(text('1111 1111'))),
    ],
    [
      'is not found in two fields of one message',
      record(body(text('jane')), body(text('@example.io'))),
    ],
  ]
  for (const [name, ...segments] of rows) {
    test(name, async () => {
      assert.deepEqual(await masked(...segments), Buffer.concat(segments))
    })
  }

  test('is found where its key says enough for the part', async () => {
    const out = await masked(
      record(attribute(key('password'), value(list(text('hunter'), text('two and more'))))),
    )
    assert.ok(!out.includes('hunter') && !out.includes('two and more'))
  })

  test('is not passed on in a request that is cut off, wherever', async () => {
    const whole = record(attribute(key('k'), value(text(email))), body(text(`to ${email}`)))
    for (let length = 1; length < whole.length; length++) {
      try {
        // No sign of anything in what is left (no address ends in an `@`): the receiver's own check refuses it.
        assert.ok(!(await masked(whole.subarray(0, length))).includes('@e'), `cut at ${length}`)
      } catch (error) {
        assert.ok(error instanceof DeliveryError, String(error))
        assert.equal(error.code, 'invalid_data')
      }
    }
  })
})
