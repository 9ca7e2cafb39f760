import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import { FakeClock, settle } from '../../test/support/fake-clock.ts'
import { numberedLogs, numbersOf } from '../../test/support/numbered-logs.ts'
import { seededRandom } from '../../test/support/random.ts'
import { testContext } from '../../test/support/recording-intake.ts'
import { testSettings } from '../../test/support/settings.ts'
import { sleep } from '../component/clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import { createDelivery } from './delivery.ts'
import { deliveryOptions } from './schema.ts'
import { fullSuccess, type SendOutcome } from './send.ts'

/**
 * Random queues in front of a backend of random moods, with callers of every kind and a stop at the end: after each step
 * the ledger balances, no item is delivered twice, and what the backend took is what the ledger calls delivered.
 */
const seeds = Number(process.env['DELIVERY_SEEDS'] ?? 60)
const schema = v.strictObject(deliveryOptions('2s'))

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const pick = <T>(...choices: readonly T[]): T =>
    choices[Math.floor(random() * choices.length)] as T
  const clock = new FakeClock()
  const config = v.parse(schema, {
    timeout: pick('0s', '700ms'),
    retry_on_failure: {
      enabled: random() < 0.8,
      initial_interval: '100ms',
      max_interval: '500ms',
      max_elapsed_time: pick('0s', '2s'),
    },
    circuit_breaker: pick<object | undefined>(
      undefined,
      { failure_threshold: 2, open_duration: '300ms' },
      { failure_threshold: 50, failure_ratio: 0.3, sample_size: 5, half_open_requests: 2 },
    ),
    rate_limit: pick<object | undefined>(
      undefined,
      { items_per_second: 200, burst: pick(5, 1000) },
      { bytes_per_second: 5000 },
    ),
    sending_queue: {
      enabled: random() < 0.8,
      num_consumers: pick(1, 3, 10),
      queue_size: pick(2, 10, 100),
      sizer: pick('requests', 'items', 'bytes'),
      wait_for_result: random() < 0.3,
      overflow: pick(undefined, 'block', 'drop_oldest', 'drop_newest', 'reject'),
      max_bytes: pick(200, 100_000),
      ...pick<object>(
        {},
        { batch: { min_size: 20, max_size: pick(0, 25) } },
        { batch: { sizer: 'bytes', min_size: 100, max_size: pick(0, 150) } },
      ),
    },
  })
  const hangs = config.timeout > 0
  const tooLarge = pick(4, 1000)
  const seen = new Set<number>()
  let taken = 0

  const backend = async (batch: Batch): Promise<SendOutcome> => {
    const mood = random()
    if (mood < 0.2) await sleep(clock, Math.floor(random() * 600))
    if (mood > 0.95 && hangs) return new Promise(() => {})
    if (batch.itemCount > tooLarge) throw new DeliveryError('too_large', 'no')
    if (mood > 0.65) throw new DeliveryError('unavailable', 'no')
    if (mood > 0.6) throw new DeliveryError('backend_rejected', 'no')
    const rejectedItems = mood > 0.5 ? 2 : 0
    for (const number of numbersOf(batch)) {
      assert.ok(!seen.has(number), `${number} was delivered twice`)
      seen.add(number)
    }
    taken += batch.itemCount - Math.min(rejectedItems, batch.itemCount)
    return rejectedItems === 0 ? fullSuccess : { rejectedItems, message: '' }
  }

  const settings = testSettings(config, { id: 'x', clock })
  const delivery = createDelivery(settings, backend, random)
  const ledger = new PipelineLedger('logs', 'logs')
  const account = ledger.exporter('x')
  const balances = (): void => {
    assert.equal(ledger.imbalance('x'), 0, 'the ledger balances')
    assert.equal(account.delivered, taken, 'delivered is what the backend took')
    assert.ok(account.queued >= 0)
  }
  let open = 0
  let next = 0
  const give = (): void => {
    const items = 1 + Math.floor(random() * 12)
    const context = testContext('logs', {
      ledger,
      until: pick('accepted', 'delivered'),
      onFull: pick('refuse', 'wait'),
    })
    ledger.received += items
    open++
    const answer = delivery.consume(numberedLogs(next, items), context)
    next += items
    answer.then(
      () => open--,
      (error: DeliveryError) => {
        open--
        if (!error.accounted) ledger.rejected(error.code, items)
      },
    )
  }

  for (let step = 0; step < 40; step++) {
    for (let i = Math.floor(random() * 4); i > 0; i--) give()
    await clock.advance(Math.floor(random() * 300))
    balances()
  }
  const controller = new AbortController()
  const stopped = delivery.stop(controller.signal)
  await clock.advance(pick(0, 500, 20_000))
  balances()
  controller.abort()
  await stopped
  await settle()
  balances()
  assert.deepEqual([account.queued, open], [0, 0], 'nothing is held, and every caller has heard')
  // A backend that took its time may still be asleep; nothing of the delivery path is.
  await clock.advance(1000)
  assert.equal(clock.pending, 0)
}

for (let seed = 1; seed <= seeds; seed++) {
  test(`seed ${seed}`, () => run(seed))
}
