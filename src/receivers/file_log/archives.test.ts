import assert from 'node:assert/strict'
import { access, appendFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { MemoryStorage, TailHarness } from '../../../test/support/tail.ts'
import { decompressStream } from '../../net/decompress.ts'
import { FileOpener } from '../../tail/file-opener.ts'
import { systemFiles } from '../../tail/file-system.ts'

/** Writes a file that has been quiet for a while: one that is being compressed is left alone. */
async function writeQuiet(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes)
  const at = new Date(Date.now() - 10_000)
  await utimes(path, at, at)
}

const lines = (count: number, from = 0): string =>
  Array.from(
    { length: count },
    (_, i) => `line ${from + i} ${'x'.repeat(1 + ((from + i) % 50))}\n`,
  ).join('')

suite('compressed files', () => {
  const rows: readonly (readonly [string, Uint8Array, number])[] = [
    ['gzip', gzipSync(lines(20_000)), 20_000],
    ['zstd', zstdCompressSync(lines(20_000)), 20_000],
    ['gzip of several members', Buffer.concat([gzipSync(lines(10)), gzipSync(lines(5, 10))]), 15],
    [
      'zstd of several frames',
      Buffer.concat([zstdCompressSync(lines(10)), zstdCompressSync(lines(5, 10))]),
      15,
    ],
    ['gzip without a newline at the end', gzipSync(lines(3).trimEnd()), 3],
  ]
  for (const [name, bytes, count] of rows) {
    test(`T9: ${name}`, async () => {
      await using tail = await TailHarness.create()
      await writeQuiet(tail.path('old.log.gz'), bytes)
      await writeFile(tail.path('plain.log'), 'plain\n')
      await tail.start({ force_flush_period: '50ms' })
      await tail.untilRecords(count + 1)
      assert.deepEqual(
        tail.bodies.filter((body) => body !== 'plain'),
        lines(count).trimEnd().split('\n'),
      )
      assert.equal(tail.value('remora_file_log_damaged_archives'), 0)
    })
  }

  test('one whose time is in the future, because a clock was set back', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('old.log.gz'), gzipSync(lines(3)))
    const at = new Date(Date.now() + 3_600_000)
    await utimes(tail.path('old.log.gz'), at, at)
    await tail.start()
    await tail.untilRecords(3)
  })

  test('one that is being compressed is looked for soon again, although nothing else happens', async () => {
    await using tail = await TailHarness.create()
    const path = tail.path('new.log.gz')
    await writeFile(path, gzipSync(lines(3)))
    const clock = new FakeClock(Date.now())
    const decompress = {
      roots: [tail.directory],
      compression: 'auto',
      fingerprintBytes: 1000,
    } as const
    const settings = { ...decompress, decompress: decompressStream, damaged: () => undefined }
    const opener = new FileOpener(settings, clock, systemFiles)
    opener.beginPoll()
    assert.equal(await opener.open(path), undefined)
    assert.equal(opener.waits, true)
    await rm(path)
    opener.beginPoll()
    assert.equal(opener.waits, false)
  })

  test('T9: cut off or damaged: what comes before is read, and it is said', async () => {
    await using tail = await TailHarness.create()
    const whole = gzipSync(Buffer.from(lines(50_000)))
    const half = whole.length >> 1
    await writeQuiet(tail.path('cut.log.gz'), whole.subarray(0, half))
    const damaged = Buffer.from(whole)
    damaged.fill(0, half, half + 1000)
    await writeQuiet(tail.path('damaged.log.gz'), damaged)
    await tail.start()
    await tail.until('both', () => tail.value('remora_file_log_damaged_archives') === 2)
    await tail.until('some lines', () => tail.intake.itemCount > 1000)
    assert.match(
      tail.settings.logger.texts('warn').join('\n'),
      /cannot decompress all of a file.*cut/,
    )
  })

  test('T9, S1: a bomb is refused, in flat memory, and its neighbour is read', async () => {
    await using tail = await TailHarness.create()
    const bomb = Buffer.concat(
      Array.from({ length: 4 }, () => gzipSync(Buffer.alloc(32 << 20, 97))),
    )
    await writeQuiet(tail.path('bomb.log.gz'), bomb)
    await writeFile(tail.path('app.log'), 'fine\n')
    const beforeMib = process.memoryUsage().rss / 1048576
    await tail.start()
    await tail.until('a refusal', () =>
      tail.settings.logger.texts('warn').some((m) => /bomb.*more than 250 times/.test(m)),
    )
    await tail.polls(5)
    assert.deepEqual(tail.bodies, ['fine'])
    assert.ok(process.memoryUsage().rss / 1048576 - beforeMib < 100)
  })

  test('members that are appended are read on', async () => {
    await using tail = await TailHarness.create()
    await writeQuiet(tail.path('a.log.gz'), gzipSync('one\n'))
    await tail.start()
    await tail.untilRecords(1)
    await appendFile(tail.path('a.log.gz'), gzipSync('two\n'))
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['one', 'two'])
  })

  test('are text if told so, and left alone while they are written', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log.gz'), gzipSync('one\n'))
    await tail.start()
    await tail.polls(10)
    assert.deepEqual(tail.bodies, [])
    await tail.stop()
    await tail.start({ compression: 'none', encoding: 'latin1' })
    await tail.untilRecords(0)
  })
})

suite('T8: a file that is rotated and then compressed', () => {
  test('while it is followed: nothing twice, no garbage, and the rest is read', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), lines(1000))
    await tail.start()
    await tail.untilRecords(1000)
    await rename(tail.path('app.log'), tail.path('app.log.1'))
    await writeFile(tail.path('app.log'), 'new\n')
    await writeQuiet(tail.path('app.log.1.gz'), gzipSync(lines(1000)))
    await tail.polls(10)
    await rm(tail.path('app.log.1'))
    await tail.untilRecords(1001)
    await tail.polls(20)
    assert.equal(tail.intake.itemCount, 1001)
  })

  test('while remora is down: only what was not read', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), lines(1000))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1000)
    await tail.stop()
    await rm(tail.path('app.log'))
    await writeQuiet(tail.path('app.log.1.gz'), gzipSync(lines(1500)))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1500)
    assert.deepEqual(tail.bodies, lines(1500).trimEnd().split('\n'))
  })
})

suite('delete_after_read', () => {
  test('deletes what is read and acknowledged, and nothing before', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), 'one\n')
    tail.intake.script('hang')
    await tail.start({ delete_after_read: true })
    await tail.until('a call', () => tail.intake.hanging.length === 1)
    await tail.polls(5)
    assert.ok(await exists(tail.path('a.log')))
    tail.intake.hanging[0]?.accept()
    await tail.until('gone', async () => !(await exists(tail.path('a.log'))))
    assert.equal(tail.value('remora_file_log_deletions'), 1)
    tail.intake.script('accept')
    await writeFile(tail.path('a.log'), 'two\nunfinished')
    await tail.untilRecords(2)
    await tail.polls(5)
    assert.ok(await exists(tail.path('a.log')))
  })
})

suite('on_truncate', () => {
  test('read_new leaves out what is there', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), 'one\ntwo\n')
    await tail.start({ on_truncate: 'read_new' })
    await tail.untilRecords(2)
    await truncate(tail.path('a.log'), 4)
    await tail.until('a truncation', () => tail.value('remora_file_log_truncations') === 1)
    await appendFile(tail.path('a.log'), 'three\n')
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['one', 'two', 'three'])
  })
})

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
