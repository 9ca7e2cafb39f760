import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  DiskQueue,
  type DiskQueueEvents,
  type DiskQueueSettings,
} from '../../../src/buffer/disk/disk-queue.ts'
import type { FileSystem } from '../../../src/buffer/disk/file-system.ts'
import { nodeFileSystem } from '../../../src/buffer/disk/node-file-system.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  account,
  numberedBatch,
  numberOf,
  quietEvents,
  quietLogger,
  settingsFor,
} from './queue-support.ts'

export async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remora-queue-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface Opened {
  readonly queue: DiskQueue
  readonly clock: FakeClock
}

/** A queue on real files, unless given others. */
export async function openQueue(
  directory: string,
  changes: Partial<DiskQueueSettings> = {},
  fs: FileSystem = nodeFileSystem,
  events: Partial<DiskQueueEvents> = {},
): Promise<Opened> {
  const clock = new FakeClock()
  const parts = { fs, clock, logger: quietLogger, random: Math.random }
  const settings = settingsFor(directory, changes)
  const queue = await DiskQueue.open(settings, parts, { ...quietEvents, ...events })
  return { queue, clock }
}

/** Appends the batches `from` up to, but not, `to`, one after the other. */
export async function fill(
  queue: DiskQueue,
  from: number,
  to: number,
  sizeBytes = 100,
): Promise<void> {
  for (let number = from; number < to; number++) {
    await queue.append(numberedBatch(number, sizeBytes), account)
  }
}

/** Takes and acknowledges everything that waits; the numbers in order. Throws if a batch is not what was written. */
export async function drain(queue: DiskQueue): Promise<number[]> {
  const numbers: number[] = []
  while (queue.waiting.records > 0) {
    const record = queue.take()
    if (record === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
      continue
    }
    numbers.push(numberOf(record.batch))
    queue.ack(record)
  }
  return numbers
}

/** `from` up to, but not, `to`. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

export async function bytesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size
  return bytes
}
