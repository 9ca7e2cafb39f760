import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { sum } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, until } from '../support/remora-process.ts'

function configOf(httpPort: number, exporter: string): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
exporters:
  ${exporter}
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [${exporter.split(':')[0]}] }
`
}

/** How long the backend stays away; the acceptance run of the issue is REMORA_OUTAGE_SECONDS=60. */
const outageSeconds = Number(process.env['REMORA_OUTAGE_SECONDS'] ?? 0.5)

const quick = 'retry_on_failure: { initial_interval: 50ms, max_interval: 200ms }'

const exporters = [
  {
    name: 'otlp_grpc',
    yaml: (sink: OtlpSink) =>
      `otlp_grpc: { endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true }, timeout: 1s, ${quick} }`,
  },
  {
    name: 'otlp_http',
    yaml: (sink: OtlpSink) =>
      `otlp_http: { endpoint: "http://127.0.0.1:${sink.httpPort}", timeout: 1s, ${quick} }`,
  },
]

/** Sends until it is told to stop, one request after the other; keeps what was refused, as an SDK does. */
class Load {
  sent = 0
  /** Told to come again; it did. */
  refused = 0
  #stopped = false
  readonly #done: Promise<void>

  constructor(port: number) {
    this.#done = this.#run(port)
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      const bytes = numberedLogs(this.sent, 20).bytes()
      const { status } = await sendHttp(port, 'logs', bytes)
      if (status === 200) {
        this.sent += 20
        continue
      }
      assert.ok(status === 429 || status === 503, `status ${status}`)
      this.refused += 20
      await delay(20)
    }
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#done
  }
}

suite('a backend that goes away and comes back', () => {
  for (const { name, yaml } of exporters) {
    const title = `gets every log exactly once, through ${name}`
    test(title, { timeout: 60_000 + outageSeconds * 1000 }, async (t) => {
      const sink = await OtlpSink.start()
      t.after(() => sink.kill())
      const httpPort = await freePort()
      const remora = await startRemora(t, configOf(httpPort, yaml(sink)))
      const load = new Load(httpPort)
      await until('logs before', () => sink.received.length > 5)
      // Refuses first, so that no answer is lost on the way down; then it is gone; then it is back.
      sink.mode = 'unavailable'
      await until('refusals', () => sink.requests > sink.received.length + 5)
      await sink.kill()
      const before = load.sent
      await delay(outageSeconds * 1000)
      assert.ok(load.sent > before, 'nothing was taken while the backend was away')
      await sink.listen()
      sink.mode = 'accept'
      await load.stop()
      t.diagnostic(`${load.sent} logs taken, ${load.refused} refused`)
      await until('all logs', () => sink.arrivals().size === load.sent, 20_000)
      const twice = [...sink.arrivals()].filter(([, times]) => times > 1)
      assert.deepEqual(twice, [])
      const [account] = await remora.stop()
      assert.equal(account?.delivered, load.sent)
      assert.equal(sum(account?.rejected ?? {}), load.refused)
      assert.equal(sink.count('logs'), account?.delivered)
      assert.equal(sum(account?.dropped ?? {}), 0)
    })
  }

  test('gets every log at least once and at most twice when its answers are lost', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const httpPort = await freePort()
    const yaml = (exporters[0] as (typeof exporters)[number]).yaml(sink)
    const remora = await startRemora(t, configOf(httpPort, yaml))
    sink.mode = 'unclear'
    for (let first = 0; first < 100; first += 20) {
      await sendHttp(httpPort, 'logs', numberedLogs(first, 20).bytes())
    }
    // Each of the five requests is taken, its answer says the contrary, and it comes a second time.
    await until('the second tries', () => sink.received.length === 10)
    const [account] = await remora.stop()
    assert.equal(account?.delivered, 100)
    assert.deepEqual(new Set(sink.arrivals().values()), new Set([2]))
    assert.equal(sink.arrivals().size, 100)
  })

  test('beside one that is slow, the ledger balances at every moment', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'unavailable'
    const httpPort = await freePort()
    const dead = `http://127.0.0.1:${await freePort()}`
    const remora = await startRemora(
      t,
      `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
exporters:
  otlp_http/dead: { endpoint: "${dead}", sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }
  otlp_http/slow: { endpoint: "http://127.0.0.1:${sink.httpPort}", sending_queue: { wait_for_result: true }, ${quick} }
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http/dead, otlp_http/slow] }
`,
    )
    const answer = sendHttp(httpPort, 'logs', numberedLogs(0, 5).bytes())
    await until('tries', () => sink.requests > 0)
    // Each look at the accounts checks that they balance.
    for (let sample = 0; sample < 10; sample++) {
      const accounts = await remora.accounts()
      assert.deepEqual(
        accounts.map(({ received, queued }) => [received, queued]),
        [
          [5, 5],
          [5, 5],
        ],
      )
      await delay(20)
    }
    sink.mode = 'accept'
    assert.equal((await answer).status, 503)
    const accounts = await remora.accounts()
    assert.deepEqual(
      accounts.map(({ queued, rejected }) => [queued, sum(rejected)]),
      [
        [0, 5],
        [0, 0],
      ],
    )
    await remora.stop()
  })

  test('is not sent again what it refuses for good', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'refuse'
    const httpPort = await freePort()
    const yaml = (exporters[1] as (typeof exporters)[number]).yaml(sink)
    const remora = await startRemora(t, configOf(httpPort, yaml))
    await sendHttp(httpPort, 'logs', numberedLogs(0, 5).bytes())
    await until('the request', () => sink.requests === 1)
    const [account] = await remora.stop()
    assert.deepEqual(account?.dropped, { backend_rejected: 5 })
    assert.equal(sink.requests, 1)
  })

  test('makes the sender wait when the queue is full, and nothing is lost', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'unavailable'
    const httpPort = await freePort()
    const yaml = (exporters[1] as (typeof exporters)[number]).yaml(sink)
    const args = [
      '--set',
      'exporters.otlp_http.sending_queue.queue_size=5',
      '--set',
      'exporters.otlp_http.sending_queue.num_consumers=1',
    ]
    const remora = await startRemora(t, configOf(httpPort, yaml), { args })
    const statuses: number[] = []
    for (let number = 0; number < 10; number++) {
      const response = await sendHttp(httpPort, 'logs', numberedLogs(number, 1).bytes())
      statuses.push(response.status)
      if (response.status !== 200) assert.ok(response.headers.has('retry-after'))
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429, 429, 429])
    const [during] = await remora.accounts()
    assert.equal(during?.queued, 5)
    assert.deepEqual(during?.rejected, { queue_full: 5 })
    sink.mode = 'accept'
    const [account] = await remora.stop()
    assert.equal(account?.delivered, 5)
  })
})
