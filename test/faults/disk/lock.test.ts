import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lockDirectory } from '../../../src/buffer/disk/directory-lock.ts'
import { openDiskQueue } from '../../../src/buffer/disk/open.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { makeDirectory } from './on-disk.ts'
import { quietEvents, quietLogger, settingsFor } from './queue-support.ts'

const holder = fileURLToPath(new URL('hold-lock.ts', import.meta.url))

function open(directory: string) {
  return openDiskQueue(settingsFor(directory), new FakeClock(), quietLogger, quietEvents)
}

suite('D17: two processes on one directory', () => {
  test('the second refuses, clearly; once the first is killed, it takes over', async (t) => {
    const directory = await makeDirectory(t)
    const first = spawn(process.execPath, [holder, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.after(() => first.kill('SIGKILL'))
    await once(first.stdout, 'data')
    const held = await readdir(directory)
    assert.match(held.sort().join(), /^lock,lock\.[\da-f]{8}\.sock$/)
    await assert.rejects(open(directory), {
      message: `cannot use directory "${directory}": process ${first.pid} uses it`,
    })
    assert.deepEqual((await readdir(directory)).sort(), held, 'the refused one leaves something')
    first.kill('SIGKILL')
    await once(first, 'close')
    const { close } = await open(directory)
    await close()
    assert.deepEqual(await readdir(directory), ['cursor'])
  })

  test('a second queue of the same process refuses as well', async (t) => {
    const directory = await makeDirectory(t)
    const { close } = await open(directory)
    await assert.rejects(open(directory), /process \d+ uses it/)
    await close()
    const again = await open(directory)
    await again.close()
  })

  const stale: readonly { name: string; text: string }[] = [
    { name: 'of an earlier process with our id', text: lockOf(process.pid, '1') },
    { name: 'of a process id that another process has now', text: lockOf(1, 'long ago') },
    { name: 'of a process that is gone', text: lockOf(2 ** 22 + 1, '1') },
    { name: 'that is empty', text: '' },
    { name: 'that is garbage', text: '\u0000\u0000{' },
  ]
  for (const { name, text } of stale) {
    test(`takes over a lock ${name}`, async (t) => {
      const directory = await makeDirectory(t)
      await writeFile(join(directory, 'lock'), text)
      const unlock = await lockDirectory(directory)
      const owner = JSON.parse(await readFile(join(directory, 'lock'), 'utf8')) as { pid: number }
      assert.equal(owner.pid, process.pid)
      await unlock()
      assert.deepEqual(await readdir(directory), [])
    })
  }
})

function lockOf(pid: number, startedAt: string): string {
  return JSON.stringify({ pid, startedAt })
}
