import assert from 'node:assert/strict'
import { appendFile, rename, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { MemoryStorage, TailHarness } from '../../../test/support/tail.ts'

const time = '2024-01-02T03:04:05.123456789Z'
const container = { type: 'container', add_metadata_from_filepath: false }
const recombine = {
  type: 'recombine',
  combine_field: 'body',
  is_first_entry: 'body matches "^[^>]"',
  force_flush_period: '1h',
}

suite('records that operators hold back', () => {
  test('hold the position of their file back, and are read again after a kill', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), 'one\n>1\ntwo\n>2\n')
    const config = { storage: 'mem', operators: [recombine] }
    await tail.start(config)
    await tail.untilRecords(1)
    await tail.polls(20)
    await tail.crash(storage)
    assert.deepEqual(tail.bodies, ['one\n>1'])
    await tail.start(config)
    await appendFile(tail.path('app.log'), 'three\n')
    // The first one again: it is of the block in which the second begins.
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies.slice(1), ['one\n>1', 'two\n>2'])
  })

  test('are sent at a clean stop, and not again', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), 'one\n>1\ntwo\n>2\n')
    const config = { storage: 'mem', operators: [recombine] }
    await tail.start(config)
    await tail.untilRecords(1)
    await tail.stop()
    assert.deepEqual(tail.bodies, ['one\n>1', 'two\n>2'])
    await tail.start(config)
    await appendFile(tail.path('app.log'), 'three\nfour\n')
    await tail.untilRecords(3)
    assert.deepEqual(tail.bodies, ['one\n>1', 'two\n>2', 'three'])
  })

  test('go out when their time is over, and let the position move on', async () => {
    await using tail = await TailHarness.create()
    const storage = new MemoryStorage()
    tail.useStorage(storage)
    await writeFile(tail.path('app.log'), 'one\n>1\n')
    const config = {
      storage: 'mem',
      operators: [{ ...recombine, force_flush_period: '50ms' }],
      include_file_path: true,
    }
    await tail.start(config)
    await tail.untilRecords(1)
    assert.equal(tail.records[0]?.attributes['log.file.path'], tail.path('app.log'))
    await tail.until('a saved position', () =>
      [...storage.saved.values()].some((bytes) => Buffer.from(bytes).includes('"offset":7')),
    )
    await tail.crash(storage)
    await tail.start(config)
    await tail.polls(10)
    assert.deepEqual(tail.bodies, ['one\n>1'])
  })

  test('T17: parts of a line on both sides of a rotation are one', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('0.log'), `${time} stdout P before `)
    await appendFile(tail.path('0.log'), '\n')
    await tail.start({ include: [tail.path('0.log')], operators: [container] })
    await tail.polls(3)
    await rename(tail.path('0.log'), tail.path('0.log.20240102-030405'))
    await writeFile(tail.path('0.log'), `${time} stdout F and after\n${time} stderr F x\n`)
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['before and after', 'x'])
  })
})

suite('a line that nests thousands of levels deep', () => {
  test('goes on as it was, and its neighbours are whole', async () => {
    await using tail = await TailHarness.create()
    const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    await writeFile(tail.path('app.log'), `{"a":1}\n${deep}\n{"a":2}\n`)
    await tail.start({
      operators: [{ type: 'json_parser' }, { type: 'copy', from: 'attributes.a', to: 'body' }],
    })
    await tail.untilRecords(3)
    assert.deepEqual(
      tail.bodies.map((body) => String(body).length),
      [1, deep.length, 1],
    )
    assert.match(String(tail.records[1]?.attributes['log.parse.error']), /nests too deep/)
  })
})
