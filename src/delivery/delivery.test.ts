import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fail, flaky, hang, type Input, ok, Rig } from '../../test/support/delivery-rig.ts'
import { FakeClock, settle } from '../../test/support/fake-clock.ts'
import { numberedLogs, numbersOf } from '../../test/support/numbered-logs.ts'
import { testContext } from '../../test/support/recording-intake.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import { fullSuccess, type SendOutcome } from './send.ts'

const batching = { batch: { min_size: 40, max_size: 60 } }
const quick = { initial_interval: '100ms', max_interval: '400ms' }

suite('every item ends once, whatever the backend does', () => {
  const largerThan = (items: number) => (batch: Batch) =>
    batch.itemCount > items ? fail('too_large')() : ok()
  const rows: readonly {
    name: string
    input?: Input
    backend: (batch: Batch, abort: AbortSignal) => Promise<SendOutcome>
    delivered: number
    dropped: Record<string, number>
    /** Those of callers that still have the data. */
    rejected?: Record<string, number>
  }[] = [
    { name: 'always ok', backend: ok, delivered: 500, dropped: {} },
    { name: 'random retryable', backend: flaky(3, 0.6), delivered: 500, dropped: {} },
    {
      name: 'permanent',
      backend: fail('backend_rejected'),
      delivered: 0,
      dropped: { backend_rejected: 500 },
    },
    {
      name: 'unauthenticated',
      backend: fail('unauthenticated'),
      delivered: 0,
      dropped: { unauthenticated: 500 },
    },
    {
      name: 'down for good',
      input: { retry_on_failure: { ...quick, max_elapsed_time: '2s' } },
      backend: fail('unavailable'),
      delivered: 0,
      dropped: { retries_exhausted: 250 },
      rejected: { unavailable: 250 },
    },
    {
      name: 'down, no retries',
      input: { retry_on_failure: { enabled: false } },
      backend: fail('unavailable'),
      delivered: 0,
      dropped: { unavailable: 250 },
      rejected: { unavailable: 250 },
    },
    {
      name: 'partial success of 3 a request',
      input: { sending_queue: { num_consumers: 1 } },
      backend: () => Promise.resolve({ rejectedItems: 3, message: 'no' }),
      delivered: 500 - 3 * 50,
      dropped: { partial_success: 3 * 50 },
    },
    { name: 'too large, but halves pass', backend: largerThan(4), delivered: 500, dropped: {} },
    {
      name: 'every single item too large',
      backend: fail('too_large'),
      delivered: 0,
      dropped: { too_large: 500 },
    },
    {
      name: 'one poisonous item',
      backend: (batch) => (numbersOf(batch).includes(42) ? fail('too_large')() : ok()),
      delivered: 499,
      dropped: { too_large: 1 },
    },
    {
      name: 'hangs until the timeout',
      input: { timeout: '300ms', retry_on_failure: { ...quick, max_elapsed_time: '2s' } },
      backend: hang,
      delivered: 0,
      dropped: { retries_exhausted: 250 },
      rejected: { timeout: 250 },
    },
    {
      name: 'throws what is no DeliveryError',
      backend: () => {
        throw new TypeError('oops')
      },
      delivered: 0,
      dropped: { internal: 500 },
    },
    {
      name: 'says that it rejected more than it got',
      backend: () => Promise.resolve({ rejectedItems: 1e9, message: '' }),
      delivered: 0,
      dropped: { partial_success: 500 },
    },
  ]
  const queues: readonly { name: string; queue: Input['sending_queue'] }[] = [
    { name: 'queue', queue: {} },
    { name: 'queue with batches', queue: batching },
    {
      name: 'queue with batches by bytes',
      queue: { batch: { sizer: 'bytes', min_size: 300, max_size: 500 } },
    },
  ]
  for (const { name, input, backend, delivered, dropped, rejected } of rows) {
    for (const { name: queueName, queue } of queues) {
      if (name.startsWith('partial') && queueName !== 'queue') continue
      test(`${name}, ${queueName}`, async () => {
        const merged = { ...queue, ...input?.sending_queue }
        const rig = new Rig({ retry_on_failure: quick, ...input, sending_queue: merged }, backend)
        for (let i = 0; i < 50; i++) {
          rig.give(10, { until: i % 2 ? 'accepted' : 'delivered' }).catch(() => undefined)
        }
        await rig.advance(60_000, 200)
        assert.equal(rig.account.queued, 0)
        assert.equal(rig.account.delivered, delivered)
        assert.deepEqual(rig.dropped, dropped)
        assert.deepEqual(rig.rejected, rejected ?? {})
        const heard = new Set(rig.outcomes.filter((_, i) => i % 2 === 0))
        assert.deepEqual([...heard], rejected === undefined ? ['ok'] : Object.keys(rejected))
        assert.deepEqual([...new Set(rig.outcomes.filter((_, i) => i % 2))], ['ok'])
        if (delivered === 500) {
          const sorted = rig.taken.toSorted((a, b) => a - b)
          assert.deepEqual(
            sorted,
            Array.from({ length: 500 }, (_, n) => n),
          )
        }
        assert.equal(rig.settings.meter.value('otelcol_exporter_sent_log_records'), delivered)
        assert.equal(
          rig.settings.meter.value('otelcol_exporter_send_failed_log_records'),
          500 - delivered,
        )
        await rig.stop(0)
      })
    }
  }
})

