/**
 * The disk queue alone: batches of logs go in, come out and are acknowledged, with a sync before each `append` resolves.
 * One row for each number of senders that wait for their answer: they make the groups. With several queues each sender
 * gives its batch to all of them, as to several exporters of one pipeline, and waits for all.
 *
 *     node bench/disk.bench.ts [records a row, default 20000] [directory, default that of temporary files]
 *
 * CPU is that of this process, with the kernel's work for it: copying, the journal of the file system, the disk's driver.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskQueue } from '../src/buffer/disk/disk-queue.ts'
import { nodeFileSystem } from '../src/buffer/disk/node-file-system.ts'
import { systemClock } from '../src/component/clock.ts'
import type { Logger } from '../src/component/telemetry.ts'
import { Batch } from '../src/signal/batch.ts'
import { samplePayload } from './wire/payload.ts'

const records = Number(process.argv[2] ?? 20_000)
const parent = process.argv[3] ?? tmpdir()
const MiB = 1024 * 1024
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

interface Row {
  readonly name: string
  readonly senders: number
  readonly fsync?: boolean
  readonly queues?: number
  /** Of one record; fewer records then, so that a row takes as long. */
  readonly logs?: number
  /** Take nothing until everything is in, so that all of it is read back. */
  readonly readBack?: boolean
}

const rows: readonly Row[] = [
  ...[1, 4, 16, 64, 256].map((senders) => ({ name: 'fsync', senders })),
  { name: 'no fsync', senders: 64, fsync: false },
  { name: 'fsync, all read back', senders: 64, readBack: true },
  { name: 'fsync, 2 queues', senders: 64, queues: 2 },
  { name: 'fsync, 3 queues', senders: 64, queues: 3 },
  ...[1, 2, 3].map((queues) => ({
    name: `8,192 logs, ${queues} queue${queues === 1 ? '' : 's'}`,
    senders: 8,
    queues,
    logs: 8192,
  })),
]

/** A queue whose records are taken and acknowledged, at once or from `drain` on. */
class Drained {
  readonly done: Promise<void>
  readonly #records: number
  #queue: DiskQueue | undefined
  #taken = 0
  #draining: boolean
  #allTaken: () => void = () => {}

  private constructor(count: number, draining: boolean) {
    this.#records = count
    this.#draining = draining
    this.done = new Promise((resolve) => {
      this.#allTaken = resolve
    })
  }

  static async open(
    directory: string,
    count: number,
    { fsync = true, readBack = false }: Row,
    payloadBytes: number,
  ): Promise<Drained> {
    await mkdir(directory)
    const drained = new Drained(count, !readBack)
    const settings = {
      directory,
      maxSizeBytes: readBack ? 2 * count * (payloadBytes + 1024) : 256 * MiB,
      fsync,
      syncIntervalMs: 0,
      cursorIntervalMs: 1000,
      memoryBytes: 16 * MiB,
    }
    const parts = { fs: nodeFileSystem, clock: systemClock, logger, random: Math.random }
    drained.#queue = await DiskQueue.open(settings, parts, {
      onReadable: () => drained.#takeAll(),
      onRoom() {},
      onLost() {},
      onFound() {},
      onFailing() {},
    })
    return drained
  }

  get queue(): DiskQueue {
    return this.#queue as DiskQueue
  }

  drain(): void {
    this.#draining = true
    this.#takeAll()
  }

  #takeAll(): void {
    if (!this.#draining) return
    for (let record = this.queue.take(); record !== undefined; record = this.queue.take()) {
      this.#taken++
      this.queue.ack(record)
    }
    if (this.#taken === this.#records) this.#allTaken()
  }
}

async function measure(row: Row): Promise<void> {
  const { name, senders, queues: queueCount = 1, logs = 100 } = row
  const batch = new Batch('logs', [samplePayload('logs', logs)], logs)
  const count = Math.max(100, Math.round((records * 100) / logs))
  const top = await mkdtemp(join(parent, 'remora-disk-'))
  const queues = await Promise.all(
    Array.from({ length: queueCount }, (_, index) =>
      Drained.open(join(top, String(index)), count, row, batch.sizeBytes),
    ),
  )
  let left = count
  const send = async (): Promise<void> => {
    while (left-- > 0) await Promise.all(queues.map(({ queue }) => queue.append(batch, 'logs/app')))
  }
  const before = process.cpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: senders }, send))
  for (const queue of queues) queue.drain()
  await Promise.all(queues.map(({ done }) => done))
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(before)
  const groups = queues.reduce((sum, { queue }) => sum + queue.counts.groups, 0)
  for (const { queue } of queues) await queue.close()
  await rm(top, { recursive: true })

  const cpuUs = (user + system) / count
  const mb = (count * queueCount * batch.sizeBytes) / 1e6
  process.stdout.write(
    `${name.padEnd(22)}${[
      senders,
      ((count * queueCount) / groups).toFixed(1),
      Math.round((count / wallMs) * 1000).toLocaleString('en'),
      (mb / (wallMs / 1000)).toFixed(0),
      (user / count).toFixed(1),
      cpuUs.toFixed(1),
      Math.round((logs / cpuUs) * 1e6).toLocaleString('en'),
    ]
      .map((cell) => String(cell).padStart(14))
      .join('')}\n`,
  )
}

const titles = [
  'senders',
  'records/sync',
  'records/s',
  'MB/s',
  'user µs/rec',
  'cpu µs/rec',
  'logs/cpu s',
]
process.stdout.write(
  `${samplePayload('logs', 100).byteLength} bytes for 100 logs\n${' '.repeat(22)}${titles.map((title) => title.padStart(14)).join('')}\n`,
)
for (const row of rows) await measure(row)
