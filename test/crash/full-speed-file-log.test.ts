import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readSnapshot } from '../../src/extensions/file_storage/snapshot.ts'
import { numbersIn } from '../support/numbered-logs.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { temporaryDirectory, until } from '../support/remora-process.ts'
import { Lives } from './lives.ts'
import { RotatingWriter } from './rotating-writer.ts'

/** `npm run test:tail-full-speed` takes 200,000. */
const linesPerFile = Number(process.env['REMORA_FULL_SPEED_LINES'] ?? 40_000)
const files = 5
const lagEveryMs = 20
const startMs = 60_000
const lines = files * linesPerFile
/**
 * Between the arrival of a line here and its acknowledgement there, on a busy machine. What was acknowledged before the last
 * save began is saved; how often that is done is tested with a clock of its own (src/tail/checkpoints.test.ts).
 */
const answerMs = 1000

function configOf(grpcPort: number, logs: string, directory: string): string {
  return `
receivers:
  file_log: { include: ["${logs}/app-*.log*"], start_at: beginning, storage: file_storage }
extensions:
  file_storage: { directory: "${directory}" }
exporters:
  otlp_grpc: { endpoint: "127.0.0.1:${grpcPort}", tls: { insecure: true }, timeout: 120s }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [file_log], exporters: [otlp_grpc] }
`
}

/** How often each number came, and when it came first. */
class Arrivals {
  readonly counts = new Uint8Array(lines)
  readonly #firstMs = new Float64Array(lines)
  distinct = 0
  readonly #sink: OtlpSink

  constructor(sink: OtlpSink) {
    this.#sink = sink
  }

  collect(): void {
    for (const { bytes, atMs } of this.#sink.received.splice(0)) {
      for (const number of numbersIn(bytes)) {
        const count = (this.counts[number] ?? 0) + 1
        this.counts[number] = count
        if (count > 1) continue
        this.#firstMs[number] = atMs
        this.distinct++
      }
    }
  }

  /** Of the lines that came before `ms`, or since, how many came again; and when the oldest of all those came. */
  again(ms: number): { before: number; since: number; thrice: number; oldestMs: number } {
    const again = { before: 0, since: 0, thrice: 0, oldestMs: Infinity }
    for (const [number, count] of this.counts.entries()) {
      if (count < 2) continue
      if ((this.#firstMs[number] as number) < ms) again.before++
      else again.since++
      again.oldestMs = Math.min(again.oldestMs, this.#firstMs[number] as number)
      if (count > 2) again.thrice++
    }
    return again
  }
}

/** How long the test itself had to wait for the processor: so may remora have had to. */
class EventLoopLag {
  mostMs = 0
  #lastMs = performance.now()
  readonly #timer = setInterval(() => {
    const nowMs = performance.now()
    this.mostMs = Math.max(this.mostMs, nowMs - this.#lastMs - lagEveryMs)
    this.#lastMs = nowMs
  }, lagEveryMs)

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** When the last save of positions began, by `performance.now()`. */
async function lastSaveMs(directory: string): Promise<number> {
  const entries = readSnapshot(await readFile(join(directory, 'receiver_file_log.state')))
  assert.ok(typeof entries !== 'string', `${entries}`)
  return Number(Buffer.from(entries.get('saved_at') ?? []).toString()) - performance.timeOrigin
}

const title = `${files} files × ${linesPerFile} lines at full speed, renamed every 256 KiB, and a kill -9 in the middle: exact account`
test(title, { timeout: 60_000 + lines / 4 }, async (t) => {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const arrivals = new Arrivals(sink)
  const collecting = setInterval(() => arrivals.collect(), 20)
  t.after(() => clearInterval(collecting))
  const logs = await temporaryDirectory(t)
  const directory = await temporaryDirectory(t)
  const lives = await Lives.of(t, configOf(sink.grpcPort, logs, directory))
  const lag = new EventLoopLag()
  t.after(() => lag.stop())

  const killed = lives.start()
  await killed.ready(startMs)
  const writer = new RotatingWriter(logs, files, linesPerFile)
  t.after(() => writer.goOn())
  // These must not come again, however short the rest takes.
  await until('the first lines', () => writer.written > 0 && arrivals.distinct === writer.written)
  await delay(answerMs + 500)
  const beganMs = performance.now()
  writer.goOn()
  await until('half of the lines', () => arrivals.distinct >= lines / 2, 60_000 + lines / 8)
  killed.child.kill('SIGKILL')
  const killedMs = performance.now()
  await killed.exited
  arrivals.collect()
  const savedMs = await lastSaveMs(directory)
  const [atKill, writtenAtKill] = [arrivals.distinct, writer.written]

  const last = lives.start()
  await last.ready(startMs)
  await writer.done()
  await until('all lines', () => arrivals.distinct === lines, 30_000 + lines / 8).catch(
    () => undefined,
  )
  const tookMs = Math.round(performance.now() - beganMs)
  const [account] = await last.stop()
  arrivals.collect()
  const { before, since, thrice, oldestMs } = arrivals.again(savedMs - answerMs - lag.mostMs)
  t.diagnostic(
    `${writer.written} lines written, ${writer.rotations} rotations, ${tookMs} ms; at the kill ${writtenAtKill} were written ` +
      `and ${atKill} had arrived; ${lines - arrivals.distinct} lost, ${before + since} duplicates, ` +
      `the oldest of ${Math.round(killedMs - oldestMs)} ms before the kill; ` +
      `saved ${Math.round(killedMs - savedMs)} ms before it; the test stood still for ${Math.round(lag.mostMs)} ms at most`,
  )
  assert.equal(writer.written, lines)
  assert.equal(arrivals.distinct, lines, 'lines are lost')
  assert.equal(thrice, 0, 'one kill, and lines came three times')
  assert.equal(before, 0, 'lines came again that were acknowledged before the last save')
  // What the killed one had sent may arrive after the kill.
  assert.ok((account?.received ?? Infinity) <= lines - atKill + before + since)
  assert.deepEqual([account?.dropped, account?.rejected], [{}, {}])
  assert.equal(account?.delivered, account?.received)
})
