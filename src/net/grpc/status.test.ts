import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  decodeGrpcMessage,
  encodeGrpcMessage,
  grpcStatus,
  grpcStatusName,
  grpcStatusOfHttp,
  isRetryableGrpcStatus,
  parseGrpcStatus,
} from './status.ts'
import { parseGrpcTimeoutMs } from './timeout.ts'

suite('grpc-message', () => {
  const rows: readonly (readonly [plain: string, encoded: string])[] = [
    ['', ''],
    ['plain text, with ~ and space', 'plain text, with ~ and space'],
    ['100%', '100%25'],
    ['a\nb\r\0', 'a%0Ab%0D%00'],
    ['é€😀', '%C3%A9%E2%82%AC%F0%9F%98%80'],
  ]
  for (const [plain, encoded] of rows) {
    test(`${JSON.stringify(plain)} there and back`, () => {
      assert.equal(encodeGrpcMessage(plain), encoded)
      assert.equal(decodeGrpcMessage(encoded), plain)
    })
  }

  test('is cut when it is long', () => {
    assert.equal(encodeGrpcMessage('x'.repeat(100_000)).length, 2048)
  })

  test('is read leniently', () => {
    assert.equal(decodeGrpcMessage('50% of %zz %C3'), '50% of %zz \ufffd')
  })
})

suite('grpc-status', () => {
  test('reads what trailers hold', () => {
    const rows = { 0: '0', 14: '14', 16: '16', 2: '99' } as const
    for (const [code, text] of Object.entries(rows)) assert.equal(parseGrpcStatus(text), +code)
    for (const text of [undefined, '', '-1', 'x', '17']) assert.equal(parseGrpcStatus(text), 2)
  })

  test('has names', () => {
    assert.equal(grpcStatusName(grpcStatus.UNAVAILABLE), 'UNAVAILABLE')
    assert.equal(grpcStatusName(99), 'code 99')
  })

  test('knows what an OTLP client may retry', () => {
    const retryable = Object.values(grpcStatus).filter((code) => isRetryableGrpcStatus(code, false))
    assert.deepEqual(retryable, [1, 4, 10, 11, 14, 15])
    assert.ok(isRetryableGrpcStatus(grpcStatus.RESOURCE_EXHAUSTED, true))
    assert.ok(!isRetryableGrpcStatus(grpcStatus.INVALID_ARGUMENT, true))
  })

  test('follows from an HTTP status where there is none', () => {
    const rows = [400, 401, 403, 404, 429, 502, 503, 504, 500].map(grpcStatusOfHttp)
    assert.deepEqual(rows, [13, 16, 7, 12, 14, 14, 14, 14, 2])
  })
})

test('grpc-timeout', () => {
  const rows = {
    '2H': 7_200_000,
    '3M': 180_000,
    '5S': 5000,
    '20m': 20,
    '500u': 0.5,
    '1000n': 0.001,
  }
  for (const [text, ms] of Object.entries(rows)) assert.equal(parseGrpcTimeoutMs(text), ms)
  for (const text of ['', '5', 'S', '-1S', '123456789S', '1s', '1.5S']) {
    assert.equal(parseGrpcTimeoutMs(text), undefined, text)
  }
})
