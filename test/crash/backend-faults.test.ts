import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileNameOf } from '../../src/extensions/file_storage/file-name.ts'
import { freePort } from '../support/free-port.ts'
import { parseMetrics } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import {
  buildBundle,
  type Running,
  startRemora,
  temporaryDirectory,
  until,
} from '../support/remora-process.ts'
import { SizeWatch } from './lives.ts'
import { SteadyLoad } from './steady-load.ts'

const maxSizeBytes = 1024 * 1024

async function startSink(t: TestContext): Promise<OtlpSink> {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  return sink
}

/** Each exporter is the options it has beside those for a queue on disk. */
async function setup(t: TestContext, exporters: Readonly<Record<string, string>>) {
  buildBundle()
  const [storage, httpPort] = [await temporaryDirectory(t), await freePort()]
  const yaml = Object.entries(exporters).map(([id, options]) => `  ${id}: { ${options} }`)
  const config = `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
extensions:
  file_storage: { directory: "${storage}", max_size: ${maxSizeBytes} }
exporters:
${yaml.join('\n')}
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [otlp], exporters: [${Object.keys(exporters).join(', ')}] }
`
  let sent = 0
  return {
    storage,
    httpPort,
    sent: () => sent,
    start: () => startRemora(t, config, { bundle: true }),
    send: async (requests: number, records = 10, paddingBytes = 0): Promise<void> => {
      for (let request = 0; request < requests; request++) {
        const batch = numberedLogs(sent, records, paddingBytes)
        assert.equal((await sendHttp(httpPort, 'logs', batch.bytes())).status, 200)
        sent += records
      }
    },
  }
}

const grpc = (port: number, more = '') =>
  `endpoint: "127.0.0.1:${port}", tls: { insecure: true }, timeout: 1s, ${more}`
const stored = 'sending_queue: { storage: file_storage }'
const quick = 'retry_on_failure: { initial_interval: 50ms, max_interval: 200ms }'

async function metricOf(remora: Running, name: string): Promise<number | undefined> {
  const page = await fetch(`http://127.0.0.1:${remora.metricsPort}/metrics`)
  return parseMetrics(await page.text()).find((line) => line.name === name)?.value
}

suite('of two exporters', () => {
  for (const overflow of ['drop_oldest', 'drop_newest']) {
    test(`D15: one that is dead leaves the other alone, and its disk bounded (${overflow})`, async (t) => {
      const [good, dead] = [await startSink(t), await startSink(t)]
      await dead.kill()
      const queue = `sending_queue: { storage: file_storage, overflow: ${overflow} }`
      const { storage, sent, start, send } = await setup(t, {
        'otlp_grpc/good': grpc(good.grpcPort, stored),
        'otlp_grpc/dead': grpc(dead.grpcPort, `${queue}, ${quick}`),
      })
      const remora = await start()
      const directory = `${fileNameOf('queue_otlp_grpc/dead_logs')}.d`
      const size = new SizeWatch(join(storage, directory), 5)
      t.after(() => size.end())
      await send(80, 50, 1000)
      await until('all logs at the good one', () => good.arrivals().size === sent())
      const accountOf = async (id: string) =>
        (await remora.accounts()).find(({ exporter }) => exporter === id)
      const during = await accountOf('otlp_grpc/dead')
      const dropped = during?.dropped['queue_full'] ?? 0
      const kept = during?.queued ?? 0
      assert.ok(kept > 0 && dropped > kept, `${kept} kept, ${dropped} dropped`)
      assert.equal(kept + dropped, sent())
      const mostBytes = await size.end()
      t.diagnostic(`${size.samples} samples: at most ${mostBytes} bytes, of ${maxSizeBytes}`)
      assert.ok(mostBytes > maxSizeBytes / 2 && mostBytes <= maxSizeBytes, `${mostBytes} bytes`)
      await dead.listen()
      await until('what was kept', () => dead.arrivals().size === kept)
      const accounts = await remora.stop()
      assert.deepEqual(accounts.map(({ exporter, delivered }) => [exporter, delivered]).sort(), [
        ['otlp_grpc/dead', kept],
        ['otlp_grpc/good', sent()],
      ])
      assert.deepEqual(new Set(good.arrivals().values()), new Set([1]))
      assert.equal(dead.arrivals().has(sent() - 1), overflow === 'drop_oldest')
    })
  }
})

