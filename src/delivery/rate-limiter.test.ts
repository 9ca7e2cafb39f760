import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ok, Rig } from '../../test/support/delivery-rig.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { numberedLogs } from '../../test/support/numbered-logs.ts'
import { RateLimiter } from './rate-limiter.ts'
import type { RateLimitConfig } from './schema.ts'

suite('a rate limit lets requests go', () => {
  const rows: readonly {
    name: string
    config: RateLimitConfig
    items: readonly number[]
    /** When each goes, in milliseconds. */
    want: readonly number[]
  }[] = [
    {
      name: 'at once up to the burst, then at the rate',
      config: { items_per_second: 10, burst: 20 },
      items: [10, 10, 5, 5],
      want: [0, 0, 500, 1000],
    },
    {
      name: 'with a burst of one second',
      config: { items_per_second: 10 },
      items: [5, 5, 5],
      want: [0, 0, 500],
    },
    {
      name: 'that are larger than the burst, and makes those behind pay',
      config: { items_per_second: 10, burst: 10 },
      items: [40, 10],
      want: [0, 4000],
    },
    {
      name: 'in the order in which they came',
      config: { items_per_second: 10, burst: 10 },
      items: [10, 10, 1, 1],
      want: [0, 1000, 1100, 1200],
    },
  ]
  for (const { name, config, items, want } of rows) {
    test(name, async () => {
      const clock = new FakeClock()
      const limiter = new RateLimiter(config, clock)
      const went: number[] = []
      for (const count of items) {
        const go = (): number => went.push(clock.monotonicMs())
        if (limiter.acquire(numberedLogs(0, count), go) === undefined) go()
      }
      await clock.advance(10_000)
      assert.deepEqual(went, want)
      assert.deepEqual([clock.pending, limiter.waiting], [0, 0])
    })
  }

  test('by bytes', async () => {
    const clock = new FakeClock()
    const batch = numberedLogs(0, 10)
    const limiter = new RateLimiter({ bytes_per_second: batch.sizeBytes }, clock)
    let second = -1
    assert.equal(
      limiter.acquire(batch, () => {}),
      undefined,
    )
    limiter.acquire(batch, () => {
      second = clock.monotonicMs()
    })
    await clock.advance(2000)
    assert.equal(second, 1000)
  })

  test('without those that gave up waiting', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter({ items_per_second: 10 }, clock)
    const went: string[] = []
    const ask = (name: string, items: number) =>
      limiter.acquire(numberedLogs(0, items), () => went.push(name))
    ask('first', 10)
    const cancel = ask('second', 10)
    ask('third', 1)
    cancel?.()
    cancel?.()
    await clock.advance(100)
    assert.deepEqual(went, ['third'])
    assert.equal(clock.pending, 0)
  })
})

suite('delivery under a rate limit', () => {
  test('sends no more than that, retries too, and all in the end', async () => {
    const rig = new Rig(
      {
        rate_limit: { items_per_second: 100, burst: 100 },
        retry_on_failure: { initial_interval: '100ms' },
      },
      ok,
    )
    for (let i = 0; i < 100; i++) void rig.give(10)
    await rig.advance(5000)
    const sent = rig.requests.reduce((sum, items) => sum + items, 0)
    assert.ok(sent >= 590 && sent <= 600, `${sent} in five seconds`)
    await rig.advance(5000)
    assert.equal(rig.account.delivered, 1000)
    await rig.stop(0)
  })

  test('a stop keeps to it, and leaves nothing behind when its time is over', async () => {
    const rig = new Rig({ rate_limit: { items_per_second: 10 } }, ok)
    for (let i = 0; i < 10; i++) void rig.give(10)
    await rig.stop(3000)
    assert.deepEqual([rig.account.delivered, rig.dropped], [40, { shutdown: 60 }])
  })
})
