import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import zlib from 'node:zlib'
import { DeliveryError } from '../errors/delivery-error.ts'
import { type ContentEncoding, contentEncodings, decompress } from './decompress.ts'

const mib = 1024 * 1024
const small = Buffer.from('remora rides on a larger fish and keeps it clean. '.repeat(100))
/** More than what is decompressed on the event loop. */
const large = Buffer.alloc(2 * mib, 'a line that repeats\n')

const compress: Readonly<Record<ContentEncoding, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  zlib: (bytes) => zlib.deflateSync(bytes),
}

/** A stream of 1 GiB of zeros; for deflate of pieces that are compressed once, since that alone would take seconds. */
function bombOf(encoding: ContentEncoding): Buffer {
  const sizeBytes = 1024 * mib
  if (encoding === 'zstd') return zlib.zstdCompressSync(Buffer.alloc(sizeBytes))
  const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
  const piece = zlib.deflateRawSync(Buffer.alloc(16 * mib), flush)
  const lastBlock = Buffer.from([0x03, 0x00])
  const body = [...Array<Buffer>(sizeBytes / (16 * mib)).fill(piece), lastBlock]
  // RFC 1952: header, CRC-32, size; RFC 1950: header, Adler-32. Nobody comes as far as the checksum.
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(sizeBytes, 4)
  if (encoding === 'gzip') {
    return Buffer.concat([Buffer.from('1f8b08000000000000ff', 'hex'), ...body, trailer])
  }
  return Buffer.concat([Buffer.from('789c', 'hex'), ...body, trailer.subarray(0, 4)])
}

async function refusalOf(run: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  try {
    await run()
  } catch (error) {
    assert.ok(error instanceof DeliveryError)
    return error.code
  }
  return 'none'
}

for (const encoding of contentEncodings) {
  suite(`decompress ${encoding}`, () => {
    for (const [name, plain] of Object.entries({ small, large, empty: Buffer.alloc(0) })) {
      test(`gives ${name} bytes back, in a buffer of their own`, async () => {
        const got = await decompress(encoding, compress[encoding](plain), 4 * mib)
        assert.ok(plain.equals(got))
        assert.ok(got.buffer.byteLength <= got.byteLength + 1024, 'retains a larger buffer')
      })
    }

    test('gives exactly as much as the limit, and refuses one byte more', async () => {
      for (const plain of [small, large]) {
        const body = compress[encoding](plain)
        assert.equal((await decompress(encoding, body, plain.byteLength)).byteLength, plain.length)
        const code = await refusalOf(() => decompress(encoding, body, plain.byteLength - 1))
        assert.equal(code, 'too_large')
      }
    })

    test('refuses a truncated stream at every byte', async () => {
      const body = compress[encoding](small)
      for (let end = 0; end < body.byteLength; end++) {
        const code = await refusalOf(() => decompress(encoding, body.subarray(0, end), mib))
        assert.equal(code, 'invalid_data', `cut at ${end}`)
      }
    })

    test('refuses garbage, also behind the stream', async () => {
      const garbage = Buffer.from('this was never compressed')
      assert.equal(await refusalOf(() => decompress(encoding, garbage, mib)), 'invalid_data')
      const both = Buffer.concat([compress[encoding](small), garbage])
      assert.equal(await refusalOf(() => decompress(encoding, both, mib)), 'invalid_data')
    })

    test('stops a bomb of 1 GiB at the limit', async () => {
      const bomb = bombOf(encoding)
      const before = process.memoryUsage().rss
      assert.equal(await refusalOf(() => decompress(encoding, bomb, 4 * mib)), 'too_large')
      assert.ok(process.memoryUsage().rss - before < 64 * mib)
    })
  })
}

