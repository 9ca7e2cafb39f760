import type { Ending, Entry } from '../buffer/entry.ts'
import type { Queue } from '../buffer/queue.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import { stopping } from './admission.ts'
import { Burials } from './burials.ts'
import { CircuitBreaker, type CircuitState } from './circuit-breaker.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { DeliveryMetrics } from './delivery-metrics.ts'
import { createGatherer, type Gatherer } from './gatherer.ts'
import type { Health } from './health.ts'
import { Job } from './job.ts'
import type { Piece } from './piece.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { BatchConfig, CircuitBreakerConfig, RetryConfig } from './schema.ts'
import type { Send, SendOutcome } from './send.ts'

export interface DispatcherOptions {
  readonly signal: Signal
  readonly queue: Queue
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: DeliveryMetrics
  readonly health: Health
  readonly send: Send
  /** From 0 up to 1; for the jitter. */
  readonly random: () => number
  /** Jobs at the same time; Infinity without a queue. */
  readonly consumers: number
  readonly batch: BatchConfig | undefined
  readonly retry: RetryConfig
  readonly circuitBreaker: CircuitBreakerConfig | undefined
  readonly exporterId: string
  /** Of the exporter, as the dead letters: all its signals share them. */
  readonly rateLimiter: RateLimiter | undefined
  readonly deadLetters: DeadLetters | undefined
  /** 0: none. */
  readonly timeoutMs: number
  /** The queue has room again. */
  readonly onRoom: () => void
  /** Items of an entry have left the queue. */
  readonly onEnded: (items: number) => void
  /** Somebody waits for room, so that it is no use to wait for more to join. */
  readonly crowded: () => boolean
}

/** While remora stops, a backend that comes back is found within this time. */
const drainRetryMsMax = 1000
/** What the log shows of a backend's own words. */
const messageLengthMax = 500

