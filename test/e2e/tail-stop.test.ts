import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { OtlpSink } from '../support/otlp-sink.ts'
import {
  RemoraProcess,
  type Running,
  startRemora,
  temporaryDirectory,
  until,
} from '../support/remora-process.ts'

interface World {
  readonly log: string
  readonly sink: OtlpSink
  start(receiver?: string, service?: string): Promise<Running>
}

/** A log file, a backend, and a remora between them that keeps its positions. */
async function createWorld(t: TestContext): Promise<World> {
  const directory = await temporaryDirectory(t)
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const log = join(directory, 'app.log')
  await writeFile(log, '')
  const start = (receiver = '', service = ''): Promise<Running> =>
    startRemora(
      t,
      `
receivers:
  file_log: { include: ["${log}"], start_at: beginning, storage: file_storage, ${receiver} }
extensions:
  file_storage: { directory: "${join(directory, 'positions')}", create_directory: true }
exporters:
  otlp_grpc:
    endpoint: "127.0.0.1:${sink.grpcPort}"
    tls: { insecure: true }
    retry_on_failure: { initial_interval: 20ms, max_interval: 100ms }
    sending_queue: { batch: { flush_timeout: 20ms } }
service:
  extensions: [file_storage]
  pipelines: { logs: { receivers: [file_log], exporters: [otlp_grpc] } }
  ${service}`,
    )
  return { log, sink, start }
}

const said = (remora: RemoraProcess, text: string): Promise<unknown> =>
  until(text, () => remora.log.some(({ msg }) => String(msg).includes(text)))

/** Appends `n=1;`, `n=2;`, … until it is told to stop; returns how many there are. */
function startWriter(log: string): () => Promise<number> {
  let stopped = false
  const written = (async () => {
    let number = 0
    while (!stopped) {
      await appendFile(log, `n=${++number};\n`)
      await delay(5)
    }
    return number
  })()
  return () => {
    stopped = true
    return written
  }
}

/** Numbers up to `count` that did not arrive exactly once. */
function wrong(sink: OtlpSink, count: number): string[] {
  const arrivals = sink.arrivals()
  return Array.from({ length: count }, (_, index) => index + 1)
    .filter((number) => arrivals.get(number) !== 1)
    .map((number) => `${number}: ${arrivals.get(number) ?? 0} times`)
}

suite('a sidecar that is stopped together with its application', () => {
  test('reads the last lines, written a second later, and an unfinished one', async (t) => {
    const { log, sink, start } = await createWorld(t)
    await appendFile(log, 'n=1;\n')
    const remora = await start()
    await until('the first line', () => sink.arrivals().size === 1)
    remora.child.kill('SIGTERM')
    await said(remora, 'reading on until the files are quiet')
    await delay(1000)
    await appendFile(log, 'n=2;\nn=3;\nn=4; and no more')
    assert.equal((await remora.exited).code, 0, remora.stderr)
    assert.deepEqual(wrong(sink, 4), [])
  })

  test('reads no longer than its deadline, and the rest at the next start', async (t) => {
    const { log, sink, start } = await createWorld(t)
    const remora = await start('drain: { deadline: 1s, quiet_period: 500ms }')
    const stopWriter = startWriter(log)
    t.after(stopWriter)
    await until('some lines', () => sink.arrivals().size > 20)
    const before = sink.arrivals().size
    const stoppedMs = performance.now()
    await remora.stop()
    const tookMs = performance.now() - stoppedMs
    t.diagnostic(`the stop took ${Math.round(tookMs)} ms, ${sink.arrivals().size - before} lines`)
    assert.ok(tookMs >= 1000 && tookMs < 8000, `${tookMs} ms`)
    assert.ok(sink.arrivals().size > before)
    assert.match(remora.stderr, /no more time to read on/)
    const next = await start()
    const count = await stopWriter()
    await next.stop()
    assert.deepEqual(wrong(sink, count), [])
  })

  test('loses nothing when the backend is down meanwhile', async (t) => {
    const { log, sink, start } = await createWorld(t)
    await appendFile(log, 'n=1;\n')
    const remora = await start('drain: { quiet_period: 300ms }', 'shutdown_timeout: 5s')
    await until('the first line', () => sink.arrivals().size === 1)
    sink.mode = 'unavailable'
    await appendFile(log, 'n=2;\n')
    await until('a refusal', () => sink.requests > 1)
    remora.child.kill('SIGTERM')
    await said(remora, 'reading on')
    await appendFile(log, 'n=3;\n')
    assert.equal((await remora.exited).code, 0, remora.stderr)
    assert.deepEqual([...sink.arrivals().keys()], [1])
    sink.mode = 'accept'
    const next = await start()
    await until('the rest', () => sink.arrivals().size === 3)
    await next.stop()
    assert.deepEqual(wrong(sink, 3), [])
  })
})

suite('exit_when_idle', () => {
  test('ends with 0 when everything is read and delivered, and not before', async (t) => {
    const { log, sink, start } = await createWorld(t)
    await appendFile(log, Array.from({ length: 20_000 }, (_, i) => `n=${i + 1};\n`).join(''))
    sink.mode = 'unavailable'
    const remora = await start('exit_when_idle: 300ms')
    await until('refusals', () => sink.requests > 3)
    await delay(1000)
    assert.equal(remora.child.exitCode, null)
    sink.mode = 'accept'
    await until('all lines', () => sink.arrivals().size === 20_000)
    await appendFile(log, 'n=20001; the last, without an end')
    assert.equal((await remora.exited).code, 0, remora.stderr)
    assert.deepEqual(wrong(sink, 20_001), [])
    assert.match(remora.stderr, /all input has ended, stopping/)
  })

  test('waits for all that end by themselves, and for nothing else', async (t) => {
    const { log, sink } = await createWorld(t)
    await appendFile(log, 'n=1;\n')
    const remora = new RemoraProcess([
      '--config',
      `yaml:
receivers:
  file_log/a: { include: ["${log}"], start_at: beginning, exit_when_idle: 100ms }
  file_log/b: { include: ["${log}.none"], exit_when_idle: 1500ms }
  file_log/c: { include: ["${log}.other"] }
exporters: { otlp_grpc: { endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true } } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [file_log/a, file_log/b, file_log/c], exporters: [otlp_grpc] } }`,
    ])
    t.after(() => remora.child.kill('SIGKILL'))
    await remora.ready()
    const readyMs = performance.now()
    assert.equal((await remora.exited).code, 0, remora.stderr)
    assert.ok(performance.now() - readyMs >= 1000)
    assert.deepEqual(wrong(sink, 1), [])
  })
})
