import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fail, hang, type Input, ok, Rig } from '../../test/support/delivery-rig.ts'
import { settle } from '../../test/support/fake-clock.ts'
import { numberedLogs, numbersOf } from '../../test/support/numbered-logs.ts'
import { testContext } from '../../test/support/recording-intake.ts'
import { until } from '../../test/support/remora-process.ts'
import { directoryStorage } from '../../test/support/stored.ts'
import type { StoredQueueSettings } from '../component/storage.ts'
import { Batch } from '../signal/batch.ts'
import type { SendOutcome } from './send.ts'

const root = await mkdtemp(join(tmpdir(), 'remora-stored-'))
after(() => rm(root, { recursive: true }))
let directories = 0
const newDirectory = (): string => join(root, String(directories++))

const quick = { initial_interval: '100ms', max_interval: '400ms', max_elapsed_time: '2s' }
type Backend = (batch: Batch, abort: AbortSignal) => Promise<SendOutcome>

async function start(
  directory: string,
  backend: Backend,
  { sending_queue: queue, ...input }: Input = {},
  settings: Partial<StoredQueueSettings> = {},
): Promise<Rig> {
  const whole: Input = {
    retry_on_failure: quick,
    ...input,
    sending_queue: { storage: 'file_storage', ...queue },
  }
  const rig = new Rig(whole, backend, { storages: directoryStorage(directory, settings) })
  await rig.delivery.start()
  return rig
}

/** With time enough; the clock moves on while files are written. */
async function stop(rig: Rig): Promise<void> {
  const controller = new AbortController()
  let done = false
  const stopped = rig.delivery.stop(controller.signal).then(() => {
    done = true
  })
  await until('the stop', async () => {
    await rig.clock.advance(50)
    return done
  })
  await stopped
  rig.balances()
  assert.equal(rig.clock.pending, 0, 'no timer is left')
}

async function moveUntil(rig: Rig, what: string, done: () => boolean): Promise<void> {
  await until(what, async () => {
    await rig.clock.advance(50)
    rig.balances()
    return done()
  })
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b)

