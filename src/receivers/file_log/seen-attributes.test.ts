import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

suite('operators see the attributes of a file', () => {
  const name = 'attributes["log.file.name"]'
  const rows: readonly {
    name: string
    options: Record<string, unknown>
    lines: string
    want: Record<string, unknown>
    resource?: Record<string, unknown>
  }[] = [
    {
      name: 'in the expression of an add',
      options: { operators: [{ type: 'add', field: 'attributes.from', value: `EXPR(${name})` }] },
      lines: 'one\n',
      want: { 'log.file.name': 'app.log', from: 'app.log' },
    },
    {
      name: 'in the expression of an attribute',
      options: { attributes: { from: `of EXPR(${name})` } },
      lines: 'one\n',
      want: { 'log.file.name': 'app.log', from: 'of app.log' },
    },
    {
      name: 'in the expression of the resource',
      options: { resource: { app: `EXPR(trimSuffix(${name}, ".log"))` } },
      lines: 'one\n',
      want: { 'log.file.name': 'app.log' },
      resource: { app: 'app' },
    },
    {
      name: 'which the header of the file gave, as names of columns',
      options: {
        header: {
          pattern: '^#',
          metadata_operators: [{ type: 'regex_parser', regex: '^#Fields: (?P<columns>.*)' }],
        },
        operators: [{ type: 'csv_parser', header_attribute: 'columns', delimiter: ' ' }],
      },
      lines: '#Fields: method status\nGET 200\n',
      want: {
        'log.file.name': 'app.log',
        columns: 'method status',
        method: 'GET',
        status: '200',
      },
    },
  ]
  for (const { name: title, options, lines, want, resource } of rows) {
    test(title, async () => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('app.log'), lines)
      await tail.start(options)
      await tail.untilRecords(1)
      assert.deepEqual(tail.records[0]?.attributes, want)
      if (resource !== undefined) assert.deepEqual(tail.records[0]?.resource, resource)
    })
  }
})
