import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

suite('encodings', () => {
  const rows: readonly {
    encoding: string
    bytes: Buffer
    want: readonly unknown[]
    undecodable?: number
  }[] = [
    { encoding: 'utf-8', bytes: Buffer.from('grüß\ndich\n'), want: ['grüß', 'dich'] },
    { encoding: '', bytes: Buffer.from('plain\n'), want: ['plain'] },
    {
      encoding: 'utf-8',
      bytes: Buffer.from([0x61, 0xff, 0x62, 10, 0x63, 10]),
      want: ['a\ufffdb', 'c'],
      undecodable: 1,
    },
    {
      encoding: 'utf-8-raw',
      bytes: Buffer.from([0x61, 0xff, 10, 0x63, 10]),
      want: [Buffer.from([0x61, 0xff]), 'c'],
    },
    { encoding: 'utf-8-raw', bytes: Buffer.from('grüß\n'), want: ['grüß'] },
    { encoding: 'utf-16le', bytes: Buffer.from('aĊ\nb\r\n', 'utf16le'), want: ['aĊ', 'b'] },
    { encoding: 'utf-16be', bytes: utf16be('ऊ਀ \n  b\n'), want: ['ऊ਀', 'b'] },
    { encoding: 'utf-16be', bytes: utf16be('Latin\nĀ\n'), want: ['Latin', 'Ā'] },
    { encoding: 'utf-16be', bytes: utf16be('\0\0hole\n'), want: ['hole'] },
    { encoding: 'utf-16le', bytes: Buffer.from('\0\0Ā\n', 'utf16le'), want: ['Ā'] },
    { encoding: 'nop', bytes: Buffer.from([0, 0, 1, 10]), want: [Buffer.from([0, 0, 1, 10])] },
    {
      encoding: 'utf-16le',
      bytes: Buffer.from('\ufeffwith a mark\n', 'utf16le'),
      want: ['with a mark'],
    },
    { encoding: 'latin1', bytes: Buffer.from('grüß\n', 'latin1'), want: ['grüß'] },
    { encoding: 'ascii', bytes: Buffer.from('grüß\n'), want: ['grüß'] },
    {
      encoding: 'US-ASCII',
      bytes: Buffer.from([0x61, 0xfc, 10]),
      want: ['a\ufffd'],
      undecodable: 1,
    },
    { encoding: 'big5', bytes: Buffer.from([0xa4, 0xa4, 0xa4, 0xe5, 10]), want: ['中文'] },
    { encoding: 'shift_jis', bytes: Buffer.from([0x93, 0xfa, 10]), want: ['日'] },
    { encoding: 'nop', bytes: Buffer.from('a\nb\n'), want: [Buffer.from('a\nb\n')] },
  ]
  for (const { encoding, bytes, want, undecodable = 0 } of rows) {
    test(`${encoding}: ${JSON.stringify(want)}`, async () => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('app.log'), bytes)
      await tail.start({ encoding })
      await tail.untilRecords(want.length)
      assert.deepEqual(tail.bodies, want)
      assert.equal(tail.value('remora_file_log_undecodable_records'), undecodable)
    })
  }

  test('T16: utf-16 written byte by byte', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ encoding: 'utf-16le' })
    for (const byte of Buffer.from('Ċa\nxyz\n', 'utf16le')) {
      await appendFile(tail.path('app.log'), Buffer.from([byte]))
      await tail.polls(1)
    }
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, ['Ċa', 'xyz'])
  })
})