suite('a disk queue', () => {
  test('answers once the data is stored, whoever asks, and delivers it', async () => {
    const rig = await start(newDirectory(), hang)
    await Promise.all([rig.give(10), rig.give(10, { until: 'delivered' })])
    assert.deepEqual([rig.account.queued, rig.account.delivered], [20, 0])
    rig.balances()
    await rig.delivery.stop(AbortSignal.abort())
    rig.balances()
  })

  test('whose directory is removed says at the stop what is lost', async () => {
    const directory = newDirectory()
    const rig = await start(directory, hang)
    await Promise.all([rig.give(10), rig.give(20), rig.give(30)])
    await rm(directory, { recursive: true })
    await rig.delivery.stop(AbortSignal.abort())
    assert.deepEqual([rig.account.queued, rig.account.droppedByReason.get('damaged')], [0, 60])
    rig.balances()
  })

  test('answers after the sync', async () => {
    const directory = newDirectory()
    const rig = await start(directory, ok, {}, { fsync: true })
    await rig.give(10)
    await moveUntil(rig, 'the delivery', () => rig.account.delivered === 10)
    await stop(rig)
  })

  for (const retry of [quick, { enabled: false }, { ...quick, max_elapsed_time: '100ms' }]) {
    test(`D8: loses nothing to a stop while the backend is down, ${JSON.stringify(retry)}`, async () => {
      const directory = newDirectory()
      const first = await start(directory, fail('unavailable'), { retry_on_failure: retry })
      for (let i = 0; i < 20; i++) await first.give(5)
      await first.advance(60_000, 500)
      assert.equal(first.account.queued, 100)
      await stop(first)
      assert.deepEqual([first.account.queued, first.dropped], [100, {}])

      const second = await start(directory, ok, { retry_on_failure: retry })
      assert.deepEqual([second.account.recovered, second.ledger.received], [100, 0])
      second.balances()
      await moveUntil(second, 'the rest', () => second.account.queued === 0)
      assert.deepEqual(sorted(second.taken), numbers(100))
      await stop(second)

      const third = await start(directory, ok)
      assert.equal(third.account.recovered, 0)
      await stop(third)
    })
  }

  test('D9: sends again what a stop cut off, and keeps the order', async () => {
    const directory = newDirectory()
    const first = await start(directory, hang, { sending_queue: { num_consumers: 2 } })
    for (let i = 0; i < 10; i++) await first.give(2)
    await first.delivery.stop(AbortSignal.abort())
    assert.equal(first.account.queued, 20)
    const second = await start(directory, ok, { sending_queue: { num_consumers: 1 } })
    await moveUntil(second, 'everything', () => second.account.queued === 0)
    assert.deepEqual(second.taken, numbers(20))
    await stop(second)
  })

  test('D16: keeps what waits for a batch', async () => {
    const directory = newDirectory()
    const batch = { min_size: 1000, flush_timeout: '10m' }
    const first = await start(directory, ok, { sending_queue: { batch } })
    for (let i = 0; i < 10; i++) await first.give(2)
    await first.delivery.stop(AbortSignal.abort())
    assert.deepEqual([first.taken, first.account.queued], [[], 20])
    const second = await start(directory, ok, { sending_queue: { batch } })
    await stop(second)
    assert.deepEqual(second.requests, [20])
  })

  test('is drained by a stop while the backend answers', async () => {
    const rig = await start(newDirectory(), ok, { sending_queue: { num_consumers: 1 } })
    for (let i = 0; i < 50; i++) void rig.give(2)
    await stop(rig)
    assert.equal(rig.account.delivered + (rig.rejected['stopping'] ?? 0), 100)
    assert.equal(rig.account.queued, 0)
  })

  test('D18: does not send again what was refused for good', async () => {
    const directory = newDirectory()
    const poison: Backend = (batch) =>
      numbersOf(batch).includes(3) ? fail('backend_rejected')() : ok()
    const first = await start(directory, poison)
    for (let i = 0; i < 10; i++) await first.give(1)
    await moveUntil(first, 'the end', () => first.account.queued === 0)
    assert.deepEqual([first.account.delivered, first.dropped], [9, { backend_rejected: 1 }])
    await stop(first)
    const second = await start(directory, ok)
    assert.equal(second.account.recovered, 0)
    await stop(second)
  })

  test('is not the way to a dead letter that is not yet written: a stop leaves it', async () => {
    const directory = newDirectory()
    const letters = { dead_letter: { directory: newDirectory() } }
    const first = await start(directory, fail('backend_rejected'), letters)
    await first.give(5)
    await settle()
    await first.delivery.stop(AbortSignal.abort())
    first.balances()
    const left = first.account.queued
    const second = await start(directory, ok)
    assert.equal(second.account.recovered, left)
    await moveUntil(second, 'the end', () => second.account.queued === 0)
    await stop(second)
  })

  test('D17: is refused to a second user', async () => {
    const directory = newDirectory()
    const rig = await start(directory, ok)
    await assert.rejects(start(directory, ok), /cannot use directory .*queue_otlp_logs.* uses it/)
    await stop(rig)
    await stop(await start(directory, ok))
  })

  test('D15: of a dead exporter leaves another alone', async () => {
    const directory = newDirectory()
    const dead = await start(directory, fail('unavailable'))
    const storages = directoryStorage(directory)
    const input: Input = { sending_queue: { storage: 'file_storage' } }
    const alive = new Rig(input, ok, { storages, id: 'other' })
    await alive.delivery.start()
    for (let i = 0; i < 10; i++) await Promise.all([dead.give(1), alive.give(1)])
    const account = alive.ledger.exporter('other')
    await until('the delivery', () => account.delivered === 10)
    assert.deepEqual([dead.account.queued, account.queued], [10, 0])
    await stop(dead)
    await alive.delivery.stop(new AbortController().signal)
  })

  test('reads back what does not fit into memory, oldest first', async () => {
    let down = true
    const backend: Backend = () => (down ? fail('unavailable')() : ok())
    const rig = await start(
      newDirectory(),
      backend,
      { sending_queue: { num_consumers: 1 } },
      { maxSizeBytes: 64 * 1024 * 1024 },
    )
    for (let i = 0; i < 200; i++) await rig.give(2, {}, undefined, 50_000)
    down = false
    await moveUntil(rig, 'everything', () => rig.account.queued === 0)
    assert.deepEqual(rig.taken, numbers(400))
    await stop(rig)
  })
})

