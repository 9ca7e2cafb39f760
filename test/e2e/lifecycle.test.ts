import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { RemoraProcess, startRemora, temporaryDirectory, until } from '../support/remora-process.ts'

function configOf(httpPort: number, sinkPort: number, more = ''): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
exporters:
  otlp_http:
    endpoint: "http://127.0.0.1:${sinkPort}"
    retry_on_failure: { initial_interval: 50ms, max_interval: 200ms }
${more}
service:
  shutdown_timeout: 5s
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http] }
`
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

suite('the start', () => {
  test('fails as a whole when a port is taken, and names it', async (t) => {
    const other = createServer()
    const takenPort = await freePort()
    await new Promise<void>((resolve) => other.listen(takenPort, '127.0.0.1', resolve))
    t.after(() => other.close())
    const [healthPort, metricsPort] = [await freePort(), await freePort()]
    const directory = await temporaryDirectory(t)
    const file = join(directory, 'remora.yaml')
    await writeFile(
      file,
      `${configOf(takenPort, 9)}
  extensions: [health_check]
  telemetry: { metrics: { address: "127.0.0.1:${metricsPort}" } }
extensions:
  health_check: { endpoint: "127.0.0.1:${healthPort}" }
`,
    )
    const remora = new RemoraProcess(['--config', file])
    const { code } = await remora.exited
    assert.equal(code, 1)
    const error = remora.log.at(-1)?.['error'] as { message?: string } | undefined
    assert.match(
      error?.message ?? '',
      new RegExp(
        `^cannot start receiver "otlp": cannot listen on "127.0.0.1:${takenPort}".*already in use`,
      ),
    )
    assert.equal(await isListening(healthPort), false)
    assert.equal(await isListening(metricsPort), false)
  })

  test('tells every problem of the configuration and exits with 1', async (t) => {
    const directory = await temporaryDirectory(t)
    const file = join(directory, 'remora.yaml')
    await writeFile(
      file,
      `
receivers:
  otlp: { protocols: { http: { endpiont: "localhost:1" } } }
exporters:
  otlp_http: { endpoint: "http://localhost:1" }
  kafka: {}
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_htp] }
    traces: { receivers: [], exporters: [otlp_http] }
`,
    )
    const remora = new RemoraProcess(['--config', file])
    assert.equal((await remora.exited).code, 1)
    for (const part of [
      'endpiont',
      'endpoint',
      'kafka',
      'otlp_htp',
      'needs at least one receiver',
    ]) {
      assert.ok(remora.stderr.includes(part), `"${part}" is missing in\n${remora.stderr}`)
    }
  })
})

suite('between two runs of a command', () => {
  test('it goes on, although it has no server and nothing else to do', async (t) => {
    const remora = await startRemora(
      t,
      `
receivers: { exec: { command: ["true"], interval: 1h } }
exporters: { debug: { verbosity: basic } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [exec], exporters: [debug] } }`,
    )
    // It ended as soon as the first run was over.
    await Promise.race([remora.exited, delay(1000)])
    await remora.stop()
  })
})

suite('SIGTERM', () => {
  test('drains the queue and exits with 0', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'unavailable'
    const httpPort = await freePort()
    const remora = await startRemora(t, configOf(httpPort, sink.httpPort))
    for (let first = 0; first < 100; first += 10) {
      const response = await sendHttp(httpPort, 'logs', numberedLogs(first, 10).bytes())
      assert.equal(response.status, 200)
    }
    await until('a try', () => sink.requests > 0)
    assert.equal((await remora.accounts())[0]?.queued, 100)
    const stopped = remora.stop()
    await until('the intake to close', async () => !(await isListening(httpPort)))
    sink.mode = 'accept'
    const [account] = await stopped
    assert.equal(account?.delivered, 100)
    assert.equal(sink.arrivals().size, 100)
  })

  test('counts what cannot be delivered in time', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'unavailable'
    const httpPort = await freePort()
    const args = ['--set', 'service.shutdown_timeout=300ms']
    const remora = await startRemora(t, configOf(httpPort, sink.httpPort), { args })
    await sendHttp(httpPort, 'logs', numberedLogs(0, 7).bytes())
    const [account] = await remora.stop()
    assert.deepEqual(account?.dropped, { shutdown: 7 })
  })

  test('sent twice ends the process at once', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'hang'
    const httpPort = await freePort()
    const remora = await startRemora(t, configOf(httpPort, sink.httpPort))
    await sendHttp(httpPort, 'logs', numberedLogs(0, 1).bytes())
    await until('a try', () => sink.requests > 0)
    remora.child.kill('SIGTERM')
    await until('the stop to begin', () => remora.log.some((line) => line['msg'] === 'stopping'))
    const sinceMs = performance.now()
    remora.child.kill('SIGTERM')
    assert.equal((await remora.exited).code, 130)
    assert.ok(performance.now() - sinceMs < 2000)
  })
})

suite('health', () => {
  test('is ready when everything runs and not while it stops', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'hang'
    const [httpPort, healthPort] = [await freePort(), await freePort()]
    const config = `${configOf(httpPort, sink.httpPort)}
  extensions: [health_check]
extensions:
  health_check: { endpoint: "127.0.0.1:${healthPort}" }
`
    const remora = await startRemora(t, config)
    const statusOf = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${healthPort}${path}`)).status
    assert.equal(await statusOf('/health/ready'), 200)
    assert.equal(await statusOf('/health/live'), 200)
    await sendHttp(httpPort, 'logs', numberedLogs(0, 1).bytes())
    await until('a try', () => sink.requests > 0)
    remora.child.kill('SIGTERM')
    await until('the stop to begin', () => remora.log.some((line) => line['msg'] === 'stopping'))
    assert.equal(await statusOf('/health/ready'), 503)
    assert.equal(await statusOf('/health/live'), 200)
  })
})
