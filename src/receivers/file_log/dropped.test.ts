import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

const parser = { type: 'regex_parser', regex: '^(?P<n>\\d+)$' }

suite('records that operators drop are told to the pipeline', () => {
  const rows: readonly { name: string; operators: readonly object[]; want: object }[] = [
    {
      name: 'for on_error: drop',
      operators: [{ ...parser, on_error: 'drop' }],
      want: { parse_failed: 2 },
    },
    {
      name: 'for on_error: drop_quiet',
      operators: [{ ...parser, on_error: 'drop_quiet' }],
      want: { parse_failed: 2 },
    },
    {
      name: 'for a filter',
      operators: [{ type: 'filter', expr: 'body == "x"' }],
      want: { filtered: 1 },
    },
    {
      name: 'for a router without a way',
      operators: [
        { type: 'router', routes: [{ expr: 'body == "1"', output: 'end' }] },
        { type: 'noop', id: 'end' },
      ],
      want: { filtered: 3 },
    },
    { name: 'and no others', operators: [parser], want: {} },
  ]
  for (const { name, operators, want } of rows) {
    test(name, async () => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('app.log'), '1\nx\n2\ny\n')
      await tail.start({ operators })
      const dropped = tail.intake.droppedByReason
      const total = (): number => [...dropped.values()].reduce((sum, n) => sum + n, 0)
      await tail.until('all lines', () => tail.intake.itemCount + total() === 4)
      assert.deepEqual(Object.fromEntries(dropped), want)
    })
  }
})
