import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { suite, test } from 'node:test'
import { frame } from '../../../test/support/http2/frames.ts'
import { Random } from '../../../test/support/random.ts'
import { type FrameHandler, FrameReader, readUint32 } from './frame-reader.ts'
import { ConnectionError, ErrorCode } from './protocol.ts'

/** Writes down what it is given; runs of DATA are joined, because cuts may split them. */
class Recorder implements FrameHandler {
  readonly seen: string[] = []
  #data = ''

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    const payload = Buffer.from(source.subarray(start, end)).toString('hex')
    this.seen.push(`${type} ${flags} ${streamId} ${payload}`)
  }

  onDataBegin(streamId: number, flowBytes: number): void {
    this.seen.push(`data ${streamId} ${flowBytes}`)
    this.#data = ''
  }

  onData(source: Uint8Array, start: number, end: number): void {
    assert.ok(end > start, 'an empty run')
    this.#data += Buffer.from(source.subarray(start, end)).toString('hex')
  }

  onDataEnd(endStream: boolean): void {
    this.seen.push(`end ${endStream} ${this.#data}`)
  }
}

function readWhole(bytes: Uint8Array): string[] {
  const recorder = new Recorder()
  new FrameReader(recorder, 16_384).push(bytes, 0)
  return recorder.seen
}

function randomFrame(random: Random): Buffer {
  const type = random.below(12)
  const length = random.pick([0, 1, 2, 5, 8, 9, 100, 1000])
  const payload = random.bytes(length)
  let flags = random.below(256)
  // Padding must fit: its length is the first byte.
  if (type === 0 && (flags & 8) !== 0) {
    if (length === 0) flags &= ~8
    else payload[0] = random.below(Math.min(length, 256))
  }
  return frame(type, flags, random.below(0x8000_0000), payload)
}

suite('FrameReader', () => {
  test('gives the same frames whole, byte by byte and in random cuts', () => {
    const seed = randomInt(2 ** 32)
    const random = new Random(seed)
    const bytes = Buffer.concat(Array.from({ length: 200 }, () => randomFrame(random)))
    const want = readWhole(bytes)
    const single = new Recorder()
    const reader = new FrameReader(single, 16_384)
    for (const byte of bytes) reader.push(Uint8Array.of(byte), 0)
    assert.deepEqual(single.seen, want, `seed ${seed}`)
    for (let round = 0; round < 50; round++) {
      const recorder = new Recorder()
      const cut = new FrameReader(recorder, 16_384)
      for (let offset = 0; offset < bytes.byteLength; ) {
        const next = offset + 1 + random.below(random.pick([2, 10, 400, 3000]))
        cut.push(bytes.subarray(0, next), offset)
        offset = Math.min(next, bytes.byteLength)
      }
      assert.deepEqual(recorder.seen, want, `seed ${seed}, round ${round}`)
    }
  })

  const rows: readonly { name: string; bytes: Buffer; want: readonly string[] }[] = [
    {
      name: 'DATA with padding',
      bytes: frame(0, 9, 1, Buffer.from([2, 0x61, 0x62, 0, 0])),
      want: ['data 1 5', 'end true 6162'],
    },
    {
      name: 'DATA of nothing but padding',
      bytes: frame(0, 8, 1, Buffer.from([3, 0, 0, 0])),
      want: ['data 1 4', 'end false '],
    },
    { name: 'empty DATA', bytes: frame(0, 1, 1), want: ['data 1 0', 'end true '] },
    { name: 'the reserved bit', bytes: frame(8, 0, 0xffff_ffff), want: ['8 0 2147483647 '] },
  ]
  for (const { name, bytes, want } of rows) {
    test(`reads ${name}`, () => assert.deepEqual(readWhole(bytes), want))
  }

  const faults: readonly { name: string; bytes: Buffer; code: number }[] = [
    {
      name: 'a frame above the limit, before its payload',
      bytes: frame(1, 0, 1, Buffer.alloc(16_385)).subarray(0, 9),
      code: ErrorCode.frameSizeError,
    },
    {
      name: 'padding as long as the payload',
      bytes: frame(0, 8, 1, Buffer.from([2, 0])),
      code: ErrorCode.protocolError,
    },
    {
      name: 'padding without its length',
      bytes: frame(0, 8, 1),
      code: ErrorCode.protocolError,
    },
  ]
  for (const { name, bytes, code } of faults) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => readWhole(bytes),
        (error) => error instanceof ConnectionError && error.code === code,
      )
    })
  }

  test('reads 32-bit numbers as unsigned', () => {
    assert.equal(readUint32(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0), 0xffff_ffff)
  })
})
