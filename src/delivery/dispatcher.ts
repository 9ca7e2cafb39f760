import type { Ending, Entry } from '../buffer/entry.ts'
import type { Queue } from '../buffer/queue.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import { stopping } from './admission.ts'
import { Attempt } from './attempt.ts'
import { Burials } from './burials.ts'
import { CircuitBreaker, type CircuitState } from './circuit-breaker.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { DeliveryMetrics } from './delivery-metrics.ts'
import { excerpt } from './excerpt.ts'
import { createGatherer, type Gatherer } from './gatherer.ts'
import type { Health } from './health.ts'
import { Job } from './job.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { BatchConfig, CircuitBreakerConfig, RetryConfig } from './schema.ts'
import type { Send, SendOutcome } from './send.ts'
import { Settlement } from './settlement.ts'

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
 * Before each attempt stand the circuit breaker and the rate limit. While the circuit is open, jobs are parked without
 * timers of their own, and what they wait for is the same probe; nothing more is taken from the queue.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #gatherer: Gatherer
  readonly #jobs = new Set<Job>()
  readonly #circuit: CircuitBreaker | undefined
  readonly #burials: Burials | undefined
  readonly #settlement: Settlement
  #stopping = false
  /** Takes no more from the queue: what is left stays on the disk, or is given up. */
  #leaving = false
  #onIdle: (() => void) | undefined
  readonly #pumpLater = (): void => this.pump()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#gatherer = createGatherer(options)
    this.#burials = this.#createBurials(options)
    const { circuitBreaker, clock, queue, onEnded } = options
    const ack = (entry: Entry): void => {
      queue.ack(entry)
      onEnded(entry.batch.itemCount)
    }
    this.#settlement = new Settlement({ ...options, burials: this.#burials, ack })
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

  /** Attempts without an answer. */
  get inFlight(): number {
    let count = 0
    for (const job of this.#jobs) if (job.attempt !== undefined) count++
    return count
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
    this.#burials?.hurry()
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
    for (const job of this.#jobs) if (job.waiting) this.#start(job)
    this.#circuit?.hurry(drainRetryMsMax)
  }

  /** Jobs that wait after a failure, of items that are on the disk: the next process goes on with them. */
  #leaveIfInTrouble(abort?: AbortSignal): void {
    if (abort?.aborted) this.#leaving = true
    for (const job of this.#jobs) {
      if (!job.hasFailed && !job.parked) continue
      this.#leaving = true
      if (job.attempt !== undefined) continue
      job.stopWaiting()
      this.#jobs.delete(job)
    }
  }

  /**
   * The next attempt, as soon as the circuit breaker and then the rate limit let it through: in this order, so that only who
   * goes pays.
   */
  #start(job: Job): void {
    const { rateLimiter } = this.#options
    job.stopWaiting()
    job.parked = false
    job.pass ??= this.#circuit === undefined ? 0 : this.#circuit.enter()
    if (job.pass === undefined) {
      job.park()
      return
    }
    const cancel = rateLimiter?.acquire(job.next.batch, () => {
      job.stopWaiting()
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
    if (state === 'closed') {
      logger.info('the circuit breaker closes', { signal })
      health.circuitClosed(signal)
    }
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
    job.begin(this.#options.clock.monotonicMs())
    job.attempt = new Attempt(job.next.batch, this.#options, (result) => {
      job.attempt = undefined
      if (result instanceof DeliveryError) this.#failed(job, result)
      else this.#succeeded(job, result)
    })
  }

  #succeeded(job: Job, outcome: SendOutcome): void {
    const { health, signal } = this.#options
    this.#settlement.taken(job.next, outcome)
    this.#tellCircuit(job, undefined)
    // A late answer from before the circuit opened: the probe decides.
    if (this.#circuit?.state !== 'open') health.succeeded(signal)
    this.#nextPiece(job)
  }

  #failed(job: Job, error: DeliveryError): void {
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
      message: excerpt(error.message),
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
      message: excerpt(error.message),
    })
    job.replace(halves)
    this.#start(job)
  }

  #giveUp(job: Job, ending: Ending): void {
    this.#settlement.givenUp(job.next, ending)
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
    for (const job of this.#jobs) job.abort()
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
      job.abort()
      for (const piece of job.pieces) piece.forEachEntry(end)
    }
    this.#jobs.clear()
    for (let entry = queue.take(); entry !== undefined; entry = queue.take()) end(entry)
    metrics.sendFailed.add(items)
    logger.error('cannot deliver everything before the shutdown timeout', { signal, items })
    this.#onIdle?.()
  }
}
