import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { rule, rules } from './rule.ts'
import { duration } from './schema.ts'

const range = v.pipe(
  v.strictObject({
    min: v.optional(v.number('min: no number'), 1),
    max: v.optional(v.number('max: no number'), 10),
    pause: v.optional(duration(), '1s'),
    limit: v.optional(duration(), '5s'),
    name: v.optional(v.string('name: no string'), 'a'),
  }),
  rule(['min', 'max'], (c) => c.min <= c.max, 'must be at least min', ['max']),
  rule(['pause', 'limit'], (c) => c.pause <= c.limit, 'the pause is longer than the limit'),
  rules(['name', 'max'], ({ name, max }) =>
    name.length > max
      ? [{ message: 'too long' }, { message: 'or max too small', at: ['max'] }]
      : [],
  ),
)

function issuesOf(input: unknown): string[] {
  const { issues = [] } = v.safeParse(range, input)
  return issues.map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`)
}

suite('a rule between options', () => {
  const noDuration = 'must be a duration such as "200ms", "5s" or "1h30m"'
  const rows: readonly { name: string; input: unknown; want: readonly string[] }[] = [
    { name: 'that holds', input: { min: 2, max: 3 }, want: [] },
    { name: 'that is broken', input: { min: 2, max: 1 }, want: ['max: must be at least min'] },
    {
      name: 'is judged with a wrong type beside it',
      input: { min: 2, max: 1, name: 5 },
      want: ['name: name: no string', 'max: must be at least min'],
    },
    {
      name: 'is judged with an unknown option beside it',
      input: { min: 2, max: 1, minimum: 5 },
      want: [
        'minimum: Invalid key: Expected never but received "minimum"',
        'max: must be at least min',
      ],
    },
    {
      name: 'sees defaults and parsed values beside a wrong type',
      input: { pause: '1m', max: 'x' },
      want: ['max: max: no number', ': the pause is longer than the limit'],
    },
    {
      name: 'waits for the types of its own options',
      input: { min: 'x', max: 0, pause: 'x' },
      want: ['min: min: no number', `pause: ${noDuration}`, ': too long', 'max: or max too small'],
    },
    {
      name: 'is judged beside another, of the whole object, and a wrong type',
      input: { pause: '1m', name: 'abc', max: 2, min: 'x' },
      want: [
        'min: min: no number',
        ': the pause is longer than the limit',
        ': too long',
        'max: or max too small',
      ],
    },
    {
      name: 'waits for an object',
      input: 5,
      want: [': Invalid type: Expected Object but received 5'],
    },
    {
      name: 'is judged beside another',
      input: { max: 0, limit: 0 },
      want: [
        'max: must be at least min',
        ': the pause is longer than the limit',
        ': too long',
        'max: or max too small',
      ],
    },
  ]
  for (const { name, input, want } of rows) {
    test(name, () => assert.deepEqual(issuesOf(input), want))
  }
})
