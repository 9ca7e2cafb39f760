import { must } from '../errors/bug.ts'
import { countItems, type Part, splitAt, splitBytes, splitItems } from '../wire/otlp/split.ts'
import { Batch } from './batch.ts'
import type { Signal } from './signal.ts'

/**
 * Batches of at most `maxItems` (at least 1) items, in order. A segment that fits is not cut and not copied, so that parts may have
 * fewer items than allowed; only a segment that is larger by itself is cut between its items.
 */
export function splitBatch<S extends Signal>(batch: Batch<S>, maxItems: number): Batch<S>[] {
  must(maxItems >= 1, 'maxItems must be at least 1')
  if (batch.itemCount <= maxItems) return [batch]
  const { signal } = batch
  return regroup(batch, {
    fits: (items) => items <= maxItems,
    cut: (segment) => splitItems(signal, segment, maxItems),
  })
}

/**
 * Batches of at most `maxBytes` (at least 1), in order. A single item that is larger with its resource and scope comes as a batch of its
 * own. Segments that fit are neither cut nor copied.
 */
export function splitBatchByBytes<S extends Signal>(batch: Batch<S>, maxBytes: number): Batch<S>[] {
  must(maxBytes >= 1, 'maxBytes must be at least 1')
  if (batch.sizeBytes <= maxBytes) return [batch]
  const { signal } = batch
  return regroup(batch, {
    fits: (_items, sizeBytes) => sizeBytes <= maxBytes,
    cut: (segment) => splitBytes(signal, segment, maxBytes),
  })
}

/** Two batches of half the items each, or undefined when there are fewer than two items. Copies at most one segment. */
export function halveBatch<S extends Signal>(batch: Batch<S>): [Batch<S>, Batch<S>] | undefined {
  const { signal, segments, itemCount } = batch
  if (itemCount < 2) return undefined
  const firstItems = Math.floor(itemCount / 2)
  let before = 0
  for (const [index, segment] of segments.entries()) {
    const items = segments.length === 1 ? itemCount : countItems(signal, segment)
    const missing = firstItems - before
    if (items < missing) {
      before += items
      continue
    }
    const cut = items === missing ? [segment] : splitAt(signal, segment, missing).map(bytesOf)
    const [first, ...rest] = cut as [Uint8Array, ...Uint8Array[]]
    return [
      new Batch(signal, [...segments.slice(0, index), first], firstItems),
      new Batch(signal, [...rest, ...segments.slice(index + 1)], itemCount - firstItems),
    ]
  }
  return undefined
}

function bytesOf(part: Part): Uint8Array {
  return part.bytes
}

interface Limit {
  fits(items: number, sizeBytes: number): boolean
  cut(segment: Uint8Array): Part[]
}

function regroup<S extends Signal>(batch: Batch<S>, limit: Limit): Batch<S>[] {
  const { signal, segments } = batch
  const groups: Batch<S>[] = []
  let group: Uint8Array[] = []
  let items = 0
  let sizeBytes = 0
  const add = (part: Part) => {
    if (
      group.length > 0 &&
      !limit.fits(items + part.itemCount, sizeBytes + part.bytes.byteLength)
    ) {
      groups.push(new Batch(signal, group, items))
      group = []
      items = 0
      sizeBytes = 0
    }
    group.push(part.bytes)
    items += part.itemCount
    sizeBytes += part.bytes.byteLength
  }
  for (const bytes of segments) {
    const itemCount = segments.length === 1 ? batch.itemCount : countItems(signal, bytes)
    if (limit.fits(itemCount, bytes.byteLength)) add({ bytes, itemCount })
    else for (const part of limit.cut(bytes)) add(part)
  }
  if (items > 0) groups.push(new Batch(signal, group, items))
  return groups
}
