import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { until } from '../support/remora-process.ts'
import { StreamProcess } from '../support/stream-process.ts'

const sh = (script: string): string[] => ['/bin/sh', '-c', script]
const node = (script: string): string[] => [process.execPath, '-e', script]

suite('remora exec passes on', () => {
  const rows: readonly {
    name: string
    command: readonly string[]
    want: number
    level: string | undefined
  }[] = [
    { name: 'zero', command: ['true'], want: 0, level: 'info' },
    { name: 'an exit code', command: sh('exit 3'), want: 3, level: 'error' },
    { name: 'a death by SIGKILL', command: sh('kill -9 $$'), want: 137, level: 'error' },
    {
      name: 'a death by SIGTERM of its own',
      command: sh('kill -15 $$'),
      want: 143,
      level: 'error',
    },
    {
      name: 'that there is no such command',
      command: ['/no/such/command'],
      want: 127,
      level: undefined,
    },
    {
      name: 'that a file is not executable',
      command: ['/etc/passwd'],
      want: 126,
      level: undefined,
    },
  ]
  const levelsOfEnd = ({ log }: StreamProcess) =>
    log.filter(({ msg }) => msg === 'the application has ended').map((line) => line['level'])

  for (const { name, command, want, level } of rows) {
    test(name, async (t) => {
      const remora = await StreamProcess.start(t, command)
      assert.equal(await remora.end(), want, remora.stderr)
      assert.deepEqual(levelsOfEnd(remora), level === undefined ? [] : [level])
    })
  }

  for (const { name, end, level } of [
    { name: 'an end that was asked for', end: 'exit 9', level: 'info' },
    { name: 'a crash instead of the end that was asked for', end: 'kill -ABRT $$', level: 'error' },
  ]) {
    test(`${name}, and calls it ${level}`, async (t) => {
      const script = `trap '${end}' TERM; echo ready; while :; do sleep 0.02; done`
      const remora = await StreamProcess.start(t, sh(script))
      await remora.says('ready')
      remora.child.kill('SIGTERM')
      assert.equal(await remora.end(), end === 'exit 9' ? 9 : 134)
      assert.deepEqual(levelsOfEnd(remora), [level])
    })
  }

  test('the environment as it was', async (t) => {
    const remora = await StreamProcess.start(t, ['env'], { env: { MALLOC_TRIM_THRESHOLD_: '77' } })
    assert.equal(await remora.end(), 0)
    assert.deepEqual(
      remora.output.split('\n').filter((line) => /^(MALLOC_|NODE_COMPILE|REMORA_OWN)/.test(line)),
      ['MALLOC_TRIM_THRESHOLD_=77'],
    )
  })

  for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) {
    test(signal, async (t) => {
      const name = signal.slice(3)
      const script = `trap 'echo got; exit 9' ${name}; echo ready; while :; do sleep 0.02; done`
      const remora = await StreamProcess.start(t, sh(script))
      await remora.says('ready')
      remora.child.kill(signal)
      assert.equal(await remora.end(), 9)
      assert.deepEqual(await remora.bodies(), ['ready', 'got'])
    })
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal}, and the last words`, async (t) => {
      const script = `process.on('${signal}', () => setTimeout(() => { console.log('bye'); process.exit(5) }, 100)); console.log('ready'); setInterval(() => {}, 1000)`
      const remora = await StreamProcess.start(t, node(script))
      await remora.says('ready')
      remora.child.kill(signal)
      assert.equal(await remora.end(), 5)
      assert.deepEqual(await remora.bodies(), ['ready', 'bye'])
    })
  }
})

suite('remora exec takes in', () => {
  test('a flood from both outputs: every line once, in order, and the copy byte by byte', async (t) => {
    const script = `
      const fs = require('node:fs')
      for (let i = 0; i < 40000; i++) { fs.writeSync(1, 'out ' + i + '\\n'); if (i % 4 === 0) fs.writeSync(2, 'err ' + i + '\\n') }`
    const remora = await StreamProcess.start(t, node(script))
    assert.equal(await remora.end(), 0)
    const out = await remora.bodies('stdout')
    const err = await remora.bodies('stderr')
    assert.deepEqual(
      out,
      Array.from({ length: 40_000 }, (_, i) => `out ${i}`),
    )
    assert.deepEqual(
      err,
      Array.from({ length: 10_000 }, (_, i) => `err ${i * 4}`),
    )
    assert.equal(remora.output, out.map((line) => `${line}\n`).join(''))
    const { received, delivered, dropped } = remora.ledger
    assert.deepEqual(
      { received, delivered, dropped },
      { received: 50_000, delivered: 50_000, dropped: {} },
    )
  })

  test('bytes that are no text: the copy is exact', async (t) => {
    const script = `
      const bytes = Buffer.alloc(300000); for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7919) % 256
      require('node:fs').writeSync(1, bytes)`
    const remora = await StreamProcess.start(t, node(script))
    assert.equal(await remora.end(), 0)
    const want = Buffer.alloc(300_000)
    for (let i = 0; i < want.length; i++) want[i] = (i * 7919) % 256
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    assert.equal(hash(Buffer.concat(remora.stdout)), hash(want))
  })

  test('the process and the stream of each line', async (t) => {
    const remora = await StreamProcess.start(t, sh('echo $$; echo no >&2'))
    assert.equal(await remora.end(), 0)
    const [first, second] = (await remora.records()).toSorted((a, b) =>
      String(a.attributes['log.iostream']) < String(b.attributes['log.iostream']) ? 1 : -1,
    )
    assert.equal(first?.attributes['log.iostream'], 'stdout')
    assert.equal(second?.attributes['log.iostream'], 'stderr')
    assert.deepEqual(first?.resource, {
      'process.pid': Number(first?.body),
      'process.command': '/bin/sh',
      'process.executable.name': 'sh',
    })
  })

  test('a line without an end, and /dev/stdout as a file', async (t) => {
    const remora = await StreamProcess.start(t, sh('echo a > /dev/stdout; printf b'))
    assert.equal(await remora.end(), 0)
    assert.deepEqual(await remora.bodies(), ['a', 'b'])
  })

  test('what comes after stdout was closed', async (t) => {
    const remora = await StreamProcess.start(
      t,
      sh('echo a; exec 1>&-; sleep 0.2; echo b >&2; exit 4'),
    )
    assert.equal(await remora.end(), 4)
    assert.deepEqual(await remora.bodies(), ['a', 'b'])
  })

  test('the output of a child that outlives it, until it is quiet', async (t) => {
    const remora = await StreamProcess.start(t, sh('(sleep 0.3; echo late; sleep 30) & echo first'))
    const startMs = performance.now()
    assert.equal(await remora.end(), 0)
    assert.ok(performance.now() - startMs < 20_000)
    assert.deepEqual(await remora.bodies(), ['first', 'late'])
    assert.match(remora.stderr, /another process holds the output open/)
  })
})

suite('remora exec', () => {
  test('kills an application that ignores SIGTERM, with all that it has started', async (t) => {
    const script = `trap '' TERM; (trap '' TERM; while :; do sleep 0.05; done) & echo ready; while :; do sleep 0.05; done`
    const receivers = '{ application: { stop_timeout: 300ms } }'
    const remora = await StreamProcess.start(t, sh(script), { receivers })
    await remora.says('ready')
    remora.child.kill('SIGTERM')
    assert.equal(await remora.end(), 137)
    assert.deepEqual(await remora.bodies(), ['ready'])
  })

  test('starts it again after a failure, as often as it may', async (t) => {
    const receivers =
      '{ application: { restart: on-failure, restart_interval: 10ms, max_restarts: 2 } }'
    const remora = await StreamProcess.start(t, sh('echo run; exit 6'), { receivers })
    assert.equal(await remora.end(), 6)
    assert.deepEqual(await remora.bodies(), ['run', 'run', 'run'])
  })

  test('starts it again always, until SIGTERM', async (t) => {
    const receivers = '{ application: { restart: always, restart_interval: 10ms } }'
    const remora = await StreamProcess.start(t, sh('echo run'), { receivers })
    await until('three runs', () => remora.output.split('\n').length > 3)
    remora.child.kill('SIGTERM')
    assert.ok([0, 143].includes((await remora.end()) ?? -1))
  })

  test('goes on when nobody reads the copy any more', async (t) => {
    const script = `for (let i = 0; i < 20000; i++) require('node:fs').writeSync(1, 'line ' + i + '\\n')`
    const remora = await StreamProcess.start(t, node(script))
    remora.child.stdout?.destroy()
    assert.equal(await remora.end(), 0)
    assert.equal((await remora.bodies()).length, 20_000)
  })

  test('does not hold the application up for ever when the backend is down, and counts what it drops', async (t) => {
    const script = `
      const line = 'x'.repeat(1000) + '\\n'
      for (let i = 0; i < 40000; i++) require('node:fs').writeSync(1, line)
      console.error('done')`
    const remora = await StreamProcess.start(t, node(script), {
      receivers: '{ application: { max_block: 200ms, tee: false } }',
      exporter:
        "otlp_grpc: { endpoint: '127.0.0.1:9', tls: { insecure: true }, sending_queue: { queue_size: 10 } }",
      service: '  shutdown_timeout: 2s',
    })
    assert.equal(await remora.end(), 0)
    const { received, delivered, dropped, rejected } = remora.ledger as {
      received: number
      delivered: number
      dropped: Record<string, number>
      rejected: Record<string, number>
    }
    assert.equal(delivered, 0)
    assert.ok((dropped['queue_full'] ?? 0) > 20_000, JSON.stringify(dropped))
    const sum = (counts: Record<string, number>): number =>
      Object.values(counts).reduce((total, count) => total + count, 0)
    assert.equal(received, sum(dropped) + sum(rejected))
    // Each line is lost once: what was refused and offered again is counted as rejected besides.
    assert.equal(sum(dropped), 40_001)
  })

  test('says at once what is wrong with its receiver and the standard input', () => {
    const yaml =
      'yaml:{receivers: {stdin: {}, application/app: {}}, exporters: {debug: {}}, service: {pipelines: {logs: {receivers: [stdin, application/app], exporters: [debug]}}}}'
    const { status, stderr } = spawnSync(
      process.execPath,
      ['src/main.ts', 'exec', '--config', yaml, '--', 'true'],
      { encoding: 'utf8' },
    )
    assert.equal(status, 1)
    assert.match(stderr, /reads standard input, and so does receiver "stdin"/)
  })
})
