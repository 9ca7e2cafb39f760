import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Reader } from './reader.ts'
import { varintLength, Writer } from './writer.ts'

function written(write: (writer: Writer) => void): Reader {
  const writer = new Writer(1)
  write(writer)
  return new Reader(writer.finish())
}

suite('what the writer writes the reader reads', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff })
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

  function check<T>(
    name: string,
    values: fc.Arbitrary<T>,
    write: (writer: Writer, value: T) => void,
    read: (reader: Reader) => T,
  ): void {
    test(name, () => {
      const property = fc.property(values, (value) => {
        const reader = written((writer) => write(writer, value))
        assert.deepEqual(read(reader), value)
        assert.equal(reader.more(), false)
        // Every cut is noticed.
        const { bytes } = reader
        for (let length = 0; length < bytes.length; length++) {
          assert.throws(() => read(new Reader(bytes.subarray(0, length))), { name: 'WireError' })
        }
      })
      fc.assert(property, { numRuns: 200 })
    })
  }

  check(
    'varint32',
    uint32,
    (w, v) => w.varint32(v),
    (r) => r.varint32(),
  )
  check(
    'int32',
    fc.integer(),
    (w, v) => w.int32(v),
    (r) => r.varint32() | 0,
  )
  check(
    'sint32',
    fc.integer(),
    (w, v) => w.zigzag32(v),
    (r) => r.zigzag32(),
  )
  check(
    'uint64',
    uint64,
    (w, v) => w.varint64(v),
    (r) => r.varint64(),
  )
  check(
    'int64',
    int64,
    (w, v) => w.varint64(v),
    (r) => BigInt.asIntN(64, r.varint64()),
  )
  check('uint64 by halves', uint64, writeHalves, (r) => r.varint64())
  check(
    'fixed32',
    uint32,
    (w, v) => w.fixed32(v),
    (r) => r.fixed32(),
  )
  check(
    'fixed64',
    uint64,
    (w, v) => w.fixed64(v),
    (r) => r.fixed64(),
  )
  check('fixed64 by halves', uint64, writeFixedHalves, (r) => r.fixed64())
  check(
    'double',
    fc.double(),
    (w, v) => w.double(v),
    (r) => r.double(),
  )
  check(
    'string',
    fc.string({ unit: 'grapheme', maxLength: 90 }),
    (w, v) => w.string(v),
    (r) => r.string(),
  )
  check(
    'bytes',
    fc.uint8Array({ maxLength: 200 }),
    (w, v) => w.bytes(v),
    (r) => Uint8Array.from(r.bytesView()),
  )

  function writeHalves(writer: Writer, value: bigint): void {
    writer.varintHalves(Number(value & 0xffffffffn), Number(value >> 32n))
  }

  function writeFixedHalves(writer: Writer, value: bigint): void {
    writer.fixedHalves(Number(value & 0xffffffffn), Number(value >> 32n))
  }
})

