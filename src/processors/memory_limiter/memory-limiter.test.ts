import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { Batch } from '../../signal/batch.ts'
import { memoryLimiter } from './definition.ts'
import { effectiveBytes, judge, type MemoryUse, resolveLimits } from './limits.ts'
import { MemoryLimiter } from './memory-limiter.ts'

const mib = 1024 * 1024
const none = { limitMib: 0, spikeLimitMib: 0, limitPercentage: 0, spikeLimitPercentage: 0 }
const system = { totalBytes: 1000 * mib, heapLimitBytes: 500 * mib }

function use(over: Partial<Record<keyof MemoryUse, number>> = {}): MemoryUse {
  const { rss = 60, heapTotal = 20, heapUsed = 10, external = 5 } = over
  return {
    rss: rss * mib,
    heapTotal: heapTotal * mib,
    heapUsed: heapUsed * mib,
    external: external * mib,
  }
}

suite('the configuration', () => {
  const rows: readonly { name: string; config: object; want: readonly string[] }[] = [
    {
      name: 'needs an interval',
      config: { limit_mib: 1 },
      want: ['check_interval: must be longer than 0, e.g. "1s"'],
    },
    {
      name: 'needs a limit',
      config: { check_interval: '1s' },
      want: ['limit_mib: must be set, or limit_percentage must be'],
    },
    {
      name: 'refuses a spike as large as the limit',
      config: { check_interval: '1s', limit_mib: 100, spike_limit_mib: 100 },
      want: ['spike_limit_mib: must be smaller than limit_mib'],
    },
    {
      name: 'refuses a spike share as large as the limit',
      config: { check_interval: '1s', limit_percentage: 50, spike_limit_percentage: 60 },
      want: ['spike_limit_percentage: must be smaller than limit_percentage'],
    },
    {
      name: 'refuses more than all of the memory',
      config: { check_interval: '1s', limit_percentage: 101 },
      want: ['limit_percentage: must be a whole number from 0 to 100'],
    },
    { name: 'takes a fixed limit', config: { check_interval: '1s', limit_mib: 100 }, want: [] },
  ]
  for (const { name, config, want } of rows) {
    test(name, () => {
      const { issues = [] } = v.safeParse(memoryLimiter.config, config)
      assert.deepEqual(
        issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`),
        want,
      )
    })
  }
})

suite('resolveLimits', () => {
  const rows = [
    { name: 'a fifth below limit_mib', options: { limitMib: 100 }, hard: 100, soft: 80 },
    {
      name: 'spike_limit_mib below it',
      options: { limitMib: 100, spikeLimitMib: 30 },
      hard: 100,
      soft: 70,
    },
    { name: 'a share of the memory', options: { limitPercentage: 50 }, hard: 500, soft: 400 },
    {
      name: 'a share of the memory, with a spike',
      options: { limitPercentage: 50, spikeLimitPercentage: 20 },
      hard: 500,
      soft: 300,
    },
    {
      name: 'limit_mib before the share',
      options: { limitMib: 10, limitPercentage: 50 },
      hard: 10,
      soft: 8,
    },
  ]
  for (const { name, options, hard, soft } of rows) {
    test(name, () => {
      const limits = resolveLimits({ ...none, ...options }, system)
      assert.equal(limits.hardBytes / mib, hard)
      assert.equal(limits.softBytes / mib, soft)
    })
  }
})

suite('judge', () => {
  // soft 240, heap 450, resident 920
  const limits = resolveLimits({ ...none, limitMib: 300 }, system)
  const rows: readonly { name: string; use: MemoryUse; want: string | undefined }[] = [
    { name: 'little', use: use(), want: undefined },
    {
      name: 'buffers over the limit',
      use: use({ external: 231 }),
      want: 'heap and buffers hold 241.0 of 240.0 MiB',
    },
    {
      name: 'a heap close to the end of V8',
      use: use({ heapUsed: 455, heapTotal: 470, external: -300 }),
      want: 'the heap holds 455.0 of 450.0 MiB',
    },
    {
      name: 'a process close to the limit of its container',
      use: use({ rss: 935 }),
      want: 'the process holds 925.0 of 920.0 MiB',
    },
    {
      name: 'a large process whose heap is mostly free again',
      use: use({ rss: 935, heapTotal: 400, heapUsed: 10 }),
      want: undefined,
    },
  ]
  for (const { name, use: memory, want } of rows) {
    test(name, () => assert.equal(judge(memory, limits).reason, want))
  }
})

function limiterOver(memory: { now: MemoryUse }, collect?: () => void) {
  const settings = testSettings({})
  const next = new RecordingIntake()
  let measured = 0
  const limiter = new MemoryLimiter(
    {
      checkIntervalMs: 1000,
      limits: resolveLimits({ ...none, limitMib: 100 }, system),
      measure: () => {
        measured += 1
        return memory.now
      },
      collectGarbage: collect,
    },
    settings,
    next,
  )
  return { limiter, next, settings, clock: settings.clock, measured: () => measured }
}

const batch = new Batch('logs', [new Uint8Array(1000)], 5)

suite('MemoryLimiter', () => {
  test('shows the nearest limit, in whole bytes', () => {
    const { settings } = limiterOver({ now: use() })
    assert.equal(settings.meter.value('remora_memory_limiter_limit_bytes'), 80 * mib)
    const limits = resolveLimits({ ...none, limitPercentage: 99 }, { ...system, totalBytes: 1001 })
    assert.equal(effectiveBytes(limits), 792)
    const wide = resolveLimits({ ...none, limitMib: 5000 }, { ...system, totalBytes: 1001 })
    assert.equal(effectiveBytes(wide), 920)
  })

  test('refuses with a retryable error while memory is short, and takes data again after', async () => {
    const memory = { now: use() }
    const { limiter, next, settings, clock } = limiterOver(memory)
    await limiter.start()
    await limiter.consume(batch, testContext())
    memory.now = use({ external: 90 })
    await clock.advance(1000)
    await assert.rejects(limiter.consume(batch, testContext()), {
      code: 'memory_limited',
      retry: 'backoff',
      retryAfterMs: 1000,
      message: 'memory is short: heap and buffers hold 100.0 of 80.0 MiB',
    })
    memory.now = use()
    await clock.advance(1000)
    await limiter.consume(batch, testContext())
    assert.equal(next.calls.length, 2)
    assert.equal(settings.meter.value('otelcol_processor_accepted_log_records'), 10)
    assert.equal(settings.meter.value('otelcol_processor_refused_log_records'), 5)
    assert.deepEqual(
      settings.statuses.map(({ state }) => state),
      ['recoverable_error', 'ok'],
    )
    await limiter.stop()
    assert.equal(clock.pending, 0)
  })

  test('measures between two intervals when a burst fills half of the room', async () => {
    const memory = { now: use() }
    const { limiter, measured } = limiterOver(memory)
    await limiter.start()
    assert.equal(measured(), 1)
    // 65 MiB of room at the start: after 32.5 MiB it looks again.
    const large = new Batch('logs', [new Uint8Array(10 * mib)], 1)
    for (let i = 0; i < 3; i++) await limiter.consume(large, testContext())
    assert.equal(measured(), 1)
    memory.now = use({ external: 90 })
    await assert.rejects(limiter.consume(large, testContext()), { code: 'memory_limited' })
    assert.equal(measured(), 2)
    await limiter.stop()
  })

  test('collects garbage above the hard limit only, and not often', async () => {
    let collected = 0
    const memory = { now: use({ external: 75 }) }
    const { limiter, clock } = limiterOver(memory, () => {
      collected += 1
      memory.now = use()
    })
    await limiter.start()
    assert.equal(collected, 0)
    memory.now = use({ external: 200 })
    await clock.advance(1000)
    assert.equal(collected, 1)
    await limiter.consume(batch, testContext())
    memory.now = use({ external: 200 })
    await clock.advance(1000)
    assert.equal(collected, 1)
    await assert.rejects(limiter.consume(batch, testContext()), { code: 'memory_limited' })
    await clock.advance(10_000)
    assert.equal(collected, 2)
    await limiter.stop()
  })
})
