import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { appendFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'
import { PlainSource } from '../../tail/source.ts'

// More than one block, so that what comes between the look at a file and its reading fills one.
const burst = 4000
const padding = 'x'.repeat(90)

suite('T7: a file that grows by more than a block between the look at it and its reading', () => {
  for (const on_truncate of ['read_whole_file', 'ignore'] as const) {
    test(`is not taken for a truncated one, with on_truncate: ${on_truncate}`, async (t) => {
      await using tail = await TailHarness.create()
      const path = tail.path('app.log')
      await writeFile(path, lines(0, 100))
      // So long that the block after the first one is read in the same round.
      await tail.start({ on_truncate, poll_interval: '500ms' })
      await tail.untilRecords(100)
      // The next read is that of the turn: the poll looks at a file of this length by its size only.
      const { read } = PlainSource.prototype
      let grown = false
      t.mock.method(
        PlainSource.prototype,
        'read',
        function (this: PlainSource, ...args: Parameters<typeof read>) {
          if (!grown) appendFileSync(path, lines(101, burst))
          grown = true
          return read.apply(this, args)
        },
      )
      await appendFile(path, lines(100, 101))
      await tail.untilRecords(burst)
      assert.deepEqual(
        tail.bodies,
        Array.from({ length: burst }, (_, n) => `line ${n} ${padding}`),
      )
      assert.equal(tail.value('remora_file_log_truncations'), 0)
    })
  }
})

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i} ${padding}\n`).join('')
}