suite('multiline', () => {
  const trace = 'ERROR boom\n\tat a.b(C.java:1)\n\tat d.e(F.java:2)\nINFO next\nINFO last'
  const rows: readonly {
    name: string
    multiline: object
    text: string
    want: readonly string[]
  }[] = [
    {
      name: 'a start pattern; the last record waits and is flushed',
      multiline: { line_start_pattern: '^[A-Z]+ ' },
      text: trace,
      want: ['ERROR boom\n\tat a.b(C.java:1)\n\tat d.e(F.java:2)', 'INFO next', 'INFO last'],
    },
    {
      name: 'what stands before the first start',
      multiline: { line_start_pattern: '^LOG' },
      text: 'continued\nLOG one\nmore\nLOG two\n',
      want: ['continued', 'LOG one\nmore', 'LOG two'],
    },
    {
      name: 'a start pattern that is left out',
      multiline: { line_start_pattern: '^LOG: ', omit_pattern: true },
      text: 'LOG: one\nmore\nLOG: two\n',
      want: ['one\nmore', 'two'],
    },
    {
      name: 'an end pattern',
      multiline: { line_end_pattern: 'END$' },
      text: 'a\nb END\nc END\nrest',
      want: ['a\nb END', 'c END', 'rest'],
    },
    {
      name: 'an end pattern that is left out',
      multiline: { line_end_pattern: ';', omit_pattern: true },
      text: 'a;b\nc;',
      want: ['a', 'b\nc'],
    },
    {
      name: 'a start pattern among other characters than ASCII',
      multiline: { line_start_pattern: '^ÄRGER' },
      text: 'ÄRGER ärger\n€\nÄRGER zwei\n',
      want: ['ÄRGER ärger\n€', 'ÄRGER zwei'],
    },
    {
      name: 'bytes that are not UTF-8',
      multiline: { line_start_pattern: '^LOG' },
      text: 'LOG \ufffd\nLOG b\n',
      want: ['LOG \ufffd', 'LOG b'],
    },
    {
      name: 'a pattern over several lines',
      multiline: { line_end_pattern: '\\n\\n' },
      text: 'a\nb\n\nc\n\n',
      want: ['a\nb', 'c'],
    },
  ]
  for (const { name, multiline, text, want } of rows) {
    test(name, async () => {
      await using tail = await TailHarness.create()
      const bytes = name.startsWith('bytes')
        ? Buffer.from(text.replace('\ufffd', '\xff'), 'latin1')
        : text
      await writeFile(tail.path('app.log'), bytes)
      await tail.start({ multiline, force_flush_period: '50ms' })
      await tail.untilRecords(want.length)
      assert.deepEqual(tail.bodies, want)
    })
  }

  const encodedRows: readonly { encoding: string; bytes: Buffer; start: string; want: string[] }[] =
    [
      {
        encoding: 'utf-16le',
        bytes: Buffer.from('\ufeffLOG ä\n  more\nLOG Ċ\n', 'utf16le'),
        start: '^LOG',
        want: ['LOG ä\n  more', 'LOG Ċ'],
      },
      {
        encoding: 'utf-16be',
        bytes: utf16be('Ünd ä\nmore\nÜnd b\n'),
        start: '^Ünd',
        want: ['Ünd ä\nmore', 'Ünd b'],
      },
      {
        encoding: 'latin1',
        bytes: Buffer.from('Über a\nmehr\nÜber b\n', 'latin1'),
        start: '^Über',
        want: ['Über a\nmehr', 'Über b'],
      },
      {
        encoding: 'big5',
        bytes: Buffer.from([0xa4, 0xa4, 0x61, 10, 0x62, 10, 0xa4, 0xa4, 0xa4, 0xe5, 10]),
        start: '^中',
        want: ['中a\nb', '中文'],
      },
    ]
  for (const { encoding, bytes, start, want } of encodedRows) {
    test(`a start pattern in ${encoding}`, async () => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('app.log'), bytes)
      await tail.start({
        encoding,
        multiline: { line_start_pattern: start },
        force_flush_period: '50ms',
      })
      await tail.untilRecords(want.length)
      assert.deepEqual(tail.bodies, want)
    })
  }

  test('records across the edges of blocks', async () => {
    await using tail = await TailHarness.create()
    const records = Array.from({ length: 8000 }, (_, i) =>
      `2026-01-01 ${i}\n${`  line €\n`.repeat(i % 9)}`.trimEnd(),
    )
    await writeFile(tail.path('app.log'), `${records.join('\n')}\n`)
    await tail.start({
      multiline: { line_start_pattern: '^\\d{4}-\\d{2}-\\d{2}' },
      force_flush_period: '50ms',
    })
    await tail.untilRecords(records.length)
    assert.deepEqual(tail.bodies, records)
  })
})
