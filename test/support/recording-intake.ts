import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Code } from '../../src/errors/codes.ts'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import type { Batch } from '../../src/signal/batch.ts'
import type { ConsumeContext, ReceiveContext } from '../../src/signal/consumer.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import type { Signal } from '../../src/signal/signal.ts'

/** What becomes of one call: taken, refused with this error, or pending until the test says so. */
export type Step = 'accept' | 'hang' | DeliveryError

export interface Call {
  readonly batch: Batch
  readonly context: ReceiveContext & Partial<ConsumeContext>
}

export interface HangingCall extends Call {
  accept(): void
  refuse(error: DeliveryError): void
}

/**
 * Stands in for what comes after the component under test: an `Intake` for receivers, a `Consumer` for processors.
 * Each call takes the next step of the script, the last step for all further ones; `accept` without a script.
 *
 * It remembers a checksum of each batch at the time of the call; `assertUnchanged()` at the end of a test proves that
 * nobody wrote into the bytes afterwards.
 */
export class RecordingIntake {
  readonly calls: Call[] = []
  /** Calls that wait for `accept()` or `refuse()`, oldest first. */
  readonly hanging: HangingCall[] = []
  /** Items that a receiver said it drops, by reason. */
  readonly droppedByReason = new Map<Code, number>()
  readonly #checksums: string[] = []
  #steps: Step[]

  constructor(...steps: Step[]) {
    this.#steps = steps
  }

  /** Replaces what is left of the script. */
  script(...steps: Step[]): this {
    this.#steps = steps
    return this
  }

  consume(batch: Batch, context: ReceiveContext & Partial<ConsumeContext>): Promise<void> {
    this.calls.push({ batch, context })
    this.#checksums.push(checksum(batch))
    const step = (this.#steps.length > 1 ? this.#steps.shift() : this.#steps[0]) ?? 'accept'
    if (step instanceof DeliveryError) return Promise.reject(step)
    if (step === 'accept') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const call: HangingCall = {
        batch,
        context,
        accept: () => {
          this.#forget(call)
          resolve()
        },
        refuse: (error) => {
          this.#forget(call)
          reject(error)
        },
      }
      this.hanging.push(call)
    })
  }

  dropped(reason: Code, items: number): void {
    this.droppedByReason.set(reason, (this.droppedByReason.get(reason) ?? 0) + items)
  }

  /** Items of every call, also of refused ones. */
  get itemCount(): number {
    let total = 0
    for (const { batch } of this.calls) total += batch.itemCount
    return total
  }

  assertUnchanged(): void {
    for (const [index, { batch }] of this.calls.entries()) {
      assert.equal(checksum(batch), this.#checksums[index], `batch ${index} was written into`)
    }
  }

  #forget(call: HangingCall): void {
    this.hanging.splice(this.hanging.indexOf(call), 1)
  }
}

export function checksum(batch: Batch): string {
  const hash = createHash('sha256')
  for (const segment of batch.segments) hash.update(segment)
  return hash.digest('base64')
}

/** A context for calling a consumer directly, with a fresh account unless one is given. */
export function testContext(
  signal: Signal = 'logs',
  over: Partial<ConsumeContext> = {},
): ConsumeContext {
  return {
    until: 'accepted',
    onFull: 'refuse',
    ledger: new PipelineLedger(signal, signal),
    ...over,
  }
}
