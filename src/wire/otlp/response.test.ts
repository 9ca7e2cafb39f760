import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  decodeExportResponse,
  encodeExportResponse,
  exportResponseFromJson,
  exportResponseToJson,
} from './response.ts'

suite('an export response', () => {
  const partials = [
    undefined,
    { rejectedItems: 3, errorMessage: 'too old' },
    { rejectedItems: 0, errorMessage: 'a warning – ß' },
    { rejectedItems: 5_000_000_000, errorMessage: '' },
  ]

  test('comes back in protobuf and in JSON', () => {
    for (const partial of partials) {
      assert.deepEqual(decodeExportResponse(encodeExportResponse(partial)), partial)
      for (const signal of ['logs', 'metrics', 'traces'] as const) {
        const text = exportResponseToJson(signal, partial)
        assert.deepEqual(exportResponseFromJson(signal, text), partial)
      }
    }
  })

  test('is written as the specification has it', () => {
    assert.equal(encodeExportResponse().byteLength, 0)
    assert.equal(exportResponseToJson('logs'), '{}')
    assert.equal(
      Buffer.from(encodeExportResponse({ rejectedItems: 1, errorMessage: 'x' })).toString('hex'),
      '0a050801120178',
    )
    assert.equal(
      exportResponseToJson('traces', { rejectedItems: 1, errorMessage: 'x' }),
      '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"x"}}',
    )
  })

  const readable: readonly { text: string; want: unknown }[] = [
    { text: ' {} ', want: undefined },
    { text: '{"partialSuccess":{}}', want: undefined },
    { text: '{"partialSuccess":null,"more":[1]}', want: undefined },
    {
      text: '{"partial_success":{"rejected_log_records":7,"error_message":"m","x":{}}}',
      want: { rejectedItems: 7, errorMessage: 'm' },
    },
    { text: '{"partialSuccess":{"rejectedLogRecords":"-5"}}', want: undefined },
    { text: '{"partialSuccess":{"rejectedSpans":"5"}}', want: undefined },
  ]
  test('is read with other names, unknown members and nonsense counts', () => {
    for (const { text, want } of readable) {
      assert.deepEqual(exportResponseFromJson('logs', text), want)
    }
  })

  test('with unknown fields is read, and a broken one is refused', () => {
    assert.deepEqual(
      decodeExportResponse(Buffer.from('1001 0a04 0802 1801'.replaceAll(' ', ''), 'hex')),
      {
        rejectedItems: 2,
        errorMessage: '',
      },
    )
    assert.throws(() => decodeExportResponse(Buffer.from('0a05', 'hex')), { name: 'WireError' })
    for (const text of [
      '',
      '[]',
      '{"partialSuccess":5}',
      '{"partialSuccess":{"rejectedLogRecords":1.5}}',
    ]) {
      assert.throws(() => exportResponseFromJson('logs', text), { name: 'WireError' })
    }
  })
})
