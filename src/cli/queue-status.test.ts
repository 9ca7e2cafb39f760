import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { numberedLogs } from '../../test/support/numbered-logs.ts'
import { until } from '../../test/support/remora-process.ts'
import { openDiskQueue } from '../buffer/disk/open.ts'
import { loadRegistry } from '../components.ts'
import { cli } from './cli.ts'

const config = (directory: string) => `
receivers: { otlp: { protocols: { grpc: } } }
extensions: { file_storage: { directory: "${directory}" } }
exporters: { otlp_http: { endpoint: "http://localhost:1", sending_queue: { storage: file_storage } } }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } }
`

const redraw = '\u001b[H\u001b[J'
const logger = { debug() {}, info() {}, warn() {}, error() {} }

async function setup(t: { after(undo: () => Promise<void>): void }, ...args: string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'remora-queue-status-'))
  t.after(() => rm(directory, { recursive: true }))
  const queueDirectory = join(directory, 'queue_otlp_http_logs.d')
  await mkdir(queueDirectory)
  const clock = new FakeClock()
  const frames: string[] = []
  const errors: string[] = []
  let signal: ((name: string) => void) | undefined
  const done = cli(
    ['queue', 'status', '--watch', '--config', 'c', ...args],
    {
      env: {},
      stdout: (text) => {
        frames.push(text)
      },
      stderr: (text) => {
        errors.push(text)
      },
      readFile: () => config(directory),
      loadRegistry,
    },
    {
      clock,
      onSignal: (receive) => {
        signal = receive
      },
      leaveSignals: () => {},
      onBug: () => {},
      exit: () => {},
    },
  )
  const store = async (items: number): Promise<void> => {
    const settings = {
      directory: queueDirectory,
      maxSizeBytes: 1024 * 1024,
      fsync: false,
      syncIntervalMs: 0,
      cursorIntervalMs: 1000,
      memoryBytes: 1000,
    }
    const events = { onReadable() {}, onRoom() {}, onLost() {}, onFailing() {} }
    const { queue, close } = await openDiskQueue(settings, clock, logger, events)
    await queue.append(numberedLogs(0, items), 'logs')
    await close()
  }
  return { clock, frames, errors, store, done, end: () => signal?.('SIGINT') }
}

test('queue status --watch draws anew every two seconds, until it is told to end', async (t) => {
  const { clock, frames, errors, store, done, end } = await setup(t)
  await until('the first picture', () => frames.length === 1)
  await store(7)
  await clock.advance(1999)
  assert.equal(frames.length, 1)
  await clock.advance(1)
  await until('the second picture', () => frames.length === 2)
  for (const [index, items] of [0, 7].entries()) {
    const frame = frames[index] ?? ''
    assert.ok(frame.startsWith(`${redraw}No process answers`), frame)
    assert.match(frame, new RegExp(`^otlp_http +logs +${items} `, 'm'))
  }
  end()
  assert.equal(await done, 0)
  assert.deepEqual(errors, [])
  assert.equal(clock.pending, 0)
})

test('queue status --watch --format json writes a line a picture, and moves no cursor', async (t) => {
  const { clock, frames, done, end } = await setup(t, '--format', 'json')
  await until('the first line', () => frames.length === 1)
  await clock.advance(2000)
  await until('the second line', () => frames.length === 2)
  end()
  assert.equal(await done, 0)
  const lines = frames.join('').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).source),
    ['disk', 'disk'],
  )
})

test('queue status of an exporter that is not there says so, and which was probably meant', async (t) => {
  const { frames, errors, done } = await setup(t, '--exporter', 'otlp_htp')
  assert.equal(await done, 1)
  assert.deepEqual(frames, [])
  assert.deepEqual(errors, ['remora: there is no exporter "otlp_htp"; did you mean "otlp_http"?\n'])
})
