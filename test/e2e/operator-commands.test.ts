import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'
import { parseMetrics } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, temporaryDirectory, until } from '../support/remora-process.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function remora(...args: string[]): Promise<Result> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = [child.stdout.toArray(), child.stderr.toArray()]
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, stdout: (await stdout).join(''), stderr: (await stderr).join('') }
}

async function setup(t: TestContext) {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const directory = await temporaryDirectory(t)
  const [httpPort, metricsPort] = [await freePort(), await freePort()]
  const config = `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
extensions:
  file_storage: { directory: "${directory}/storage" }
exporters:
  otlp_http:
    endpoint: "http://127.0.0.1:${sink.httpPort}"
    retry_on_failure: { initial_interval: 50ms, max_interval: 100ms }
    circuit_breaker: { failure_threshold: 3, open_duration: 100ms }
    rate_limit: { items_per_second: 100000 }
    retryable_status: [500]
    dead_letter: { storage: file_storage, max_size: 1MiB }
    sending_queue: { storage: file_storage }
service:
  extensions: [file_storage]
  telemetry: { metrics: { address: "127.0.0.1:${metricsPort}" } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http] }
`
  const file = join(directory, 'remora.yaml')
  await writeFile(file, config)
  const start = () =>
    startRemora(t, config, {
      args: ['--set', `service::telemetry::metrics::address=127.0.0.1:${metricsPort}`],
    })
  const send = async (first: number): Promise<void> => {
    const { status } = await sendHttp(httpPort, 'logs', numberedLogs(first, 10).bytes())
    assert.equal(status, 200)
  }
  const metric = async (name: string): Promise<number | undefined> => {
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return parseMetrics(page).find((line) => line.name === name)?.value
  }
  return { sink, file, start, send, metric }
}

test('what a backend refuses is listed, and sent again once it takes it', async (t) => {
  const { sink, file, start, send, metric } = await setup(t)
  sink.mode = 'refuse'
  const process = await start()
  await send(0)
  await until('the dead letter', async () => (await metric('remora_dead_letters_items')) === 10)
  const listed = await remora('dead-letters', 'list', '--config', file)
  assert.match(listed.stdout, /^otlp_http:1 .* logs +10 .* backend_rejected +logs +HTTP 400/m)
  sink.mode = 'accept'
  // While the process runs.
  const replayed = await remora('dead-letters', 'replay', '--config', file)
  assert.deepEqual([replayed.code, replayed.stderr], [0, ''])
  assert.equal(sink.arrivals().size, 10)
  assert.match((await remora('dead-letters', 'list', '--config', file)).stdout, /^0 dead letters/)
  const [account] = await process.stop()
  assert.deepEqual(account?.dropped, { backend_rejected: 10 })
})

test('the backlog is seen while the process runs, and on the disk when it does not', async (t) => {
  const { sink, file, start, send, metric } = await setup(t)
  sink.mode = 'unavailable'
  const process = await start()
  for (let i = 0; i < 5; i++) await send(i * 10)
  await until('the open circuit', async () => {
    const state = await metric('remora_exporter_circuit_state')
    return state === 2 || state === 1
  })
  const running = await remora('queue', 'status', '--config', file)
  assert.match(running.stdout, /^The process at 127\.0\.0\.1:\d+ says:$/m)
  assert.match(
    running.stdout,
    /^otlp_http +logs +50 +\d+ B +\d+s +not shrinking +\S+ \w+ of 256\.0 MiB +(half-)?open$/m,
  )
  await process.stop({ queued: 50 })
  const stopped = await remora('queue', 'status', '--config', file, '--format', 'json')
  const { source, queues } = JSON.parse(stopped.stdout)
  assert.deepEqual(
    [source, queues.map(({ signal, items }: { signal: string; items: number }) => [signal, items])],
    [
      'disk',
      [
        ['logs', 50],
        ['metrics', 0],
        ['traces', 0],
      ],
    ],
  )
  sink.mode = 'accept'
  const second = await start()
  await until('everything', () => sink.arrivals().size === 50)
  await second.stop()
  const empty = await remora('queue', 'status', '--config', file)
  assert.match(empty.stdout, /^otlp_http +logs +0 /m)
})
