/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: a reference of the configuration looks like that */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { constants as fs } from 'node:fs'
import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remora-main-'))
})
after(() => rm(directory, { recursive: true }))

/** The real process. */
function remora(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { cwd: directory })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    texts.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    texts.stderr += chunk
  })
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }))
  return { child, exited, texts, signal: () => child.signalCode }
}

async function until(child: ChildProcess, texts: { stderr: string }, wanted: string) {
  while (!texts.stderr.includes(wanted)) {
    assert.ok(child.stderr)
    if (child.exitCode !== null) assert.fail(`ended before it said ${wanted}: ${texts.stderr}`)
    await Promise.race([once(child.stderr, 'data'), once(child, 'close')])
  }
}

async function makePipe(name: string): Promise<string> {
  const path = join(directory, name)
  const [code] = (await once(spawn('mkfifo', [path]), 'exit')) as [number]
  assert.equal(code, 0)
  return path
}

/** Opens a pipe for writing as soon as somebody has opened it for reading. */
async function openWhenRead(path: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, fs.O_WRONLY | fs.O_NONBLOCK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
    }
  }
}

async function configFile(name: string, port: number): Promise<string> {
  const path = join(directory, name)
  await writeFile(
    path,
    `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {debug: }
service:
  telemetry: {metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}
`,
  )
  return path
}

suite('a configuration that comes through a pipe', () => {
  const text = 'receivers: {otpl: }'

  test('is read from a named one, whenever somebody writes it', async () => {
    const pipe = await makePipe('named')
    const { exited } = remora('validate', '--config', pipe)
    const writer = await openWhenRead(pipe)
    await writer.writeFile(text)
    await writer.close()
    const { code, stderr } = await exited
    assert.equal(code, 1)
    assert.match(stderr, /named:1:13: receivers.otpl: there is no receiver "otpl"/)
  })

  test('is read from standard input', async () => {
    const { child, exited } = remora('validate', '--config', '/dev/stdin')
    child.stdin.end(text)
    assert.match((await exited).stderr, /stdin:1:13: receivers.otpl: there is no receiver "otpl"/)
  })

  test('is read from a substitution of the shell', async () => {
    const script = `"$0" "$1" validate --config <(printf %s "$2")`
    const child = spawn('bash', ['-c', script, process.execPath, main, text])
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    await once(child, 'close')
    assert.match(stderr, /fd\/\d+:1:13: receivers.otpl: there is no receiver "otpl"/)
  })

  test('is read up to the size that a file may have', async () => {
    const { child, exited } = remora('validate', '--config', '/dev/stdin')
    child.stdin.on('error', () => {})
    child.stdin.write(Buffer.alloc(5 * 1024 * 1024, '#'))
    assert.match((await exited).stderr, /cannot read "\/dev\/stdin": it is larger than 4 MiB/)
  })

  test('is not read from within a configuration', async () => {
    const pipe = await makePipe('within')
    const { stderr } = await remora('validate', '--config', `yaml:receivers: \${file:${pipe}}`)
      .exited
    assert.match(stderr, /cannot read ".*within": it is a pipe, and not a file/)
  })
})

suite('the process', () => {
  const rows: readonly { args: readonly string[]; code: number; stderr: RegExp }[] = [
    { args: [], code: 2, stderr: /^remora takes/ },
    { args: ['--confg'], code: 2, stderr: /did you mean "--config"\?/ },
    {
      args: ['--config', 'nope.yaml'],
      code: 1,
      stderr: /^cannot read "nope.yaml": no such file\n/,
    },
    { args: ['--config', '.'], code: 1, stderr: /^cannot read "\.": it is a directory\n/ },
    { args: ['--config', '/dev/zero'], code: 1, stderr: /it is a device, and not a file/ },
    { args: ['--config', 'env:REMORA_UNSET'], code: 1, stderr: /is not set/ },
    { args: ['--config', 'yaml:receivers: {otpl: }'], code: 1, stderr: /there is no receiver/ },
  ]
  for (const { args, code, stderr } of rows) {
    test(`remora ${args.join(' ')} exits with ${code}`, async () => {
      const ended = await remora(...args).exited
      assert.equal(ended.code, code)
      assert.match(ended.stderr, stderr)
      assert.equal(ended.stdout, '')
    })
  }

  test('does not mind a reader that goes away', async () => {
    const { child, exited } = remora('schema')
    child.stdout.destroy()
    const { code, stderr } = await exited
    assert.deepEqual([code, stderr], [0, ''])
  })

  test('ends when nobody reads what it would follow for ever', { timeout: 30_000 }, async (t) => {
    const path = join(directory, 'followed.log')
    await writeFile(path, 'first\n')
    const { child, exited } = remora('tail', '-f', path)
    t.after(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    await writeFile(path, 'first\nsecond\nthird\n')
    assert.equal((await exited).code, 0)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`runs until ${signal} and exits with 0`, async () => {
      const { child, exited, texts } = remora('--config', await configFile('run.yaml', 0))
      await until(child, texts, '"ready"')
      child.kill(signal)
      const { code, stderr } = await exited
      assert.equal(code, 0, stderr)
      assert.match(stderr, /"msg":"stopped"/)
    })
  }

  test('a signal before anything is started ends it with 0', async () => {
    const pipe = await makePipe('starting')
    const { child, exited } = remora('--config', pipe)
    const writer = await openWhenRead(pipe)
    child.kill('SIGTERM')
    const { code, stderr } = await exited
    await writer.close()
    assert.deepEqual([code, stderr], [0, ''])
  })

  test('so it does where remora is process 1, and a signal without a handler is lost', async (t) => {
    if (spawnSync('unshare', ['-pf', 'true']).status !== 0) {
      t.skip('no new process namespace can be made here')
      return
    }
    const pipe = await makePipe('first')
    const child = spawn('unshare', ['-pf', process.execPath, main, '--config', pipe])
    const writer = await openWhenRead(pipe)
    const tasks = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
    process.kill(Number(tasks), 'SIGTERM')
    const [code] = await once(child, 'exit')
    await writer.close()
    assert.equal(code, 0)
  })

  test('a signal ends a command that only looks, as it ends other programs', async () => {
    const pipe = await makePipe('looking')
    const { child, exited, signal } = remora('validate', '--config', pipe)
    const writer = await openWhenRead(pipe)
    child.kill('SIGINT')
    const { code } = await exited
    await writer.close()
    assert.deepEqual([code, signal()], [null, 'SIGINT'])
  })

  test('exits with 1 and names the port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { code, stderr } = await remora('--config', await configFile('taken.yaml', port)).exited
    server.close()
    assert.equal(code, 1)
    assert.ok(stderr.includes(`127.0.0.1:${port}`), stderr)
    assert.match(stderr, /"msg":"cannot start"/)
  })
})
