import { bench, run } from 'mitata'
import { Batch } from '../../src/signal/batch.ts'
import { halveBatch, splitBatch } from '../../src/signal/split.ts'
import { countItems } from '../../src/wire/otlp/split.ts'
import { samplePayload } from './payload.ts'

/** A batch of 8 segments of 1,000 items: regrouped without a copy, cut into parts of 300, halved; and its count. */
for (const signal of ['logs', 'metrics', 'traces'] as const) {
  const segment = samplePayload(signal, 1000)
  const batch = new Batch(signal, new Array<Uint8Array>(8).fill(segment), 8000)
  bench(`count, 1000 ${signal}`, () => countItems(signal, segment))
  bench(`regroup, 8000 ${signal}`, () => splitBatch(batch, 2000))
  bench(`split, 8000 ${signal}`, () => splitBatch(batch, 300))
  bench(`halve, 8000 ${signal}`, () => halveBatch(batch))
}

await run()
