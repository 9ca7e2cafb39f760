import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { EchoServer } from '../support/http2/echo-server.ts'

/**
 * The conformance suite for servers, where somebody has installed it:
 * `go install github.com/summerwind/h2spec/cmd/h2spec@latest`, and its folder in PATH. Absent, the test is skipped, also
 * in CI: server-violations.test.ts checks the same rules with frames of our own.
 */
const present = spawnSync('h2spec', ['--version'], { timeout: 20_000 }).status === 0

test('h2spec finds nothing', {
  skip: present
    ? false
    : 'h2spec is not here: go install github.com/summerwind/h2spec/cmd/h2spec@latest',
}, async () => {
  const server = new EchoServer()
  const port = await server.listen()
  const { stdout } = await promisify(execFile)(
    'h2spec',
    ['-h', '127.0.0.1', '-p', String(port), '-o', '3'],
    { timeout: 120_000 },
  ).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? String(error) }))
  const summary = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout)
  assert.ok(summary !== null && summary[4] === '0' && summary[1] === summary[2], stdout)
  await server.close()
})
