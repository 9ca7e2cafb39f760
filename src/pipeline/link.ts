import type { Counter } from '../component/telemetry.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../signal/consumer.ts'

/** Stands before each processor and after the last: counts the items that pass. Nothing waits for it. */
export class CountedLink implements Consumer {
  readonly #next: Consumer
  readonly #outgoing: Counter | undefined
  readonly #incoming: Counter | undefined

  /** `outgoing` belongs to the processor before it, `incoming` to the one behind it. */
  constructor(next: Consumer, outgoing: Counter | undefined, incoming: Counter | undefined) {
    this.#next = next
    this.#outgoing = outgoing
    this.#incoming = incoming
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    this.#outgoing?.add(batch.itemCount)
    this.#incoming?.add(batch.itemCount)
    return this.#next.consume(batch, context)
  }
}
