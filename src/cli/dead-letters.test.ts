import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { numberedLogs, numbersIn } from '../../test/support/numbered-logs.ts'
import { OtlpSink } from '../../test/support/otlp-sink.ts'
import { until } from '../../test/support/remora-process.ts'
import type { LetterHead } from '../buffer/dead-letters/letter.ts'
import { LetterBox, listLetters } from '../buffer/dead-letters/letter-box.ts'
import { systemClock } from '../component/clock.ts'
import { loadRegistry } from '../components.ts'
import { cli } from './cli.ts'

const root = await mkdtemp(join(tmpdir(), 'remora-cli-letters-'))
const sink = await OtlpSink.start()
after(async () => {
  await sink.kill()
  await rm(root, { recursive: true })
})
let directories = 0

interface World {
  readonly a: LetterBox
  readonly b: LetterBox
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** As Ctrl-C does, once the command listens. */
  interrupt(): void
}

/** Two exporters with letters, one in a directory and one in a storage, and one exporter without. */
async function setup(): Promise<World> {
  const directory = join(root, String(directories++))
  const config = `
receivers: { otlp: { protocols: { grpc: } } }
extensions: { file_storage: { directory: "${directory}/storage" } }
exporters:
  otlp_http/a:
    endpoint: http://127.0.0.1:${sink.httpPort}
    timeout: 1s
    dead_letter: { directory: "${directory}/letters" }
    sending_queue: { storage: file_storage }
  otlp_grpc:
    endpoint: 127.0.0.1:${sink.grpcPort}
    tls: { insecure: true }
    dead_letter: { storage: file_storage }
  debug:
service:
  extensions: [file_storage]
  pipelines: { logs: { receivers: [otlp], exporters: [otlp_http/a, otlp_grpc, debug] } }
`
  const world: Pick<World, 'interrupt'> = { interrupt: () => {} }
  const run = async (...args: string[]) => {
    let [stdout, stderr] = ['', '']
    let left = false
    const code = await cli(
      ['dead-letters', ...args, '--config', 'c'],
      {
        env: {},
        stdout: (text) => {
          stdout += text
        },
        stderr: (text) => {
          stderr += text
        },
        readFile: () => config,
        loadRegistry,
      },
      {
        clock: systemClock,
        onSignal: (receive) => {
          world.interrupt = () => {
            assert.ok(!left, 'the signal ends the process at once')
            receive('SIGINT')
          }
        },
        leaveSignals: () => {
          left = true
        },
        onBug: () => {},
        exit: () => {},
      },
    )
    return { code, stdout, stderr }
  }
  const a = new LetterBox(join(directory, 'letters/dead_letters_otlp_http%2Fa'), 1e6)
  const b = new LetterBox(join(directory, 'storage/dead_letters_otlp_grpc.d'), 1e6)
  await Promise.all([a.open(), b.open()])
  return Object.assign(world, { a, b, run })
}

function headOf(over: Partial<LetterHead> = {}): LetterHead {
  return {
    timeMs: 1_767_225_600_000,
    exporter: 'otlp_http/a',
    pipelines: ['logs'],
    signal: 'logs',
    items: 3,
    code: 'backend_rejected',
    reason: 'HTTP 400: no \u001b[2Jthanks',
    ...over,
  }
}

const logs = (first: number) => [numberedLogs(first, 3).bytes()]

