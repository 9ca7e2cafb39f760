import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { toJson } from '../../src/wire/otlp/to-json.ts'
import { freePort } from '../support/free-port.ts'
import { parseMetrics, sum } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { buildBundle, startRemora, temporaryDirectory, until } from '../support/remora-process.ts'

const mib = 1024 * 1024

suite('a flood while the backend hangs', () => {
  test('is refused before memory runs out, and what was taken is delivered later', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'unavailable'
    const httpPort = await freePort()
    // The queue alone would take ten times what the limiter allows.
    const remora = await startRemora(
      t,
      `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
processors:
  memory_limiter: { check_interval: 100ms, limit_mib: 80, spike_limit_mib: 20 }
exporters:
  otlp_http:
    endpoint: "http://127.0.0.1:${sink.httpPort}"
    compression: none
    sending_queue: { queue_size: 100000, max_bytes: 800MiB, num_consumers: 2 }
    retry_on_failure: { initial_interval: 500ms, max_interval: 500ms }
service:
  pipelines:
    logs: { receivers: [otlp], processors: [memory_limiter], exporters: [otlp_http] }
`,
    )
    const large = numberedLogs(0, 10, 50_000).bytes()
    let refused = 0
    for (let request = 0; request < 300; request++) {
      const { status } = await sendHttp(httpPort, 'logs', large)
      if (status !== 200) refused += 1
    }
    assert.ok(refused > 50, `refused ${refused} of 300 requests of half a MiB`)
    const [account] = await remora.accounts()
    assert.deepEqual(account?.rejected, { memory_limited: refused * 10 })
    const page = await fetch(`http://127.0.0.1:${remora.metricsPort}/metrics`)
    const rss = parseMetrics(await page.text()).find(
      ({ name }) => name === 'otelcol_process_memory_rss',
    )
    const residentMib = (rss?.value ?? Number.NaN) / mib
    t.diagnostic(`refused ${refused} of 300, resident ${residentMib.toFixed(0)} MiB`)
    // The limit, what Node needs for itself, and bodies that are not collected yet.
    assert.ok(residentMib < 80 + 160, `resident ${residentMib} MiB`)

    sink.mode = 'accept'
    const end = await remora.stop()
    assert.equal(end[0]?.delivered, (300 - refused) * 10)
    assert.equal(sum(end[0]?.dropped ?? {}), 0)
    assert.ok(sink.received.length * large.byteLength > 20 * mib)
  })
})

suite('a burst of large bodies', () => {
  test('leaves no garbage behind in a process that has nothing to do', {
    skip: process.platform === 'linux' ? false : 'memory is told by /proc',
  }, async (t) => {
    buildBundle()
    const httpPort = await freePort()
    const directory = await temporaryDirectory(t)
    const remora = await startRemora(
      t,
      `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } } }
exporters: { file: { path: "${directory}/out.json" } }
service: { pipelines: { logs: { receivers: [otlp], exporters: [file] } } }
`,
      { bundle: true },
    )
    const body = gzipSync(toJson('logs', numberedLogs(0, 100_000, 100).bytes()))
    const send = async (): Promise<number> => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const url = `http://127.0.0.1:${httpPort}/v1/logs`
      const { status } = await fetch(url, { method: 'POST', headers, body })
      return status
    }
    const answers = await Promise.all(Array.from({ length: 8 }, send))
    assert.ok(answers.includes(200), `${answers}`)
    const afterMib = anonymousMib(remora.child.pid)
    const leftMib = await until(
      'the garbage to be collected',
      () => {
        const mib = anonymousMib(remora.child.pid)
        return mib < 100 && mib
      },
      20_000,
    )
    t.diagnostic(`anonymous: ${afterMib} MiB after the burst, then ${leftMib}`)
    assert.ok(afterMib > 150, `${afterMib} MiB is no burst`)
  })
})

/** What a container's limit cannot reclaim. */
function anonymousMib(pid: number | undefined): number {
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(found?.[1]) / 1024)
}

suite('a secret of the configuration', () => {
  test('stands in no log, page, answer or process list', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const canary = 'canary-7f3b1c'
    const [httpPort, healthPort] = [await freePort(), await freePort()]
    const remora = await startRemora(
      t,
      `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
exporters:
  otlp_http:
    endpoint: "http://127.0.0.1:${sink.httpPort}"
    headers: { authorization: "Bearer \${env:TOKEN}" }
    retry_on_failure: { initial_interval: 20ms }
extensions:
  health_check: { endpoint: "127.0.0.1:${healthPort}" }
service:
  extensions: [health_check]
  telemetry: { logs: { level: debug } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http] }
`,
      { env: { TOKEN: canary } },
    )
    // Every kind of answer of the backend, each of which is logged in its own words.
    for (const mode of ['unavailable', 'refuse', 'partial', 'accept'] as const) {
      sink.mode = mode
      const before = sink.requests
      await sendHttp(httpPort, 'logs', numberedLogs(0, 1).bytes())
      await until(`a request while the sink is ${mode}`, () => sink.requests > before)
    }
    await until('a delivery', () => sink.received.length > 0)
    assert.equal(sink.received[0]?.headers['authorization'], `Bearer ${canary}`)
    const pages = [
      `http://127.0.0.1:${remora.metricsPort}/metrics`,
      `http://127.0.0.1:${healthPort}/health/ready`,
    ]
    for (const page of pages) assert.ok(!(await (await fetch(page)).text()).includes(canary), page)
    if (process.platform === 'linux') {
      assert.ok(!readFileSync(`/proc/${remora.child.pid}/cmdline`, 'utf8').includes(canary))
    }
    await remora.stop()
    assert.ok(remora.stderr.length > 0)
    assert.ok(!remora.stderr.includes(canary), 'it is in the log')
    assert.ok(!remora.stdout.includes(canary))
  })
})
