import assert from 'node:assert/strict'
import { appendFile, copyFile, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { MemoryStorage, TailHarness } from '../../../test/support/tail.ts'

const banner = `${'starting up, the same as every time\n'.repeat(60)}`
const bannerLines = 60

suite('rotation while running', () => {
  test('by renaming, three times in a row: nothing lost, nothing twice', async () => {
    await using tail = await TailHarness.create()
    await tail.start()
    let n = 0
    for (let round = 0; round < 4; round++) {
      const lines = Array.from({ length: 50 }, () => `line ${n++}\n`)
      await writeFile(tail.path('app.log'), lines.join(''))
      await tail.until('the first lines', () => tail.intake.itemCount >= n - 50 + 1)
      await appendFile(tail.path('app.log'), `line ${n++}\n`)
      if (round === 3) break
      if (round > 1) await rename(tail.path('app.log.2'), tail.path('app.log.3'))
      if (round > 0) await rename(tail.path('app.log.1'), tail.path('app.log.2'))
      await rename(tail.path('app.log'), tail.path('app.log.1'))
    }
    await tail.untilRecords(n)
    assertExactly(tail.bodies, n)
  })

  test('out of the patterns: the rest is still read, as long as it is written', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'line 0\n')
    await tail.start()
    await tail.untilRecords(1)
    const writer = await open(tail.path('app.log'), 'a')
    await writer.write('line 1\n')
    await rename(tail.path('app.log'), tail.path('moved-away'))
    await writeFile(tail.path('app.log'), 'line 2\n')
    await tail.untilRecords(3)
    await writer.write('line 3\n')
    await writer.close()
    await tail.untilRecords(4)
    assertExactly(tail.bodies, 4)
    assert.equal(tail.records.at(-1)?.attributes['log.file.name'], 'app.log')
  })

  test('by copytruncate with other content', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), lines(0, 100))
    await tail.start()
    await tail.untilRecords(100)
    await copyFile(tail.path('app.log'), tail.path('app.log.1'))
    await truncate(tail.path('app.log'))
    await appendFile(tail.path('app.log'), lines(100, 105))
    await tail.untilRecords(105)
    assertExactly(tail.bodies, 105)
    assert.equal(tail.value('remora_file_log_truncations'), 1)
  })

  test('T1: by copytruncate where the head is the same and the new content is longer', async () => {
    await using tail = await TailHarness.create()
    await tail.start()
    let n = 0
    for (let round = 0; round < 4; round++) {
      const more = Array.from({ length: 100 * (round + 1) }, () => `line ${n++}\n`).join('')
      await writeFile(tail.path('app.log'), banner + more)
      await tail.untilRecords(n + bannerLines * (round + 1))
      await copyFile(tail.path('app.log'), tail.path(`app.log.${round + 1}`))
      await tail.polls(2)
      await truncate(tail.path('app.log'))
    }
    const numbered = tail.bodies.filter((body) => String(body).startsWith('line'))
    assertExactly(numbered, n)
    assert.equal(tail.bodies.length, n + 4 * bannerLines)
  })

  test('T2: by copytruncate under a writer that does not append: no NUL bytes come out', async () => {
    await using tail = await TailHarness.create()
    const writer = await open(tail.path('app.log'), 'w')
    await writer.write(lines(0, 1000))
    await tail.start()
    await tail.untilRecords(1000)
    await truncate(tail.path('app.log'))
    await tail.polls(3)
    await writer.write(lines(1000, 1010))
    await tail.untilRecords(1010)
    await writer.close()
    assertExactly(tail.bodies, 1010)
    assert.ok(tail.value('remora_file_log_hole_bytes') > 0)
  })

  test('T3: copy and original both visible: the lines written between copy and truncation come once', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), lines(0, 50))
    await tail.start()
    await tail.untilRecords(50)
    await copyFile(tail.path('app.log'), tail.path('app.log.1'))
    await tail.polls(3)
    assert.equal(tail.bodies.length, 50)
    await truncate(tail.path('app.log'))
    await appendFile(tail.path('app.log'), lines(50, 52))
    await tail.untilRecords(52)
    await appendFile(tail.path('app.log.1'), 'late\n')
    await tail.untilRecords(53)
    assertExactly(tail.bodies.slice(0, 52), 52)
    assert.equal(tail.bodies[52], 'late')
  })

  test('T4: deleted and recreated under one path, also with the inode of the deleted one', async () => {
    await using tail = await TailHarness.create()
    await tail.start()
    for (let round = 0; round < 5; round++) {
      await writeFile(tail.path('app.log'), banner + lines(round * 3, round * 3 + 3))
      await tail.untilRecords((bannerLines + 3) * (round + 1))
      await rm(tail.path('app.log'))
      await tail.polls(2)
    }
    assertExactly(
      tail.bodies.filter((body) => String(body).startsWith('line')),
      15,
    )
  })

  test('T5: two files that begin alike are two files', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), `${banner}from a\n`)
    await writeFile(tail.path('b.log'), `${banner}from b\n`)
    await tail.start()
    await tail.untilRecords(2 * bannerLines + 2)
    assert.deepEqual(
      tail.bodies.filter((b) => String(b).startsWith('from')),
      ['from a', 'from b'],
    )
  })

  test('T5: two short files that are equal at first, and then differ', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), 'started\n')
    await writeFile(tail.path('b.log'), 'started\n')
    await tail.start()
    await tail.untilRecords(1)
    await appendFile(tail.path('b.log'), 'this is b\n')
    await tail.untilRecords(3)
    await appendFile(tail.path('a.log'), 'this is a\n')
    await tail.untilRecords(4)
    assert.deepEqual(tail.bodies.toSorted(), ['started', 'started', 'this is a', 'this is b'])
  })

  test('T7: rotation faster than polling, while the consumer is slow', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ poll_interval: '50ms' })
    let n = 0
    for (let round = 0; round < 40; round++) {
      await rename(tail.path('app.log'), tail.path(`app.log.${round}`)).catch(() => undefined)
      const count = 20
      await writeFile(tail.path('app.log'), lines(n, n + count))
      n += count
      await tail.polls(round % 3 === 0 ? 1 : 0)
    }
    await tail.untilRecords(n)
    assertExactly(tail.bodies, n)
  })

  test('T10: an unterminated line that is completed after a restart comes once', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), 'whole\nhalf')
    await tail.start({ storage: 'mem', force_flush_period: '10s' })
    await tail.untilRecords(1)
    await tail.stop()
    await appendFile(tail.path('app.log'), ' and half\n')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['whole', 'half and half'])
  })

  test('T14: deleted while it is read: the rest comes, and the handle is closed', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), lines(0, 50_000))
    await tail.start()
    await rm(tail.path('app.log'))
    await tail.untilRecords(50_000)
    assertExactly(tail.bodies, 50_000)
    await tail.until(
      'the handle to close',
      () => tail.value('otelcol_fileconsumer_open_files') === 0,
    )
  })
})