suite('remora dead-letters', () => {
  test('list shows what there is, and nothing of it moves the terminal', async () => {
    const { a, b, run } = await setup()
    assert.deepEqual(await run('list'), {
      code: 0,
      stdout: '0 dead letters, 0 items, 0 B\n',
      stderr: '',
    })
    await a.add(headOf(), logs(0))
    await a.add(headOf({ items: 1, code: 'partial_success', reason: 'dup' }), [])
    await b.add(headOf({ exporter: 'otlp_grpc', pipelines: ['logs', 'logs/2'] }), logs(3))
    const { stdout } = await run('list')
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/))
    assert.deepEqual(
      lines.map(([id, , , items, size, code, pipelines, reason]) => [
        id,
        items,
        size === 'no data',
        code,
        pipelines,
        reason,
      ]),
      [
        ['ID', 'ITEMS', false, 'CODE', 'PIPELINES', 'REASON'],
        ['otlp_http/a:1', '3', false, 'backend_rejected', 'logs', 'HTTP 400: no \\u001b[2Jthanks'],
        ['otlp_http/a:2', '1', true, 'partial_success', 'logs', 'dup'],
        [
          'otlp_grpc:1',
          '3',
          false,
          'backend_rejected',
          'logs,logs/2',
          'HTTP 400: no \\u001b[2Jthanks',
        ],
        [lines[4]?.[0], undefined, false, undefined, undefined, undefined],
        ['', undefined, false, undefined, undefined, undefined],
      ],
    )
    assert.match(stdout, /^3 dead letters \(1 without data\), 6 items, \d+ B$/m)
    const json = JSON.parse(
      (await run('list', '--format', 'json', '--exporter', 'otlp_grpc')).stdout,
    )
    assert.deepEqual(
      json.map(({ id, time, items, hasData }: Record<string, unknown>) => [
        id,
        time,
        items,
        hasData,
      ]),
      [['otlp_grpc:1', '2026-01-01T00:00:00.000Z', 3, true]],
    )
  })

  test('show prints what happened and the data', async () => {
    const { a, run } = await setup()
    await a.add(headOf(), logs(7))
    await a.add(headOf({ code: 'partial_success' }), [])
    const { stdout } = await run('show', '1')
    assert.match(stdout, /^id +otlp_http\/a:1$/m)
    assert.match(stdout, /^reason +HTTP 400: no \\u001b\[2Jthanks$/m)
    assert.match(stdout, /"n=7;"/)
    assert.match((await run('show', '2')).stdout, /did not say which items/)
    const whole = JSON.parse((await run('show', 'otlp_http/a:1', '--format', 'json')).stdout)
    assert.deepEqual([whole.items, typeof whole.data.resourceLogs], [3, 'object'])
  })

  const refused: readonly { args: readonly string[]; want: RegExp }[] = [
    { args: ['show', '9'], want: /there is no dead letter "9"/ },
    { args: ['show', '1'], want: /"1" is one of otlp_http\/a:1, otlp_grpc:1: say which/ },
    { args: ['list', '--exporter', 'debug'], want: /exporter "debug" has no dead_letter/ },
    { args: ['replay', '--to', 'host:1'], want: /must begin with http/ },
  ]
  for (const { args, want } of refused) {
    test(`${args.join(' ')} is refused`, async () => {
      const { a, b, run } = await setup()
      await a.add(headOf(), logs(0))
      await b.add(headOf(), logs(0))
      const { code, stderr } = await run(...args)
      assert.equal(code, 1)
      assert.match(stderr, want)
    })
  }

  test('purge removes some, or all', async () => {
    const { a, b, run } = await setup()
    for (let i = 0; i < 3; i++) await a.add(headOf(), logs(0))
    await b.add(headOf(), logs(0))
    assert.equal((await run('purge', '2', '3')).stdout, 'removed 2 dead letters\n')
    assert.equal(
      (await run('purge', '--all', '--exporter', 'otlp_grpc')).stdout,
      'removed 1 dead letter\n',
    )
    assert.match((await run('list')).stdout, /^1 dead letter, /m)
    assert.equal((await run('purge', '--all')).stdout, 'removed 1 dead letter\n')
  })

  test('a damaged letter is listed, kept by a replay, and can be purged', async () => {
    const { a, run } = await setup()
    await a.add(headOf(), logs(0))
    await writeFile(join(a.directory, '00000001.letter'), 'garbage that is long enough')
    assert.match((await run('list')).stdout, /unreadable .*it is no dead letter/)
    const { code, stdout } = await run('replay')
    assert.equal(code, 1)
    assert.match(stdout, /kept +cannot be read: it is no dead letter/)
    assert.equal((await run('show', '1')).code, 1)
    assert.equal((await run('purge', '1')).code, 0)
  })
})

