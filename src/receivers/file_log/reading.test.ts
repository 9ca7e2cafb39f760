import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFile, chmod, mkdir, open, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

suite('file_log reads', () => {
  test('lines that are there and lines that come, with the name of the file', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\ntwo\n')
    await tail.start()
    await tail.untilRecords(2)
    await appendFile(tail.path('app.log'), 'three\n')
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['one', 'two', 'three'])
    assert.deepEqual(tail.records[0]?.attributes, { 'log.file.name': 'app.log' })
    assert.equal(tail.value('otelcol_receiver_accepted_log_records', { transport: 'file' }), 3)
    assert.equal(tail.value('otelcol_fileconsumer_open_files'), 1)
  })

  test('from the end with start_at end, but whole files that come later', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('old.log'), 'not this\n')
    await writeFile(tail.path('empty.log'), '')
    await tail.start({ start_at: 'end' })
    await appendFile(tail.path('old.log'), 'old\n')
    await tail.untilRecords(1)
    await writeFile(tail.path('new.log'), 'new\n')
    await appendFile(tail.path('empty.log'), 'empty\n')
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies.toSorted(), ['empty', 'new', 'old'])
  })

  test('every included file but the excluded ones, in directories that come later too', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), 'a\n')
    await writeFile(tail.path('b.log'), 'b\n')
    await tail.start({ include: [tail.path('**/*.log')], exclude: [tail.path('b*')] })
    await mkdir(tail.path('deep/er'), { recursive: true })
    await writeFile(tail.path('deep/er/c.log'), 'c\n')
    await writeFile(tail.path('deep/d.txt'), 'd\n')
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['a', 'c'])
  })

  test('a line that is written in pieces as one', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'fir')
    await tail.start()
    for (const piece of ['st ', 'ли', 'ния\nsec', 'ond\n']) {
      await appendFile(tail.path('app.log'), piece)
      await tail.polls(2)
    }
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['first линия', 'second'])
  })

  test('a multi-byte character that is written in two pieces', async () => {
    await using tail = await TailHarness.create()
    const bytes = Buffer.from('före €\n')
    await writeFile(tail.path('app.log'), bytes.subarray(0, 2))
    await tail.start()
    for (let at = 2; at < bytes.length; at++) {
      await appendFile(tail.path('app.log'), bytes.subarray(at, at + 1))
      await tail.polls(1)
    }
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['före €'])
  })

  test('lines and characters across the edges of blocks', async () => {
    await using tail = await TailHarness.create()
    const lines = Array.from({ length: 60_000 }, (_, i) => `${i} ${'€'.repeat(i % 13)} end`)
    await writeFile(tail.path('app.log'), `${lines.join('\n')}\n`)
    await tail.start()
    await tail.untilRecords(lines.length)
    assert.deepEqual(tail.bodies, lines)
    assert.equal(tail.value('remora_file_log_undecodable_records'), 0)
  })

  test('an unfinished last line after force_flush_period', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'done\nnot done')
    await tail.start({ force_flush_period: '40ms' })
    await tail.untilRecords(2)
    await appendFile(tail.path('app.log'), ' yet\n')
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['done', 'not done', 'yet'])
  })

  test('no blank lines, and no blanks around lines unless they are to be kept', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), '\n\n  a \t\r\n   \nb\r\n\n')
    await tail.start()
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['a', 'b'])
    await tail.stop()
    await tail.start({ preserve_leading_whitespaces: true, preserve_trailing_whitespaces: true })
    await tail.untilRecords(5)
    assert.deepEqual(tail.bodies.slice(2), ['  a \t', '   ', 'b'])
  })
})

