import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

function shell(command: string) {
  const options = {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, MAIN: main },
  } as const
  return spawnSync('/bin/sh', ['-c', command], options)
}

suite('output that nobody takes', () => {
  test('on a full disk is told, and the exit code says so', {
    skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
  }, () => {
    const { status, stderr } = shell('"$NODE" "$MAIN" components > /dev/full')
    assert.match(stderr, /^\{.*cannot write to stdout or stderr.*ENOSPC.*\}\n$/)
    assert.equal(status, 1)
  })

  test('because its reader has gone is no error', () => {
    const { status, stderr } = shell('{ "$NODE" "$MAIN" schema; echo "code $?" >&2; } | head -c 1')
    assert.deepEqual([status, stderr], [0, 'code 0\n'])
  })
})
