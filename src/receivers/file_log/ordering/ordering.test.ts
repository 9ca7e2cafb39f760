import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { systemFiles } from '../../../tail/file-system.ts'
import { chooseFirst } from '../../../tail/ordering.ts'
import { compileOrdering } from './compile-ordering.ts'
import { orderingCriteria } from './schema.ts'

const paths = ['/l/a.2.log', '/l/a.10.log', '/l/a.1.log', '/l/b.7.log', '/l/b.x.log', '/l/other']
const regex = '/(?P<name>[a-z])\\.(?P<n>\\d+)\\.log$'

async function choose(criteria: object, from = paths): Promise<readonly string[]> {
  return await chooseFirst(from, compileOrdering(v.parse(orderingCriteria, criteria)), systemFiles)
}

suite('ordering_criteria', () => {
  const rows: readonly (readonly [string, object, readonly string[]])[] = [
    [
      'the largest number',
      { regex, sort_by: [{ regex_key: 'n', sort_type: 'numeric' }] },
      ['/l/a.10.log'],
    ],
    [
      'the two smallest',
      { regex, top_n: 2, sort_by: [{ regex_key: 'n', sort_type: 'numeric', ascending: true }] },
      ['/l/a.1.log', '/l/a.2.log'],
    ],
    [
      'by text, then by number',
      {
        regex,
        top_n: 2,
        sort_by: [
          { regex_key: 'name', sort_type: 'alphabetical' },
          { regex_key: 'n', sort_type: 'numeric' },
        ],
      },
      ['/l/b.7.log', '/l/a.10.log'],
    ],
    [
      'the first of each group',
      { regex, group_by: '/([a-z])\\.', sort_by: [{ regex_key: 'n', sort_type: 'numeric' }] },
      ['/l/a.10.log', '/l/b.7.log'],
    ],
    [
      'of groups, without what is in none',
      { regex, group_by: '/(b)\\.', sort_by: [{ regex_key: 'n', sort_type: 'numeric' }] },
      ['/l/b.7.log'],
    ],
    ['all, without an order', { regex, group_by: '/(b)\\.', top_n: 2 }, paths],
  ]
  for (const [name, criteria, want] of rows) {
    test(name, async () => assert.deepEqual(await choose(criteria), want))
  }

  test('by a time in the name, leaving out what is none', async () => {
    const dated = ['/l/20240101.log', '/l/20231231.log', '/l/20249999.log']
    const rule = { regex_key: 'd', sort_type: 'timestamp', layout: '%Y%m%d' }
    assert.deepEqual(
      await choose({ regex: '/(?P<d>\\d+)\\.log', top_n: 5, sort_by: [rule] }, dated),
      ['/l/20240101.log', '/l/20231231.log'],
    )
  })

  test('by the time of the last change', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'remora-ordering-'))
    try {
      const files = ['a', 'b', 'c'].map((name) => join(directory, name))
      for (const [index, path] of files.entries()) {
        await writeFile(path, '')
        await utimes(path, 1000 + index, 1000 + index)
      }
      assert.deepEqual(await choose({ sort_by: [{ sort_type: 'mtime' }] }, files), [files[2]])
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  for (const [criteria, want] of [
    [{ sort_by: [{ sort_type: 'numeric' }] }, 'needs a regex_key'],
    [{ sort_by: [{ sort_type: 'numeric', regex_key: 'n' }] }, 'needs a regex'],
    [{ regex, sort_by: [{ sort_type: 'timestamp', regex_key: 'n' }] }, 'needs a layout'],
    [
      { regex, sort_by: [{ sort_type: 'numeric', regex_key: 'q' }] },
      'has a regex_key that is no group of the regex',
    ],
  ] as const) {
    test(`refuses: ${want}`, () => {
      const parsed = v.safeParse(orderingCriteria, criteria)
      assert.ok(parsed.issues?.some(({ message }) => message === want))
    })
  }
})
