import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { type Cursor, readCursor, writeCursor } from './cursor.ts'
import {
  accountBytesOf,
  checkSegmentHeader,
  parseSegmentFileName,
  payloadMatches,
  RecordHeader,
  readRecordHead,
  recordHeaderBytes,
  segmentFileName,
  writeRecordHead,
  writeSegmentHeader,
} from './format.ts'

const name = { sequence: 7, salt: 0x9f3a5c77 }

suite('the format on the disk', () => {
  test('of a segment header, byte for byte', () => {
    const bytes = writeSegmentHeader(name, 0x0102030405, 0x060708)
    assert.equal(
      bytes.subarray(0, 28).toString('hex'),
      '524d5251' + '0100' + '2000' + '07000000' + '775c3a9f' + '0504030201000000' + '08070600',
    )
    assert.equal(bytes.readUInt32LE(28), crc32(bytes.subarray(0, 28)))
    assert.equal(checkSegmentHeader(bytes, name), 'valid')
    assert.equal(checkSegmentHeader(bytes, { ...name, salt: 1 }), 'damaged')
  })

  test('of a record, byte for byte', () => {
    const segments = [Buffer.from('abc'), Buffer.from('de')]
    const account = accountBytesOf('logs')
    const out = Buffer.alloc(recordHeaderBytes + 4, 0xff)
    const record = {
      segments,
      payloadBytes: 5,
      itemCount: 3,
      enqueuedMs: 0x0102030405,
      signal: 'traces' as const,
      account,
    }
    assert.equal(writeRecordHead(out, 0, name.salt, 9, record), 44)
    const sum = Buffer.alloc(4)
    sum.writeUInt32LE(crc32('abcde', name.salt))
    assert.equal(
      out.subarray(8).toString('hex'),
      `05000000${sum.toString('hex')}03000000090000000504030201000000020004000000000` +
        `0${Buffer.from('logs').toString('hex')}`,
    )
    assert.equal(out.toString('latin1', 0, 4), 'RREC')
    assert.equal(out.readUInt32LE(4), crc32(out.subarray(8), name.salt))
    const header = new RecordHeader()
    assert.equal(readRecordHead(out, 0, out.length, name.salt, header), 'valid')
    assert.deepEqual(
      { ...header },
      {
        payloadBytes: 5,
        payloadChecksum: crc32('abcde', name.salt),
        itemCount: 3,
        index: 9,
        enqueuedMs: 0x0102030405,
        signal: 'traces',
        account: 'logs',
        recordBytes: 49,
      },
    )
    assert.ok(payloadMatches(Buffer.from('abcde'), header, name.salt))
    assert.ok(!payloadMatches(Buffer.from('abcdf'), header, name.salt))
    assert.equal(readRecordHead(out, 0, out.length, name.salt + 1, header), 'damaged')
    assert.equal(readRecordHead(out, 0, out.length - 1, name.salt, header), 'short')
  })

  test('of file names', () => {
    assert.equal(segmentFileName(name), '00000007-9f3a5c77.segment')
    assert.deepEqual(parseSegmentFileName('00000007-9f3a5c77.segment'), name)
    for (const other of [
      '7-9.segment',
      '00000007-9F3A5C77.segment',
      'a/00000007-9f3a5c77.segment',
    ]) {
      assert.equal(parseSegmentFileName(other), undefined, other)
    }
  })
})

suite('a cursor', () => {
  const u32 = fc.nat(0xffff_ffff)
  const entry = fc.record(
    { sequence: u32, salt: u32, from: u32, to: u32 },
    { noNullPrototype: true },
  )
  const cursor = fc.record(
    { nextSequence: u32, entries: fc.array(entry) },
    { noNullPrototype: true },
  )

  test('reads as it was written', () => {
    fc.assert(
      fc.property(cursor, (written) => {
        assert.deepEqual(readCursor(writeCursor(written, 16_384)), written)
      }),
    )
  })

  test('is never larger than it may be: the first entries stand', () => {
    const entries = Array.from({ length: 100 }, (_, index) => ({
      sequence: index,
      salt: 1,
      from: 0,
      to: 1,
    }))
    const bytes = writeCursor({ nextSequence: 5, entries }, 200)
    assert.ok(bytes.length <= 200)
    assert.deepEqual((readCursor(bytes) as Cursor).entries, entries.slice(0, 11))
  })

  test('is refused when cut or changed anywhere', () => {
    const bytes = writeCursor({ nextSequence: 5, entries: [{ ...name, from: 1, to: 2 }] }, 1024)
    for (let at = 0; at < bytes.length; at++) {
      assert.equal(typeof readCursor(bytes.subarray(0, at)), 'string')
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 0x80
      assert.equal(typeof readCursor(changed), 'string')
    }
  })
})
