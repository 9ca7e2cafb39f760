import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { seed, seededRandom } from '../support/random.ts'
import { temporaryDirectory, until } from '../support/remora-process.ts'
import { Disturbances } from './disturbances.ts'
import { FlakyBackend } from './flaky-backend.ts'
import { Lives } from './lives.ts'
import { LogFiles } from './log-files.ts'

/** `npm run test:crash` sets more; here a quarter of them is enough, since the queue is the same. */
const kills = Math.ceil(Number(process.env['REMORA_CRASH_KILLS'] ?? 24) / 4)
/**
 * A line is read within a poll, and what was acknowledged within the last quarter of a second may be read again
 * (src/receivers/file_log/notes.md); the rest is for a slow disk.
 */
const readAgainMs = 1500

function configOf(grpcPort: number, logs: string, directory: string): string {
  return `
receivers:
  file_log:
    include: ["${logs}/app-*.log*"]
    start_at: beginning
    poll_interval: 50ms
    storage: file_storage
extensions:
  file_storage: { directory: "${directory}", max_size: 32MiB, fsync: true }
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
    logs: { receivers: [file_log], exporters: [otlp_grpc] }
`
}

/** Whether a line of this time may have been read in the last moments before a kill, and so again after it. */
function mayBeReadAgain(lives: Lives, writtenMs: number): boolean {
  // After a short life, what was read shortly before the kill in front of it counts as well.
  let fromMs = -Infinity
  for (const { readyMs, killedMs } of lives.all) {
    if (killedMs - readyMs >= readAgainMs) fromMs = killedMs - readAgainMs
    if (writtenMs >= fromMs && writtenMs <= killedMs) return true
  }
  return false
}

const title = `${kills} times kill -9 while five rotating files are read: no line is lost`
test(title, { timeout: 60_000 + kills * 10_000 }, async (t) => {
  t.diagnostic(`REMORA_SEED=${seed}`)
  const disturbances = new Disturbances()
  const files = new LogFiles(await temporaryDirectory(t))
  t.after(() => files.stop())
  let lives: Lives | undefined
  const backend = await FlakyBackend.start(t, seededRandom(seed), disturbances, (number) =>
    lives === undefined ? false : mayBeReadAgain(lives, files.writtenMs[number] ?? 0),
  )
  const directory = await temporaryDirectory(t)
  lives = await Lives.of(t, configOf(backend.sink.grpcPort, files.directory, directory))
  const random = seededRandom(seed + 2)
  for (let kill = 0; kill < kills; kill++) await lives.endByKill(random, disturbances)

  const last = lives.start()
  await last.ready()
  await backend.recover()
  await delay(500)
  await files.stop()
  const written = files.writtenMs
  let lost = backend.missing(written.keys())
  // On a busy machine the backlog takes longer: lost is what has not come when nothing comes any more.
  for (let arrived = -1; lost.length > 0 && backend.arrivedMs.size > arrived; ) {
    arrived = backend.arrivedMs.size
    await until('all lines', () => backend.missing(written.keys()).length === 0, 20_000).catch(
      () => undefined,
    )
    lost = backend.missing(written.keys())
  }
  t.diagnostic(
    `${kills} kills, ${backend.outages} outages; ${written.length} lines written, ${files.rotations} rotations; ` +
      `${backend.arrivedMs.size} arrived, ${lost.length} lost, ${backend.duplicates} duplicates ` +
      `(${disturbances.count('stall')} stalls of the test)`,
  )
  assert.deepEqual(lost, [])
  assert.ok(written.length > kills * 100, 'hardly anything was written')
  assert.deepEqual(backend.unexplained, [])
  await lives.accounts()
  const [account] = await last.stop()
  assert.deepEqual([account?.dropped, account?.rejected], [{}, {}])
  assert.equal(account?.delivered, account?.received)
})
