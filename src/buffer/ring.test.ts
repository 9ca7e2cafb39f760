import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { defaultBytesInMemory, defaultQueueBytes } from './queue-bytes.ts'
import { Ring } from './ring.ts'

test('a ring does what an array does', () => {
  const commands = fc.array(
    fc.oneof({ weight: 3, arbitrary: fc.nat() }, { weight: 2, arbitrary: fc.constant('shift') }),
    {
      maxLength: 5000,
      size: 'max',
    },
  )
  fc.assert(
    fc.property(commands, (steps) => {
      const ring = new Ring<number>()
      const model: number[] = []
      for (const step of steps) {
        if (typeof step === 'number') {
          ring.push(step)
          model.push(step)
        } else assert.equal(ring.shift(), model.shift())
        assert.equal(ring.length, model.length)
        assert.equal(ring.peek(), model[0])
      }
      while (model.length > 0) assert.equal(ring.shift(), model.shift())
      assert.equal(ring.shift(), undefined)
    }),
    { numRuns: 50 },
  )
})

test('a ring that was large works on after it was emptied', () => {
  const ring = new Ring<number>()
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 3000; n++) ring.push(n)
    for (let n = 0; n < 3000; n++) assert.equal(ring.shift(), n)
  }
})

suite('a queue holds by default', () => {
  const MiB = 1024 * 1024
  const rows: readonly [string, number | undefined, number][] = [
    ['64 MiB without a limit', undefined, 64 * MiB],
    ['64 MiB where the limit is not known', 0, 64 * MiB],
    ['64 MiB on a large machine', 2 ** 60, 64 * MiB],
    ['an eighth of 128 MiB', 128 * MiB, 16 * MiB],
    ['4 MiB at least', 16 * MiB, 4 * MiB],
  ]
  for (const [name, limit, want] of rows) {
    test(name, () => assert.equal(defaultQueueBytes(limit), want))
  }

  test('a quarter of that in memory, if it is on disk', () => {
    assert.equal(defaultBytesInMemory(undefined), 16 * MiB)
    assert.equal(defaultBytesInMemory(128 * MiB), 4 * MiB)
  })
})
