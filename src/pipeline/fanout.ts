import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer, Intake, ReceiveContext } from '../signal/consumer.ts'
import { consumeSafely } from './entry.ts'

/** One exporter at the end of a pipeline. */
export interface Branch {
  /** Its id in the configuration: the name of its account. */
  readonly exporter: string
  readonly consumer: Consumer
}

/**
 * The end of a pipeline with several exporters: each gets the same batch, by reference.
 *
 * Succeeds when all succeed. When all fail and none has accounted for it, the entry of the pipeline counts the batch as
 * rejected, once for all. When only some fail, the entry cannot know which: each failing branch is entered here as
 * `rejected` with its own reason, and the error goes up as `accounted`. The caller gets a retryable error if there is
 * one, because a sender that tries again loses nothing; the branches that took the batch then get it twice.
 *
 *     branch a   branch b   ledger of a       ledger of b       pipeline's own    caller
 *     ok         ok         (a counts)        (b counts)        –                 resolves
 *     fails      fails      –                 –                 rejected          rejects
 *     ok         fails      (a counts)        rejected          –                 rejects, accounted
 *     accounted  fails      (a counted)       rejected          –                 rejects, accounted
 */
export class FanOut implements Consumer {
  readonly #branches: readonly Branch[]
  readonly #onBug: (error: unknown) => void

  /** `onBug` gets the bugs that do not go up as the error; the entry sees that one. */
  constructor(branches: readonly Branch[], onBug: (error: unknown) => void) {
    this.#branches = branches
    this.#onBug = onBug
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const outcomes = this.#branches.map((branch) => offer(branch, batch, context))
    return Promise.all(outcomes).then((errors) => this.#judge(errors, batch, context))
  }

  /** Moves each refusal from `queued`, where `offer` has put it, to where it stays. */
  #judge(
    errors: readonly (DeliveryError | undefined)[],
    batch: Batch,
    { ledger }: ConsumeContext,
  ): void {
    const failures = errors.filter((error) => error !== undefined)
    const chosen = chooseError(failures)
    if (chosen === undefined) return
    for (const error of failures) {
      if (error.code === 'internal' && error !== chosen) this.#onBug(error)
    }
    const alike = isAlike(errors)
    for (const [index, error] of errors.entries()) {
      if (error === undefined || error.accounted) continue
      const account = ledger.exporter((this.#branches[index] as Branch).exporter)
      account.queued -= batch.itemCount
      if (!alike) account.rejected(error.code, batch.itemCount)
    }
    throw alike ? chosen : asAccounted(chosen)
  }
}

/**
 * The error with which a branch refuses the batch; undefined: it took it. Until somebody says where the refused items
 * belong (the other branches may take long), they stand as `queued`, unless the branch has entered them itself.
 */
function offer(
  { exporter, consumer }: Branch,
  batch: Batch,
  context: ConsumeContext,
): Promise<DeliveryError | undefined> {
  return consumeSafely(consumer, batch, context).then(
    () => undefined,
    (thrown: unknown) => {
      const error = DeliveryError.from(thrown)
      if (!error.accounted) context.ledger.exporter(exporter).queued += batch.itemCount
      return error
    },
  )
}

/** No branch took the batch, and none has entered it anywhere. */
function isAlike(errors: readonly (DeliveryError | undefined)[]): boolean {
  return errors.every((error) => error !== undefined && !error.accounted)
}

/** A receiver that feeds several pipelines of a signal. Each keeps its own account, so nothing is entered here. */
export class IntakeFanOut implements Intake {
  readonly #entries: readonly Intake[]

  constructor(entries: readonly Intake[]) {
    this.#entries = entries
  }

  consume(batch: Batch, context: ReceiveContext): Promise<void> {
    const outcomes = this.#entries.map((entry) => entry.consume(batch, context))
    return Promise.allSettled(outcomes).then((settled) => {
      const failures = settled.map((one) => errorOf(one)).filter((error) => error !== undefined)
      const chosen = chooseError(failures)
      if (chosen !== undefined) throw chosen
    })
  }

  dropped(reason: Code, items: number): void {
    for (const entry of this.#entries) entry.dropped(reason, items)
  }
}

function errorOf(settled: PromiseSettledResult<void>): DeliveryError | undefined {
  return settled.status === 'fulfilled' ? undefined : DeliveryError.from(settled.reason)
}

/** A retryable one before a permanent one; among those, the one that asks for the longest wait. */
function chooseError(failures: readonly DeliveryError[]): DeliveryError | undefined {
  let chosen: DeliveryError | undefined
  for (const failure of failures) {
    if (chosen === undefined || weight(failure) > weight(chosen)) chosen = failure
  }
  return chosen
}

function weight(error: DeliveryError): number {
  return error.retry === 'never' ? -1 : (error.retryAfterMs ?? 0)
}

/** A copy, because exporters may reject many batches with one and the same error. */
function asAccounted(error: DeliveryError): DeliveryError {
  const { code, message, retry, retryAfterMs, cause } = error
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  const accounted = new DeliveryError(code, message, { retry, cause, ...wait })
  accounted.accounted = true
  return accounted
}