/**
 * Moves entries from the queue to the backend: takes what is due as a job when a consumer is free, tries each piece of
 * it until it is out or given up, and says so to the entries.
 *
 *               ┌──────────── next piece ───────────┐
 *     job ──▶ attempt ──▶ success ──▶ deliver ──────┤──▶ done, consumer free
 *               ▲  └────▶ failure ──▶ drop ─────────┤
 *               │            │  └──▶ too large: halve┘
 *               └── wait ◀── retryable
 *
 * Before each attempt stand the rate limit and the circuit breaker. While the circuit is open, jobs are parked without
 * timers of their own, and what they wait for is the same probe; nothing more is taken from the queue.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #gatherer: Gatherer
  readonly #jobs = new Set<Job>()
  readonly #circuit: CircuitBreaker | undefined
  readonly #burials: Burials | undefined
  /** Attempts without an answer. */
  #inFlight = 0
  #stopping = false
  /** Takes no more from the queue: what is left stays on the disk, or is given up. */
  #leaving = false
  #onIdle: (() => void) | undefined
  readonly #ack = (entry: Entry): void => {
    this.#options.queue.ack(entry)
    this.#options.onEnded(entry.batch.itemCount)
  }
  readonly #pumpLater = (): void => this.pump()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#gatherer = createGatherer(options)
    this.#burials = this.#createBurials(options)
    const { circuitBreaker, clock } = options
    if (circuitBreaker?.enabled === true) {
      this.#circuit = new CircuitBreaker(circuitBreaker, clock, (state) =>
        this.#circuitChanged(state),
      )
    }
  }

  #createBurials({ deadLetters, clock, exporterId, signal, onRoom }: DispatcherOptions) {
    if (deadLetters === undefined) return undefined
    const onEnd = (): void => {
      onRoom()
      this.pump()
      if (this.#idle) this.#onIdle?.()
    }
    return new Burials(deadLetters, { clock, exporterId, signal, onEnd })
  }

  /** Undefined without a circuit breaker. */
  get circuitState(): CircuitState | undefined {
    return this.#circuit?.state
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Of what waits in the queue or is being sent; 0 for nothing. */
  oldestAgeMs(): number {
    const { queue, clock } = this.#options
    let oldestMs = queue.peek()?.arrivedMs ?? Infinity
    for (const job of this.#jobs) {
      for (const piece of job.pieces) oldestMs = Math.min(oldestMs, piece.arrivedMs)
    }
    return oldestMs === Infinity ? 0 : Math.max(0, clock.monotonicMs() - oldestMs)
  }

  /** Starts what is due, as far as consumers are free. */
  pump(): void {
    const { consumers } = this.#options
    while (!this.#leaving && this.#jobs.size < consumers && (this.#circuit?.hasRoom ?? true)) {
      const pieces = this.#gatherer.next(this.#stopping, this.#pumpLater)
      if (pieces === undefined) return
      const job = new Job(pieces)
      this.#jobs.add(job)
      this.#start(job)
    }
  }

  /**
   * Sends what the queue holds. What is not out when `abort` fires is given up and counted; of a disk queue it stays where
   * it is, and so does everything as soon as the backend is seen to be in trouble.
   */
  async drain(abort: AbortSignal): Promise<void> {
    this.#stopping = true
    this.#gatherer.close()
    if (this.#options.queue.persistent) this.#leaveIfInTrouble(abort)
    else this.#hurry()
    this.pump()
    if (this.#idle) {
      this.#circuit?.close()
      return
    }
    const giveUp = (): void => this.#abandon()
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      if (abort.aborted) giveUp()
      else abort.addEventListener('abort', giveUp, { once: true })
    })
    abort.removeEventListener('abort', giveUp)
    this.#circuit?.close()
  }

  get #idle(): boolean {
    const empty = this.#leaving || this.#options.queue.length === 0
    return this.#jobs.size === 0 && empty && (this.#burials?.length ?? 0) === 0
  }

  /** Waits are short from now on. */
  #hurry(): void {
    for (const job of this.#jobs) {
      if (!job.waiting) continue
      job.end()
      this.#start(job)
    }
    this.#circuit?.hurry(drainRetryMsMax)
  }

  /** Jobs that wait after a failure, of items that are on the disk: the next process goes on with them. */
  #leaveIfInTrouble(abort?: AbortSignal): void {
    if (abort?.aborted) this.#leaving = true
    for (const job of this.#jobs) {
      if (!job.hasFailed && !job.parked) continue
      this.#leaving = true
      if (job.controller !== undefined) continue
      job.end()
      this.#jobs.delete(job)
    }
  }

  /**
   * The next attempt, as soon as the circuit breaker and then the rate limit let it through: in this order, so that only who
   * goes pays.
   */
  #start(job: Job): void {
    const { rateLimiter } = this.#options
    job.parked = false
    job.pass ??= this.#circuit === undefined ? 0 : this.#circuit.enter()
    if (job.pass === undefined) {
      job.park()
      return
    }
    const cancel = rateLimiter?.acquire(job.next.batch, () => {
      job.end()
      this.#attempt(job)
    })
    if (cancel === undefined) this.#attempt(job)
    else job.wait(cancel)
  }

  #circuitChanged(state: CircuitState): void {
    const { logger, signal, health } = this.#options
    if (state === 'open') {
      logger.warn('the circuit breaker opens: nothing is sent until a probe succeeds', { signal })
      health.circuitOpened(signal)
      // Their waits are over: all wait for the same probe now.
      for (const job of this.#jobs) if (job.waiting) job.park()
      return
    }
    if (state === 'closed') logger.info('the circuit breaker closes', { signal })
    for (const job of this.#jobs) {
      if (!(this.#circuit?.hasRoom ?? true)) return
      if (job.parked) this.#start(job)
    }
    this.pump()
  }

  /** What the end of an attempt says about the backend: whoever answers, even with a refusal, is there. */
  #tellCircuit(job: Job, error: DeliveryError | undefined): void {
    const pass = job.takePass()
    if (error?.retry === 'backoff') this.#circuit?.failed(pass, error.retryAfterMs)
    else this.#circuit?.succeeded(pass)
  }

  #attempt(job: Job): void {
    const { clock, timeoutMs, send } = this.#options
    const piece = job.next
    const controller = new AbortController()
    job.begin(controller, clock.monotonicMs())
    this.#inFlight++
    if (timeoutMs > 0) {
      job.cancelTimer = clock.after(timeoutMs, () => {
        controller.abort()
        this.#failed(job, new DeliveryError('timeout', `no answer within ${timeoutMs} ms`))
      })
    }
    let outcome: Promise<SendOutcome>
    try {
      outcome = send(piece.batch, controller.signal)
    } catch (thrown) {
      outcome = Promise.reject(thrown)
    }
    // What comes after a timeout or an abort no longer counts: the job has another controller then, or none.
    outcome.then(
      (result) => {
        if (job.controller === controller) this.#succeeded(job, result)
      },
      (thrown: unknown) => {
        if (job.controller === controller) this.#failed(job, DeliveryError.from(thrown))
      },
    )
  }

  #endAttempt(job: Job): void {
    job.end()
    this.#inFlight--
  }

  #succeeded(job: Job, { rejectedItems, message }: SendOutcome): void {
    this.#endAttempt(job)
    const { metrics, health, signal, logger } = this.#options
    const piece = job.next
    const items = piece.batch.itemCount
    const rejected = Math.min(rejectedItems, items)
    this.#deliver(piece, rejected, message)
    metrics.sent.add(items - rejected)
    metrics.sendSize.record(items)
    metrics.sendSizeBytes.record(piece.batch.sizeBytes)
    this.#tellCircuit(job, undefined)
    // A late answer from before the circuit opened: the probe decides.
    if (this.#circuit?.state !== 'open') health.succeeded(signal)
    if (rejected > 0) {
      metrics.sendFailed.add(rejected)
      logger.warn('the backend rejected some items of a request', {
        signal,
        rejected,
        items,
        message: cut(message),
      })
    } else if (message !== '') {
      logger.warn('the backend took a request with a warning', { signal, message: cut(message) })
    }
    this.#nextPiece(job)
  }

  #deliver(piece: Piece, rejected: number, message: string): void {
    if (rejected > 0 && this.#burials !== undefined) {
      if (rejected === piece.batch.itemCount) {
        const error = new DeliveryError('partial_success', message)
        this.#burials.add(piece, { error, reason: 'partial_success' }, () =>
          piece.deliver(rejected, this.#ack),
        )
        return
      }
      this.#burials.note(piece, rejected, message)
    }
    piece.deliver(rejected, this.#ack)
  }

  #failed(job: Job, error: DeliveryError): void {
    this.#endAttempt(job)
    const { health, signal } = this.#options
    if (error.code === 'too_large') {
      this.#tellCircuit(job, undefined)
      this.#tooLarge(job, error)
      return
    }
    health.failed(signal, error)
    this.#tellCircuit(job, error)
    if (this.#stopping && this.#options.queue.persistent && error.retry === 'backoff') {
      this.#jobs.delete(job)
      this.#leaving = true
      this.#leaveIfInTrouble()
      if (this.#idle) this.#onIdle?.()
      return
    }
    const waitMs = this.#retryDelayMs(job, error)
    if (waitMs === undefined) {
      const exhausted = error.retry === 'backoff' && this.#options.retry.enabled
      this.#giveUp(job, { error, reason: exhausted ? 'retries_exhausted' : error.code })
      return
    }
    this.#retryLater(job, error, waitMs)
  }

  /** Undefined: no further try. */
  #retryDelayMs(job: Job, error: DeliveryError): number | undefined {
    const { retry, random, clock } = this.#options
    if (error.retry === 'never' || !retry.enabled) return undefined
    const waitMs = job.backoff(retry, random).nextMs(clock.monotonicMs(), error.retryAfterMs)
    if (waitMs === undefined || !this.#stopping) return waitMs
    return Math.min(waitMs, drainRetryMsMax)
  }

  #retryLater(job: Job, error: DeliveryError, waitMs: number): void {
    const { clock, metrics, logger, signal } = this.#options
    metrics.retry(error.code)
    logger.warn('cannot deliver a request, trying again', {
      signal,
      reason: error.code,
      message: cut(error.message),
      items: job.next.batch.itemCount,
      wait_ms: Math.round(waitMs),
    })
    if (this.#circuit?.state === 'open') job.park()
    else job.wait(clock.after(waitMs, () => this.#start(job)))
  }

  #tooLarge(job: Job, error: DeliveryError): void {
    const { logger, signal } = this.#options
    const { itemCount, sizeBytes } = job.next.batch
    const halves = job.next.halve()
    if (halves === undefined) {
      this.#giveUp(job, { error, reason: 'too_large' })
      return
    }
    logger.info('a request is too large for the backend, sending its halves', {
      signal,
      items: itemCount,
      bytes: sizeBytes,
      message: cut(error.message),
    })
    job.replace(halves)
    this.#start(job)
  }

  #giveUp(job: Job, ending: Ending): void {
    const { metrics, logger, signal } = this.#options
    const piece = job.next
    const { itemCount } = piece.batch
    const { error, reason } = ending
    const fields = {
      signal,
      reason,
      message: cut(error.message),
      items: itemCount,
      ...reasonStack(reason, error),
    }
    metrics.sendFailed.add(itemCount)
    if (this.#burials !== undefined && piece.isLost({ ...ending, kept: true })) {
      this.#burials.add(piece, ending, (kept) => piece.drop({ ...ending, kept }, this.#ack))
      logger.error('cannot deliver a request, moving it to the dead letters', fields)
    } else {
      const returned = piece.drop(ending, this.#ack)
      const back = returned > 0 ? { given_back: returned } : {}
      logger.error('cannot deliver a request, giving it up', { ...fields, ...back })
    }
    this.#nextPiece(job)
  }

  #nextPiece(job: Job): void {
    this.#options.onRoom()
    if (job.advance()) {
      this.#start(job)
      return
    }
    this.#jobs.delete(job)
    this.pump()
    if (this.#idle) this.#onIdle?.()
  }

  /** The time to stop is over, and everything that has no end yet is on the disk. */
  #leave(): void {
    const { queue, logger, signal } = this.#options
    this.#burials?.forget()
    for (const job of this.#jobs) {
      job.controller?.abort()
      job.end()
    }
    this.#inFlight = 0
    this.#jobs.clear()
    logger.info('what is not sent stays in the disk queue', { signal, items: queue.heldItems })
    this.#onIdle?.()
  }

  /** The time to stop is over. */
  #abandon(): void {
    const { queue, logger, metrics, signal } = this.#options
    this.#leaving = true
    if (this.#options.queue.persistent) {
      this.#leave()
      return
    }
    this.#burials?.abandon()
    const error = stopping()
    let items = 0
    const end = (entry: Entry): void => {
      if (entry.ended) return
      items += entry.abandon(error)
      queue.ack(entry)
    }
    for (const job of this.#jobs) {
      job.controller?.abort()
      job.end()
      for (const piece of job.pieces) piece.forEachEntry(end)
    }
    this.#inFlight = 0
    this.#jobs.clear()
    for (let entry = queue.take(); entry !== undefined; entry = queue.take()) end(entry)
    metrics.sendFailed.add(items)
    logger.error('cannot deliver everything before the shutdown timeout', { signal, items })
    this.#onIdle?.()
  }
}

function cut(message: string): string {
  return message.length <= messageLengthMax ? message : `${message.slice(0, messageLengthMax)}…`
}

/** The stack of a bug goes into the log; nothing else has one worth reading. */
function reasonStack(reason: Code, error: DeliveryError): { stack?: string } {
  if (reason !== 'internal' || !(error.cause instanceof Error)) return {}
  return { stack: error.cause.stack ?? '' }
}
