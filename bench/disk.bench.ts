/**
 * The disk queue alone: batches of 100 logs go in, come out and are acknowledged, with a sync before each `append` resolves.
 * One row for each number of senders that wait for their answer: they make the groups.
 *
 *     node bench/disk.bench.ts [records a row, default 20000] [directory, default that of temporary files]
 *
 * CPU is that of this process, with the kernel's work for it: copying, the journal of the file system, the disk's driver.
 */
import { mkdtemp, rm } from 'node:fs/promises'
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
const logsPerRecord = 100
const MiB = 1024 * 1024

const payload = samplePayload('logs', logsPerRecord)
const batch = new Batch('logs', [payload], logsPerRecord)
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

interface Row {
  readonly name: string
  readonly senders: number
  readonly fsync: boolean
  /** Take nothing until everything is in, so that all of it is read back. */
  readonly readBack?: boolean
}

const rows: readonly Row[] = [
  ...[1, 4, 16, 64, 256].map((senders) => ({ name: 'fsync', senders, fsync: true })),
  { name: 'no fsync', senders: 64, fsync: false },
  { name: 'fsync, all read back', senders: 64, fsync: true, readBack: true },
]

async function measure({ name, senders, fsync, readBack = false }: Row): Promise<void> {
  const directory = await mkdtemp(join(parent, 'remora-disk-'))
  const drain = (): void => {
    for (let record = queue.take(); record !== undefined; record = queue.take()) {
      taken++
      queue.ack(record)
    }
    if (taken === records) allTaken()
  }
  let taken = 0
  let allTaken = (): void => {}
  const done = new Promise<void>((resolve) => {
    allTaken = resolve
  })
  let draining = !readBack
  const queue = await DiskQueue.open(
    {
      directory,
      maxSizeBytes: readBack ? 8 * records * 1024 * 32 : 256 * MiB,
      fsync,
      syncIntervalMs: 0,
      cursorIntervalMs: 1000,
      memoryBytes: 4 * MiB,
    },
    { fs: nodeFileSystem, clock: systemClock, logger, random: Math.random },
    {
      onReadable: () => {
        if (draining) drain()
      },
      onRoom() {},
      onLost() {},
    },
  )
  let left = records
  const send = async (): Promise<void> => {
    while (left-- > 0) await queue.append(batch, 'logs/app')
  }
  const before = process.cpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: senders }, send))
  draining = true
  drain()
  await done
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(before)
  const { groups } = queue.counts
  await queue.close()
  await rm(directory, { recursive: true })

  const cpuUs = (user + system) / records
  const mb = (records * payload.byteLength) / 1e6
  process.stdout.write(
    `${name.padEnd(22)}${[
      senders,
      (records / groups).toFixed(1),
      Math.round((records / wallMs) * 1000).toLocaleString('en'),
      (mb / (wallMs / 1000)).toFixed(0),
      (user / records).toFixed(1),
      cpuUs.toFixed(1),
      Math.round((logsPerRecord / cpuUs) * 1e6).toLocaleString('en'),
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
  `${payload.byteLength} bytes a record\n${' '.repeat(22)}${titles.map((title) => title.padStart(14)).join('')}\n`,
)
for (const row of rows) await measure(row)