suite('file_log says where a record is from', () => {
  test('with every attribute', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('target'), 'one\ntwo\n')
    await symlink(tail.path('target'), tail.path('app.log'))
    await tail.start({
      include_file_path: true,
      include_file_name_resolved: true,
      include_file_path_resolved: true,
      include_file_record_number: true,
      include_file_record_offset: true,
      include_file_owner_name: true,
      include_file_owner_group_name: true,
      attributes: { team: 'a', shift: 2 },
      resource: { 'service.name': 'shop' },
    })
    await tail.untilRecords(2)
    const owner = spawnSync('id', ['-un']).stdout.toString().trim()
    const group = spawnSync('id', ['-gn']).stdout.toString().trim()
    assert.deepEqual(tail.records[1]?.attributes, {
      team: 'a',
      shift: '2',
      'log.file.name': 'app.log',
      'log.file.path': tail.path('app.log'),
      'log.file.name_resolved': 'target',
      'log.file.path_resolved': tail.path('target'),
      'log.file.owner.name': owner,
      'log.file.owner.group.name': group,
      'log.file.record_number': 2,
      'log.file.record_offset': 4,
    })
    assert.deepEqual(tail.records[1]?.resource, { 'service.name': 'shop' })
  })

  test('without any', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    await tail.start({ include_file_name: false })
    await tail.untilRecords(1)
    assert.deepEqual(tail.records[0]?.attributes, {})
  })
})

suite('long lines', () => {
  for (const size of [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 1024 * 1024 - 1, 1024 * 1024]) {
    test(`T11: a line of ${size} bytes is whole, and so are its neighbours`, async () => {
      await using tail = await TailHarness.create()
      const long = 'x'.repeat(size)
      await writeFile(tail.path('app.log'), `before\n${long}\nafter\n`)
      await tail.start()
      await tail.untilRecords(3)
      assert.deepEqual(tail.bodies, ['before', long, 'after'])
    })
  }

  for (const behavior of ['split', 'truncate'] as const) {
    test(`T11: a line of a mebibyte and one byte, ${behavior}, and its neighbours are whole`, async () => {
      await using tail = await TailHarness.create()
      const most = 'x'.repeat(1024 * 1024)
      await writeFile(tail.path('app.log'), `before\n${most}y\nafter\n`)
      await tail.start({ max_log_size_behavior: behavior })
      const rest = behavior === 'split' ? ['y'] : []
      await tail.untilRecords(3 + rest.length)
      assert.deepEqual(tail.bodies, ['before', most, ...rest, 'after'])
    })
  }

  test('T11: a longer one is split, between characters', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `before\n${'€'.repeat(20)}\nafter\n`)
    await tail.start({ max_log_size: 16 })
    await tail.untilRecords(6)
    const five = '€'.repeat(5)
    assert.deepEqual(tail.bodies, ['before', five, five, five, five, 'after'])
    assert.equal(tail.value('remora_file_log_split_records'), 1)
  })

  test('T11: a longer one is truncated, if told so', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `before\n${'0123456789'.repeat(3)}\nafter\n`)
    await tail.start({ max_log_size: 16, max_log_size_behavior: 'truncate' })
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['before', '0123456789012345', 'after'])
    assert.equal(tail.value('remora_file_log_truncated_records'), 1)
  })

  for (const behavior of ['split', 'truncate'] as const) {
    test(`T11: 100 MB in one line, ${behavior}, in flat memory`, async () => {
      await using tail = await TailHarness.create()
      const file = await open(tail.path('app.log'), 'w')
      await file.write('before\n')
      const megabyte = Buffer.alloc(1_000_000, 'x')
      for (let i = 0; i < 100; i++) await file.write(megabyte)
      await file.write('\nafter\n')
      await file.close()
      let bytes = 0
      const bodies: unknown[] = []
      tail.intake.consume = (batch) => {
        bytes += batch.sizeBytes
        if (batch.sizeBytes < 1000) bodies.push(batch.itemCount)
        tail.intake.calls.splice(0)
        return Promise.resolve()
      }
      const before = process.memoryUsage().arrayBuffers
      let peak = 0
      await tail.start({ max_log_size_behavior: behavior })
      await tail.until('the last line', () => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
        return tail.value('otelcol_fileconsumer_reading_files') === 0
      })
      if (behavior === 'split') assert.ok(bytes > 100_000_000, `${bytes}`)
      else assert.ok(bytes < 3_000_000, `${bytes}`)
      assert.ok(peak < 64 * 1024 * 1024, `${peak} bytes of buffers`)
    })
  }
})

