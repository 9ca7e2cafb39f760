import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'
import { type Account, assertBalanced, readAccounts } from '../support/ledger-page.ts'
import { numbersIn } from '../support/numbered-logs.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { buildBundle, temporaryDirectory, until } from '../support/remora-process.ts'
import { SizeWatch } from './lives.ts'
import { MemoryCgroup } from './memory-cgroup.ts'
import { SteadyLoad } from './steady-load.ts'

// Not one of the tests that `npm test` finds: it takes as long as the outage. `npm run test:outage` runs it.

const minutes = Number(process.env['REMORA_OUTAGE_MINUTES'] ?? 30)
const logsPerSecond = 5000
const memoryBytes = 128 * 1024 * 1024
/** A log takes some 125 bytes in a segment; the cap leaves room for half as many again. */
const maxSizeBytes = Math.ceil((minutes * 60 + 60) * logsPerSecond * 125 * 1.5)
const launcher = fileURLToPath(new URL('../../bin/remora', import.meta.url))

function configOf(httpPort: number, metricsPort: number, grpcPort: number, directory: string) {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
extensions:
  file_storage: { directory: "${directory}", max_size: ${maxSizeBytes}, fsync: true }
exporters:
  otlp_grpc:
    endpoint: "127.0.0.1:${grpcPort}"
    tls: { insecure: true }
    retry_on_failure: { initial_interval: 1s, max_interval: 5s }
    circuit_breaker: { open_duration: 5s }
    sending_queue: { storage: file_storage, batch: {} }
service:
  extensions: [file_storage]
  telemetry: { metrics: { address: "127.0.0.1:${metricsPort}" } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_grpc] }
`
}

function createCgroup(t: TestContext): MemoryCgroup | undefined {
  try {
    return new MemoryCgroup(`remora-outage-${process.pid}`, memoryBytes)
  } catch (error) {
    t.skip(`a memory cgroup cannot be made here: ${(error as Error).message}`)
    return undefined
  }
}

interface Confined {
  readonly child: ChildProcess
  /** The end of what it said. */
  stderr: string
}

/** Through bin/remora, which reads the limit: so it is a member before the launcher begins. */
async function startWithin(t: TestContext, cgroup: MemoryCgroup, file: string): Promise<Confined> {
  const script = 'echo $$ > "$1" && exec "$2" --config "$3"'
  const args = ['-c', script, 'sh', cgroup.procsFile, launcher, file]
  const child = spawn('/bin/sh', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const confined = { child, stderr: '' }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    confined.stderr = (confined.stderr + text).slice(-4000)
  })
  t.after(async () => {
    if (!hasEnded(child)) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    cgroup.remove()
  })
  await until('the process to be ready', () => {
    assert.ok(!hasEnded(child), `it ended: ${confined.stderr}`)
    return confined.stderr.includes('"msg":"ready"')
  })
  return confined
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** How often each number has arrived; what the sink keeps is let go of. */
class Arrivals {
  different = 0
  duplicates = 0
  #seen = new Uint8Array(1_000_000)
  readonly #sink: OtlpSink

  constructor(sink: OtlpSink) {
    this.#sink = sink
  }

  collect(): number {
    for (const { bytes } of this.#sink.received.splice(0)) {
      for (const number of numbersIn(bytes)) this.#note(number)
    }
    return this.different
  }

  #note(number: number): void {
    if (number >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(number + 1, this.#seen.length * 2))
      larger.set(this.#seen)
      this.#seen = larger
    }
    if (this.#seen[number] === 1) this.duplicates++
    else this.different++
    this.#seen[number] = 1
  }
}

function residentPeakBytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

const title = `${minutes} minutes without a backend at ${logsPerSecond} logs/s in ${mib(memoryBytes)}`
test(title, { timeout: (2 * minutes + 5) * 60_000 }, async (t) => {
  const cgroup = createCgroup(t)
  if (cgroup === undefined) return
  buildBundle()
  const sink = new OtlpSink()
  sink.grpcPort = await freePort()
  sink.httpPort = await freePort()
  const [httpPort, metricsPort] = [await freePort(), await freePort()]
  const directory = await temporaryDirectory(t)
  const file = join(await temporaryDirectory(t), 'remora.yaml')
  await writeFile(file, configOf(httpPort, metricsPort, sink.grpcPort, directory))
  const remora = await startWithin(t, cgroup, file)
  const { child } = remora
  const account = async (): Promise<Account | undefined> => {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    const accounts = readAccounts(await response.text())
    assertBalanced(accounts)
    return accounts[0]
  }
  const size = new SizeWatch(join(directory, 'queue_otlp_grpc_logs.d'), 200)
  const load = new SteadyLoad(httpPort, logsPerSecond)
  t.after(() => size.end())

  await delay(minutes * 60_000)
  const atReturn = load.acknowledged
  const queued = (await account())?.queued ?? 0
  t.diagnostic(
    `${atReturn} logs taken in the outage (${(atReturn / minutes / 60).toFixed()} a second), ` +
      `${load.refused} refused, ${queued} queued, ${mib(size.mostBytes)} on the disk, ` +
      `resident at most ${mib(residentPeakBytes(child))}`,
  )
  assert.ok(!hasEnded(child), `the process ended: ${remora.stderr}`)
  assert.ok(atReturn > minutes * 60 * logsPerSecond * 0.9, 'the pace was not kept')

  await sink.listen()
  t.after(() => sink.kill())
  const backMs = performance.now()
  const arrivals = new Arrivals(sink)
  const collecting = setInterval(() => arrivals.collect(), 50)
  t.after(() => clearInterval(collecting))
  await until('the backlog', () => arrivals.different >= atReturn, (minutes + 2) * 60_000)
  const drainSeconds = (performance.now() - backMs) / 1000
  await load.stop()
  await until('the rest', () => arrivals.collect() === load.acknowledged, 60_000)
  await until('the ledger', async () => (await account())?.queued === 0)
  const last = await account()
  const mostBytes = await size.end()
  t.diagnostic(
    `${load.acknowledged} acknowledged, ${arrivals.different} arrived, ${arrivals.duplicates} duplicates; ` +
      `backlog gone after ${drainSeconds.toFixed(1)} s under load; at most ${mib(mostBytes)} on the disk ` +
      `of ${mib(maxSizeBytes)}, resident at most ${mib(residentPeakBytes(child))}, ` +
      `cgroup at most ${mib(cgroup.peakBytes)} with the page cache, ${cgroup.oomKills} out-of-memory kills`,
  )
  assert.deepEqual([last?.delivered, last?.dropped], [load.acknowledged, {}])
  assert.equal(arrivals.duplicates, 0)
  assert.ok(mostBytes <= maxSizeBytes, `${mostBytes} bytes on the disk`)
  assert.equal(cgroup.oomKills, 0)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})
