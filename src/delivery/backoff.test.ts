import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Backoff } from './backoff.ts'
import type { RetryConfig } from './schema.ts'

const config: RetryConfig = {
  enabled: true,
  initial_interval: 1000,
  randomization_factor: 0.5,
  multiplier: 2,
  max_interval: 5000,
  max_elapsed_time: 0,
}

suite('the waits between tries', () => {
  const rows: readonly [string, number, (number | undefined)[], number[]][] = [
    ['grow to the largest', 0.5, [], [1000, 2000, 4000, 5000, 5000]],
    ['are half at least', 0, [], [500, 1000, 2000]],
    ['are half as long again at most', 0.999_999_9, [], [1500, 3000, 6000]],
    ['are what the backend asks, if that is longer', 0.5, [8000, 10], [8000, 2000]],
    ['are an hour at most, whatever the backend asks', 0.5, [1e18], [3_600_000]],
  ]
  for (const [name, random, asked, want] of rows) {
    test(name, () => {
      const backoff = new Backoff(config, 0, () => random)
      const got = want.map((_, index) => Math.round(backoff.nextMs(0, asked[index]) ?? -1))
      assert.deepEqual(got, want)
    })
  }

  test('end before max_elapsed_time', () => {
    const limited = { ...config, randomization_factor: 0, max_elapsed_time: 3000 }
    const backoff = new Backoff(limited, 10_000, Math.random)
    assert.equal(backoff.nextMs(10_000), 1000)
    assert.equal(backoff.nextMs(11_000), 2000)
    assert.equal(backoff.nextMs(13_000), undefined)
  })

  test('are cut at max_elapsed_time, for one last try, when the backend asks for more', () => {
    const limited = { ...config, randomization_factor: 0, max_elapsed_time: 3000 }
    const backoff = new Backoff(limited, 0, Math.random)
    assert.equal(backoff.nextMs(200, 60_000), 2800)
    assert.equal(backoff.nextMs(3000, 60_000), undefined)
  })

  test('end even if they are none, and the backend always asks for more', () => {
    const limited = { ...config, initial_interval: 0, max_elapsed_time: 3000 }
    const backoff = new Backoff(limited, 0, Math.random)
    assert.equal(backoff.nextMs(0, 60_000), 3000)
    assert.equal(backoff.nextMs(3000, 60_000), undefined)
  })
})
