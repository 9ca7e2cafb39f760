import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { numberedLogs, numbersIn } from '../support/numbered-logs.ts'
import { GrpcSender, sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import {
  buildBundle,
  RemoraProcess,
  startRemora,
  temporaryDirectory,
  until,
} from '../support/remora-process.ts'

/** Written as people write them for the collector; nothing in them knows of remora. */
const collectorFile = `
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: \${env:HOST}:\${env:GRPC_PORT}
      http:
        endpoint: "\${env:HOST:-localhost}:\${env:HTTP_PORT}"
        cors:
          allowed_origins: ["https://*.example.com"]

processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 512
    spike_limit_mib: 128
  batch:
    send_batch_size: 1024
    timeout: 100ms

exporters:
  debug:
    verbosity: normal
  file:
    path: \${env:OUT}
  otlp:
    endpoint: \${env:HOST}:\${env:SINK_GRPC}
    tls:
      insecure: true
  otlphttp/second:
    endpoint: http://\${env:HOST}:\${env:SINK_HTTP}
    headers:
      x-scope: "$$tenant"

service:
  telemetry:
    logs:
      level: info
  pipelines:
    logs:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [debug, file, otlp, otlphttp/second]
    logs/plain:
      receivers: [otlp]
      exporters: [otlp]
`

suite('a file of the collector runs unchanged', () => {
  // The bundle loads what it needs in another way than the sources: both have to be tried.
  for (const bundle of [false, true]) {
    const title = `otlp → memory_limiter, batch → debug, file, otlp, otlphttp, ${bundle ? 'bundled' : 'from the sources'}`
    test(title, (t) => runCollectorFile(t, bundle))
  }

  test('and is printed as it was understood, bundled', async (t) => {
    buildBundle()
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'remora.yaml'), collectorFile)
    const file = join(directory, 'remora.yaml')
    const env = {
      HOST: 'h',
      GRPC_PORT: '1',
      HTTP_PORT: '2',
      SINK_GRPC: '3',
      SINK_HTTP: '4',
      OUT: '/o',
    }
    const remora = new RemoraProcess(['print-config', '--config', file], { bundle: true, env })
    assert.deepEqual(await remora.exited, { code: 0, signal: null }, remora.stderr)
    assert.match(remora.stdout, /endpoint: h:1/)
    assert.match(remora.stdout, /x-scope: "?\[redacted\]/)
  })
})

async function runCollectorFile(t: TestContext, bundle: boolean): Promise<void> {
  if (bundle) buildBundle()
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const [grpcPort, httpPort] = [await freePort(), await freePort()]
  const out = join(await temporaryDirectory(t), 'out.json')
  const remora = await startRemora(t, collectorFile, {
    bundle,
    env: {
      HOST: '127.0.0.1',
      GRPC_PORT: String(grpcPort),
      HTTP_PORT: String(httpPort),
      SINK_GRPC: String(sink.grpcPort),
      SINK_HTTP: String(sink.httpPort),
      OUT: out,
    },
  })
  const sender = new GrpcSender(grpcPort)
  t.after(() => sender.close())
  await sender.send('logs', numberedLogs(0, 50).bytes())
  await sendHttp(httpPort, 'logs', numberedLogs(50, 50).bytes())
  await until('all logs', () => sink.count('logs') === 300)
  const accounts = await remora.stop()
  assert.deepEqual(
    accounts.map(({ pipeline, exporter, delivered }) => `${pipeline} ${exporter} ${delivered}`),
    [
      'logs debug 100',
      'logs file 100',
      'logs otlp 100',
      'logs otlphttp/second 100',
      'logs/plain otlp 100',
    ],
  )
  // Three ways lead to the sink: two pipelines by gRPC and one by HTTP.
  assert.deepEqual(new Set(sink.arrivals().values()), new Set([3]))
  assert.equal(new Set(numbersIn(readFileSync(out))).size, 100)
  const ofHttp = sink.of('logs').find(({ contentType }) => contentType.includes('x-protobuf'))
  assert.equal(ofHttp?.headers['x-scope'], '$tenant')
  assert.match(remora.stdout, /n=7;/)
}

suite('memory_limiter', () => {
  test('refuses with an error that says when to come back, and the process lives', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const httpPort = await freePort()
    const remora = await startRemora(
      t,
      `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
processors:
  # Less than the process itself needs: everything is refused.
  memory_limiter: { check_interval: 100ms, limit_mib: 1 }
exporters:
  otlp_http: { endpoint: "http://127.0.0.1:${sink.httpPort}" }
service:
  pipelines:
    logs: { receivers: [otlp], processors: [memory_limiter], exporters: [otlp_http] }
`,
    )
    const response = await sendHttp(httpPort, 'logs', numberedLogs(0, 10).bytes())
    assert.ok(response.status === 429 || response.status === 503, `status ${response.status}`)
    assert.equal(response.headers.get('retry-after'), '1')
    const [account] = await remora.stop()
    assert.deepEqual(account?.rejected, { memory_limited: 10 })
    assert.equal(sink.requests, 0)
  })
})
