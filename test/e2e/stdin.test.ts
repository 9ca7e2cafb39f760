import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { until } from '../support/remora-process.ts'
import { StreamProcess } from '../support/stream-process.ts'

suite('remora reads standard input', () => {
  const rows: readonly {
    name: string
    input: Buffer | string
    options?: string
    want: readonly unknown[]
  }[] = [
    { name: 'lines', input: 'a\nb\n', want: ['a', 'b'] },
    { name: 'a last line without an end', input: 'a\nb', want: ['a', 'b'] },
    { name: 'CRLF', input: 'a\r\nb\r\n', want: ['a', 'b'] },
    { name: 'nothing', input: '', want: [] },
    {
      name: 'bytes that are not UTF-8, replaced',
      input: Buffer.from([0x61, 0xff, 0x62, 0x0a]),
      want: ['a\ufffdb'],
    },
    {
      name: 'bytes that are not UTF-8, as they are',
      input: Buffer.from([0x61, 0xff, 0x62, 0x0a]),
      options: 'encoding: utf-8-raw',
      want: [Buffer.from([0x61, 0xff, 0x62])],
    },
    {
      name: 'UTF-16',
      input: Buffer.from('ä\nö\n', 'utf16le'),
      options: 'encoding: utf-16le',
      want: ['ä', 'ö'],
    },
    {
      name: 'records of several lines',
      input: '1 a\n  at b\n2 c\n',
      options: "multiline: { line_start_pattern: '^\\d' }",
      want: ['1 a\n  at b', '2 c'],
    },
    {
      name: 'a line over max_log_size, split',
      input: `${'x'.repeat(50)}\ny\n`,
      options: 'max_log_size: 20',
      want: ['x'.repeat(20), 'x'.repeat(20), 'x'.repeat(10), 'y'],
    },
    {
      name: 'a line over max_log_size, truncated',
      input: `${'x'.repeat(50)}\ny\n`,
      options: 'max_log_size: 20, max_log_size_behavior: truncate',
      want: ['x'.repeat(20), 'y'],
    },
    {
      name: 'what operators hold back',
      input: 'a \nb \nc\n',
      options:
        'operators: [{ type: recombine, combine_field: body, is_last_entry: \'body == "z"\' }]',
      want: ['a\nb\nc'],
    },
  ]
  for (const { name, input, options = '', want } of rows) {
    test(`${name}, and ends with it`, async (t) => {
      const remora = await StreamProcess.start(t, undefined, {
        receivers: `{ stdin: { ${options} } }`,
        use: 'stdin',
      })
      remora.child.stdin?.end(input)
      assert.equal(await remora.end(), 0, remora.stderr)
      assert.deepEqual(want.length === 0 ? [] : await remora.bodies(), want)
    })
  }

  test('a line of 10 MB in pieces of max_log_size, in little memory, and the copy whole', async (t) => {
    const remora = await StreamProcess.start(t, undefined, {
      receivers: '{ stdin: { tee: true } }',
      use: 'stdin',
    })
    let peakKib = 0
    const watch = setInterval(() => {
      peakKib = Math.max(peakKib, residentKib(remora.child.pid as number))
    }, 100)
    t.after(() => clearInterval(watch))
    const input = Buffer.alloc(10_000_001, 'x')
    input[10_000_000] = 0x0a
    remora.child.stdin?.end(input)
    assert.equal(await remora.end(), 0, remora.stderr)
    assert.equal(remora.ledger['received'], 10)
    assert.ok(Buffer.concat(remora.stdout).equals(input))
    assert.ok(peakKib < 300 * 1024, `${peakKib} KiB`)
  })

  test('and copies it beside the debug exporter, which writes there too', async (t) => {
    const remora = await StreamProcess.start(t, undefined, {
      receivers: '{ stdin: { tee: true } }',
      use: 'stdin',
      exporter: 'debug: { verbosity: basic }',
    })
    remora.child.stdin?.end(Buffer.alloc(20_000_000, 'x'))
    assert.equal(await remora.end(), 0, remora.stderr)
    assert.ok(Buffer.concat(remora.stdout).length > 20_000_000)
  })

  test('from a file, and at /dev/null says that nothing came', () => {
    const config =
      'yaml:{receivers: {stdin: {}}, exporters: {debug: {verbosity: normal}}, service: {telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [stdin], exporters: [debug]}}}}'
    const run = (from: string) =>
      spawnSync('/bin/sh', ['-c', `exec bin/remora --config "$1" ${from}`, 'sh', config], {
        encoding: 'utf8',
      })
    const file = run('< package.json')
    assert.equal(file.status, 0, file.stderr)
    assert.match(file.stdout, /name.*: .*remora/)
    const empty = run('< /dev/null')
    assert.equal(empty.status, 0)
    assert.match(empty.stderr, /standard input ended without a byte/)
    const closed = run('<&-')
    assert.equal(closed.status, 0)
    const directory = run('< /tmp')
    assert.equal(directory.status, 1)
    assert.match(directory.stderr, /cannot read standard input: it is a directory/)
  })
})

