import type { DiskQueueEvents, DiskQueueSettings } from '../../../src/buffer/disk/disk-queue.ts'
import type { Logger } from '../../../src/component/telemetry.ts'
import { Batch } from '../../../src/signal/batch.ts'

export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export const quietEvents: DiskQueueEvents = {
  onReadable() {},
  onRoom() {},
  onLost() {},
  onFound() {},
  onFailing() {},
}

export const account = 'logs/app'

export function settingsFor(
  directory: string,
  changes: Partial<DiskQueueSettings> = {},
): DiskQueueSettings {
  return {
    directory,
    maxSizeBytes: 8 * 1024 * 1024,
    fsync: true,
    syncIntervalMs: 0,
    cursorIntervalMs: 1000,
    memoryBytes: 1024 * 1024,
    ...changes,
  }
}

/** A batch whose bytes are its number, the items `number % 7 + 1`, and a filling that follows from the number. */
export function numberedBatch(number: number, sizeBytes: number): Batch {
  const bytes = Buffer.alloc(Math.max(8, sizeBytes), number % 251)
  bytes.writeUInt32LE(number, 0)
  bytes.writeUInt32LE(bytes.length, 4)
  const cut = number % bytes.length
  return new Batch('logs', [bytes.subarray(0, cut), bytes.subarray(cut)], (number % 7) + 1)
}

/** The number of a batch made above; throws if its bytes or items are not what they were. */
export function numberOf(batch: Batch): number {
  const bytes = batch.bytes()
  const number = Buffer.from(bytes).readUInt32LE(0)
  const expected = numberedBatch(number, bytes.byteLength)
  if (batch.itemCount !== expected.itemCount || Buffer.compare(bytes, expected.bytes()) !== 0) {
    throw new Error(`batch ${number} is not what was written`)
  }
  return number
}
