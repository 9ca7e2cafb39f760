import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Scalar } from './node.ts'
import { resolvePlainScalar } from './scalar.ts'

suite('a plain scalar', () => {
  const rows: readonly (readonly [string, Scalar])[] = [
    ['', null],
    ['~', null],
    ['null', null],
    ['nULL', 'nULL'],
    ['true', true],
    ['FALSE', false],
    ['on', 'on'],
    ['off', 'off'],
    ['yes', 'yes'],
    ['n', 'n'],
    ['12', 12],
    ['-12', -12],
    ['+12', 12],
    ['0x1F', 31],
    ['-0x1f', -31],
    ['0o17', 15],
    ['017', 15],
    ['089', 89],
    ['0b11', 3],
    ['1_000', 1000],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1.', 1],
    ['.', '.'],
    ['-', '-'],
    ['.inf', Number.POSITIVE_INFINITY],
    ['-.Inf', Number.NEGATIVE_INFINITY],
    ['.nan', Number.NaN],
    ['1.2.3', '1.2.3'],
    ['10s', '10s'],
    ['127.0.0.1:80', '127.0.0.1:80'],
    ['2024-01-01', '2024-01-01'],
    ['0xyz', '0xyz'],
    ['hello', 'hello'],
  ]
  for (const [written, means] of rows) {
    test(`${JSON.stringify(written)} means ${JSON.stringify(means)}`, () => {
      assert.deepEqual(resolvePlainScalar(written), means)
    })
  }
})