suite('the reader', () => {
  test('keeps the low 32 bits of a longer varint', () => {
    assert.equal(written((w) => w.varint64(-1n)).varint32(), 0xffffffff)
    assert.equal(written((w) => w.varint64(0x1_0000_0005n)).varint32(), 5)
  })

  test('skips every wire type', () => {
    const reader = new Reader(
      Buffer.from('08ff01 09 0000000000000000 0a0161 0d00000000'.replaceAll(' ', ''), 'hex'),
    )
    const tags: number[] = []
    while (reader.more()) {
      const tag = reader.tag()
      tags.push(tag)
      reader.skip(tag)
    }
    assert.deepEqual(tags, [8, 9, 10, 13])
  })

  test('enters and leaves a message, whatever of it was read', () => {
    const reader = new Reader(Buffer.from('0a03080708070801', 'hex'))
    assert.equal(reader.tag(), 10)
    const outer = reader.enter()
    assert.equal(reader.tag(), 8)
    assert.equal(reader.varint32(), 7)
    assert.equal(reader.more(), true)
    reader.leave(outer)
    assert.equal(reader.offset, 5)
    assert.equal(reader.end, 8)
  })

  const refused: readonly {
    name: string
    bytes: string
    read: (reader: Reader) => unknown
    want: string
  }[] = [
    { name: 'field number 0', bytes: '02', read: (r) => r.tag(), want: 'field number 0' },
    { name: 'a group', bytes: '0b', read: (r) => r.tag(), want: 'groups are not supported' },
    { name: 'wire type 7', bytes: '0f', read: (r) => r.tag(), want: 'unknown wire type 7' },
    {
      name: 'a tag of 33 bits',
      bytes: 'ffffffff1f',
      read: (r) => r.tag(),
      want: 'field number above 536870911',
    },
    {
      name: 'a tag of six bytes',
      bytes: '888080808000',
      read: (r) => r.tag(),
      want: 'field number above 536870911',
    },
    {
      name: 'a varint of eleven bytes',
      bytes: `${'ff'.repeat(10)}00`,
      read: (r) => r.varint32(),
      want: 'varint longer than 10 bytes',
    },
    {
      name: 'a 64-bit varint of eleven bytes',
      bytes: `${'ff'.repeat(10)}00`,
      read: (r) => r.varint64(),
      want: 'varint longer than 10 bytes',
    },
    {
      name: 'a length beyond the end',
      bytes: '0561',
      read: (r) => r.string(),
      want: 'length exceeds its message',
    },
    {
      name: 'a length of 2^32',
      bytes: '8080808010',
      read: (r) => r.string(),
      want: 'length exceeds its message',
    },
    { name: 'skipping a group', bytes: '00', read: (r) => r.skip(11), want: 'unknown wire type 3' },
  ]
  for (const { name, bytes, read, want } of refused) {
    test(`refuses ${name}`, () => {
      const reader = new Reader(Buffer.from(bytes, 'hex'))
      assert.throws(() => read(reader), { name: 'WireError', message: want })
    })
  }

  test('reads bytes that are not UTF-8 as U+FFFD', () => {
    assert.equal(new Reader(Uint8Array.of(2, 0x61, 0xff)).string(), 'a\ufffd')
  })

  test('reads a part of a larger array', () => {
    const large = Uint8Array.of(9, 9, 2, 0x61, 0x62, 9)
    assert.equal(new Reader(large.subarray(2, 5)).string(), 'ab')
    assert.equal(new Reader(large, 2, 5).string(), 'ab')
  })
})

suite('the writer', () => {
  test('joins messages of any length behind any guess', () => {
    for (const length of [0, 1, 127, 128, 16383, 16384, 2097151, 2097152]) {
      for (const guess of [1, 2, 3, 4] as const) {
        const reader = written((writer) => {
          writer.byte(7)
          const outer = writer.fork(guess)
          const inner = writer.fork(guess)
          writer.raw(Buffer.alloc(length, 5))
          writer.join(inner)
          writer.join(outer)
          writer.byte(9)
        })
        assert.equal(reader.varint32(), 7)
        const end = reader.enter()
        assert.equal(reader.bytesView().length, length)
        reader.leave(end)
        assert.equal(reader.varint32(), 9)
        assert.equal(reader.more(), false)
      }
    }
  })

  test('copies ranges short and long', () => {
    const source = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256))
    for (const length of [0, 1, 63, 64, 65, 300]) {
      const writer = new Writer(1)
      writer.rawRange(source, 0, length)
      assert.deepEqual(writer.finish(), source.subarray(0, length))
    }
  })

  test('gives its bytes by copy, by hand-over and by view', () => {
    const writer = new Writer()
    writer.byte(1)
    assert.deepEqual([...writer.view()], [1])
    assert.deepEqual([...writer.take()], [1])
    assert.equal(writer.length, 0)
    writer.byte(2)
    writer.byte(3)
    writer.truncate(1)
    assert.deepEqual([...writer.finish()], [2])
    writer.byte(4)
    writer.reset()
    assert.equal(writer.length, 0)
  })

  test('knows how long a varint is', () => {
    for (const value of [
      0, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 268435456, 0xffffffff,
    ]) {
      assert.equal(varintLength(value), written((writer) => writer.varint32(value)).bytes.length)
    }
  })
})
