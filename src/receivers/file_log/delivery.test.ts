import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { appendFile, truncate, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { MemoryStorage, readRecords, TailHarness } from '../../../test/support/tail.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'

suite('T12: the checkpoint moves only over what was acknowledged', () => {
  test('a batch that hangs is read again after a crash', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), 'one\n')
    tail.intake.script('hang')
    await tail.start({ storage: 'mem' })
    await tail.until('the first batch', () => tail.intake.hanging.length === 1)
    assert.deepEqual(tail.intake.calls[0]?.context, { until: 'delivered', onFull: 'wait' })
    await appendFile(tail.path('app.log'), 'two\n')
    await tail.until('the second batch', () => tail.intake.hanging.length === 2)
    // The second is acknowledged, the first is not: nothing may move.
    tail.intake.hanging[1]?.accept()
    await tail.polls(30)
    await tail.crash(storage)
    tail.intake.script('accept')
    await tail.start({ storage: 'mem' })
    await tail.until('both again', () => tail.intake.itemCount >= 4)
    assert.deepEqual(tail.bodies, ['one', 'two', 'one', 'two'])
  })

  test('what is acknowledged is saved, also while reading waits for another batch', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('a.log'), 'one\n')
    for (let n = 0; n < 9; n++) await writeFile(tail.path(`b-${n}.log`), `more ${n}\n`)
    // All others are refused for longer than this test takes, and until they are taken nothing is read.
    const refusal = new DeliveryError('queue_full', 'full', { retryAfterMs: 60_000 })
    tail.intake.script('accept', refusal)
    await tail.start({ storage: 'mem' })
    await tail.until('a save', () => savedOffsets(storage).includes('one\n'.length))
    await tail.crash(storage)
    tail.intake.script('accept')
    await tail.start({ storage: 'mem' })
    await tail.until('the others', () => new Set(tail.bodies).size === 10)
    assert.equal(tail.bodies.filter((body) => body === 'one').length, 1)
  })

  test('a file that was only touched waits for no answer to what is of others', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    const path = tail.path('a.log')
    await writeFile(path, 'one\n')
    tail.intake.script('accept', 'hang', 'accept')
    await tail.start({ storage: 'mem' })
    await tail.until('a save', () => savedOffsets(storage).includes('one\n'.length))
    // At once, so that one round looks into the one and reads the other.
    utimesSync(path, 1, 1)
    writeFileSync(tail.path('b.log'), 'of another file\n')
    await tail.until('its batch', () => tail.intake.hanging.length === 1)
    await appendFile(path, 'two\n')
    await tail.until('a save', () => savedOffsets(storage).includes('one\ntwo\n'.length))
  })

  test('also of a content that was truncated meanwhile: its copy goes on where the answers ended', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    const path = tail.path('app.log')
    await writeFile(path, 'one\n')
    tail.intake.script('hang')
    await tail.start({ storage: 'mem' })
    await tail.until('the first batch', () => tail.intake.hanging.length === 1)
    await appendFile(path, 'two\n')
    await tail.until('the second batch', () => tail.intake.hanging.length === 2)
    await truncate(path)
    await tail.until('the truncation', () => tail.value('remora_file_log_truncations') === 1)
    tail.intake.hanging[0]?.accept()
    await tail.until('a save', () => savedOffsets(storage).includes('one\n'.length))
    await tail.crash(storage)
    // The copy, compressed or moved back into the patterns, is found by the next start only.
    await writeFile(tail.path('app.log.1'), 'one\ntwo\n')
    tail.intake.script('accept')
    await tail.start({ storage: 'mem', include: [tail.path('app.log*')] })
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['one', 'two', 'two'])
  })

  test('a stop waits for the answers, and then nothing is read again', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), 'one\n')
    tail.intake.script('hang')
    await tail.start({ storage: 'mem' })
    await tail.until('the batch', () => tail.intake.hanging.length === 1)
    const stopped = tail.stop()
    await tail.polls(2)
    tail.intake.hanging[0]?.accept()
    await stopped
    await appendFile(tail.path('app.log'), 'two\n')
    tail.intake.script('accept')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['one', 'two'])
  })

  test('a stop without time left loses nothing', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), 'one\n')
    tail.intake.script('hang')
    await tail.start({ storage: 'mem' })
    await tail.until('the batch', () => tail.intake.hanging.length === 1)
    await tail.stop(AbortSignal.abort())
    tail.intake.script('accept')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['one', 'one'])
  })
})

