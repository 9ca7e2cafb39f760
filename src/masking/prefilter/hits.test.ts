import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Hits } from './hits.ts'

suite('Hits', () => {
  test('finds a long range of one automaton that holds a short one of the other', () => {
    const hits = new Hits()
    const [one, two] = hits.lists
    one.add(100, 1)
    for (let at = 50; at <= 200; at += 4) two.add(at, 2)
    assert.equal(hits.bitsIn(40, 60), 2)
    assert.equal(hits.bitsIn(90, 110), 3)
    assert.equal(hits.bitsIn(190, 300), 2)
    assert.equal(hits.bitsIn(201, 300), 0)
  })

  test('keeps a range that reaches to the end, and begins again after a rewind', () => {
    const hits = new Hits()
    const [one] = hits.lists
    one.add(3, 1)
    one.addRange(10, 99, 4)
    assert.equal(hits.bitsIn(50, 60), 4)
    hits.rewind()
    assert.equal(hits.bitsIn(3, 4), 1)
    assert.equal(hits.bitsIn(4, 9), 0)
  })
})