suite('remora dead-letters replay', () => {
  test('ends at Ctrl-C after the letter that is being sent, and says what was not tried', async () => {
    const world = await setup()
    for (const first of [0, 3, 6]) await world.a.add(headOf(), logs(first))
    const { requests } = sink
    sink.mode = 'hang'
    const running = world.run('replay')
    await until('the first request', () => sink.requests > requests)
    world.interrupt()
    const { code, stdout } = await running
    sink.mode = 'accept'
    assert.equal(code, 1)
    assert.match(stdout, /^otlp_http\/a:1 +kept +timeout: .*\n0 of 3 sent, 2 not tried$/m)
    assert.equal((await world.run('replay')).stdout.trimEnd().split('\n').at(-1), '3 of 3 sent')
  })

  test('sends through the configured exporter and removes what was taken', async () => {
    const { a, b, run } = await setup()
    sink.received.length = 0
    await a.add(headOf(), logs(100))
    await a.add(headOf({ code: 'partial_success' }), [])
    await b.add(headOf(), logs(200))
    const { code, stdout } = await run('replay')
    assert.equal(code, 0, 'one is a note')
    assert.match(stdout, /^otlp_http\/a:1 +sent +3 items$/m)
    assert.match(stdout, /^otlp_http\/a:2 +note +holds no data/m)
    assert.match(stdout, /^otlp_grpc:1 +sent +3 items$/m)
    assert.match(stdout, /^2 of 2 sent$/m)
    assert.deepEqual(
      sink.received.map(({ bytes }) => numbersIn(bytes)),
      [
        [100, 101, 102],
        [200, 201, 202],
      ],
    )
    assert.deepEqual(
      (await listLetters(a.directory)).map(({ number }) => number),
      [2],
    )
    assert.deepEqual(await listLetters(b.directory), [])
    const named = await run('replay', '2')
    assert.equal(named.code, 1, 'who names a note asks for what cannot be done')
    assert.match(named.stdout, /^0 of 1 sent$/m)
  })

  test('of two at once one is refused, so that nothing is sent twice', async () => {
    const { a, run } = await setup()
    sink.received.length = 0
    await a.add(headOf(), logs(400))
    const both = await Promise.all([run('replay'), run('replay')])
    assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1])
    assert.match(both.map(({ stderr }) => stderr).join(''), /cannot use directory .* uses it/)
    assert.equal(sink.received.length, 1)
    assert.deepEqual(await listLetters(a.directory), [])
    assert.equal((await run('replay')).stdout, '0 of 0 sent\n')
  })

  test('goes on when a letter is purged meanwhile', async () => {
    const { a, run } = await setup()
    for (let i = 0; i < 30; i++) await a.add(headOf(), logs(500 + 3 * i))
    sink.received.length = 0
    const [replayed, purged] = await Promise.all([run('replay'), run('purge', '30', '29', '28')])
    assert.equal(purged.code, 0)
    const sent = sink.received.length
    assert.ok(sent >= 27, `${sent} sent`)
    assert.match(replayed.stdout, new RegExp(`^${sent} of 30 sent$`, 'm'))
    assert.deepEqual(await listLetters(a.directory), [])
  })

  const modes = [
    { mode: 'refuse', want: /kept +backend_rejected: HTTP 400/ },
    { mode: 'unavailable', want: /kept +unavailable: HTTP 503/ },
    { mode: 'partial', want: /kept +2 items taken, 1 partial_success/ },
  ] as const
  for (const { mode, want } of modes) {
    test(`keeps what the backend does not take: ${mode}`, async () => {
      const { a, run } = await setup()
      await a.add(headOf(), logs(0))
      sink.mode = mode
      const { code, stdout } = await run('replay', '1')
      sink.mode = 'accept'
      assert.equal(code, 1)
      assert.match(stdout, want)
      assert.equal((await listLetters(a.directory)).length, 1)
    })
  }

  test('stops at a letter that it has sent and cannot remove, and says what was sent', async (t) => {
    const { a, run } = await setup()
    for (let i = 0; i < 3; i++) await a.add(headOf(), logs(600 + 3 * i))
    sink.received.length = 0
    const remove = a.remove.bind(a)
    t.mock.method(LetterBox.prototype, 'remove', (number: number) =>
      number === 2 ? Promise.reject(new Error('EROFS: read-only file system')) : remove(number),
    )
    const { code, stdout, stderr } = await run('replay')
    assert.equal(code, 1)
    assert.match(stdout, /^otlp_http\/a:1 +sent +3 items$/m)
    assert.match(stdout, /a:2 +sent +3 items, but not removed: the next replay sends it again$/m)
    assert.match(stdout, /^2 of 3 sent, 1 not tried$/m)
    assert.equal(
      stderr,
      'remora: cannot remove dead letter "otlp_http/a:2": EROFS: read-only file system\n',
    )
    assert.equal(sink.received.length, 2)
  })

  test('goes on past a letter that cannot be read', async (t) => {
    const { a, run } = await setup()
    for (let i = 0; i < 2; i++) await a.add(headOf(), logs(700 + 3 * i))
    const read = a.read.bind(a)
    t.mock.method(LetterBox.prototype, 'read', (number: number) =>
      number === 1 ? Promise.reject(new Error('EIO: i/o error')) : read(number),
    )
    const { code, stdout } = await run('replay')
    assert.equal(code, 1)
    assert.match(stdout, /a:1 +kept +cannot be read: EIO: i\/o error$/m)
    assert.match(stdout, /^1 of 2 sent$/m)
  })

  for (const scheme of ['http', 'grpc'] as const) {
    test(`sends to another place over ${scheme}`, async () => {
      const { b, run } = await setup()
      sink.received.length = 0
      await b.add(headOf(), logs(300))
      const port = scheme === 'http' ? sink.httpPort : sink.grpcPort
      const { code, stdout, stderr } = await run('replay', '--to', `${scheme}://127.0.0.1:${port}`)
      assert.equal(code, 0, stdout + stderr)
      const [one] = sink.received
      assert.equal(one?.contentType.startsWith('application/grpc'), scheme === 'grpc')
      assert.deepEqual(numbersIn(one?.bytes ?? new Uint8Array()), [300, 301, 302])
    })
  }
})
