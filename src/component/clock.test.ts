import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from './clock.ts'

suite('the system clock', () => {
  // Node takes a delay above 2^31−1 ms, and one that is no number, for 1 ms.
  for (const delayMs of [999_999 * 3_600_000, 2 ** 31, Infinity]) {
    test(`waits ${delayMs} ms as long as a timer can`, async () => {
      let runs = 0
      const cancelOnce = systemClock.after(delayMs, () => runs++)
      const cancelPeriod = systemClock.every(delayMs, () => runs++)
      const endMs = systemClock.monotonicMs() + 20
      while (systemClock.monotonicMs() < endMs) await setImmediate()
      cancelOnce()
      cancelPeriod()
      assert.equal(runs, 0)
    })
  }
})
