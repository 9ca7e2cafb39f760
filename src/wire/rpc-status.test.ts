import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  decodeRpcStatus,
  encodeRpcStatus,
  rpcStatusFromJson,
  rpcStatusToJson,
} from './rpc-status.ts'

function hexLength(text: string): string {
  return text.length.toString(16).padStart(2, '0')
}

suite('google.rpc.Status', () => {
  test('comes back as it went', () => {
    for (const status of [
      { code: 0, message: '' },
      { code: 8, message: 'the queue is full' },
      { code: 8, message: 'ß'.repeat(200), retryDelayMs: 1500 },
      { code: 14, message: 'x', retryDelayMs: 0 },
      { code: 14, message: 'x', retryDelayMs: 250 },
      { code: -1, message: 'x', retryDelayMs: 3_600_000 },
    ]) {
      assert.deepEqual(decodeRpcStatus(encodeRpcStatus(status)), status)
    }
  })

  test('has the bytes that the protobuf definition asks for', () => {
    const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('hex')
    assert.equal(
      Buffer.from(encodeRpcStatus({ code: 8, message: 'm', retryDelayMs: 1001 })).toString('hex'),
      `0808 12016d 1a34 0a28${type} 1208 0a06 0801 10c0843d`.replaceAll(' ', ''),
    )
  })

  test('is read past details of other types', () => {
    const detail = Buffer.concat([
      Buffer.from('1a080a0178', 'hex'),
      Buffer.from('1203010203', 'hex'),
    ])
    const status = Buffer.concat([detail, encodeRpcStatus({ code: 3, message: 'bad' })])
    assert.deepEqual(decodeRpcStatus(status), { code: 3, message: 'bad' })
  })

  test('is read past fields that nobody knows, at every level', () => {
    const type = 'x/google.rpc.RetryInfo'
    const duration = '0801 1001 1801'
    const retryInfo = `1001 0a06${duration}`
    const detail = `1801 0a${hexLength(type)}${Buffer.from(type).toString('hex')} 120a${retryInfo}`
    const compact = detail.replaceAll(' ', '')
    const status = `2001 1a${(compact.length / 2).toString(16)}${compact}`.replaceAll(' ', '')
    const want = { code: 0, message: '', retryDelayMs: 1000.000001 }
    assert.deepEqual(decodeRpcStatus(Buffer.from(status, 'hex')), want)
  })

  test('never asks to wait a negative time', () => {
    // RetryInfo with -1 second.
    const type = Buffer.from('x/google.rpc.RetryInfo')
    const value = Buffer.from('0a0b08ffffffffffffffffff01', 'hex')
    const detail = Buffer.concat([
      Buffer.from([10, type.length]),
      type,
      Buffer.from([18, value.length]),
      value,
    ])
    const status = Buffer.concat([Buffer.from([26, detail.length]), detail])
    assert.deepEqual(decodeRpcStatus(status), { code: 0, message: '', retryDelayMs: 0 })
  })

  test('cut at any byte inside a field is refused', () => {
    const bytes = encodeRpcStatus({ code: 8, message: 'm', retryDelayMs: 1001 })
    for (let length = 6; length < bytes.length; length++) {
      assert.throws(() => decodeRpcStatus(bytes.subarray(0, length)), { name: 'WireError' })
    }
  })

  test('is written as JSON with the delay as a duration', () => {
    assert.equal(rpcStatusToJson({ code: 3, message: '"' }), '{"code":3,"message":"\\""}')
    assert.equal(
      rpcStatusToJson({ code: 8, message: 'm', retryDelayMs: 1500 }),
      '{"code":8,"message":"m","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}',
    )
  })

  const retryInfo = (retryDelay: unknown) => ({ '@type': 'x/google.rpc.RetryInfo', retryDelay })
  const parsed: readonly (readonly [unknown, ReturnType<typeof rpcStatusFromJson>])[] = [
    [null, undefined],
    ['text', undefined],
    [[], { code: 0, message: '' }],
    [{}, { code: 0, message: '' }],
    [
      { code: '8', message: 7, details: 'none' },
      { code: 0, message: '' },
    ],
    [{ details: [null, 1, {}, retryInfo('2s')] }, { code: 0, message: '', retryDelayMs: 2000 }],
    [{ details: [retryInfo('0.250s')] }, { code: 0, message: '', retryDelayMs: 250 }],
    [{ details: [retryInfo('-1s')] }, { code: 0, message: '', retryDelayMs: 0 }],
    [{ details: [retryInfo('soon')] }, { code: 0, message: '' }],
    [{ details: [retryInfo(undefined)] }, { code: 0, message: '' }],
    [{ details: [{ '@type': { toString: 1 } }] }, { code: 0, message: '' }],
    [{ details: [retryInfo({ toString: 1 })] }, { code: 0, message: '' }],
    [
      { details: [{ '@type': 'x/google.rpc.BadRequest', retryDelay: '1s' }] },
      { code: 0, message: '' },
    ],
    [
      { details: [{ '@type': 'x/google.rpc.RetryInfo', retry_delay: '3s' }] },
      { code: 0, message: '', retryDelayMs: 3000 },
    ],
  ]
  for (const [json, want] of parsed) {
    test(`of ${JSON.stringify(json)} is what can be read of it`, () => {
      assert.deepEqual(rpcStatusFromJson(json), want)
    })
  }

  test('comes back from JSON as it went', () => {
    for (const retryDelayMs of [0, 1, 1500, 3_600_000]) {
      const status = { code: 14, message: 'wait', retryDelayMs }
      assert.deepEqual(rpcStatusFromJson(JSON.parse(rpcStatusToJson(status))), status)
    }
  })
})