suite('a queue that is full, and leaves the choice to the sender', () => {
  const fullOf = (id: string) => `${fileNameOf(`queue_${id}_logs`)}.d`

  test('D12: never takes more than its cap under load, and loses nothing that it took', async (t) => {
    const sink = await startSink(t)
    await sink.kill()
    const { storage, httpPort, start } = await setup(t, {
      otlp_grpc: grpc(sink.grpcPort, `${stored}, ${quick}`),
    })
    const remora = await start()
    const size = new SizeWatch(join(storage, fullOf('otlp_grpc')), 5)
    t.after(() => size.end())
    const load = new SteadyLoad(httpPort, 20_000)
    await until('refusals', () => load.refused >= 2000, 30_000)
    await sink.listen()
    await until('room', () => load.acknowledged > 3 * 7000, 30_000)
    await load.stop()
    await until('everything', () => sink.arrivals().size === load.acknowledged, 30_000)
    const mostBytes = await size.end()
    t.diagnostic(
      `${load.acknowledged} taken, ${load.refused} refused; ${size.samples} samples: ` +
        `at most ${mostBytes} bytes, of ${maxSizeBytes}`,
    )
    assert.ok(mostBytes > maxSizeBytes * 0.9 && mostBytes <= maxSizeBytes, `${mostBytes} bytes`)
    const [account] = await remora.stop()
    assert.deepEqual([account?.delivered, account?.dropped], [load.acknowledged, {}])
    assert.deepEqual(new Set(sink.arrivals().values()), new Set([1]))
  })

  test('D15: of a dead exporter refuses the sender, who loses nothing; the other has each try', async (t) => {
    const [good, dead] = [await startSink(t), await startSink(t)]
    await dead.kill()
    const { storage, httpPort, start } = await setup(t, {
      'otlp_grpc/good': grpc(good.grpcPort, stored),
      'otlp_grpc/dead': grpc(dead.grpcPort, `${stored}, ${quick}`),
    })
    const remora = await start()
    const size = new SizeWatch(join(storage, fullOf('otlp_grpc/dead')), 5)
    t.after(() => size.end())
    const answers = new Map<number, number>()
    const send = async (first: number): Promise<number> => {
      const { status } = await sendHttp(httpPort, 'logs', numberedLogs(first, 50, 1000).bytes())
      answers.set(first, status)
      return status
    }
    const refused = () => [...answers].filter(([, status]) => status !== 200)
    for (let first = 0; refused().length < 5; first += 50) await send(first)
    assert.ok(refused().every(([, status]) => status === 429 || status === 503))
    await until('all tries at the good one', () => good.arrivals().size === 50 * answers.size)
    assert.deepEqual(new Set(good.arrivals().values()), new Set([1]))
    const mostBytes = await size.end()
    assert.ok(mostBytes > maxSizeBytes / 2 && mostBytes <= maxSizeBytes, `${mostBytes} bytes`)

    await dead.listen()
    const taken = 50 * (answers.size - refused().length)
    await until('what was taken', () => dead.arrivals().size === taken)
    const again = refused().map(([first]) => first)
    for (const first of again) await until('room', async () => (await send(first)) === 200)
    await until('the rest', () => dead.arrivals().size === 50 * answers.size)
    assert.deepEqual(new Set(dead.arrivals().values()), new Set([1]))
    const tries = (number: number) => (again.includes(number - (number % 50)) ? 2 : 1)
    const triedAll = () => [...good.arrivals()].every(([number, times]) => times >= tries(number))
    await until('each try at the good one', triedAll)
    for (const [number, times] of good.arrivals()) {
      if (tries(number) === 1) assert.equal(times, 1, `log ${number}`)
    }
    const accounts = await remora.stop()
    for (const { dropped } of accounts) assert.deepEqual(dropped, {})
  })
})

suite('SIGTERM while the backend is down', () => {
  const ways = ['down', 'unavailable', 'hang'] as const
  for (const retry of [
    '{ enabled: false }',
    '{ initial_interval: 50ms, max_elapsed_time: 200ms }',
  ]) {
    for (const way of ways) {
      test(`D8: deletes nothing; ${way}, retry_on_failure: ${retry}`, async (t) => {
        const sink = await startSink(t)
        const options = grpc(sink.grpcPort, `${stored}, retry_on_failure: ${retry}`)
        const { sent, start, send } = await setup(t, { otlp_grpc: options })
        if (way === 'down') await sink.kill()
        else sink.mode = way
        const first = await start()
        await send(20)
        // Longer than max_elapsed_time.
        await delay(400)
        const [left] = await first.stop({ queued: sent() })
        assert.deepEqual([left?.dropped, left?.delivered], [{}, 0])
        if (way === 'down') await sink.listen()
        sink.mode = 'accept'
        const second = await start()
        await until('everything', () => sink.arrivals().size === sent())
        const [account] = await second.stop()
        assert.equal(account?.delivered, sent())
        assert.deepEqual(new Set(sink.arrivals().values()), new Set([1]))
      })
    }
  }
})

suite('what the backend refuses for good', () => {
  for (const deadLetter of ['dead_letter: { storage: file_storage }', '']) {
    const name = deadLetter === '' ? 'counted' : 'dead-lettered and counted'
    test(`D18: is ${name}, does not block the queue, and is not sent again`, async (t) => {
      const sink = await startSink(t)
      const options = grpc(sink.grpcPort, `${stored}, ${deadLetter}`)
      const { sent, start, send } = await setup(t, { otlp_grpc: options })
      sink.mode = 'refuse'
      const first = await start()
      // More than the consumers, so that a request which is stuck would show.
      await send(30)
      const refused = sent()
      await until('the refusals', async () => {
        const [account] = await first.accounts()
        return account?.dropped['backend_rejected'] === refused && account.queued === 0
      })
      sink.mode = 'accept'
      await send(5)
      await until('what came later', () => sink.arrivals().size === sent() - refused)
      const letters = deadLetter === '' ? undefined : refused
      assert.equal(await metricOf(first, 'remora_dead_letters_items'), letters)
      const [account] = await first.stop()
      assert.deepEqual(account?.dropped, { backend_rejected: refused })
      assert.equal(account?.delivered, sent() - refused)
      const { requests } = sink
      const second = await start()
      assert.equal((await second.accounts())[0]?.queued ?? 0, 0)
      assert.equal(await metricOf(second, 'remora_dead_letters_items'), letters)
      await second.stop()
      assert.equal(sink.requests, requests)
    })
  }
})