suite('restarts', () => {
  test('from the checkpoint: nothing lost, nothing twice, with start_at end too', async () => {
    for (const start_at of ['beginning', 'end']) {
      await using tail = await TailHarness.create()
      tail.useStorage(new MemoryStorage())
      await writeFile(tail.path('app.log'), '')
      await tail.start({ storage: 'mem', start_at })
      await tail.polls(2)
      await appendFile(tail.path('app.log'), lines(0, 100))
      await tail.untilRecords(100)
      await tail.stop()
      await appendFile(tail.path('app.log'), lines(100, 120))
      await tail.start({ storage: 'mem', start_at })
      await tail.untilRecords(120)
      assertExactly(tail.bodies, 120)
    }
  })

  test('T6: rotated once and three times while down', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), lines(0, 10))
    await tail.start({ storage: 'mem', start_at: 'end' })
    await appendFile(tail.path('app.log'), lines(10, 20))
    await tail.untilRecords(10)
    let n = 20
    for (const rotations of [1, 3]) {
      await tail.stop()
      for (let i = 0; i < rotations; i++) {
        await appendFile(tail.path('app.log'), lines(n, n + 5))
        n += 5
        for (const from of [3, 2, 1]) {
          await rename(tail.path(`app.log.${from}`), tail.path(`app.log.${from + 1}`)).catch(
            () => undefined,
          )
        }
        await rename(tail.path('app.log'), tail.path('app.log.1'))
        await writeFile(tail.path('app.log'), lines(n, n + 5))
        n += 5
      }
      await tail.start({ storage: 'mem', start_at: 'end' })
      await tail.untilRecords(n - 10)
    }
    assert.deepEqual(
      numbers(tail.bodies).toSorted((a, b) => a - b),
      Array.from({ length: n - 10 }, (_, i) => i + 10),
    )
  })

  test('T1, T4: copied, truncated and written anew while down, beginning with the same bytes', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), banner + lines(0, 10))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(bannerLines + 10)
    await tail.stop()
    await appendFile(tail.path('app.log'), lines(10, 15))
    await copyFile(tail.path('app.log'), tail.path('app.log.1'))
    await truncate(tail.path('app.log'))
    await writeFile(tail.path('app.log'), banner + lines(15, 100))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(2 * bannerLines + 100)
    assertExactly(
      tail.bodies.filter((b) => String(b).startsWith('line')),
      100,
    )
  })

  test('T4: another file has the inode of the one that was read', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), lines(0, 10))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(10)
    await tail.stop()
    await writeFile(tail.path('app.log'), lines(10, 60).replaceAll('line', 'LINE'))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(60)
    assertExactly(tail.bodies, 60)
  })

  test('a crash repeats at most what was not saved, and loses nothing', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), lines(0, 1000))
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1000)
    await tail.until('a save', () => storage.saved.size > 1 && savedOffset(storage) > 0)
    storage.freeze()
    await appendFile(tail.path('app.log'), lines(1000, 1100))
    await tail.untilRecords(1100)
    await tail.crash(storage)
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1200)
    const seen = numbers(tail.bodies)
    assert.equal(new Set(seen).size, 1100)
    assert.ok(seen.length <= 1200, `${seen.length}`)
  })

  for (const [name, content] of [
    ['empty', ''],
    ['torn', '{"version":1,"id":1,"position":{"dev"'],
    ['of a future version', '{"version":99,"id":1}'],
    ['garbage', '\0\xff\xfe'],
    [
      'with negative numbers',
      '{"version":1,"id":1,"position":{"dev":1,"ino":1,"headBytes":-1,"offset":-5,"guardBytes":0}}',
    ],
  ] as const) {
    test(`T13: a checkpoint that is ${name} is ignored, with a warning`, async () => {
      await using tail = await TailHarness.create()
      const storage = new MemoryStorage()
      storage.saved.set('file/1', Buffer.from(content))
      tail.useStorage(storage)
      await writeFile(tail.path('app.log'), lines(0, 3))
      await tail.start({ storage: 'mem' })
      await tail.untilRecords(3)
      assert.match(tail.settings.logger.texts('warn').join(), /cannot be read.*"checkpoints":1/)
    })
  }
})

function savedOffset(storage: MemoryStorage): number {
  for (const [key, value] of storage.saved) {
    if (key.startsWith('file/')) return JSON.parse(Buffer.from(value).toString()).position.offset
  }
  return 0
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('')
}

function numbers(bodies: readonly unknown[]): number[] {
  return bodies.map((body) => Number(/^line (\d+)$/i.exec(String(body))?.[1] ?? Number.NaN))
}

/** Each of `line 0` … once, in any order. */
function assertExactly(bodies: readonly unknown[], count: number): void {
  const seen = numbers(bodies).toSorted((a, b) => a - b)
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, i) => i),
  )
}
