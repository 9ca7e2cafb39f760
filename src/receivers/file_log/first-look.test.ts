import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { MemoryStorage, TailHarness } from '../../../test/support/tail.ts'

/** What was said of the files at the start, paths below the directory of the test shortened. */
function said(tail: TailHarness): string[] {
  const { logger } = tail.settings
  return [...logger.texts('warn'), ...logger.texts('info')].map((text) =>
    text.replaceAll(tail.directory, 'DIR'),
  )
}

suite('the first look at the files says', () => {
  const rows: readonly {
    name: string
    files?: readonly string[]
    options: Record<string, unknown>
    include: readonly string[]
    want: readonly string[]
  }[] = [
    {
      name: 'that no file matches a pattern',
      options: {},
      include: ['*.txt'],
      want: ['no file to read is found yet {"include":["DIR/*.txt"]}'],
    },
    {
      name: 'which directories and files are not there',
      options: {},
      include: ['nowhere/*.log', 'gone.log'],
      want: [
        'no file to read is found yet {"include":["DIR/nowhere/*.log","DIR/gone.log"],"not_there":["DIR/nowhere","DIR/gone.log"]}',
      ],
    },
    {
      name: 'that a directory is named where files belong',
      options: {},
      include: ['sub', 'a.log'],
      files: ['a.log'],
      want: [
        'include names a directory; name the files in it {"path":"DIR/sub","such_as":"DIR/sub/*.log"}',
        'files are found, and read from their beginning {"files":1,"unread_bytes":4}',
      ],
    },
    {
      name: 'that what is there is not read',
      options: { start_at: 'end' },
      include: ['*.log'],
      files: ['a.log', 'b.log'],
      want: [
        'files are found, and read from their end, as start_at says {"files":2,"unread_bytes":0}',
      ],
    },
  ]
  for (const { name, options, include, files = [], want } of rows) {
    test(name, async () => {
      await using tail = await TailHarness.create()
      await mkdir(tail.path('sub'))
      for (const file of files) await writeFile(tail.path(file), 'one\n')
      await tail.start({ ...options, include: include.map((pattern) => tail.path(pattern)) })
      assert.deepEqual(said(tail), want)
    })
  }

  test('that reading goes on where it ended', async () => {
    await using tail = await TailHarness.create()
    tail.useStorage(new MemoryStorage())
    await writeFile(tail.path('a.log'), 'one\n')
    await tail.start({ storage: 'mem' })
    await tail.untilRecords(1)
    await tail.stop()
    await writeFile(tail.path('a.log'), 'three\n', { flag: 'a' })
    await tail.start({ storage: 'mem' })
    assert.deepEqual(said(tail), [
      'files are found, and read on where the last run ended {"files":1,"unread_bytes":6}',
    ])
  })
})
