import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake } from '../../test/support/recording-intake.ts'
import { until } from '../../test/support/remora-process.ts'
import { testSettings } from '../../test/support/settings.ts'
import { readRecords } from '../../test/support/tail.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import { StreamIntake } from '../lines/stream-intake.ts'
import { stdin } from '../receivers/stdin/definition.ts'
import { Child, type Command } from './child.ts'
import { CommandRun } from './command-run.ts'
import { CommandError, type Exit, statusOf } from './exit.ts'

const flood = 20_000

interface Row {
  readonly name: string
  readonly script: string
  readonly exit: Exit
  readonly stdout?: readonly string[]
  readonly stderr?: readonly string[]
}

const success: Exit = { code: 0, signal: null }

suite('a command run by a shell', () => {
  const rows: readonly Row[] = [
    { name: 'ends with a code', script: 'exit 7', exit: { code: 7, signal: null } },
    { name: 'dies by a signal', script: 'kill -SEGV $$', exit: { code: null, signal: 'SIGSEGV' } },
    {
      name: 'writes to both outputs',
      script: 'echo out; echo error >&2',
      exit: success,
      stdout: ['out'],
      stderr: ['error'],
    },
    { name: 'writes no newline', script: 'printf "a\\nb"', exit: success, stdout: ['a', 'b'] },
    {
      name: 'dies in the middle of a line',
      script: 'printf half; kill -KILL $$',
      exit: { code: null, signal: 'SIGKILL' },
      stdout: ['half'],
    },
    {
      name: 'closes stdout early and goes on',
      script: 'echo out; exec >&-; echo error >&2; exit 3',
      exit: { code: 3, signal: null },
      stdout: ['out'],
      stderr: ['error'],
    },
    {
      name: 'closes both outputs early',
      script: 'echo out; exec >&- 2>&-; sleep 0.1; exit 4',
      exit: { code: 4, signal: null },
      stdout: ['out'],
    },
    {
      name: 'opens its outputs by name',
      script: 'echo out > /dev/stdout; echo error > /dev/stderr',
      exit: success,
      stdout: ['out'],
      stderr: ['error'],
    },
    {
      name: 'ignores SIGPIPE and hangups',
      script: "trap '' PIPE HUP; kill -HUP $$; echo alive",
      exit: success,
      stdout: ['alive'],
    },
    {
      name: 'leaves a child behind that ends soon',
      script: '(sleep 0.2; echo late) & echo early',
      exit: success,
      stdout: ['early', 'late'],
    },
  ]
  for (const { name, script, exit, stdout = [], stderr = [] } of rows) {
    test(name, async (t) => {
      const one = await start(t, script)
      assert.deepEqual(await one.run.finished, exit)
      assert.deepEqual(one.bodies('stdout'), stdout)
      assert.deepEqual(one.bodies('stderr'), stderr)
    })
  }

  test('floods, from two processes at once: every line once, and each output in order', async (t) => {
    const one = await start(t, `seq ${flood} & seq ${flood} >&2; wait`)
    assert.deepEqual(await one.run.finished, success)
    for (const stream of ['stdout', 'stderr'] as const) {
      const bodies = one.bodies(stream)
      assert.equal(bodies.length, flood)
      assert.ok(bodies.every((body, index) => body === String(index + 1)))
    }
  })

  test('is told by SIGTERM and may say last words', async (t) => {
    const one = await start(
      t,
      "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done",
    )
    await until('it is ready', () => one.bodies('stdout').length === 1)
    await one.run.terminate(5000, AbortSignal.timeout(9000))
    assert.deepEqual(await one.run.finished, { code: 5, signal: null })
    assert.deepEqual(one.bodies('stdout'), ['ready', 'bye'])
    assert.deepEqual(one.warnings(), [])
  })

  test('ignores SIGTERM: it is killed with what it started, and the log says so', async (t) => {
    const one = await start(t, "trap '' TERM; sleep 60 & echo $!; wait; sleep 60")
    await until('it is ready', () => one.bodies('stdout').length === 1)
    await one.run.terminate(100, AbortSignal.timeout(9000))
    assert.deepEqual(await one.run.finished, { code: null, signal: 'SIGKILL' })
    assert.deepEqual(one.warnings(), ['a command does not end and is killed'])
    const pid = Number(one.bodies('stdout')[0])
    await until('its child is gone', () => !isAlive(pid))
  })

  test('that nothing ends is given up, and the log says so', async (t) => {
    const one = await start(t, "trap '' TERM; echo ready; exec sleep 60", 100, undefined, hurried)
    await until('it is ready', () => one.bodies('stdout').length === 1)
    // As one that waits for a disk, or runs as another user.
    const kill = t.mock.method(Child.prototype, 'killGroup', () => false)
    await one.run.terminate(1000, AbortSignal.timeout(9000))
    assert.deepEqual(await one.run.finished, { code: null, signal: 'SIGKILL' })
    assert.deepEqual(one.errors(), ['a command cannot be ended and is left behind'])
    assert.deepEqual(one.bodies('stdout'), ['ready'])
    kill.mock.restore()
    assert.equal(isAlive(one.run.pid), true)
  })

  test('leaves a child in a group of its own behind: what holds the output is read for drainMs', async (t) => {
    const one = await start(t, "setsid sh -c 'echo $$; exec sleep 60' & wait $!; exit 0 &", 300)
    await until('it is ready', () => one.bodies('stdout').length === 1)
    t.after(() => process.kill(Number(one.bodies('stdout')[0]), 'SIGKILL'))
    one.run.kill('SIGKILL')
    assert.deepEqual(await one.run.finished, { code: null, signal: 'SIGKILL' })
    assert.match(one.messages().join(), /another process holds the output open/)
  })

  test('may say so much and no more', async (t) => {
    let exceeded = 0
    const limit = { bytes: 10, exceeded: () => exceeded++ }
    const one = await start(t, 'echo 12345678; sleep 0.1; echo 12345678; echo more', 1000, limit)
    await one.run.finished
    assert.equal(exceeded, 1)
    assert.deepEqual(one.bodies('stdout'), ['12345678', '1'])
  })

  test('leaves no descriptor open here', async (t) => {
    const before = (await readdir('/proc/self/fd')).length
    for (let count = 0; count < 3; count++) {
      const one = await start(t, 'echo x; echo y >&2')
      await one.run.finished
    }
    for (const words of [['/none'], ['/etc/passwd'], ['/etc/passwd/below']] as const) {
      await assert.rejects(CommandRun.start(commandOf(words), settingsOf().settings), CommandError)
    }
    const count = async (): Promise<number> => (await readdir('/proc/self/fd')).length
    const endMs = Date.now() + 5000
    while ((await count()) > before && Date.now() < endMs) await new Promise(setImmediate)
    assert.ok((await count()) <= before)
  })
})

