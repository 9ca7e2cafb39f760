import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DeliveryError } from './delivery-error.ts'

suite('how long the other side asks to wait', () => {
  for (const [asked, want] of [
    [undefined, undefined],
    [0, 0],
    [1500, 1500],
    [-5, 0],
    [Number.NaN, undefined],
    [7_200_000, 3_600_000],
    [9_999_999_999_000, 3_600_000],
    [Infinity, 3_600_000],
  ] as const) {
    test(`${asked} ms become ${want}`, () => {
      const options = asked === undefined ? {} : { retryAfterMs: asked }
      assert.equal(new DeliveryError('throttled', 'slow', options).retryAfterMs, want)
    })
  }
})
