import { Batch } from '../../signal/batch.ts'
import { countItems, splitAt } from '../../wire/otlp/split.ts'

/** The first items of a batch, so that no more is decoded than is shown. `items` is at least 1; the batch itself if it has no more. */
export function firstItems(batch: Batch, items: number): Batch {
  if (batch.itemCount <= items) return batch
  const segments: Uint8Array[] = []
  let missing = items
  for (const segment of batch.segments) {
    const count = countItems(batch.signal, segment)
    const part = count <= missing ? segment : splitAt(batch.signal, segment, missing)[0]?.bytes
    if (part !== undefined) segments.push(part)
    missing -= Math.min(count, missing)
    if (missing === 0) break
  }
  return new Batch(batch.signal, segments, items)
}