suite('a command that cannot be run', () => {
  const rows: readonly (readonly [
    words: readonly [string, ...string[]],
    status: number,
    directory?: string,
  ])[] = [
    [['/there/is/no/such'], 127],
    [['no-such-command-at-all'], 127],
    [['/etc/passwd/below'], 127],
    [['true', 'x'.repeat(3_000_000)], 126],
    [['/etc/passwd'], 126],
    [['/tmp'], 126],
    [['true'], 126, '/there/is/no/such'],
  ]
  for (const [words, status, directory] of rows) {
    test(`${words.join(' ').slice(0, 40)}${directory === undefined ? '' : ` in ${directory}`}: ${status}`, async () => {
      const { settings } = settingsOf()
      await assert.rejects(
        CommandRun.start({ ...commandOf(words), directory }, settings),
        (error) => {
          assert.ok(error instanceof CommandError)
          assert.equal(error.status, status)
          assert.match(error.message, /^cannot run "/)
          return true
        },
      )
    })
  }
})

test('the status of a shell says code or signal', () => {
  assert.equal(statusOf({ code: 3, signal: null }), 3)
  assert.equal(statusOf({ code: null, signal: 'SIGKILL' }), 137)
  assert.equal(statusOf({ code: null, signal: 'SIGTERM' }), 143)
})

/** Waits a tenth as long as it says. */
const hurried: Clock = {
  ...systemClock,
  after: (ms, done) => systemClock.after(ms / 10, done),
}

function commandOf(words: readonly [string, ...string[]]): Command {
  return { words, environment: process.env, stdin: 'ignore', stderr: true }
}

function settingsOf() {
  const intake = new RecordingIntake()
  const config = v.parse(stdin.config, {})
  const receiver = testSettings(config, { clock: systemClock })
  const streams = new StreamIntake(receiver, intake, 'exec', 60_000)
  const { clock, logger } = receiver
  const settings = { streams, clock, logger, includeProcess: false, drainMs: 2000 }
  return { settings, intake, logger }
}

async function start(
  t: TestContext,
  script: string,
  drainMs = 2000,
  limit?: { readonly bytes: number; exceeded(): void },
  clock: Clock = systemClock,
) {
  const { settings, intake, logger } = settingsOf()
  const limited = limit === undefined ? {} : { limit }
  const run = await CommandRun.start(commandOf(['sh', '-c', script]), {
    ...settings,
    clock,
    drainMs,
    ...limited,
  })
  t.after(() => run.killGroup('SIGKILL'))
  const records = () => intake.calls.flatMap(({ batch }) => readRecords(batch.bytes()))
  return {
    run,
    bodies: (stream: string) =>
      records()
        .filter(({ attributes }) => attributes['log.iostream'] === stream)
        .map(({ body }) => body),
    warnings: () => logger.messages('warn'),
    errors: () => logger.messages('error'),
    messages: () => logger.messages(),
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
