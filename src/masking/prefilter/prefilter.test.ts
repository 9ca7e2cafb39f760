import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Prefilter } from './prefilter.ts'

suite('Prefilter', () => {
  test('follows many words where there is no shape, and many shapes where there is no word', () => {
    const letters = [...'abcdefghijklmnopqrst']
    const words = new Prefilter(letters.map((one) => ({ pattern: `${one}${one}z`, bits: 1 })))
    assert.equal(words.hits(Buffer.from('1234 ccz')), 1)
    assert.equal(words.hits(Buffer.from('1234 cdz')), 0)
    const shapes = new Prefilter(letters.map((one) => ({ pattern: `[0-9]{3}${one}`, bits: 1 })))
    assert.equal(shapes.hits(Buffer.from('12c 123c')), 1)
    assert.equal(shapes.hits(Buffer.from('12c 12 c')), 0)
  })

  test('of nothing finds nothing', () => {
    assert.equal(new Prefilter([]).hits(Buffer.from('anything')), 0)
  })

  test('tells apart every byte that anchors tell apart', () => {
    const prefilter = new Prefilter([
      { pattern: '[a-m][0-4]', bits: 1 },
      { pattern: '[g-z][3-9]', bits: 1 },
    ])
    for (const [letter, from, to] of [
      ['a', 0, 4],
      ['h', 0, 9],
      ['z', 3, 9],
    ] as const) {
      for (let digit = 0; digit <= 9; digit++) {
        const want = digit >= from && digit <= to ? 1 : 0
        assert.equal(prefilter.hits(Buffer.from(`${letter}${digit}`)), want, `${letter}${digit}`)
      }
    }
  })
})