suite('without a queue, or with wait_for_result, the caller hears the result', () => {
  const rows: readonly { name: string; backend: () => Promise<SendOutcome>; want: string }[] = [
    { name: 'success', backend: ok, want: 'ok' },
    { name: 'permanent failure', backend: fail('backend_rejected'), want: 'backend_rejected' },
    { name: 'down for too long', backend: fail('unavailable'), want: 'unavailable' },
    {
      name: 'partial success',
      backend: () => Promise.resolve({ rejectedItems: 1, message: '' }),
      want: 'ok',
    },
  ]
  for (const queue of [{ enabled: false }, { wait_for_result: true, ...batching }]) {
    for (const { name, backend, want } of rows) {
      test(`${name}, ${JSON.stringify(queue)}`, async () => {
        const retry = { ...quick, max_elapsed_time: '2s' }
        const rig = new Rig({ sending_queue: queue, retry_on_failure: retry }, backend)
        for (let i = 0; i < 8; i++) void rig.give(10)
        assert.equal(rig.account.queued, 80)
        assert.deepEqual([...new Set(rig.outcomes)], ['pending'])
        await rig.advance(10_000)
        assert.deepEqual([...new Set(rig.outcomes)], [want])
        assert.equal(rig.account.queued, 0)
        if (want !== 'ok') assert.deepEqual(rig.rejected, { [want]: 80 })
        await rig.stop(0)
      })
    }
  }

  test('a part delivered and a part refused for good is taken and counted', async () => {
    const rig = new Rig({ sending_queue: { enabled: false } }, (batch) =>
      numbersOf(batch).includes(3) ? fail('too_large')() : ok(),
    )
    await rig.give(8)
    assert.deepEqual([rig.account.delivered, rig.dropped], [7, { too_large: 1 }])
    rig.balances()
  })

  test('a part delivered and a part that may pass later goes back, accounted', async () => {
    const rig = new Rig(
      { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } },
      (batch) => {
        if (batch.itemCount > 4) return fail('too_large')()
        return numbersOf(batch).includes(7) ? fail('unavailable')() : ok()
      },
    )
    await assert.rejects(rig.give(8), { code: 'unavailable', accounted: true, retry: 'backoff' })
    assert.deepEqual([rig.account.delivered, rig.rejected], [4, { unavailable: 4 }])
    rig.balances()
  })
})

