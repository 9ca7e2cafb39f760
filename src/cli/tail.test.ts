import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { systemClock } from '../component/clock.ts'
import { loadRegistry } from '../components.ts'
import { cli } from './cli.ts'
import type { Io } from './io.ts'

const access = (path: string, status = 200) =>
  `203.0.113.9 - - [21/Nov/2026:10:15:30 +0100] "GET ${path} HTTP/1.1" ${status} 1`
const shownAccess = (path: string, level = 'INFO ', status = 200) =>
  `2026-11-21T09:15:30.000Z  ${level}  ${access(path, status)}
    client.address=203.0.113.9  http.request.method=GET  url.path=${path}  network.protocol.name=http
    network.protocol.version=1.1  http.response.status_code=${status}  http.response.body.size=1
`

interface Run {
  code: number
  stdout: string
  stderr: string
}

/** Of commands that go on until a signal. */
const ends: (() => void)[] = []

async function run(args: readonly string[], io: Partial<Io> = {}, out = blank()): Promise<Run> {
  const all: Io = {
    env: {},
    stdout: (text) => {
      out.stdout += text
    },
    stderr: (text) => {
      out.stderr += text
    },
    readFile: () => assert.fail('no file is named'),
    loadRegistry,
    ...io,
  }
  const control = {
    clock: systemClock,
    leaveSignals: () => {},
    onSignal: (end: () => void) => ends.push(end),
  }
  out.code = await cli(['tail', ...args], all, control as never)
  return out
}

function blank(): Run {
  return { code: -1, stdout: '', stderr: '' }
}

