import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { numberedLogs } from '../../test/support/numbered-logs.ts'
import { until } from '../../test/support/remora-process.ts'
import { openDiskQueue } from '../buffer/disk/open.ts'
import { loadRegistry } from '../components.ts'
import { cli } from './cli.ts'
import type { Io } from './io.ts'

const config = (directory: string, port?: number) => `
receivers: { otlp: { protocols: { grpc: } } }
extensions: { file_storage: { directory: "${directory}" } }
exporters: { otlp_http: { endpoint: "http://localhost:1", sending_queue: { storage: file_storage } } }
service:
  extensions: [file_storage]
  telemetry: { metrics: ${port === undefined ? '{ level: none }' : `{ address: "127.0.0.1:${port}" }`} }
  pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } }
`

const redraw = '\u001b[H\u001b[J'
const logger = { debug() {}, info() {}, warn() {}, error() {} }

interface Setup {
  readonly terminal?: Io['terminal']
  /** Of the metrics of the process; nobody is asked unless given. */
  readonly port?: number
}

async function setup(
  t: { after(undo: () => Promise<void>): void },
  args: readonly string[] = [],
  { terminal, port }: Setup = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'remora-queue-status-'))
  t.after(() => rm(directory, { recursive: true }))
  const queueDirectory = join(directory, 'queue_otlp_http_logs.d')
  await mkdir(queueDirectory)
  const clock = new FakeClock()
  const frames: string[] = []
  const errors: string[] = []
  let signal: ((name: string) => void) | undefined
  let readerGone: (() => void) | undefined
  const done = cli(
    ['queue', 'status', '--watch', '--config', 'c', ...args],
    {
      env: {},
      stdout: (text) => {
        frames.push(String(text))
      },
      stderr: (text) => {
        errors.push(text)
      },
      readFile: () => config(directory, port),
      onReaderGone: (run) => {
        readerGone = run
      },
      ...(terminal === undefined ? {} : { terminal }),
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
    const events = { onReadable() {}, onRoom() {}, onLost() {}, onFound() {}, onFailing() {} }
    const { queue, close } = await openDiskQueue(settings, clock, logger, events)
    await queue.append(numberedLogs(0, items), 'logs')
    await close()
  }
  return {
    clock,
    frames,
    errors,
    store,
    done,
    end: () => signal?.('SIGINT'),
    leave: () => readerGone?.(),
  }
}

const places = [
  { name: 'draws anew on a terminal', terminal: { columns: 80 }, before: [redraw, redraw] },
  {
    name: 'parts its pictures by an empty line elsewhere',
    terminal: undefined,
    before: ['', '\n'],
  },
] as const
for (const { name, terminal, before } of places) {
  test(`queue status --watch ${name}, every two seconds, until it is told to end`, async (t) => {
    const { clock, frames, errors, store, done, end } = await setup(t, [], { terminal })
    await until('the first picture', () => frames.length === 1)
    await store(7)
    await clock.advance(1999)
    assert.equal(frames.length, 1)
    await clock.advance(1)
    await until('the second picture', () => frames.length === 2)
    for (const [index, items] of [0, 7].entries()) {
      const frame = frames[index] ?? ''
      assert.ok(frame.startsWith(`${before[index]}No process answers`), frame)
      assert.match(frame, new RegExp(`^otlp_http +logs +${items} `, 'm'))
    }
    end()
    assert.equal(await done, 0)
    assert.deepEqual(errors, [])
    assert.equal(clock.pending, 0)
  })
}

/** A server that answers every request with this. */
async function serve(t: TestContext, page: string): Promise<number> {
  const server = createServer((_, response) => response.end(page))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const labels = '{exporter="otlp_http",data_type="logs"}'
const drains = [
  { items: 40, seconds: '12', want: '12s' },
  { items: 40, seconds: '+Inf', want: 'not shrinking' },
  { items: 0, seconds: '0', want: '-' },
] as const
for (const { items, seconds, want } of drains) {
  test(`queue status says "${want}" of ${items} items that drain in ${seconds} s`, async (t) => {
    const lines = [
      `remora_exporter_backlog_items${labels} ${items}`,
      `remora_exporter_backlog_drain_seconds${labels} ${seconds}`,
    ]
    const port = await serve(t, `${lines.join('\n')}\n`)
    const { frames, done, end } = await setup(t, [], { port })
    await until('the picture', () => frames.length === 1)
    end()
    await done
    const [said, titles, row] = (frames[0] ?? '').split('\n')
    assert.equal(said, `The process at 127.0.0.1:${port} says:`)
    const at = titles?.indexOf('DRAINS IN') ?? 0
    assert.equal(row?.slice(at).split(/ {2,}/)[0], want)
  })
}

test('queue status says how much of its disk a queue takes', async (t) => {
  const lines = [
    `remora_exporter_backlog_items${labels} 40`,
    `remora_queue_file_bytes${labels} 7340032`,
    `remora_queue_file_bytes_max${labels} 8388608`,
  ]
  const port = await serve(t, `${lines.join('\n')}\n`)
  const { frames, done, end } = await setup(t, [], { port })
  await until('the picture', () => frames.length === 1)
  end()
  await done
  assert.match(frames[0] ?? '', / {2}7\.0 MiB of 8\.0 MiB {2}/)
})

test('queue status says how many files cannot be read, and nothing where all can', async (t) => {
  const other = '{exporter="otlp_http",data_type="traces"}'
  const lines = [
    `remora_queue_files_unreadable${labels} 2`,
    `remora_queue_files_unreadable${other} 0`,
    `remora_exporter_backlog_items${labels} 40`,
  ]
  const port = await serve(t, `${lines.join('\n')}\n`)
  const { frames, done, end } = await setup(t, [], { port })
  await until('the picture', () => frames.length === 1)
  end()
  await done
  const last = (frames[0] ?? '').trimEnd().split('\n').slice(-1)
  assert.deepEqual(last, [
    'otlp_http logs: 2 files cannot be read, and what is in them waits. The log says why.',
  ])
})

test('queue status --watch ends when nobody reads it any more', async (t) => {
  const { clock, frames, done, leave } = await setup(t)
  await until('the first picture', () => frames.length === 1)
  leave()
  assert.equal(await done, 0)
  assert.equal(clock.pending, 0)
})

test('queue status does not take the metrics of another program for those of remora', async (t) => {
  const port = await serve(t, 'otelcol_exporter_queue_size{exporter="otlp"} 7\n')
  const { frames, done, end } = await setup(t, [], { port })
  await until('the picture', () => frames.length === 1)
  end()
  await done
  assert.match(frames[0] ?? '', /^No process answers/)
})

test('queue status --watch --format json writes a line a picture, and moves no cursor', async (t) => {
  const { clock, frames, done, end } = await setup(t, ['--format', 'json'])
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
  const { frames, errors, done } = await setup(t, ['--exporter', 'otlp_htp'])
  assert.equal(await done, 1)
  assert.deepEqual(frames, [])
  assert.deepEqual(errors, ['remora: there is no exporter "otlp_htp"; did you mean "otlp_http"?\n'])
})
