import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Ranges } from './ranges.ts'

function boundsOf(ranges: Ranges): [number, number][] {
  const bounds: [number, number][] = []
  ranges.forEach((from, to) => {
    bounds.push([from, to])
  })
  return bounds
}

suite('ranges', () => {
  const rows: readonly {
    name: string
    add: readonly [number, number][]
    want: readonly [number, number][]
  }[] = [
    {
      name: 'in order',
      add: [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
      want: [[0, 3]],
    },
    {
      name: 'a gap that closes',
      add: [
        [0, 1],
        [2, 3],
        [1, 2],
      ],
      want: [[0, 3]],
    },
    {
      name: 'backwards',
      add: [
        [4, 5],
        [2, 3],
        [0, 1],
      ],
      want: [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    },
    {
      name: 'over several',
      add: [
        [1, 2],
        [4, 5],
        [8, 9],
        [2, 8],
      ],
      want: [[1, 9]],
    },
    {
      name: 'twice',
      add: [
        [3, 6],
        [3, 6],
        [4, 5],
      ],
      want: [[3, 6]],
    },
    {
      name: 'empty ones',
      add: [
        [3, 3],
        [5, 4],
      ],
      want: [],
    },
  ]
  for (const { name, add, want } of rows) {
    test(name, () => {
      const ranges = new Ranges()
      for (const [from, to] of add) ranges.add(from, to)
      assert.deepEqual(boundsOf(ranges), want)
    })
  }

  test('are the set of their numbers, apart and in order', () => {
    const range = fc
      .tuple(fc.nat(40), fc.nat(5))
      .map(([from, size]) => [from, from + size] as const)
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), (added) => {
        const ranges = new Ranges()
        const set = new Set<number>()
        for (const [from, to] of added) {
          ranges.add(from, to)
          for (let number = from; number < to; number++) set.add(number)
        }
        for (let number = -1; number < 50; number++) {
          assert.equal(ranges.has(number), set.has(number), `${number}`)
        }
        const bounds = boundsOf(ranges).flat()
        assert.deepEqual(
          bounds,
          [...new Set(bounds)].sort((a, b) => a - b),
        )
        assert.equal(ranges.end, Math.max(0, ...[...set].map((number) => number + 1)))
      }),
    )
  })
})
