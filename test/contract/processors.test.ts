import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import { PipelineEntry } from '../../src/pipeline/entry.ts'
import type { Batch } from '../../src/signal/batch.ts'
import type { ConsumeContext, Consumer, ReceiveContext } from '../../src/signal/consumer.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { numberedLogs, numbersOf } from '../support/numbered-logs.ts'
import { seed, seededRandom } from '../support/random.ts'
import { checksum, RecordingIntake } from '../support/recording-intake.ts'
import { assertMetricsDeclared, type Case, casesOf, createInstance } from './cases.ts'

type Outcome = 'accept' | DeliveryError

const outcomes: Readonly<Record<string, (random: () => number) => Outcome>> = {
  'always takes': () => 'accept',
  'never takes, for now': () => new DeliveryError('unavailable', 'down'),
  'never takes, for good': () => new DeliveryError('backend_rejected', 'no'),
  'randomly fails': (random) => {
    const roll = random()
    if (roll < 0.4) return 'accept'
    if (roll < 0.8) return new DeliveryError('unavailable', 'down')
    return new DeliveryError('backend_rejected', 'no')
  },
}

/** Keeps the account of an exporter and what it took. */
class Downstream extends RecordingIntake implements Consumer {
  readonly taken: number[] = []
  readonly #decide: () => Outcome

  constructor(decide: () => Outcome) {
    super()
    this.#decide = decide
  }

  override consume(batch: Batch, context: ReceiveContext & Partial<ConsumeContext>): Promise<void> {
    const outcome = this.#decide()
    this.script(outcome)
    if (outcome === 'accept') {
      const ledger = context.ledger?.exporter('x')
      assert.ok(ledger !== undefined, 'the ledger did not travel with the batch')
      ledger.delivered += batch.itemCount
      this.taken.push(...numbersOf(batch))
    }
    return super.consume(batch, context)
  }
}

interface Result {
  readonly ledger: PipelineLedger
  readonly downstream: Downstream
  /** Numbers of which the sender was told that they are safe. */
  readonly told: Set<number>
  /** Numbers that were refused; the sender has them still. */
  readonly refused: Set<number>
}

/** Twenty requests of ten logs, a few at a time, through the entry of a pipeline and the processor. */
async function run(one: Case, decide: () => Outcome, context: ReceiveContext): Promise<Result> {
  const downstream = new Downstream(decide)
  const instance = createInstance(one, downstream)
  const processor = instance.component as typeof instance.component & Consumer
  const ledger = new PipelineLedger('logs', 'logs')
  ledger.exporter('x')
  const entry = new PipelineEntry(processor, {
    ledger,
    clock: new FakeClock(),
    latency: { record: () => {} },
    onBug: (error) => assert.fail(error as Error),
  })
  await processor.start()
  const told = new Set<number>()
  const refused = new Set<number>()
  const pending = Array.from({ length: 20 }, async (_, index) => {
    const batch = numberedLogs(index * 10, 10)
    const before = checksum(batch)
    try {
      await entry.consume(batch, context)
      for (const number of numbersOf(batch)) told.add(number)
    } catch (error) {
      assert.ok(error instanceof DeliveryError, String(error))
      for (const number of numbersOf(batch)) refused.add(number)
    }
    assert.equal(checksum(batch), before, 'the bytes were written into')
  })
  // A processor that gathers still holds some of it when it is stopped.
  await Promise.race([Promise.all(pending), delay(50)])
  await processor.stop(AbortSignal.timeout(2000))
  await Promise.all(pending)
  downstream.assertUnchanged()
  assertMetricsDeclared(instance, one)
  instance.clean()
  return { ledger, downstream, told, refused }
}

const contexts: readonly ReceiveContext[] = [
  { until: 'accepted', onFull: 'refuse' },
  { until: 'delivered', onFull: 'wait' },
]

suite('every processor keeps the account', () => {
  for (const one of casesOf('processor')) {
    for (const [what, decide] of Object.entries(outcomes)) {
      for (const context of contexts) {
        const title = `${one.name}: when what follows ${what}, until ${context.until}`
        test(title, { timeout: 20_000 }, async (t) => {
          t.diagnostic(`REMORA_SEED=${seed}`)
          const random = seededRandom(seed)
          const result = await run(one, () => decide(random), context)
          assertKept(result)
        })
      }
    }
  }
})

function assertKept({ ledger, downstream, told, refused }: Result): void {
  assert.equal(ledger.received, 200)
  assert.equal(ledger.queued, 0, 'something is still held after the stop')
  assert.equal(ledger.imbalance('x'), 0, 'the ledger does not balance')
  // Nobody was told twice, or both.
  assert.equal(told.size + refused.size, 200)
  const taken = new Set(downstream.taken)
  assert.equal(taken.size, downstream.taken.length, 'something was handed on twice')
  let dropped = 0
  for (const items of ledger.droppedByReason.values()) dropped += items
  // What the sender believes to be safe was handed on, or dropped and counted.
  const lost = [...told].filter((number) => !taken.has(number)).length
  assert.ok(lost <= dropped, `${lost} told as safe are gone, and ${dropped} are counted as dropped`)
}
