import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { readPipes } from './read-pipes.ts'

suite('a pipe that nobody ends', () => {
  test('is given up after ten seconds, with what it is', async () => {
    const clock = new FakeClock()
    const stdin = new PassThrough()
    stdin.write('receivers:')
    const io = { stdin, readFile: (path: string) => assert.fail(path) }
    const reading = readPipes(['/proc/self/fd/0'], io, clock)
    while (clock.pending === 0) await new Promise(setImmediate)
    await clock.advance(10_000)
    const { readFile } = await reading
    assert.throws(() => readFile('/proc/self/fd/0'), /^Error: nobody ended the pipe within 10 s$/)
    assert.ok(stdin.destroyed)
  })
})