suite('a caller that waits for delivery and still has the data', () => {
  const retry = { ...quick, max_elapsed_time: '2s' }

  test('loses nothing to max_elapsed_time: it gets the batch back and offers it again', async () => {
    let down = true
    const rig = new Rig({ retry_on_failure: retry }, () => (down ? fail('unavailable')() : ok()))
    const offer = async (first: number): Promise<void> => {
      for (;;) {
        const error = await rig.give(10, { until: 'delivered' }, first).then(
          () => undefined,
          (thrown: DeliveryError) => thrown,
        )
        if (error === undefined) return
        assert.deepEqual([error.code, error.retry], ['unavailable', 'backoff'])
      }
    }
    let delivered = 0
    for (const first of [0, 10, 20]) void offer(first).then(() => delivered++)
    await rig.advance(30_000, 200)
    assert.equal(delivered, 0)
    assert.ok((rig.rejected['unavailable'] ?? 0) > 0)
    down = false
    await rig.advance(2000)
    assert.equal(delivered, 3)
    assert.deepEqual([rig.account.delivered, rig.dropped], [30, {}])
    assert.deepEqual(
      rig.taken.toSorted((a, b) => a - b),
      Array.from({ length: 30 }, (_, n) => n),
    )
  })

  test('gets only the part back that may still succeed; the rest stays accounted', async () => {
    const rig = new Rig({ retry_on_failure: { enabled: false } }, (batch) => {
      if (batch.itemCount > 2) return fail('too_large')()
      const numbers = numbersOf(batch)
      if (numbers.includes(0)) return fail('backend_rejected')()
      return numbers.includes(2) ? fail('unavailable')() : ok()
    })
    const answer = rig.give(8, { until: 'delivered' })
    await assert.rejects(answer, { code: 'unavailable', retry: 'backoff', accounted: true })
    assert.deepEqual(
      [rig.account.delivered, rig.dropped, rig.rejected],
      [4, { backend_rejected: 2 }, { unavailable: 2 }],
    )
    rig.balances()
  })
})

