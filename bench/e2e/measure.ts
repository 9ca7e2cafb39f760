import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import { configOf, type Endpoints, type Job } from './jobs.ts'
import { writeLines } from './lines.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import type { SinkCounts } from './sink.ts'
import { readUsage, type Usage } from './usage.ts'

export interface Measured {
  readonly job: string
  readonly items: number
  readonly delivered: number
  readonly refused: number
  /** From the first request (of lines, the start of the process) until the last item has arrived. */
  readonly seconds: number
  /** Of remora alone, while the items went through it; for `idle` in the ten seconds it was watched. */
  readonly cpuSeconds: number
  /** From the start of the process until it listens; what reads lines does not. */
  readonly readySeconds: number | undefined
  readonly usage: Usage
}

export interface MeasureOptions {
  readonly items: number
  /** More options for Node, e.g. to write a profile; beside those of bin/remora. */
  readonly nodeOptions?: readonly string[]
  readonly idleSeconds?: number
}

// REMORA_BIN measures another build.
const launcher =
  process.env['REMORA_BIN'] ?? fileURLToPath(new URL('../../bin/remora', import.meta.url))

/** Runs one job: sink, remora and load are processes of their own. Throws if remora does not come up. */
export async function measure(job: Job, options: MeasureOptions): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'remora-bench-'))
  const sink = new Child('sink.ts')
  let remora: ChildProcess | undefined
  try {
    const { grpcPort: sinkPort } = await sink.next<{ grpcPort: number }>()
    const endpoints: Endpoints = {
      grpcPort: await freePort(),
      httpPort: await freePort(),
      sinkPort,
      tailPath: join(folder, 'app.log'),
      storagePath: join(folder, 'storage'),
    }
    const config = join(folder, 'remora.yaml')
    await writeFile(config, configOf(job, endpoints))
    if (job.lines !== undefined) await writeLines(endpoints.tailPath, job.lines, options.items)
    const startedAt = performance.now()
    const startedAs = job.input === 'stdin' ? startBehind(endpoints.tailPath) : [launcher]
    remora = start([...startedAs, '--config', config], options)
    return await drive(job, options, { endpoints, sink, remora, startedAt })
  } finally {
    if (remora !== undefined) await stop(remora)
    sink.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Bench {
  readonly endpoints: Endpoints
  readonly sink: Child
  readonly remora: ChildProcess
  readonly startedAt: number
}

async function drive(job: Job, options: MeasureOptions, bench: Bench): Promise<Measured> {
  const { endpoints, sink, remora, startedAt } = bench
  const pid = remora.pid as number
  let readySeconds: number | undefined
  let before = { cpuSeconds: 0 }
  let sent: LoadResult = { requests: 0, refused: 0, seconds: 0 }
  let base = 0
  const itemsEach = job.itemsEach ?? 100
  const lines = job.lines !== undefined
  // Whole requests; of lines exactly what was written is read.
  const items = lines ? options.items : Math.ceil(options.items / itemsEach) * itemsEach
  if (!lines) {
    await listening(endpoints.grpcPort, remora)
    readySeconds = (performance.now() - startedAt) / 1000
  }
  if (job.input === 'idle') {
    await sleep(1500)
    before = await readUsage(pid)
    await sleep((options.idleSeconds ?? 10) * 1000)
  } else if (job.input === 'grpc' || job.input === 'http') {
    const load = new Child('load.ts')
    const order: LoadOrder = {
      protocol: job.input,
      signal: job.signal,
      port: job.input === 'grpc' ? endpoints.grpcPort : endpoints.httpPort,
      items: Math.min(Math.ceil(options.items / 5), 100_000),
      itemsEach,
      inFlight: 16,
    }
    // The first requests compile the code; a process that runs for weeks does that once.
    const warm = await load.ask<LoadResult>({ ...order })
    base = await settled(sink, job, (warm.requests - warm.refused) * order.itemsEach)
    before = await readUsage(pid)
    sent = await load.ask<LoadResult>({ ...order, items })
    load.stop()
  }
  const sentAt = lines ? startedAt : performance.now()
  const expected = base + items - sent.refused * itemsEach
  const delivered = (await settled(sink, job, expected)) - base
  const usage = await readUsage(pid)
  return {
    job: job.name,
    items,
    delivered,
    refused: sent.refused,
    seconds: sent.seconds + (performance.now() - sentAt) / 1000,
    cpuSeconds: usage.cpuSeconds - before.cpuSeconds,
    readySeconds,
    usage,
  }
}

/** The sink's count once it has `expected`, or once nothing came for five seconds. */
async function settled(sink: Child, job: Job, expected: number): Promise<number> {
  let last = -1
  for (let still = 0; still < 50; still++) {
    const counts = await sink.ask<SinkCounts>('counts')
    if (counts[job.signal] >= expected) return counts[job.signal]
    if (counts[job.signal] !== last) still = 0
    last = counts[job.signal]
    await sleep(100)
  }
  return last
}

/** What starts remora at the end of a pipe into which another process writes the file. */
function startBehind(path: string): string[] {
  const fifo = `${path}.fifo`
  execFileSync('mkfifo', [fifo])
  spawn('sh', ['-c', 'exec cat "$0" > "$1"', path, fifo], { stdio: 'ignore' })
  return ['sh', '-c', `exec "$@" < '${fifo}'`, 'sh', launcher]
}

function start(words: readonly string[], options: MeasureOptions): ChildProcess {
  const nodeOptions = [process.env['NODE_OPTIONS'] ?? '', ...(options.nodeOptions ?? [])].join(' ')
  const env = { ...process.env, NODE_OPTIONS: nodeOptions }
  const [program = launcher, ...args] = words
  return spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
}

async function stop(remora: ChildProcess): Promise<void> {
  if (remora.exitCode !== null || remora.signalCode !== null) return
  const exited = once(remora, 'exit')
  remora.kill('SIGTERM')
  const killer = setTimeout(() => remora.kill('SIGKILL'), 15_000)
  await exited
  clearTimeout(killer)
}

async function listening(port: number, remora: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    if (remora.exitCode !== null) throw new Error(`remora ended with ${remora.exitCode}`)
    const socket = createConnection(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await sleep(5)
  }
  throw new Error(`remora does not listen on port ${port}`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