suite('a checkpoint is of one moment: the offset, the rest of a cut line, the number of the record', () => {
  test('truncate: nothing acknowledged before the stop means nothing skipped after it', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    const config = {
      storage: 'mem',
      max_log_size: 1000,
      max_log_size_behavior: 'truncate',
      include_file_record_number: true,
    }
    await writeFile(tail.path('app.log'), `LINE-1\nLINE-2\nLINE-3\n${'x'.repeat(5000)}`)
    tail.intake.script(new DeliveryError('unavailable', 'down'))
    await tail.start(config)
    await tail.until('a refusal', () => tail.intake.calls.length === 1)
    await tail.stop()
    await appendFile(tail.path('app.log'), 'y\nLINE-5\n')
    const before = tail.intake.calls.length
    tail.intake.script('accept')
    await tail.start(config)
    const again = () =>
      tail.intake.calls.slice(before).flatMap(({ batch }) => readRecords(batch.bytes()))
    await tail.until('the last line', () => again().some(({ body }) => body === 'LINE-5'))
    assert.deepEqual(
      again().map(({ body }) => String(body).slice(0, 6)),
      ['LINE-1', 'LINE-2', 'LINE-3', 'xxxxxx', 'LINE-5'],
    )
    assert.deepEqual(
      again().map(({ attributes }) => attributes['log.file.record_number']),
      [1, 2, 3, 4, 5],
    )
  })

  test('truncate: what is left of a cut line that was acknowledged is skipped after a restart', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    const config = { storage: 'mem', max_log_size: 1000, max_log_size_behavior: 'truncate' }
    await writeFile(tail.path('app.log'), 'x'.repeat(5000))
    await tail.start(config)
    await tail.untilRecords(1)
    await tail.stop()
    await appendFile(tail.path('app.log'), 'y\nnext\n')
    await tail.start(config)
    await tail.untilRecords(2)
    assert.equal(tail.bodies[1], 'next')
  })
})

suite('a consumer that refuses', () => {
  test('for now: the same batch is offered again, unchanged, and nothing new meanwhile', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    const again = new DeliveryError('queue_full', 'full', { retryAfterMs: 30 })
    tail.intake.script(again, again, 'accept')
    await tail.start()
    await tail.until('a refusal', () => tail.intake.calls.length >= 1)
    await appendFile(tail.path('app.log'), 'two\n')
    await tail.until('both', () => tail.intake.itemCount >= 4)
    assert.deepEqual(tail.bodies, ['one', 'one', 'one', 'two'])
    assert.equal(tail.intake.calls[0]?.batch, tail.intake.calls[2]?.batch)
    tail.intake.assertUnchanged()
    assert.equal(tail.value('otelcol_receiver_accepted_log_records', { transport: 'file' }), 2)
    assert.equal(tail.value('otelcol_receiver_refused_log_records', { transport: 'file' }), 0)
  })

  test('for good: counted, passed over, and not offered again after a restart', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), 'bad\n')
    tail.intake.script(new DeliveryError('backend_rejected', 'no'), 'accept')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1)
    await appendFile(tail.path('app.log'), 'good\n')
    await tail.untilRecords(2)
    assert.equal(tail.value('otelcol_receiver_refused_log_records', { transport: 'file' }), 1)
    await tail.stop()
    await tail.start({ storage: 'mem' })
    await tail.polls(5)
    assert.deepEqual(tail.bodies, ['bad', 'good'])
  })

  test('while stopping: the batch is left for the next start', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), 'one\n')
    tail.intake.script(new DeliveryError('queue_full', 'full', { retryAfterMs: 60_000 }))
    await tail.start({ storage: 'mem' })
    await tail.until('a refusal', () => tail.intake.calls.length === 1)
    await tail.stop()
    tail.intake.script('accept')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['one', 'one'])
  })

  test('by never answering: what is read ahead is bounded', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${'x'.repeat(99)}\n`.repeat(400_000))
    tail.intake.script('hang')
    await tail.start()
    await tail.until(
      'a full window',
      () => tail.value('remora_file_log_window_bytes') > 4 * 1024 * 1024,
    )
    const calls = tail.intake.calls.length
    await tail.polls(10)
    assert.equal(tail.intake.calls.length, calls)
    assert.ok(tail.value('remora_file_log_window_bytes') < 5 * 1024 * 1024)
    tail.intake.script('accept')
    for (const call of [...tail.intake.hanging]) call.accept()
    await tail.until('all', () => tail.intake.itemCount === 400_000)
  })

  test('files take turns: a huge one does not keep a small one waiting', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('a-huge.log'), `${'x'.repeat(99)}\n`.repeat(300_000))
    await writeFile(tail.path('b-small.log'), 'small\n')
    await tail.start()
    await tail.until('all', () => tail.intake.itemCount === 300_001)
    const turn = tail.intake.calls.findIndex(({ batch }) => batch.itemCount === 1)
    assert.ok(turn < 3, `turn ${turn} of ${tail.intake.calls.length}`)
  })
})

function savedOffsets(storage: MemoryStorage): number[] {
  const files = [...storage.saved].filter(([key]) => key.startsWith('file/'))
  return files.map(([, value]) => JSON.parse(Buffer.from(value).toString()).position.offset)
}