suite('a full queue', () => {
  const full = { queue_size: 3, num_consumers: 1 }
  const rows: readonly {
    name: string
    queue: Input['sending_queue']
    onFull: 'refuse' | 'wait'
    want: string
    dropped: Record<string, number>
    delivered: number
  }[] = [
    {
      name: 'refuses a sender',
      queue: {},
      onFull: 'refuse',
      want: 'ok ok ok queue_full queue_full',
      dropped: {},
      delivered: 30,
    },
    {
      name: 'lets a reader wait',
      queue: {},
      onFull: 'wait',
      want: 'ok ok ok pending pending',
      dropped: {},
      delivered: 50,
    },
    {
      name: 'blocks',
      queue: { block_on_overflow: true },
      onFull: 'refuse',
      want: 'ok ok ok pending pending',
      dropped: {},
      delivered: 50,
    },
    {
      name: 'rejects',
      queue: { overflow: 'reject' },
      onFull: 'wait',
      want: 'ok ok ok queue_full queue_full',
      dropped: {},
      delivered: 30,
    },
    {
      name: 'drops the oldest',
      queue: { overflow: 'drop_oldest' },
      onFull: 'refuse',
      want: 'ok ok ok ok ok',
      dropped: { queue_full: 20 },
      delivered: 30,
    },
    {
      name: 'drops the newest',
      queue: { overflow: 'drop_newest' },
      onFull: 'refuse',
      want: 'ok ok ok ok ok',
      dropped: { queue_full: 20 },
      delivered: 30,
    },
    {
      name: 'counts items',
      queue: { sizer: 'items', queue_size: 25 },
      onFull: 'refuse',
      want: 'ok ok queue_full queue_full queue_full',
      dropped: {},
      delivered: 20,
    },
    {
      name: 'is bounded in bytes whatever the sizer',
      queue: { max_bytes: 250 },
      onFull: 'refuse',
      want: 'ok ok queue_full queue_full queue_full',
      dropped: {},
      delivered: 20,
    },
    {
      name: 'bounds those who wait',
      queue: { max_bytes: 150, overflow: 'block' },
      onFull: 'wait',
      want: 'ok pending queue_full queue_full queue_full',
      dropped: {},
      delivered: 20,
    },
  ]
  for (const { name, queue, onFull, want, dropped, delivered } of rows) {
    test(name, async () => {
      const waiting: (() => void)[] = []
      const rig = new Rig({ sending_queue: { ...full, ...queue } }, () => {
        return new Promise((resolve) => {
          waiting.push(() => resolve(fullSuccess))
        })
      })
      for (let i = 0; i < 5; i++) rig.give(10, { onFull }).catch(() => undefined)
      await settle()
      assert.equal(rig.outcomes.join(' '), want)
      while (waiting.length > 0) {
        waiting.shift()?.()
        await settle()
        rig.balances()
      }
      assert.deepEqual([rig.account.delivered, rig.dropped], [delivered, dropped])
      assert.ok(!rig.outcomes.includes('pending'))
      assert.equal(
        rig.settings.meter.value('otelcol_exporter_queue_size', { data_type: 'logs' }),
        0,
      )
    })
  }

  for (const queue of [
    { sizer: 'items', queue_size: 28 },
    { sizer: 'requests', max_bytes: 300 },
  ] as const) {
    test(`drops nothing for a batch that what is being sent leaves no room, by ${queue.sizer}`, async () => {
      const waiting: (() => void)[] = []
      const send = () =>
        new Promise<typeof fullSuccess>((resolve) => {
          waiting.push(() => resolve(fullSuccess))
        })
      const rig = new Rig(
        { sending_queue: { overflow: 'drop_oldest', num_consumers: 1, ...queue } },
        send,
      )
      for (const items of [10, 5, 5, 25]) void rig.give(items)
      await settle()
      assert.deepEqual([rig.account.queued, rig.dropped], [20, { queue_full: 25 }])
      void rig.give(15)
      assert.deepEqual([rig.account.queued, rig.dropped], [25, { queue_full: 35 }])
      while (waiting.length > 0) {
        waiting.shift()?.()
        await settle()
      }
      assert.equal(rig.account.delivered, 25)
      rig.balances()
    })
  }

  test('answers senders that wait as soon as remora stops; others may find room yet', async () => {
    const waiting: (() => void)[] = []
    const stop = new AbortController()
    const rig = new Rig(
      { sending_queue: { ...full, overflow: 'block' } },
      () => new Promise((resolve) => waiting.push(() => resolve(fullSuccess))),
      { stopping: stop.signal },
    )
    for (const onFull of ['wait', 'wait', 'wait', 'refuse', 'wait', 'refuse'] as const) {
      rig.give(10, { onFull }).catch(() => undefined)
    }
    await settle()
    assert.equal(rig.outcomes.join(' '), 'ok ok ok pending pending pending')
    stop.abort()
    rig.give(10, { onFull: 'refuse' }).catch(() => undefined)
    await settle()
    assert.equal(rig.outcomes.join(' '), 'ok ok ok stopping pending stopping queue_full')
    rig.balances()
    while (waiting.length > 0) {
      waiting.shift()?.()
      await settle()
    }
    assert.deepEqual([rig.account.delivered, rig.outcomes[4]], [40, 'ok'])
    await rig.stop(0)
  })

  test('takes a batch larger than itself when it is empty', async () => {
    const rig = new Rig({ sending_queue: { sizer: 'items', queue_size: 5 } }, ok)
    await rig.give(10)
    await settle()
    assert.equal(rig.account.delivered, 10)
  })
})

suite('batches', () => {
  test('go out at min_size at once, the rest after flush_timeout of the oldest', async () => {
    const rig = new Rig({ sending_queue: { batch: { min_size: 30 } } }, ok)
    for (let i = 0; i < 4; i++) void rig.give(10)
    await settle()
    assert.deepEqual(rig.requests, [30])
    await rig.advance(199, 199)
    assert.deepEqual(rig.requests, [30])
    await rig.advance(1)
    assert.deepEqual(rig.requests, [30, 10])
  })

  test('are cut at max_size', async () => {
    const rig = new Rig(
      { sending_queue: { num_consumers: 1, batch: { min_size: 20, max_size: 25 } } },
      ok,
    )
    void rig.give(70)
    for (let i = 0; i < 3; i++) void rig.give(15)
    await rig.advance(500)
    assert.deepEqual(rig.requests, [25, 25, 20, 15, 15, 15])
    assert.equal(rig.account.delivered, 115)
  })

  test('do not wait for more when nobody can come in', async () => {
    const rig = new Rig({ sending_queue: { queue_size: 2, batch: { min_size: 100 } } }, ok)
    for (let i = 0; i < 3; i++) void rig.give(10, { onFull: 'wait' })
    await settle()
    assert.deepEqual(rig.requests, [20])
  })

  test('attribute rejected items to the entries in order', async () => {
    const backend = () => Promise.resolve({ rejectedItems: 12, message: '' })
    const rig = new Rig({ sending_queue: { batch: { min_size: 30 } } }, backend)
    const other = new PipelineLedger('logs/2', 'logs')
    void rig.delivery.consume(numberedLogs(100, 10), testContext('logs', { ledger: other }))
    void rig.give(20)
    await settle()
    assert.deepEqual([...other.exporter('otlp').droppedByReason], [['partial_success', 10]])
    assert.deepEqual([rig.account.delivered, rig.dropped], [18, { partial_success: 2 }])
  })
})

