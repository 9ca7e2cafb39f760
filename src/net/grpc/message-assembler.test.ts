import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { frameMessage } from './frame.ts'
import { MessageAssembler } from './message-assembler.ts'

const push = (assembler: MessageAssembler, bytes: Uint8Array) =>
  assembler.push(bytes, 0, bytes.byteLength)

suite('MessageAssembler', () => {
  test('puts a message together wherever it is cut in two', () => {
    const message = Buffer.from('a message of some length')
    const framed = frameMessage(message, true)
    for (let cut = 0; cut <= framed.byteLength; cut++) {
      const assembler = new MessageAssembler(1000)
      assert.equal(push(assembler, framed.subarray(0, cut)), undefined)
      assert.equal(push(assembler, framed.subarray(cut)), undefined)
      assert.ok(assembler.done)
      assert.ok(assembler.compressed)
      assert.ok(message.equals(assembler.message))
      assert.equal(assembler.message.buffer.byteLength, message.byteLength)
    }
  })

  test('takes it byte by byte, and from the middle of a larger buffer', () => {
    const framed = frameMessage(Buffer.from('abc'), false)
    const around = Buffer.concat([Buffer.from('xx'), framed, Buffer.from('yy')])
    const assembler = new MessageAssembler(1000)
    for (let i = 0; i < framed.byteLength; i++) assembler.push(around, 2 + i, 3 + i)
    assert.equal(Buffer.from(assembler.message).toString(), 'abc')
  })

  test('grows a large message with what has come', () => {
    const framed = frameMessage(Buffer.alloc(1_000_000, 7), false)
    const assembler = new MessageAssembler(2_000_000)
    push(assembler, framed.subarray(0, 10))
    assert.equal(assembler.capacityBytes, 4096)
    for (let at = 10; at < framed.byteLength; at += 16_384) {
      push(assembler, framed.subarray(at, at + 16_384))
      assert.ok(assembler.capacityBytes <= Math.max(65_536, 2 * (at + 16_384)))
    }
    assert.ok(assembler.done)
    assert.equal(assembler.message.byteLength, 1_000_000)
    assert.ok(assembler.message.every((byte) => byte === 7))
  })

  const whole = [
    { name: 'when all of it is there', sizeBytes: 100_000, firstBytes: 100_005 },
    { name: 'of the usual size, from its first frame on', sizeBytes: 60_000, firstBytes: 16_384 },
    { name: 'that is small, from its prefix on', sizeBytes: 4000, firstBytes: 5 },
  ]
  for (const { name, sizeBytes, firstBytes } of whole) {
    test(`reserves once for a message ${name}`, () => {
      const framed = frameMessage(Buffer.alloc(sizeBytes, 7), false)
      const assembler = new MessageAssembler(sizeBytes)
      push(assembler, framed.subarray(0, firstBytes))
      assert.equal(assembler.capacityBytes, sizeBytes)
    })
  }

  test('has an empty message', () => {
    const assembler = new MessageAssembler(0)
    assert.ok(assembler.untouched && !assembler.done)
    push(assembler, new Uint8Array(5))
    assert.ok(assembler.done)
  })

  const faults = [
    { name: 'a length above the limit', bytes: [0, 0, 0, 0, 11], want: 'too_large' },
    { name: 'a length of 4 GiB', bytes: [0, 255, 255, 255, 255], want: 'too_large' },
    { name: 'a flag of 2', bytes: [2, 0, 0, 0, 1], want: 'bad_prefix' },
    { name: 'bytes behind the message', bytes: [0, 0, 0, 0, 1, 1, 2], want: 'trailing_bytes' },
  ]
  for (const { name, bytes, want } of faults) {
    test(`refuses ${name}`, () => {
      assert.equal(push(new MessageAssembler(10), Uint8Array.from(bytes)), want)
    })
  }
})