suite('remora with standard input', () => {
  test('says that it reads nothing of a pipe without the receiver', () => {
    const config =
      'yaml:{receivers: {file_log: {include: [package.json], start_at: beginning, exit_when_idle: 1ms}}, exporters: {debug: {}}, service: {telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [file_log], exporters: [debug]}}}}'
    const run = (from: string) =>
      spawnSync('/bin/sh', ['-c', `${from}`, 'sh', config], { encoding: 'utf8' })
    const warning = /standard input is a pipe, and nothing reads it: add the receiver stdin/
    const piped = run('echo hello | bin/remora --config "$1"')
    assert.equal(piped.status, 0, piped.stderr)
    assert.match(piped.stderr, warning)
    assert.doesNotMatch(run('bin/remora --config "$1" < /dev/null').stderr, warning)
  })

  test('reads on after SIGTERM until the input ends', async (t) => {
    const remora = await StreamProcess.start(t, undefined, {
      receivers: '{ stdin: { drain: { quiet_period: 5s } } }',
      use: 'stdin',
    })
    await until('it to be ready', () => remora.log.some(({ msg }) => msg === 'ready'))
    remora.child.stdin?.write('a\n')
    remora.child.kill('SIGTERM')
    await until('the stop', () => remora.log.some(({ msg }) => msg === 'stopping'))
    remora.child.stdin?.end('b\n')
    assert.equal(await remora.end(), 0)
    assert.deepEqual(await remora.bodies(), ['a', 'b'])
  })

  test('goes on after its end when another receiver is there, unless told otherwise', async (t) => {
    const receivers = (more: string): string =>
      `{ stdin: { ${more} }, otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } }`
    const kept = await StreamProcess.start(t, undefined, {
      receivers: receivers(''),
      use: 'stdin, otlp',
    })
    kept.child.stdin?.end('a\n')
    await until('the end', () => kept.stderr.includes('standard input has ended'))
    kept.child.kill('SIGTERM')
    assert.equal(await kept.end(), 0)
    assert.doesNotMatch(kept.stderr, /all input has ended/)
    const ended = await StreamProcess.start(t, undefined, {
      receivers: receivers('exit_on_eof: true'),
      use: 'stdin, otlp',
    })
    ended.child.stdin?.end('a\n')
    assert.equal(await ended.end(), 0)
    assert.deepEqual(await ended.bodies(), ['a'])
  })

  test('lets the producer wait when nothing is taken, and drops nothing', async (t) => {
    const remora = await StreamProcess.start(t, undefined, {
      receivers: '{ stdin: {} }',
      use: 'stdin',
      exporter:
        "otlp_grpc: { endpoint: '127.0.0.1:9', tls: { insecure: true }, sending_queue: { queue_size: 2 } }",
      service: '  shutdown_timeout: 1s',
    })
    const producer = spawn('yes', ['x'.repeat(1000)], { stdio: ['ignore', 'pipe', 'ignore'] })
    t.after(() => producer.kill('SIGKILL'))
    let sent = 0
    producer.stdout.on('data', (bytes: Buffer) => {
      sent += bytes.length
      if (remora.child.stdin?.write(bytes) === false) {
        producer.stdout.pause()
        remora.child.stdin.once('drain', () => producer.stdout.resume())
      }
    })
    await until('the producer to stand still', async () => {
      const before = sent
      await new Promise((resolve) => setTimeout(resolve, 500))
      return sent === before && sent > 1_000_000
    })
    assert.ok(sent < 20_000_000, `${sent} bytes`)
    remora.child.kill('SIGTERM')
    producer.kill('SIGKILL')
    assert.equal(await remora.end(), 0)
    assert.equal((remora.ledger['dropped'] as Record<string, number>)['filtered'], undefined)
  })
})

function residentKib(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(stdout.trim())
}

const python = ['python3', '-c']
const hasPython = spawnSync('python3', ['-c', 'import pty'], { timeout: 20_000 }).status === 0
const skip = hasPython ? false : 'python3 is not here: apt-get install python3'

/** Starts the rest of the arguments with `slave` as standard input, runs `talk`, and ends as they do. */
const launcher = (open: string, talk: string): readonly string[] => [
  ...python,
  `
import fcntl, os, pty, socket, struct, sys, termios, time
${open}
def wait_until_read():
  while struct.unpack('i', fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))[0] > 0:
    time.sleep(0.02)
pid = os.fork()
if pid == 0:
  os.setsid()
  os.dup2(slave, 0)
  os.closerange(3, 64)
  os.execvp(sys.argv[1], sys.argv[1:])
${talk}
os.close(slave)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`,
]
const terminal = 'master, slave = pty.openpty()'
const tcp = `
server = socket.create_server(('127.0.0.1', 0))
master = socket.create_connection(server.getsockname())
slave = server.accept()[0].detach()`

suite('remora with an unusual standard input', { skip }, () => {
  const rows: readonly (readonly [
    name: string,
    open: string,
    talk: string,
    want: readonly string[],
  ])[] = [
    ['a terminal, until ^D', terminal, `os.write(master, b'one\\ntwo\\n\\x04')`, ['one', 'two']],
    [
      'a terminal, a line without an end before ^D',
      terminal,
      `os.write(master, b'one\\ntwo\\x04\\x04')`,
      ['one', 'two'],
    ],
    [
      'a terminal that is closed',
      terminal,
      // What nobody has read yet goes with the terminal.
      `os.write(master, b'one\\ntwo\\n'); time.sleep(0.5); wait_until_read(); os.close(master)`,
      ['one', 'two'],
    ],
    [
      'a TCP connection',
      tcp,
      `master.sendall(b'one\\ntwo'); master.shutdown(socket.SHUT_WR)`,
      ['one', 'two'],
    ],
    [
      'a UNIX socket',
      'master, other = socket.socketpair(); slave = other.detach()',
      `master.sendall(b'one\\n'); time.sleep(0.3); master.sendall(b'two\\n'); master.close()`,
      ['one', 'two'],
    ],
  ]
  for (const [name, open, talk, want] of rows) {
    test(name, async (t) => {
      const options = { receivers: '{ stdin: {} }', use: 'stdin', launcher: launcher(open, talk) }
      const remora = await StreamProcess.start(t, undefined, options)
      remora.child.stdin?.end()
      assert.equal(await remora.end(), 0, remora.stderr)
      assert.deepEqual(await remora.bodies(), want)
    })
  }
})