suite('a full disk queue', () => {
  const small = { maxSizeBytes: 1024 * 1024 }
  const rows: readonly {
    name: string
    queue: Input['sending_queue']
    onFull: 'refuse' | 'wait'
    heard: readonly string[]
  }[] = [
    { name: 'refuses a sender', queue: {}, onFull: 'refuse', heard: ['ok', 'queue_full'] },
    { name: 'lets a reader wait', queue: {}, onFull: 'wait', heard: ['ok', 'pending'] },
    {
      name: 'blocks',
      queue: { overflow: 'block' },
      onFull: 'refuse',
      heard: ['ok', 'pending'],
    },
    {
      name: 'rejects',
      queue: { overflow: 'reject' },
      onFull: 'wait',
      heard: ['ok', 'queue_full'],
    },
    {
      name: 'drops the oldest',
      queue: { overflow: 'drop_oldest' },
      onFull: 'refuse',
      heard: ['ok'],
    },
    {
      name: 'drops the newest',
      queue: { overflow: 'drop_newest' },
      onFull: 'refuse',
      heard: ['ok'],
    },
  ]
  for (const { name, queue, onFull, heard } of rows) {
    test(name, async () => {
      const directory = newDirectory()
      let down = true
      const backend: Backend = () => (down ? fail('unavailable')() : ok())
      const rig = await start(
        directory,
        backend,
        { sending_queue: { num_consumers: 1, ...queue } },
        small,
      )
      for (let i = 0; i < 40; i++) {
        const answer = rig.give(1, { onFull }, undefined, 50_000).catch(() => undefined)
        await settle()
        // What is being written cannot be dropped for something newer, so that a burst would lose its end.
        if (name.startsWith('drops')) await answer
        rig.balances()
        assert.ok((await sizeOf(directory)) <= small.maxSizeBytes, 'larger than it may be')
      }
      await until('the writes', () => rig.outcomes.filter((one) => one === 'ok').length > 10)
      const all = (): string => [...new Set(rig.outcomes)].sort().join(' ')
      await until('the answers', () => all() === [...heard].sort().join(' '))
      const dropped = rig.dropped['queue_full'] ?? 0
      assert.equal(dropped > 0, name.startsWith('drops'), `${dropped} dropped`)
      down = false
      await moveUntil(rig, 'everything', () => rig.account.queued === 0)
      const rejected = rig.rejected['queue_full'] ?? 0
      assert.equal(rig.account.delivered, 40 - dropped - rejected)
      const warnings = rig.settings.logger.messages('warn')
      const says = (text: string): boolean => warnings.some((line) => line.endsWith(text))
      assert.deepEqual(
        [says('no more, dropping items'), says('no more, refusing items')],
        [dropped > 0, rejected > 0],
      )
      if (name === 'drops the oldest')
        assert.ok(
          rig.taken.includes(39) && !rig.taken.includes(3),
          JSON.stringify([rig.taken, rig.dropped]),
        )
      if (name === 'drops the newest') assert.ok(rig.taken.includes(3) && !rig.taken.includes(39))
      assert.ok(!rig.outcomes.includes('pending'))
      await stop(rig)
    })
  }

  test('drops nothing for a batch that what is being sent leaves no room', async () => {
    const options = {
      overflow: 'drop_oldest',
      num_consumers: 1,
      sizer: 'items',
      queue_size: 28,
    } as const
    const rig = await start(newDirectory(), hang, { sending_queue: options })
    for (const items of [10, 5, 5, 25]) await rig.give(items)
    assert.deepEqual([rig.account.queued, rig.dropped], [20, { queue_full: 25 }])
    await rig.give(15)
    assert.deepEqual([rig.account.queued, rig.dropped], [25, { queue_full: 35 }])
    await rig.delivery.stop(AbortSignal.abort())
    rig.balances()
  })

  test('the parts of a request that are not taken stand as queued until all have an answer', async () => {
    let down = true
    const backend: Backend = () => (down ? fail('unavailable')() : ok())
    const rig = await start(
      newDirectory(),
      backend,
      { sending_queue: { overflow: 'block', num_consumers: 1 } },
      small,
    )
    // Two parts fit, one is too large for ever, and the last waits for room.
    const sizes = [400_000, 400_000, 800_000, 400_000]
    const batch = Batch.concat(
      'logs',
      sizes.map((bytes, n) => numberedLogs(n, 1, bytes)),
    )
    rig.ledger.received += sizes.length
    const context = testContext('logs', { ledger: rig.ledger, onFull: 'refuse' })
    let answered = false
    const answer = rig.delivery.consume(batch, context).then(() => {
      answered = true
    })
    for (let turn = 0; turn < 20; turn++) {
      await settle()
      rig.balances()
    }
    assert.deepEqual([answered, rig.account.queued, rig.dropped], [false, 4, {}])
    down = false
    await moveUntil(rig, 'the rest', () => answered && rig.account.queued === 0)
    await answer
    assert.deepEqual([sorted(rig.taken), rig.dropped], [[0, 1, 3], { too_large: 1 }])
    await stop(rig)
  })

  test('a request of which no part is taken is refused so that what may pass comes again', async () => {
    const rig = await start(newDirectory(), fail('unavailable'), {}, small)
    while (rig.account.queued < 2) await rig.give(1, {}, undefined, 400_000)
    const parts = [numberedLogs(7, 1, 800_000), numberedLogs(8, 1, 400_000)]
    rig.ledger.received += 2
    const context = testContext('logs', { ledger: rig.ledger, onFull: 'refuse' })
    await assert.rejects(rig.delivery.consume(Batch.concat('logs', parts), context), {
      code: 'queue_full',
      retry: 'backoff',
    })
    // The entry of the pipeline counts it, once.
    rig.ledger.rejected('queue_full', 2)
    rig.balances()
    await rig.delivery.stop(AbortSignal.abort())
  })

  test('D13: takes a request larger than its records in parts, without the item that is too large', async () => {
    const rig = await start(newDirectory(), ok, {}, small)
    const parts = [0, 1, 2].map((n) => numberedLogs(n, 1, n === 1 ? 800_000 : 400_000))
    const batch = Batch.concat('logs', parts)
    rig.ledger.received += 3
    const context = testContext('logs', { ledger: rig.ledger, onFull: 'wait' })
    await rig.delivery.consume(batch, context)
    await moveUntil(rig, 'the rest', () => rig.account.queued === 0)
    assert.deepEqual([sorted(rig.taken), rig.dropped], [[0, 2], { too_large: 1 }])
    await assert.rejects(rig.give(1, {}, 9, 800_000), { code: 'too_large', retry: 'never' })
    await settle()
    await stop(rig)
  })

  test('is bounded by queue_size too, if that is given', async () => {
    const rig = await start(newDirectory(), hang, { sending_queue: { queue_size: 3 } })
    for (let i = 0; i < 5; i++) await rig.give(1).catch(() => undefined)
    assert.deepEqual(rig.outcomes, ['ok', 'ok', 'ok', 'queue_full', 'queue_full'])
    await rig.delivery.stop(AbortSignal.abort())
    rig.balances()
  })
})

