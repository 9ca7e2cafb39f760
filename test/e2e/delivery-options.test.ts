import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { parseMetrics } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, until } from '../support/remora-process.ts'

const exporters = {
  otlp_http: (sink: OtlpSink) => `endpoint: "http://127.0.0.1:${sink.httpPort}"`,
  otlp_grpc: (sink: OtlpSink) => `endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true }`,
} as const

/** The process with one exporter that has these options. */
async function setup(t: TestContext, type: keyof typeof exporters, options: string) {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const httpPort = await freePort()
  const remora = await startRemora(
    t,
    `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
exporters:
  ${type}: { ${exporters[type](sink)}, ${options} }
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [${type}] }
`,
  )
  const send = async (requests: number): Promise<void> => {
    for (let request = 0; request < requests; request++) {
      const { status } = await sendHttp(httpPort, 'logs', numberedLogs(request * 10, 10).bytes())
      assert.equal(status, 200)
    }
  }
  const metric = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const page = await fetch(`http://127.0.0.1:${remora.metricsPort}/metrics`)
    return parseMetrics(await page.text()).find(
      (line) =>
        line.name === name &&
        Object.entries(labels).every(([label, value]) => line.labels[label] === value),
    )?.value
  }
  return { sink, remora, send, metric }
}

suite('rate_limit of the real process', () => {
  const rows = [
    { limit: 'items_per_second: 100, burst: 20', perSecond: 100, burst: 20, each: 10 },
    {
      limit: `bytes_per_second: ${10 * bytesOfRequest()}, burst: ${2 * bytesOfRequest()}`,
      perSecond: 10 * bytesOfRequest(),
      burst: 2 * bytesOfRequest(),
      each: bytesOfRequest(),
    },
  ]
  for (const { limit, perSecond, burst, each } of rows) {
    test(`spreads what is sent over time: ${limit}`, async (t) => {
      const { sink, remora, send, metric } = await setup(t, 'otlp_http', `rate_limit: { ${limit} }`)
      const requests = 12
      const startMs = performance.now()
      await send(requests)
      await until('a request to wait', async () => {
        return ((await metric('remora_exporter_rate_limit_waiting')) ?? 0) > 0
      })
      await until('everything', () => sink.arrivals().size === requests * 10)
      const tookMs = performance.now() - startMs
      // The bucket was full at first; the rest came at the rate. Requests differ by a byte or two in their numbers.
      const leastMs = (1000 * (requests * each - burst)) / perSecond
      assert.ok(tookMs > leastMs * 0.9, `${tookMs} ms, at least ${leastMs}`)
      const [account] = await remora.stop()
      assert.deepEqual([account?.delivered, account?.dropped], [requests * 10, {}])
    })
  }
})

suite('retryable_status of the real process', () => {
  const rows = [
    { type: 'otlp_http', options: 'retryable_status: [400]' },
    { type: 'otlp_grpc', options: 'retryable_status: [INVALID_ARGUMENT]' },
  ] as const
  const retry = 'retry_on_failure: { initial_interval: 20ms, max_interval: 50ms }'
  for (const { type, options } of rows) {
    test(`${type} tries again what it names: ${options}`, async (t) => {
      const { sink, remora, send } = await setup(t, type, `${retry}, ${options}`)
      sink.mode = 'refuse'
      await send(1)
      await until('some tries', () => sink.requests >= 3)
      sink.mode = 'accept'
      await until('the arrival', () => sink.arrivals().size === 10)
      const [account] = await remora.stop()
      assert.deepEqual([account?.delivered, account?.dropped], [10, {}])
    })

    test(`${type} gives up the same answer where it is not named`, async (t) => {
      const { sink, remora, send } = await setup(t, type, retry)
      sink.mode = 'refuse'
      await send(1)
      await until('the end', async () => {
        const [account] = await remora.accounts()
        return account?.dropped['backend_rejected'] === 10
      })
      const [account] = await remora.stop()
      assert.deepEqual([account?.delivered, sink.requests], [0, 1])
    })
  }
})

function bytesOfRequest(): number {
  return numberedLogs(50, 10).sizeBytes
}
