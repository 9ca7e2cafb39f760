import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { gunzipSync, inflateSync } from 'node:zlib'
import { deflate } from './deflater.ts'

suite('compressors that are used again', () => {
  for (const [format, inflate] of [
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const) {
    test(`${format}: each call has its own bytes, one after the other and at the same time`, async () => {
      const texts = Array.from({ length: 40 }, (_, index) =>
        // Some do not become smaller, and fill several blocks of what comes out.
        index % 5 === 0 ? randomBytes(300_000) : Buffer.from(`line ${index}\n`.repeat(20_000)),
      )
      for (const some of [texts.slice(0, 5), texts.slice(5)]) {
        const compressed = await Promise.all(some.map((text) => deflate(format, text, -1)))
        for (const [index, bytes] of compressed.entries()) {
          assert.ok(inflate(bytes).equals(some[index] as Buffer), `text ${index}`)
        }
      }
      const alone = await deflate(format, Buffer.from('the last\n'), 9)
      assert.equal(inflate(alone).toString(), 'the last\n')
    })
  }
})
