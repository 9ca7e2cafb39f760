import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compress, contentEncodingOf } from './compress.ts'
import { type ContentEncoding, decompress } from './decompress.ts'

suite('compress', () => {
  for (const compression of ['gzip', 'zstd', 'deflate', 'zlib'] as const) {
    for (const sizeBytes of [0, 100, 20_000, 300_000]) {
      test(`${compression} of ${sizeBytes} bytes comes back`, async () => {
        const bytes = Buffer.alloc(sizeBytes, 'remora ')
        for (const level of [-1, 1, 9]) {
          const packed = await compress(compression, bytes, level)
          const encoding = contentEncodingOf(compression) as ContentEncoding
          assert.ok(bytes.equals(await decompress(encoding, packed, 1_000_000)))
        }
      })
    }
  }
})
