import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { settle } from '../../../test/support/fake-clock.ts'
import { numberedLogs, numbersOf } from '../../../test/support/numbered-logs.ts'
import { RecordingIntake, type Step, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { ConsumeContext } from '../../signal/consumer.ts'
import { PipelineLedger } from '../../signal/ledger.ts'
import { BatchProcessor } from './batch-processor.ts'
import { batch as definition } from './definition.ts'
import { config } from './schema.ts'

function setup(input: v.InferInput<typeof config>, ...steps: Step[]) {
  const settings = testSettings(v.parse(config, input))
  const next = new RecordingIntake(...steps)
  const ledger = new PipelineLedger('logs', 'logs')
  const processor = new BatchProcessor(settings, {
    // The next component accounts for what it takes.
    consume: (batch, context) => {
      const account = context.ledger.exporter('out')
      account.queued += batch.itemCount
      return next.consume(batch, context).then(
        () => {
          account.queued -= batch.itemCount
          account.delivered += batch.itemCount
        },
        (error: DeliveryError) => {
          account.queued -= batch.itemCount
          if (error.accounted) account.rejected(error.code, batch.itemCount)
          throw error
        },
      )
    },
  })
  let given = 0
  const outcomes: string[] = []
  const give = (items: number, over: Partial<ConsumeContext> = {}): void => {
    const index = outcomes.push('pending') - 1
    ledger.received += items
    processor.consume(numberedLogs(given, items), testContext('logs', { ...over, ledger })).then(
      () => {
        outcomes[index] = 'ok'
      },
      (error: DeliveryError) => {
        outcomes[index] = error.code
        if (!error.accounted) ledger.rejected(error.code, items)
      },
    )
    given += items
  }
  const balances = (): void => assert.equal(ledger.imbalance('out'), 0, 'the ledger balances')
  return { settings, next, ledger, processor, outcomes, give, balances, clock: settings.clock }
}

const sizes = ({ next }: { next: RecordingIntake }): number[] =>
  next.calls.map((call) => call.batch.itemCount)
const fail = (code: 'queue_full' | 'invalid_data', accounted = false): DeliveryError => {
  const error = new DeliveryError(code, code)
  error.accounted = accounted
  return error
}

suite('batches go out', () => {
  test('when they are large enough, the rest after the timeout', async () => {
    const rig = setup({ send_batch_size: 25 })
    for (let i = 0; i < 4; i++) rig.give(10)
    await settle()
    assert.deepEqual([sizes(rig), rig.outcomes], [[30], ['ok', 'ok', 'ok', 'ok']])
    assert.equal(rig.ledger.queued, 10)
    rig.balances()
    await rig.clock.advance(199)
    assert.deepEqual(sizes(rig), [30])
    await rig.clock.advance(1)
    assert.deepEqual(sizes(rig), [30, 10])
    assert.deepEqual(
      rig.next.calls.flatMap((call) => numbersOf(call.batch)),
      [...Array(40).keys()],
    )
    rig.balances()
    rig.next.assertUnchanged()
    assert.equal(rig.settings.meter.value('otelcol_processor_batch_timeout_trigger_send'), 1)
    assert.equal(rig.settings.meter.value('otelcol_processor_batch_batch_size_trigger_send'), 1)
  })

  const rows: readonly { name: string; input: v.InferInput<typeof config>; want: number[] }[] = [
    { name: 'at once without a timeout', input: { timeout: 0 }, want: [10, 10, 10] },
    { name: 'by time alone with size 0', input: { send_batch_size: 0 }, want: [30] },
    {
      name: 'cut at the largest size',
      input: { send_batch_size: 5, send_batch_max_size: 5 },
      want: [5, 5, 5, 5, 5, 5],
    },
  ]
  for (const { name, input, want } of rows) {
    test(name, async () => {
      const rig = setup(input)
      for (let i = 0; i < 3; i++) rig.give(10)
      await rig.clock.advance(300)
      assert.deepEqual(sizes(rig), want)
      rig.balances()
    })
  }

  test('apart by metadata, of which the next component sees the keys', async () => {
    const rig = setup({ metadata_keys: ['X-Tenant'], metadata_cardinality_limit: 2 })
    const tenant = (name: string) => ({
      metadata: new Map([
        ['x-tenant', [name]],
        ['other', ['x']],
      ]),
    })
    for (const name of ['a', 'b', 'a', 'c']) rig.give(10, tenant(name))
    await rig.clock.advance(200)
    assert.deepEqual(rig.outcomes, ['ok', 'ok', 'ok', 'queue_full'])
    const seen = rig.next.calls.map((c) => [c.batch.itemCount, ...(c.context.metadata ?? [])])
    assert.deepEqual(seen, [
      [20, ['x-tenant', ['a']]],
      [10, ['x-tenant', ['b']]],
    ])
    const gauge = 'otelcol_processor_batch_metadata_cardinality'
    assert.equal(setup({}).settings.meter.value(gauge), 1, 'without keys, as in the collector')
    assert.equal(rig.settings.meter.value(gauge), 0)
    rig.give(10, tenant('c'))
    assert.equal(rig.settings.meter.value(gauge), 1)
    await rig.clock.advance(200)
    assert.equal(rig.outcomes.at(-1), 'ok', 'values that are gone count no more')
    rig.balances()
  })
})

suite('metadata values', () => {
  const tenant = (name: string, onFull: 'refuse' | 'wait' = 'refuse') => ({
    onFull,
    metadata: new Map([['x-tenant', [name]]]),
  })
  const keyed = {
    metadata_keys: ['X-Tenant'],
    metadata_cardinality_limit: 2,
    max_bytes: 300,
    send_batch_size: 10,
  }
  const cardinality = (rig: ReturnType<typeof setup>): number =>
    rig.settings.meter.value('otelcol_processor_batch_metadata_cardinality') ?? -1

  test('of requests that are refused take no place of the others', async () => {
    const rig = setup(keyed, 'hang')
    for (const name of ['a', 'a', 'b', 'c', 'd']) rig.give(10, tenant(name))
    await settle()
    assert.deepEqual(rig.outcomes, ['ok', 'ok', 'queue_full', 'queue_full', 'queue_full'])
    assert.equal(cardinality(rig), 0)
    for (const call of rig.next.hanging.splice(0)) call.accept()
    await settle()
    for (const name of ['e', 'f']) rig.give(10, tenant(name))
    await settle()
    assert.deepEqual(rig.outcomes.slice(5), ['ok', 'ok'])
    rig.balances()
  })

  test('of requests that wait, or are too many, take none either', async () => {
    const rig = setup({ ...keyed, send_batch_size: 1000 }, 'hang')
    for (const name of ['a', 'b', 'c']) rig.give(5, tenant(name))
    rig.give(30, tenant('d', 'wait'))
    await settle()
    assert.deepEqual(rig.outcomes, ['ok', 'ok', 'queue_full', 'pending'])
    assert.equal(cardinality(rig), 2)
    await rig.clock.advance(200)
    for (const call of rig.next.hanging.splice(0)) call.accept()
    await rig.clock.advance(200)
    for (const call of rig.next.hanging.splice(0)) call.accept()
    await settle()
    assert.equal(rig.outcomes[3], 'ok')
    assert.equal(cardinality(rig), 0)
    rig.give(15, tenant('e'))
    await settle()
    assert.deepEqual([rig.outcomes[4], cardinality(rig)], ['ok', 1])
    rig.balances()
  })
})

suite('callers', () => {
  test('that wait for the delivery hear back with it, apart from the others', async () => {
    const rig = setup({}, 'hang')
    rig.give(10, { until: 'delivered' })
    rig.give(5)
    await rig.clock.advance(200)
    assert.deepEqual(rig.outcomes, ['pending', 'ok'])
    const seen = rig.next.hanging.map((call) => `${call.context.until} ${call.context.onFull}`)
    assert.deepEqual(seen, ['delivered wait', 'accepted wait'])
    rig.next.hanging[0]?.accept()
    await settle()
    assert.deepEqual(rig.outcomes, ['ok', 'ok'])
  })

  test('find no room while the next component is stuck', async () => {
    const rig = setup({ timeout: 0, max_bytes: 300 }, 'hang')
    rig.give(10)
    rig.give(10)
    rig.give(10, { onFull: 'refuse' })
    rig.give(10, { onFull: 'wait' })
    rig.give(10, { onFull: 'wait' })
    rig.give(30, { onFull: 'wait' })
    await settle()
    assert.deepEqual(rig.outcomes, ['ok', 'ok', 'queue_full', 'pending', 'pending', 'queue_full'])
    rig.balances()
    rig.next.hanging[0]?.accept()
    await settle()
    assert.deepEqual(rig.outcomes.slice(3, 5), ['ok', 'pending'])
    rig.balances()
    rig.next.hanging[0]?.accept()
    await settle()
    assert.equal(rig.outcomes[4], 'ok')
  })
})

suite('a refusal', () => {
  test('that may pass is offered again, with growing waits', async () => {
    const rig = setup({ timeout: 0 }, fail('queue_full'), fail('queue_full'), 'accept')
    rig.give(10, { until: 'delivered' })
    await settle()
    assert.equal(rig.ledger.queued, 10)
    rig.balances()
    await rig.clock.advance(100)
    assert.equal(sizes(rig).length, 2)
    await rig.clock.advance(199)
    assert.deepEqual([sizes(rig).length, rig.outcomes], [2, ['pending']])
    await rig.clock.advance(1)
    assert.deepEqual([sizes(rig).length, rig.outcomes], [3, ['ok']])
    rig.balances()
  })

  test('in part by a fan-out brings the items in again', async () => {
    const rig = setup({ timeout: 0 }, fail('queue_full', true), 'accept')
    rig.give(10)
    await rig.clock.advance(100)
    assert.equal(rig.ledger.received, 20)
    assert.equal(rig.ledger.exporter('out').delivered, 10)
    rig.balances()
  })

  test('for good is counted', async () => {
    const rig = setup({ timeout: 0 }, fail('invalid_data'))
    rig.give(10, { until: 'delivered' })
    await settle()
    assert.deepEqual([...rig.ledger.droppedByReason], [['invalid_data', 10]])
    assert.deepEqual(rig.outcomes, ['ok'])
    rig.balances()
  })

  test('for good that is accounted for is not counted twice', async () => {
    const rig = setup({ timeout: 0 }, fail('invalid_data', true))
    rig.give(10)
    await settle()
    assert.deepEqual([...rig.ledger.droppedByReason], [])
    rig.balances()
  })
})

suite('stop', () => {
  test('sends what has gathered and takes nothing new', async () => {
    const rig = setup({})
    rig.give(10)
    await rig.processor.stop(new AbortController().signal)
    rig.give(10)
    await settle()
    assert.deepEqual([sizes(rig), rig.outcomes], [[10], ['ok', 'stopping']])
    assert.equal(rig.clock.pending, 0)
    rig.balances()
  })

  test('loses, counted, what is refused to the end, and gives back what callers wait for', async () => {
    const rig = setup({ timeout: 0, max_bytes: 300 }, fail('queue_full'))
    rig.give(10)
    rig.give(10, { until: 'delivered' })
    rig.give(10, { onFull: 'wait' })
    await settle()
    const controller = new AbortController()
    const stopped = rig.processor.stop(controller.signal)
    await rig.clock.advance(3000)
    rig.balances()
    controller.abort()
    await stopped
    await settle()
    assert.deepEqual(rig.outcomes, ['ok', 'stopping', 'stopping'])
    assert.deepEqual([...rig.ledger.droppedByReason], [['shutdown', 10]])
    assert.deepEqual([...rig.ledger.rejectedByReason], [['stopping', 20]])
    assert.equal(rig.ledger.queued, 0)
    assert.equal(rig.clock.pending, 0)
    rig.balances()
  })

  test('does not wait for a next component that hangs', async () => {
    const rig = setup({ timeout: 0 }, 'hang')
    rig.give(10)
    await settle()
    await rig.processor.stop(AbortSignal.abort())
    rig.next.hanging[0]?.refuse(new DeliveryError('stopping', 'stop'))
    await settle()
    assert.deepEqual([...rig.ledger.droppedByReason], [['shutdown', 10]])
    rig.balances()
  })

  test('gives back what a fan-out could deliver only in part', async () => {
    const rig = setup({ timeout: 0 }, 'hang')
    rig.give(10, { until: 'delivered' })
    await settle()
    await rig.processor.stop(AbortSignal.abort())
    rig.next.hanging[0]?.refuse(fail('queue_full', true))
    await settle()
    assert.deepEqual(rig.outcomes, ['queue_full'])
    rig.balances()
  })

  test('works without a start', async () => {
    await setup({}).processor.stop(new AbortController().signal)
  })
})

suite('the configuration', () => {
  test('examples are valid', () => {
    for (const example of definition.examples) v.parse(config, example.config)
  })

  test('refuses sizes that contradict, and headers named twice', () => {
    const result = v.safeParse(config, { send_batch_max_size: 10, metadata_keys: ['a', 'A'] })
    assert.deepEqual(
      result.issues?.map((issue) => issue.message),
      ['must not name a header twice', 'must be 0, or at least send_batch_size'],
    )
  })
})