async function inDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'remora-tail-cli-'))
  try {
    await use(join(directory, 'app.log'))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

suite('remora tail', () => {
  test('shows time, level, body and attributes, and why a line is not parsed', async () => {
    await inDirectory(async (path) => {
      await writeFile(path, `${access('/a')}\nhello\n${access('/b', 502)}`)
      const { code, stdout, stderr } = await run([path, '--preset', 'apache_access'])
      assert.equal(
        stdout,
        `${shownAccess('/a')}-                         -      hello
    not parsed: apache_access: it has no time such as [21/Nov/2026:10:15:30 +0100]
${shownAccess('/b', 'ERROR', 502)}`,
      )
      assert.equal(stderr, '3 records, 1 not parsed\n')
      assert.equal(code, 0)
    })
  })

  test('reads standard input, puts lines together, and says what auto chose', async () => {
    const lines = ['WARNING:shop.cart:a', 'Traceback (most recent call last):', 'KeyError: 7', '']
    const { stdout, stderr } = await run(['-'], { stdin: Readable.from([lines.join('\n')]) })
    assert.equal(
      stdout,
      `auto: read as python, confidence 0.75: 3 of the first 3 lines fit
-                         WARN   WARNING:shop.cart:a
                                 Traceback (most recent call last):
                                 KeyError: 7
    log.logger=shop.cart  exception.type=KeyError  exception.message=7
    exception.stacktrace="Traceback (most recent call last):\\nKeyError: 7"
`,
    )
    assert.equal(stderr, '1 record, all parsed\n')
  })

  test('says that there are no records', async () => {
    const { stdout, stderr } = await run(['-'], { stdin: Readable.from(['']) })
    assert.equal(stdout, '')
    assert.equal(stderr, 'no records\n')
  })

  test('keeps to what auto chose by many lines when a few others follow', async () => {
    const line = '{"level":"info","msg":"up"}\n'
    const stdin = Readable.from([line.repeat(4), 'bye\nbye\n', line])
    const { stdout } = await run(['-'], { stdin })
    assert.equal(stdout.match(/^auto: /gm)?.length, 1, stdout)
    assert.match(stdout, /not parsed: auto: json: it is not JSON/)
  })

  test('says what auto chose once, as long as it chooses the same, and shows where a value ends', async () => {
    const head = '2026-11-21 10:15:30,123 [main] ERROR com.acme.Shop - failed\n'
    const stdin = Readable.from([
      `${head}java.io.IOException: no "x"\n\tat a.B.c(B.java:1)\n${head}`,
    ])
    const { stdout } = await run(['-'], { stdin })
    assert.equal(stdout.match(/^auto: /gm)?.length, 1)
    assert.match(stdout, /exception\.message="no \\"x\\""$/m)
    const map = Readable.from(['{"a":{"b":"c d"},"e":[1]}\n'])
    assert.match((await run(['-'], { stdin: map })).stdout, / {4}a=\{"b":"c d"\} {2}e=\[1\]$/m)
  })

  test('shows the last records of a file of which auto sees the first lines', async () => {
    await inDirectory(async (path) => {
      const many = Array.from({ length: 30_000 }, (_, i) => access(`/${i}`))
      await writeFile(path, `${many.join('\n')}\n`)
      const { stdout, stderr } = await run([path, '-n', '2'])
      const why = '100 of the first 100 lines fit, and nginx_access as well'
      assert.equal(
        stdout,
        `auto: read as apache_access, confidence 0.99: ${why}\n${shownAccess('/29998')}${shownAccess('/29999')}`,
      )
      assert.equal(stderr, '2 records, all parsed\n')
    })
  })

  test('colours only for a terminal, and not with NO_COLOR; never what a log would do to one', async () => {
    const terminal = { columns: 80 }
    const coloured = async (io: Partial<Io>) => {
      const stdin = Readable.from(['level=error a="\\u001b[2J"\nlevel=x\n\u001b]0;t\u0007\n'])
      return (await run(['-', '--preset', 'logfmt'], { stdin, ...io })).stdout
    }
    const plain = await coloured({})
    assert.equal(
      plain,
      `-                         ERROR  level=error a="\\u001b[2J"
    level=error  a=\\x1b[2J
-                         -      level=x
    not parsed: logfmt: it has less than two pairs such as key=value
-                         -      \\x1b]0;t\\x07
    not parsed: logfmt: it is more than pairs such as key=value, or a key comes twice
`,
    )
    assert.equal(await coloured({ terminal, env: { NO_COLOR: '1' } }), plain)
    const text = await coloured({ terminal })
    assert.equal(stripVTControlCharacters(text), plain)
    assert.ok(text.includes('\u001b[31mERROR'))
    assert.ok(text.includes('\u001b[31mnot parsed: logfmt'))
  })

  test('reads as the receiver of a configuration that includes the file, operators and all', async () => {
    await inDirectory(async (path) => {
      await writeFile(path, '{"a":1}\n{"a":2}\nx\n')
      const config = (include: string) =>
        `yaml:{receivers: {file_log: {include: ["${include}"], operators: [{type: json_parser}, {type: filter, expr: "attributes.a == 1"}]}, file_log/2: {include: [/none]}}, exporters: {debug: {}}, service: {pipelines: {logs: {receivers: [file_log, file_log/2], exporters: [debug]}}}}`
      const { stdout } = await run([path, '--config', config(path.replace('app', '*'))])
      assert.match(
        stdout,
        /^-\s+-\s+\{"a":2\}\n {4}a=2\n-\s+-\s+x\n {4}not parsed: json_parser: it is not JSON\n/,
      )
      const other = await run([path, '--config', config('/other')])
      assert.equal(other.code, 1)
      assert.equal(other.stderr, `none of the 2 file_log receivers includes ${path}\n`)
    })
  })

  test('shows the resource where it changes, and large numbers as they are', async () => {
    await inDirectory(async (path) => {
      await writeFile(path, '{"pod":"a","id":9007199254740993}\n{"pod":"a"}\n{"pod":"b"}\n')
      const config = `yaml:{receivers: {file_log: {include: ["${path}"], resource: {service.name: shop}, operators: [{type: json_parser}, {type: move, from: attributes.pod, to: 'resource["k8s.pod.name"]'}]}}, exporters: {debug: {}}, service: {pipelines: {logs: {receivers: [file_log], exporters: [debug]}}}}`
      const { stdout } = await run([path, '--config', config])
      assert.equal(
        stdout.replaceAll(/^- .*$/gm, 'RECORD'),
        `resource
    service.name=shop  k8s.pod.name=a
RECORD
    id=9007199254740993
RECORD
resource
    service.name=shop  k8s.pod.name=b
RECORD
`,
      )
    })
  })

  const cri = (text: string) => `2026-11-21T09:15:30.123456789Z stdout F ${text}\n`
  const docker = (log: string) => `${JSON.stringify({ log, stream: 'stdout', time: 'x' })}\n`
  const utf16 = (text: string, mark = '') => Buffer.from(mark + text, 'utf16le')
  const wrapped: readonly (readonly [string, string | Buffer, RegExp | undefined])[] = [
    ['CRI', cri('a=1 b=2').repeat(3), /^the lines are those of a container runtime \(CRI\): put/m],
    ['docker', docker('a=1\n').repeat(2), /^the lines are those of docker: put an operator "con/m],
    ['UTF-16', utf16('hello\nworld\n'), /^the text is UTF-16: set encoding: utf-16le, and parse/m],
    ['a mark', utf16('é', '\ufeff'), /^the text is UTF-16: set encoding: utf-16le/m],
    ['UTF-16BE', utf16('hello\n').swap16(), /^the text is UTF-16: set encoding: utf-16be/m],
    ['plain text', 'hello\nworld\n', undefined],
    ['JSON', '{"log":"x"}\n', undefined],
    ['some zeros', 'a\0\0\0b\n', undefined],
  ]
  for (const [name, content, hint] of wrapped) {
    test(`says what to configure for ${name}, if anything`, async () => {
      await inDirectory(async (path) => {
        await writeFile(path, content)
        const { stdout } = await run([path])
        assert.match(stdout, hint ?? /^auto: /m)
        assert.equal(/container|UTF-16/.test(stdout), hint !== undefined, stdout)
      })
    })
  }

  test('follows a file, also when it is cut', async () => {
    await inDirectory(async (path) => {
      await writeFile(path, 'a=1 b=1\n')
      const out = blank()
      const running = run([path, '--preset', 'logfmt', '-f'], {}, out)
      const shows = async (text: string) => {
        for (let tries = 0; !out.stdout.includes(text); tries++) {
          assert.ok(tries < 400, `"${text}" in ${JSON.stringify(out.stdout)}`)
          await new Promise((resolve) => setTimeout(resolve, 25))
        }
      }
      await shows('a=1  b=1')
      await appendFile(path, 'a=2 b=2\na=3 ')
      await shows('a=2  b=2')
      await appendFile(path, 'b=3\n')
      await shows('b=3')
      await truncate(path)
      await shows('the file was cut')
      await appendFile(path, 'a=4 b=4\n')
      await shows('a=4  b=4')
      for (const end of ends) end()
      await running
      assert.equal(out.stderr, '4 records, all parsed\n')
    })
  })

  const archives = [
    ['zcat', gzipSync('x\n')],
    ['zstdcat', zstdCompressSync('x\n')],
  ] as const
  for (const [program, bytes] of archives) {
    test(`tail of what ${program} reads says so`, () =>
      inDirectory(async (path) => {
        await writeFile(path, bytes)
        const { stderr, code } = await run([path])
        const instead = `${program} ${path} | remora tail -`
        assert.equal(stderr, `remora: cannot read ${path}: it is compressed; write ${instead}\n`)
        assert.equal(code, 1)
      }))
  }

  const wrong: readonly (readonly [readonly string[], RegExp, number])[] = [
    [[], /^remora: say which file: tail FILE, or tail - for standard input\n/, 2],
    [['a', 'b'], /^remora: "b" is one word too many\n/, 2],
    [['a', '-n', '0'], /^remora: --lines must be a number from 1 to 9999999, not "0"\n/, 2],
    [
      ['a', '--preset', 'ngin'],
      /^remora: there is no preset "ngin"; did you mean "nginx_access"\?\n/,
      1,
    ],
    [['/no/such/file'], /^remora: cannot read \/no\/such\/file: no such file\n/, 1],
    [['/tmp'], /^remora: cannot read \/tmp: it is a directory\n/, 1],
  ]
  for (const [args, message, code] of wrong) {
    test(`tail ${args.join(' ')}: ${message.source}`, async () => {
      const { stderr, code: got } = await run(args)
      assert.match(stderr, message)
      assert.equal(got, code)
    })
  }
})