suite('decompress', () => {
  test('takes several gzip members and zstd frames as one stream', async () => {
    for (const encoding of ['gzip', 'zstd'] as const) {
      for (const plain of [small, large]) {
        const body = Buffer.concat([compress[encoding](plain), compress[encoding](small)])
        const got = await decompress(encoding, body, 8 * mib)
        assert.ok(Buffer.concat([plain, small]).equals(got), encoding)
      }
    }
  })

  test('counts all members and frames against the limit', async () => {
    for (const encoding of ['gzip', 'zstd'] as const) {
      const one = compress[encoding](Buffer.alloc(mib))
      const body = Buffer.concat([one, one, one])
      assert.equal(
        await refusalOf(() => decompress(encoding, body, 2 * mib)),
        'too_large',
        encoding,
      )
    }
  })

  test('takes deflate without the header of zlib', async () => {
    const got = await decompress('deflate', zlib.deflateRawSync(small), mib)
    assert.ok(small.equals(got))
  })

  test('does not believe a gzip trailer that promises too much or too little', async () => {
    for (const announced of [0, 1, 0xffff_ffff]) {
      const body = zlib.gzipSync(small)
      body.writeUInt32LE(announced, body.byteLength - 4)
      assert.equal(await refusalOf(() => decompress('gzip', body, mib)), 'invalid_data')
    }
  })

  test('refuses a zstd window larger than 8 MiB', async () => {
    // Magic, a frame header without content size, window descriptor for 2^27 bytes, an empty last block.
    const body = Buffer.from('28b52ffd0088010000', 'hex')
    assert.equal(await refusalOf(() => decompress('zstd', body, mib)), 'invalid_data')
  })

  test('answers small bodies at once and large ones later', async () => {
    assert.ok(decompress('gzip', zlib.gzipSync(small), mib) instanceof Uint8Array)
    const later = decompress('gzip', zlib.gzipSync(large), 4 * mib)
    assert.ok(later instanceof Promise)
    await later
  })

  test('runs many at once', async () => {
    const body = zlib.gzipSync(large)
    const all = Array.from({ length: 50 }, () => decompress('gzip', body, 4 * mib))
    for (const got of await Promise.all(all)) assert.equal(got.byteLength, large.byteLength)
  })
})

suite('decompress counts frames', () => {
  const frame = zlib.zstdCompressSync(Buffer.from('a line\n'))
  const nothing = zlib.zstdCompressSync(new Uint8Array(0))
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
  const repeat = (bytes: Uint8Array, count: number) => Buffer.concat(Array(count).fill(bytes))
  const rows: readonly { name: string; body: Buffer; want: string }[] = [
    { name: '64 frames', body: repeat(frame, 64), want: 'none' },
    { name: '65 frames', body: repeat(frame, 65), want: 'invalid_data' },
    { name: '10,000 empty frames', body: repeat(nothing, 10_000), want: 'invalid_data' },
    { name: '10,000 frames to skip', body: repeat(skipped, 10_000), want: 'invalid_data' },
    { name: '1 MiB of empty frames', body: repeat(nothing, 116_000), want: 'invalid_data' },
    { name: '1 MiB of frames to skip', body: repeat(skipped, mib / 8), want: 'invalid_data' },
  ]
  for (const { name, body, want } of rows) {
    test(name, async () => {
      assert.equal(await refusalOf(() => decompress('zstd', body, 4 * mib)), want)
    })
  }
})

test('a large body that has waited for others asks whether it is wanted still', async () => {
  const body = zlib.gzipSync(randomBytes(512 * 1024))
  const running = Array.from({ length: 6 }, () => decompress('gzip', body, 1 << 20))
  const given = new DeliveryError('abandoned', 'gone')
  const unwanted = decompress('gzip', body, 1 << 20, () => {
    throw given
  })
  const after = decompress('gzip', body, 1 << 20, () => undefined)
  await assert.rejects(Promise.resolve(unwanted), given)
  for (const plain of await Promise.all([...running, after])) {
    assert.equal(plain.byteLength, 512 * 1024)
  }
})
