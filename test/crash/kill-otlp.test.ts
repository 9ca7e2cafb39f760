import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { sum } from '../support/ledger-page.ts'
import { seed, seededRandom } from '../support/random.ts'
import { temporaryDirectory, until } from '../support/remora-process.ts'
import { Disturbances } from './disturbances.ts'
import { FlakyBackend } from './flaky-backend.ts'
import { Lives, SizeWatch } from './lives.ts'
import { LogSender } from './log-sender.ts'

/** `npm run test:crash` sets more. */
const kills = Number(process.env['REMORA_CRASH_KILLS'] ?? 10)
/** Small, so that segments begin and end all the time, and so that it is full at times. */
const maxSizeBytes = 2 * 1024 * 1024

function configOf(httpPort: number, grpcPort: number, directory: string): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
extensions:
  file_storage: { directory: "${directory}", max_size: ${maxSizeBytes}, fsync: true }
exporters:
  otlp_grpc:
    endpoint: "127.0.0.1:${grpcPort}"
    tls: { insecure: true }
    timeout: 1s
    retry_on_failure: { initial_interval: 20ms, max_interval: 200ms, max_elapsed_time: 1s }
    sending_queue: { storage: file_storage, batch: { flush_timeout: 20ms, min_size: 200 } }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_grpc] }
`
}

const title = `${kills} times kill -9 under OTLP load with a failing backend: nothing acknowledged is lost`
test(title, { timeout: 60_000 + kills * 10_000 }, async (t) => {
  t.diagnostic(`REMORA_SEED=${seed}`)
  const disturbances = new Disturbances()
  const backend = await FlakyBackend.start(t, seededRandom(seed), disturbances)
  const directory = await temporaryDirectory(t)
  const httpPort = await freePort()
  const lives = await Lives.of(t, configOf(httpPort, backend.sink.grpcPort, directory))
  const size = new SizeWatch(join(directory, 'queue_otlp_grpc_logs.d'))
  const sender = new LogSender(httpPort)
  t.after(async () => {
    await sender.stop()
    await size.end()
  })
  const random = seededRandom(seed + 1)
  for (let kill = 0; kill < kills; kill++) await lives.endByKill(random, disturbances)

  const last = lives.start()
  await last.ready()
  await backend.recover()
  await delay(500)
  await sender.stop()
  await until(
    'the queue to be empty',
    async () => (await lives.accounts())[0]?.queued === 0,
    60_000,
  )
  const lost = backend.missing(sender.acknowledgedNumbers())
  t.diagnostic(
    `${kills} kills, ${backend.outages} outages; ${sender.sent} sent, ${sender.acknowledged} acknowledged, ` +
      `${sender.refused} refused, ${sender.unanswered} without an answer; ${backend.arrivedMs.size} arrived, ` +
      `${lost.length} lost, ${backend.duplicates} duplicates (${disturbances.count('stall')} stalls of the test)`,
  )
  assert.deepEqual(lost, [])
  assert.ok(sender.acknowledged > kills * 50, 'hardly anything was acknowledged')
  assert.deepEqual(sender.unexpected, [])
  assert.deepEqual(backend.unexplained, [])
  const mostBytes = await size.end()
  t.diagnostic(`at most ${mostBytes} bytes on the disk, of ${maxSizeBytes}`)
  assert.ok(mostBytes > 0 && mostBytes <= maxSizeBytes)
  assert.doesNotMatch(await lives.page(), /^remora_queue_damaged_records\S* [1-9]/m)
  const [account] = await last.stop()
  assert.deepEqual(account?.dropped, {})
  assert.equal(account?.delivered, (account?.received ?? 0) - sum(account?.rejected ?? {}))
})
