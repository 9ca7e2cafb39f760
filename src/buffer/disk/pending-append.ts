import type { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import type { Signal } from '../../signal/signal.ts'
import { recordHeaderBytes, writeRecordHead } from './format.ts'
import type { Segment } from './segment.ts'

/** One call of `append` that has no answer yet. */
export class PendingAppend {
  readonly batch: Batch
  readonly account: Uint8Array
  readonly accountName: string
  readonly enqueuedMs: number
  readonly recordBytes: number
  resolve: () => void = () => {}
  reject: (error: DeliveryError) => void = () => {}

  constructor(batch: Batch, accountName: string, account: Uint8Array, enqueuedMs: number) {
    this.batch = batch
    this.accountName = accountName
    this.account = account
    this.enqueuedMs = enqueuedMs
    this.recordBytes = recordHeaderBytes + account.byteLength + batch.sizeBytes
  }

  get segments(): readonly Uint8Array[] {
    return this.batch.segments
  }

  get payloadBytes(): number {
    return this.batch.sizeBytes
  }

  get itemCount(): number {
    return this.batch.itemCount
  }

  get signal(): Signal {
    return this.batch.signal
  }
}

/** The records `from` up to, but not, `to` of a group, as they follow those of the segment; payloads are not copied. */
export function encodeRecords(
  segment: Segment,
  group: readonly PendingAppend[],
  from: number,
  to: number,
): Uint8Array[] {
  let headBytes = 0
  for (let index = from; index < to; index++) {
    headBytes += recordHeaderBytes + (group[index] as PendingAppend).account.byteLength
  }
  const heads = Buffer.allocUnsafe(headBytes)
  const buffers: Uint8Array[] = []
  let at = 0
  for (let index = from; index < to; index++) {
    const pending = group[index] as PendingAppend
    const recordIndex = segment.nextIndex + index - from
    const end = writeRecordHead(heads, at, segment.salt, recordIndex, pending)
    buffers.push(heads.subarray(at, end))
    for (const bytes of pending.segments) buffers.push(bytes)
    at = end
  }
  return buffers
}
