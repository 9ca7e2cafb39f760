import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { EchoServer } from '../support/http2/echo-server.ts'
import { grpcPaths } from '../support/otlp-sink.ts'
import { startReceiver } from '../support/receiver.ts'

/**
 * The conformance suite for servers, where somebody has installed it: `go install` of the package below, and its folder
 * in PATH. Absent, the test is skipped, also in CI: server-violations.test.ts checks the same rules with frames of our
 * own.
 */
const install = 'go install github.com/summerwind/h2spec/cmd/h2spec@latest'
const present = spawnSync('h2spec', ['--version'], { timeout: 20_000 }).status === 0
const skip = present ? false : `h2spec is not here: ${install}`

test('h2spec finds nothing in the server', { skip, timeout: 120_000 }, async (t) => {
  const server = new EchoServer({ answer: Buffer.from('an answer with a body') })
  t.after(() => server.close())
  await findsNothing(await server.listen(), '/')
})

test('h2spec finds nothing in the receiver', { skip, timeout: 120_000 }, async () => {
  await using started = await startReceiver({ http: null })
  await findsNothing(started.grpcPort, grpcPaths.logs)
})

async function findsNothing(port: number, path: string): Promise<void> {
  const arguments_ = ['-h', '127.0.0.1', '-p', String(port), '-P', path, '-o', '3']
  const { stdout } = await promisify(execFile)('h2spec', arguments_, { timeout: 100_000 }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? String(error) }),
  )
  const [, tests, passed] = /(\d+) tests, (\d+) passed/.exec(stdout) ?? []
  assert.ok(Number(tests) > 100 && passed === tests, stdout)
}
