import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { PlainSource } from '../../../src/tail/source.ts'
import { TailHarness } from '../../support/tail.ts'

/** What NFS and SMB do, done to reads of a local file. */
suite('T18: files on a network file system', () => {
  test('ESTALE in the middle of a file: it is opened again, nothing is lost, nothing comes twice', async (t) => {
    await using tail = await TailHarness.create()
    const { read } = PlainSource.prototype
    let reads = 0
    t.mock.method(
      PlainSource.prototype,
      'read',
      function (this: PlainSource, ...args: Parameters<typeof read>) {
        reads++
        if (reads % 5 !== 0) return read.apply(this, args)
        const error = Object.assign(new Error('stale file handle'), { code: 'ESTALE' })
        return Promise.reject(error)
      },
    )
    await writeFile(tail.path('app.log'), 'line 0\n')
    await tail.start()
    for (let n = 1; n < 60; n++) {
      await appendFile(tail.path('app.log'), `line ${n}\n`)
      if (n % 10 === 0) await tail.untilRecords(n + 1)
    }
    await tail.untilRecords(60)
    assert.deepEqual(
      tail.bodies,
      Array.from({ length: 60 }, (_, n) => `line ${n}`),
    )
    assert.ok(reads > 5)
    assert.ok(tail.settings.logger.texts('warn').some((text) => text.includes('stale')))
  })

  test('zeros at the end that become text: no NUL comes out, and the text does', async (t) => {
    await using tail = await TailHarness.create()
    const { read } = PlainSource.prototype
    let late = true
    t.mock.method(
      PlainSource.prototype,
      'read',
      async function (this: PlainSource, ...args: Parameters<typeof read>) {
        const outcome = await read.apply(this, args)
        const [buffer, offset, , position] = args
        // Everything behind the first line has its size already, and not its bytes.
        const from = Math.max(0, 'line 0\n'.length - position)
        if (late && from < outcome.bytesRead)
          buffer.fill(0, offset + from, offset + outcome.bytesRead)
        return outcome
      },
    )
    await writeFile(tail.path('app.log'), 'line 0\nline 1\nline 2\n')
    await tail.start()
    await tail.untilRecords(1)
    await tail.polls(5)
    assert.deepEqual(tail.bodies, ['line 0'])
    late = false
    await appendFile(tail.path('app.log'), 'line 3\n')
    await tail.untilRecords(4)
    assert.deepEqual(tail.bodies, ['line 0', 'line 1', 'line 2', 'line 3'])
  })

  test('no events: polling alone finds what comes', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ watch: false })
    await writeFile(tail.path('app.log'), 'line 0\n')
    await tail.untilRecords(1)
    await appendFile(tail.path('app.log'), 'line 1\n')
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['line 0', 'line 1'])
  })
})
