import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import type { Signal } from '../../signal/signal.ts'
import { WireError } from '../../wire/wire-error.ts'
import { Redactor } from './redactor.ts'
import { Rules } from './rules.ts'
import type { RedactionConfig } from './schema.ts'

/** Redacts each segment of a batch before anything behind it sees the batch. Holds nothing, drops no item. */
export class RedactionProcessor implements Component, Consumer {
  readonly #next: Consumer
  readonly #config: RedactionConfig
  readonly #rules: Rules
  readonly #redactors = new Map<Signal, Redactor>()

  constructor({ config }: Settings<RedactionConfig>, next: Consumer) {
    this.#next = next
    this.#config = config
    this.#rules = new Rules(config)
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    let redacted: Batch
    try {
      redacted = this.#redact(batch)
    } catch (error) {
      // Never passed on as it is: what cannot be walked cannot be redacted.
      if (!(error instanceof WireError)) return Promise.reject(error)
      const message = `cannot examine the batch: ${error.message}`
      return Promise.reject(new DeliveryError('invalid_data', message, { cause: error }))
    }
    return this.#next.consume(redacted, context)
  }

  #redact(batch: Batch): Batch {
    const redactor = this.#redactorOf(batch.signal)
    const segments = batch.segments.map((segment) => redactor.redact(segment))
    if (segments.every((segment, at) => segment === batch.segments[at])) return batch
    return new Batch(batch.signal, segments, batch.itemCount)
  }

  #redactorOf(signal: Signal): Redactor {
    let redactor = this.#redactors.get(signal)
    if (redactor === undefined) {
      redactor = new Redactor(signal, this.#rules, this.#config.summary)
      this.#redactors.set(signal, redactor)
    }
    return redactor
  }
}
