import assert from 'node:assert/strict'
import * as v from 'valibot'
import { createDelivery, type Delivery } from '../../src/delivery/delivery.ts'
import { type DeliveryConfig, deliveryOptions } from '../../src/delivery/schema.ts'
import { fullSuccess, type Send, type SendOutcome } from '../../src/delivery/send.ts'
import type { Code } from '../../src/errors/codes.ts'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import type { Batch } from '../../src/signal/batch.ts'
import type { ConsumeContext } from '../../src/signal/consumer.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { numberedLogs, numbersOf } from './numbered-logs.ts'
import { seededRandom } from './random.ts'
import { testContext } from './recording-intake.ts'
import { type TestSettings, type TestSettingsOptions, testSettings } from './settings.ts'

export const schema = v.strictObject(deliveryOptions('5s'))
export type Input = v.InferInput<typeof schema>

/** An exporter's delivery path in front of a scripted backend, with a pipeline entry that keeps the account. */
export class Rig {
  readonly clock = new FakeClock()
  readonly ledger = new PipelineLedger('logs', 'logs')
  readonly settings: TestSettings<DeliveryConfig> & { readonly clock: FakeClock }
  readonly delivery: Delivery
  /** Numbers of the records that the backend took. */
  readonly taken: number[] = []
  readonly requests: number[] = []
  readonly outcomes: string[] = []
  #nextNumber = 0

  constructor(
    input: Input,
    backend: (batch: Batch, abort: AbortSignal) => Promise<SendOutcome>,
    options: Pick<TestSettingsOptions<FakeClock>, 'storages' | 'id' | 'stopping'> = {},
  ) {
    this.settings = testSettings(v.parse(schema, input), {
      id: 'otlp',
      clock: this.clock,
      ledgers: [this.ledger],
      ...options,
    })
    const send: Send = async (batch, abort) => {
      this.requests.push(batch.itemCount)
      const outcome = await backend(batch, abort)
      this.taken.push(...numbersOf(batch))
      return outcome
    }
    this.delivery = createDelivery(this.settings, send, seededRandom(7))
  }

  /** What the entry of a pipeline does. */
  give(
    items: number,
    over: Partial<ConsumeContext> = {},
    first?: number,
    padding = 0,
  ): Promise<void> {
    const batch = numberedLogs(first ?? this.#nextNumber, items, padding)
    this.#nextNumber += items
    this.ledger.received += items
    const answer = this.delivery.consume(
      batch,
      testContext('logs', { ...over, ledger: this.ledger }),
    )
    const index = this.outcomes.push('pending') - 1
    answer.then(
      () => {
        this.outcomes[index] = 'ok'
      },
      (error: DeliveryError) => {
        this.outcomes[index] = error.code
        if (!error.accounted) this.ledger.rejected(error.code, items)
      },
    )
    return answer
  }

  async advance(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(Math.min(stepMs, ms - passed))
      this.balances()
    }
  }

  async stop(graceMs: number): Promise<void> {
    const controller = new AbortController()
    let done = false
    const stopped = this.delivery.stop(controller.signal).then(() => {
      done = true
    })
    await settle()
    this.balances()
    for (let passed = 0; passed < graceMs && !done; passed += 50) {
      await this.clock.advance(50)
      this.balances()
    }
    controller.abort()
    await stopped
    await settle()
    this.balances()
    assert.equal(this.account.queued, 0)
    assert.equal(this.clock.pending, 0, 'no timer is left')
  }

  get account() {
    return this.ledger.exporter('otlp')
  }

  get dropped(): Record<string, number> {
    return Object.fromEntries(this.account.droppedByReason)
  }

  get rejected(): Record<string, number> {
    const all = [...this.ledger.rejectedByReason, ...this.account.rejectedByReason]
    return Object.fromEntries(all)
  }

  balances(): void {
    assert.equal(this.ledger.imbalance('otlp'), 0, 'the ledger balances')
  }
}

export const ok = (): Promise<SendOutcome> => Promise.resolve(fullSuccess)
export const fail = (code: Code) => () =>
  Promise.reject(new DeliveryError(code, `backend says ${code}`))
export const hang = (): Promise<SendOutcome> => new Promise(() => {})

export function flaky(seed: number, share: number) {
  const next = seededRandom(seed)
  return () => (next() < share ? Promise.reject(new DeliveryError('unavailable', 'down')) : ok())
}
