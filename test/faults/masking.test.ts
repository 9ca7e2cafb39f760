import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { compileMasking } from '../../src/masking/compile.ts'
import { maskSchema } from '../../src/masking/schema.ts'
import { scanItems } from '../../src/wire/otlp/scan.ts'
import { Writer } from '../../src/wire/writer.ts'
import { seed, seededRandom } from '../support/random.ts'

const { masker } = compileMasking(v.parse(maskSchema, { detectors: 'all' }))
const canary = 'jane.doe@example.com'

/** One log record whose body is an AnyValue with these bytes. */
function logOf(any: Uint8Array): Uint8Array {
  const writer = new Writer()
  writer.tag(10)
  const resource = writer.fork(4)
  writer.tag(18)
  const scope = writer.fork(4)
  writer.tag(18)
  const record = writer.fork(4)
  writer.tag(42)
  writer.bytes(any)
  writer.join(record)
  writer.join(scope)
  writer.join(resource)
  return writer.finish()
}

/** An AnyValue that is a string (field 1) or bytes (field 7). */
function leaf(tag: 10 | 58, content: Uint8Array): Uint8Array {
  const writer = new Writer()
  writer.tag(tag)
  writer.bytes(content)
  return writer.finish()
}

function assertMasked(any: Uint8Array): void {
  const bytes = logOf(any)
  assert.equal(scanItems('logs', bytes), 1)
  const masked = masker.mask('logs', bytes)
  assert.equal(scanItems('logs', masked), 1)
  assert.ok(!Buffer.from(masked).includes(canary), 'passed on unmasked')
}

suite('masking stands', () => {
  test('a canary anywhere in a megabyte of anything, in bounded time', { timeout: 60_000 }, (t) => {
    t.diagnostic(`REMORA_SEED=${seed}`)
    const random = seededRandom(seed)
    for (const alphabet of ['0123456789 -', 'abc@.', ':.%/=', 'aA1\n', '\u00e9 x', '-eyJ.']) {
      const filler = Array.from(
        { length: 1 << 20 },
        () => alphabet[Math.floor(random() * alphabet.length)],
      )
      const at = Math.floor(random() * filler.length)
      filler.splice(at, 0, ` ${canary} `)
      const from = process.cpuUsage()
      assertMasked(leaf(10, Buffer.from(filler.join(''))))
      const ms = process.cpuUsage(from).user / 1000
      t.diagnostic(`a megabyte of ${JSON.stringify(alphabet)}: ${ms.toFixed(0)} ms`)
      assert.ok(ms < 5000, `a megabyte of ${JSON.stringify(alphabet)} takes ${ms} ms`)
    }
  })

  test('bytes that are no UTF-8, in strings and in bytes values', () => {
    const random = seededRandom(seed)
    for (let round = 0; round < 300; round++) {
      const noise = () =>
        Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256))
      // A space on either side: what touches an address may belong to it.
      const content = Buffer.concat([noise(), Buffer.from(` ${canary} `), noise()])
      assertMasked(leaf(round % 2 === 0 ? 10 : 58, content))
    }
  })

  test('lists nested ten thousand deep, in bounded time', { timeout: 60_000 }, (t) => {
    // Receivers refuse more than a hundred levels; a file or a disk queue of another build might not have.
    const parts: Uint8Array[] = [leaf(10, Buffer.from(canary))]
    let size = parts[0]?.length ?? 0
    for (let level = 0; level < 10_000; level++) {
      const inner = prefixOf(size)
      const outer = prefixOf(size + 1 + inner.length)
      parts.push(Buffer.from([42, ...outer, 10, ...inner]))
      size += 2 + inner.length + outer.length
    }
    const from = process.cpuUsage()
    const masked = masker.mask('logs', logOf(Buffer.concat(parts.reverse())))
    const ms = process.cpuUsage(from).user / 1000
    t.diagnostic(`ten thousand levels: ${ms.toFixed(0)} ms`)
    assert.ok(!Buffer.from(masked).includes(canary), 'passed on unmasked')
    assert.ok(ms < 2000)
  })

  test('JSON in a string, ten thousand deep and a megabyte long', { timeout: 60_000 }, (t) => {
    const json = compileMasking(v.parse(maskSchema, { detectors: 'all', json_strings: true }))
    const escaped = canary.replace('@', '\\u0040')
    const deep = `${'[{"a":'.repeat(10_000)}"${escaped}"${'}]'.repeat(10_000)}`
    const long = `{"x":"${escaped}","y":[${'"a\\/b",1,'.repeat(100_000)}null]}`
    const cut = `{"x":"${canary}","y":"${'\\"'.repeat(500_000)}`
    for (const text of [deep, long, cut]) {
      const from = process.cpuUsage()
      const masked = Buffer.from(json.masker.mask('logs', logOf(leaf(10, Buffer.from(text)))))
      const ms = process.cpuUsage(from).user / 1000
      t.diagnostic(`${text.slice(0, 12)}…: ${ms.toFixed(0)} ms`)
      assert.ok(!masked.includes(canary) && !masked.includes(escaped), 'passed on unmasked')
      assert.ok(ms < 5000)
    }
  })

  test('lists nested as deep as OTLP allows', () => {
    let any = leaf(10, Buffer.from(canary))
    // Two messages a level, and five around the body.
    for (let level = 0; level < 47; level++) {
      const list = Buffer.concat([Buffer.from([10]), prefixOf(any.length), any])
      any = Buffer.concat([Buffer.from([42]), prefixOf(list.length), list])
    }
    assertMasked(any)
  })
})

function prefixOf(length: number): Uint8Array {
  const writer = new Writer()
  writer.varint32(length)
  return writer.finish()
}