suite('a disk that takes nothing', () => {
  const rows: readonly { overflow: 'reject' | 'drop_oldest' | 'drop_newest'; heard: string }[] = [
    { overflow: 'reject', heard: 'write_failed' },
    { overflow: 'drop_oldest', heard: 'ok' },
    { overflow: 'drop_newest', heard: 'ok' },
  ]
  for (const { overflow, heard } of rows) {
    test(`${overflow}: is not said to be a full queue`, async () => {
      const directory = newDirectory()
      const rig = await start(directory, fail('unavailable'), { sending_queue: { overflow } })
      await rig.give(1)
      await rm(directory, { recursive: true })
      for (let i = 0; i < 3; i++) await rig.give(1).catch(() => undefined)
      assert.deepEqual(rig.outcomes, ['ok', heard, heard, heard])
      const counted = heard === 'ok' ? rig.dropped : rig.rejected
      assert.deepEqual(counted, { write_failed: 3 })
      rig.balances()
      await rig.delivery.stop(AbortSignal.abort())
    })
  }
})

test('a cursor that cannot be saved shows in the status, until it can be', async () => {
  const directory = newDirectory()
  const rig = await start(directory, ok)
  const state = (): string | undefined => rig.settings.statuses.at(-1)?.state
  await rig.give(1)
  await moveUntil(rig, 'the delivery', () => rig.account.delivered === 1)
  const queues = await readdir(directory)
  await rm(directory, { recursive: true })
  await moveUntil(rig, 'the failure', () => state() === 'recoverable_error')
  for (const name of queues) await mkdir(join(directory, name), { recursive: true })
  await moveUntil(rig, 'the probe', () => state() === 'ok')
  await stop(rig)
})

async function sizeOf(directory: string): Promise<number> {
  let total = 0
  for (const name of await readdir(directory, { recursive: true })) {
    const stats = await stat(join(directory, name)).catch(() => undefined)
    if (stats?.isFile()) total += stats.size
  }
  return total
}
