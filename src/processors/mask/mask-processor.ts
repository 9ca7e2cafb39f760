import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import type { Counter } from '../../component/telemetry.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { compileMasking, type Masking } from '../../masking/compile.ts'
import type { MaskConfig } from '../../masking/schema.ts'
import { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import type { Signal } from '../../signal/signal.ts'
import { countItems } from '../../wire/otlp/split.ts'
import { WireError } from '../../wire/wire-error.ts'

/** Masks each segment of a batch before anything behind it sees the batch. Holds nothing. */
export class MaskProcessor implements Component, Consumer {
  readonly #next: Consumer
  readonly #settings: Settings<MaskConfig>
  readonly #masking: Masking
  readonly #counted: number[]
  readonly #cells = new Map<Signal, Cells>()

  constructor(settings: Settings<MaskConfig>, next: Consumer) {
    this.#settings = settings
    this.#next = next
    this.#masking = compileMasking(settings.config)
    this.#counted = this.#masking.examiner.rules.map(() => 0)
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    let masked: Batch
    try {
      masked = this.#mask(batch)
    } catch (error) {
      // Never passed on as it is: what cannot be walked cannot be masked.
      if (!(error instanceof WireError)) return Promise.reject(error)
      const message = `cannot examine the batch: ${error.message}`
      return Promise.reject(new DeliveryError('invalid_data', message, { cause: error }))
    }
    const dropped = batch.itemCount - masked.itemCount
    if (dropped === 0) return this.#next.consume(masked, context)
    return this.#handOn(masked, dropped, context)
  }

  /** Dropped items are counted once the rest is safe: if it is refused, the sender has them all still. */
  async #handOn(masked: Batch, dropped: number, context: ConsumeContext): Promise<void> {
    const { ledger } = context
    try {
      if (masked.itemCount > 0) await this.#next.consume(masked, context)
    } catch (error) {
      // Somebody counted the rest; nobody else knows of these.
      if (error instanceof DeliveryError && error.accounted) ledger.dropped('filtered', dropped)
      throw error
    }
    ledger.dropped('filtered', dropped)
  }

  #mask(batch: Batch): Batch {
    const { masker } = this.#masking
    const { signal, segments } = batch
    let changed: Uint8Array[] | undefined
    let items = batch.itemCount
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at] as Uint8Array
      const masked = masker.mask(signal, segment)
      if (masked === segment) continue
      changed ??= [...segments]
      changed[at] = masked
      if (masker.removed) items += countItems(signal, masked) - countItems(signal, segment)
    }
    this.#count(signal)
    return changed === undefined ? batch : new Batch(signal, changed, items)
  }

  #count(signal: Signal): void {
    const { examiner, masker } = this.#masking
    const { counts } = examiner
    for (let index = 0; index < counts.length; index++) {
      const found = (counts[index] as number) - (this.#counted[index] as number)
      if (found === 0) continue
      this.#counted[index] = counts[index] as number
      this.#cellsOf(signal).findings[index]?.add(found)
    }
    const unexamined = masker.takeUnexamined()
    if (unexamined > 0) this.#cellsOf(signal).unexamined.add(unexamined)
  }

  #cellsOf(signal: Signal): Cells {
    let cells = this.#cells.get(signal)
    if (cells === undefined) {
      const { meter } = this.#settings
      cells = {
        findings: this.#masking.examiner.rules.map(({ detector, action }) =>
          meter.counter('remora_mask_findings', { detector: detector.name, action, signal }),
        ),
        unexamined: meter.counter('remora_mask_unexamined_fields', { signal }),
      }
      this.#cells.set(signal, cells)
    }
    return cells
  }
}

interface Cells {
  /** By rule. */
  readonly findings: readonly Counter[]
  readonly unexamined: Counter
}
