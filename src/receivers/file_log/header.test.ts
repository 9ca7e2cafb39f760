import assert from 'node:assert/strict'
import { appendFile, rename, truncate, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { MemoryStorage, TailHarness } from '../../../test/support/tail.ts'
import { fileLog } from './definition.ts'

const header = {
  pattern: '^#',
  metadata_operators: [
    { type: 'regex_parser', regex: '^#(?P<key>\\w+)=(?P<value>.*)$' },
    {
      type: 'move',
      if: 'attributes.key == "host"',
      from: 'attributes.value',
      to: 'attributes.host',
    },
    { type: 'move', if: 'attributes.key == "app"', from: 'attributes.value', to: 'attributes.app' },
    { type: 'remove', if: 'attributes.value != nil', field: 'attributes.value' },
    { type: 'remove', field: 'attributes.key' },
  ],
}

/** Of each record its body, and what the header said. */
const seen = (tail: TailHarness): unknown[] =>
  tail.records.map(({ body, attributes }) => [body, attributes['app'], attributes['host']])

suite('header', () => {
  for (const [name, operators] of [
    ['without operators', []],
    ['in front of operators', [{ type: 'json_parser', if: 'attributes.app == nil' }]],
  ] as const) {
    test(`its lines become attributes of all records, ${name}`, async () => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('app.log'), '#app=shop\r\n#host=h1\r\n#app=till\r\none\r\n#two\r\n')
      await writeFile(tail.path('b.log'), 'no header\n')
      await tail.start({ header, operators })
      await tail.untilRecords(3)
      assert.deepEqual(seen(tail), [
        ['one', 'till', 'h1'],
        ['#two', 'till', 'h1'],
        ['no header', undefined, undefined],
      ])
      assert.equal(tail.records[0]?.attributes['log.file.name'], 'app.log')
    })
  }

  test('is written bit by bit, and ends with an empty line', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ header })
    for (const piece of ['#app=', 'shop\n#ho', 'st=h1\n', '\n#one\ntwo\n']) {
      await appendFile(tail.path('app.log'), piece)
      await tail.polls(2)
    }
    await tail.untilRecords(2)
    assert.deepEqual(seen(tail), [
      ['#one', 'shop', 'h1'],
      ['two', 'shop', 'h1'],
    ])
  })

  test('is known again after a restart and a rotation', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), '#app=shop\none\n')
    await tail.start({ header, storage: 'mem' })
    await tail.untilRecords(1)
    await tail.stop()
    await appendFile(tail.path('app.log'), '#two\n')
    await rename(tail.path('app.log'), tail.path('app.log.1'))
    await tail.start({ header, storage: 'mem' })
    await tail.untilRecords(2)
    assert.deepEqual(seen(tail), [
      ['one', 'shop', undefined],
      ['#two', 'shop', undefined],
    ])
  })

  test('a restart in the middle of it goes on with it', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('app.log'), '#app=shop\n')
    await tail.start({ header, storage: 'mem' })
    await tail.polls(20)
    await tail.stop()
    await appendFile(tail.path('app.log'), '#host=h1\none\n')
    await tail.start({ header, storage: 'mem' })
    await tail.untilRecords(1)
    assert.deepEqual(seen(tail), [['one', 'shop', 'h1']])
  })

  test('is read anew when the file is truncated', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), '#app=shop\n#host=h1\none\n')
    await tail.start({ header })
    await tail.untilRecords(1)
    await truncate(tail.path('app.log'))
    await appendFile(tail.path('app.log'), '#app=b\ntwo\n')
    await tail.untilRecords(2)
    assert.deepEqual(seen(tail)[1], ['two', 'b', undefined])
  })

  test('in UTF-16, with records of several lines behind it', async () => {
    await using tail = await TailHarness.create()
    const text = '\ufeff#app=shöp\nLOG one\nmore\nLOG two\n'
    await writeFile(tail.path('app.log'), Buffer.from(text, 'utf16le'))
    await tail.start({
      header: { ...header, pattern: '^\\x{feff}?#' },
      encoding: 'utf-16le',
      multiline: { line_start_pattern: '^LOG' },
      force_flush_period: '50ms',
    })
    await tail.untilRecords(2)
    assert.deepEqual(seen(tail), [
      ['LOG one\nmore', 'shöp', undefined],
      ['LOG two', 'shöp', undefined],
    ])
  })

  for (const [config, want] of [
    [{ header }, 'header needs start_at: beginning'],
    [{ header: { ...header, metadata_operators: [] } }, 'must have at least one operator'],
    [
      { header: { ...header, metadata_operators: [{ type: 'filter', expr: 'true' }] } },
      'must give each line on: filter, router, recombine, container have no place here',
    ],
  ] as const) {
    test(`refuses: ${want}`, () => {
      const { issues } = v.safeParse(fileLog.config, { include: ['*'], ...config })
      assert.ok(
        issues?.some(({ message }) => message === want),
        JSON.stringify(issues?.map(({ message }) => message)),
      )
    })
  }
})