suite('things in the directory that are no files (S14)', () => {
  test('a FIFO, a directory and a device are refused without blocking, and the file beside them is read', async () => {
    await using tail = await TailHarness.create()
    assert.equal(spawnSync('sh', ['-c', 'mkfifo "$0"', tail.path('fifo.log')]).status, 0)
    await mkdir(tail.path('directory.log'))
    await symlink('/dev/zero', tail.path('device.log'))
    await symlink(tail.path('loop.log'), tail.path('loop.log'))
    await writeFile(tail.path('real.log'), 'real\n')
    await tail.start()
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['real'])
    const warned = tail.settings.logger.texts('warn')
    assert.equal(warned.length, 3, warned.join('\n'))
    assert.ok(warned.some((line) => /cannot tail.*fifo\.log.*it is not a regular file/.test(line)))
  })

  test('a file whose name is not UTF-8 is refused aloud, and the file beside it is read', async () => {
    await using tail = await TailHarness.create()
    const name = Buffer.concat([
      Buffer.from(tail.path('/')),
      Buffer.from([0xff]),
      Buffer.from('.log'),
    ])
    await writeFile(name, 'unreachable\n')
    await writeFile(tail.path('real.log'), 'real\n')
    await tail.start()
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['real'])
    const warned = tail.settings.logger.texts('warn')
    assert.equal(warned.length, 1, warned.join('\n'))
    assert.match(warned[0] ?? '', /cannot tail.*its name is not UTF-8; rename it/)
  })

  test('T14: permission taken and given back', async (t) => {
    if (process.getuid?.() === 0) {
      t.skip('root may read everything')
      return
    }
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    await chmod(tail.path('app.log'), 0)
    await tail.start()
    await tail.polls(3)
    await chmod(tail.path('app.log'), 0o600)
    await tail.untilRecords(1)
  })

  test('T15: a symlink whose target flips every 11 ms: 30 files, 100 lines each', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ include: [tail.path('current.log')], poll_interval: '1ms' })
    for (let file = 0; file < 30; file++) {
      const target = tail.path(`target${file}`)
      const lines = Array.from({ length: 100 }, (_, i) => `${file}-${i}`)
      await writeFile(target, `${lines.join('\n')}\n`)
      await rm(tail.path('current.log'), { force: true })
      await symlink(target, tail.path('current.log'))
      await new Promise((resolve) => setTimeout(resolve, 11))
      // A link that flips before anybody looked shows nothing: on a busy machine a poll takes longer than 11 ms.
      await tail.until('a look at it', () => tail.intake.itemCount > file * 100)
    }
    await tail.untilRecords(3000)
    assert.equal(new Set(tail.bodies).size, 3000)
    assert.equal(tail.bodies.length, 3000)
  })

  test('two links to one file are one file', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a.log'), 'once\n')
    await symlink(tail.path('a.log'), tail.path('b.log'))
    await tail.start()
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['once'])
  })

  test('T7: more files than max_concurrent_files', async () => {
    await using tail = await TailHarness.create()
    for (let i = 0; i < 20; i++) await writeFile(tail.path(`${i}.log`), `file ${i}, first\n`)
    await tail.start({ max_concurrent_files: 3 })
    await tail.untilRecords(20)
    for (let i = 0; i < 20; i++) await appendFile(tail.path(`${i}.log`), `file ${i}, second\n`)
    await tail.untilRecords(40)
    assert.equal(new Set(tail.bodies).size, 40)
    assert.equal(tail.bodies.length, 40)
    assert.ok(tail.value('otelcol_fileconsumer_open_files') <= 3)
  })
})

suite('watching', () => {
  test('a backlog is read without rests, although no event tells of it', async () => {
    await using tail = await TailHarness.create()
    const lines = 600_000
    await writeFile(tail.path('app.log'), `${'x'.repeat(60)}\n`.repeat(lines))
    await tail.start({ watch: true })
    await tail.until('all of it', () => tail.intake.itemCount === lines, 5000)
  })

  test('a change is seen before the next poll', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    await tail.start({ watch: true, poll_interval: '1h' })
    await tail.untilRecords(1)
    await tail.until('an event', async () => {
      await appendFile(tail.path('app.log'), 'more\n')
      return tail.intake.itemCount > 1
    })
    await unlink(tail.path('app.log'))
  })
})
