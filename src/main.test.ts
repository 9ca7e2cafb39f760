import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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
  return { child, exited, texts }
}

async function until(child: ChildProcess, texts: { stderr: string }, wanted: string) {
  while (!texts.stderr.includes(wanted)) {
    assert.ok(child.stderr)
    if (child.exitCode !== null) assert.fail(`ended before it said ${wanted}: ${texts.stderr}`)
    await Promise.race([once(child.stderr, 'data'), once(child, 'close')])
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
    { args: ['--config', '/dev/zero'], code: 1, stderr: /it is larger than 4 MiB/ },
    { args: ['--config', 'env:REMORA_UNSET'], code: 1, stderr: /is not set/ },
    { args: ['--config', 'yaml:receivers: {kafka: }'], code: 1, stderr: /there is no receiver/ },
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
