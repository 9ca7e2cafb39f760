import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/lifecycle.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer, Intake, ReceiveContext } from '../signal/consumer.ts'
import { consumeSafely } from './entry.ts'
import { mayPass, type Outcome, Reoffer, type ReofferHost } from './reoffer.ts'

/** One exporter at the end of a pipeline. */
export interface Branch {
  /** Its id in the configuration: the name of its account. */
  readonly exporter: string
  readonly consumer: Consumer
}

export interface FanOutSettings {
  readonly clock: Clock
  /** Gets the bugs that do not go up as the error; the entry sees that one. */
  onBug(error: unknown): void
}

/**
 * The end of a pipeline with several exporters: each gets the same batch, by reference.
 *
 * Succeeds when all succeed. When all fail and none has accounted for it, the entry of the pipeline counts the batch as
 * rejected, once for all. When only some fail, a caller that waits (a tail, the batch processor) goes on waiting while
 * the batch is offered again to those that may take it later, and to nobody else: it would offer it to all again, for
 * as long as one of them is down. A sender that does not wait hears of the failure: the entry cannot know which
 * branch it was, so each failing one is entered here as `rejected` with its own reason, and the error goes up as
 * `accounted`; a retryable one if there is one, because a sender that tries again loses nothing. The branches that took
 * the batch then get it twice.
 *
 *     branch a   branch b   ledger of a       ledger of b       pipeline's own    caller
 *     ok         ok         (a counts)        (b counts)        –                 resolves
 *     fails      fails      –                 –                 rejected          rejects
 *     ok         fails      (a counts)        rejected          –                 rejects, accounted
 *     accounted  fails      (a counted)       rejected          –                 rejects, accounted
 *     ok         may pass   (a counts)        queued            –                 pending, if it waits
 */
export class FanOut implements Component, Consumer, ReofferHost {
  readonly clock: Clock
  draining = false
  abandoned = false
  readonly #branches: readonly Branch[]
  readonly #onBug: (error: unknown) => void
  readonly #reoffers = new Set<Reoffer>()
  #onIdle: (() => void) | undefined

  constructor(branches: readonly Branch[], { clock, onBug }: FanOutSettings) {
    this.clock = clock
    this.#branches = branches
    this.#onBug = onBug
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const outcomes = this.#branches.map((branch) => offer(branch, batch, context))
    return Promise.all(outcomes)
      .then((errors) => (waits(context) ? this.#persist(errors, batch, context) : errors))
      .then((errors) => this.#judge(errors, batch, context))
  }

  /** What still waits gets one more try now, and its end; the callers hear of it. */
  async stop(abort: AbortSignal): Promise<void> {
    this.draining = true
    for (const reoffer of [...this.#reoffers]) reoffer.hurry()
    if (this.#reoffers.size > 0) await this.#idle(abort)
    this.abandoned = true
    for (const reoffer of [...this.#reoffers]) reoffer.abandon()
  }

  /** Nothing is offered again any more, or `abort` has fired. */
  async #idle(abort: AbortSignal): Promise<void> {
    if (abort.aborted) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      abort.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Goes on with the branches that may take the batch later, unless nobody has it yet. */
  async #persist(
    errors: readonly Outcome[],
    batch: Batch,
    context: ConsumeContext,
  ): Promise<readonly Outcome[]> {
    if (isAlike(errors)) return errors
    return await Promise.all(
      errors.map((error, index) => {
        if (error === undefined || !mayPass(error)) return error
        return this.#reoffer(this.#branches[index] as Branch, error, batch, context)
      }),
    )
  }

  #reoffer(
    branch: Branch,
    error: DeliveryError,
    batch: Batch,
    context: ConsumeContext,
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const again = (): Promise<Outcome> => {
        context.ledger.exporter(branch.exporter).queued -= batch.itemCount
        return offer(branch, batch, context)
      }
      const reoffer = new Reoffer(this, again, (outcome) => {
        this.#reoffers.delete(reoffer)
        resolve(outcome)
        if (this.#reoffers.size === 0) this.#onIdle?.()
      })
      this.#reoffers.add(reoffer)
      reoffer.judge(error)
    })
  }

  /** Moves each refusal from `queued`, where `offer` has put it, to where it stays. */
  #judge(errors: readonly Outcome[], batch: Batch, { ledger }: ConsumeContext): void {
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
): Promise<Outcome> {
  return consumeSafely(consumer, batch, context).then(
    () => undefined,
    (thrown: unknown) => {
      const error = DeliveryError.from(thrown)
      if (!error.accounted) context.ledger.exporter(exporter).queued += batch.itemCount
      return error
    },
  )
}

/** It keeps the data until it hears back, and has nobody else to ask. */
function waits({ onFull, until }: ConsumeContext): boolean {
  return onFull === 'wait' || until === 'delivered'
}

/** No branch took the batch, and none has entered it anywhere. */
function isAlike(errors: readonly Outcome[]): boolean {
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
