import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

const skip = spawnSync('flock', ['--help']).error === undefined ? false : 'needs flock'

suite('acquire_fs_lock', { skip }, () => {
  test('leaves a file alone while a writer has locked it, and reads its neighbours', async () => {
    await using tail = await TailHarness.create()
    const locked = tail.path('app.log')
    await writeFile(locked, 'one\n')
    const writer = spawn('flock', ['-x', locked, 'sh', '-c', 'echo locked; read line'])
    await once(writer.stdout, 'data')
    await tail.start({ acquire_fs_lock: true })
    await appendFile(tail.path('b.log'), 'neighbour\n')
    await tail.untilRecords(1)
    await tail.polls(20)
    assert.deepEqual(tail.bodies, ['neighbour'])
    writer.stdin.end()
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['neighbour', 'one'])
  })

  test('gives its own lock back', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    await tail.start({ acquire_fs_lock: true })
    await tail.untilRecords(1)
    await tail.until('the lock', () => {
      return spawnSync('flock', ['-x', '-n', tail.path('app.log'), 'true']).status === 0
    })
  })
})