suite('retries', () => {
  test('wait longer each time, with jitter, and at least what the backend asks', async () => {
    const tries: number[] = []
    const clock = new FakeClock()
    const asks = [undefined, undefined, 9000, undefined]
    const rig = new Rig(
      { retry_on_failure: { initial_interval: '1s', randomization_factor: 0, multiplier: 2 } },
      () => {
        tries.push(rig.clock.monotonicMs())
        if (asks.length === 0) return ok()
        const retryAfterMs = asks.shift()
        const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
        return Promise.reject(new DeliveryError('throttled', 'slow', wait))
      },
    )
    assert.equal(clock.pending, 0)
    void rig.give(1)
    await rig.advance(60_000, 1000)
    assert.deepEqual(tries, [0, 1000, 3000, 12_000, 20_000])
    const retries = rig.settings.meter.value('remora_exporter_retries', { reason: 'throttled' })
    assert.equal(retries, 4)
  })

  test('status follows the backend', async () => {
    const answers = [fail('unavailable'), fail('unavailable'), ok, fail('unauthenticated'), ok]
    const rig = new Rig({ retry_on_failure: quick }, () => (answers.shift() ?? ok)())
    void rig.give(1)
    await rig.advance(2000)
    void rig.give(1)
    await rig.advance(1000)
    void rig.give(1)
    await rig.advance(1000)
    const states = rig.settings.statuses.map((status) => status.state)
    assert.deepEqual(states, ['recoverable_error', 'ok', 'permanent_error', 'ok'])
  })

  test('a late answer of an attempt that timed out changes nothing', async () => {
    let late: (() => void) | undefined
    const rig = new Rig({ timeout: '100ms', retry_on_failure: quick }, () => {
      if (late !== undefined) return ok()
      return new Promise((resolve) => {
        late = () => resolve(fullSuccess)
      })
    })
    void rig.give(5)
    await rig.advance(100)
    late?.()
    await settle()
    rig.balances()
    assert.equal(rig.account.delivered, 0)
    await rig.advance(1000)
    assert.equal(rig.account.delivered, 5)
  })
})

suite('stop', () => {
  test('sends what is queued, without waiting for batches or retries', async () => {
    let up = false
    const rig = new Rig({ sending_queue: { num_consumers: 1, ...batching } }, () =>
      up ? ok() : fail('unavailable')(),
    )
    for (let i = 0; i < 7; i++) void rig.give(10)
    await settle()
    up = true
    await rig.stop(0)
    assert.equal(rig.account.delivered, 70)
  })

  test('drops and counts what is left, and gives it back to those who wait', async () => {
    const rig = new Rig({ sending_queue: { queue_size: 2, num_consumers: 1 } }, hang)
    rig.give(10).catch(() => undefined)
    rig.give(10, { until: 'delivered' }).catch(() => undefined)
    rig.give(10, { onFull: 'wait' }).catch(() => undefined)
    await rig.stop(300)
    assert.deepEqual(rig.outcomes, ['ok', 'stopping', 'stopping'])
    assert.deepEqual([rig.dropped, rig.rejected], [{ shutdown: 10 }, { stopping: 20 }])
    await assert.rejects(rig.give(1), { code: 'stopping' })
  })

  test('finds a backend that comes back before the time is over', async () => {
    let down = true
    const rig = new Rig({}, () => (down ? fail('unavailable')() : ok()))
    void rig.give(10)
    await settle()
    rig.clock.after(3000, () => {
      down = false
    })
    await rig.stop(10_000)
    assert.equal(rig.account.delivered, 10)
  })
})
