import type { Clock } from '../component/clock.ts'
import { retryAfterMsMax } from './backoff.ts'
import type { CircuitBreakerConfig } from './schema.ts'

export type CircuitState = 'closed' | 'half_open' | 'open'

/**
 * Keeps requests from a backend that is down.
 *
 *     closed ──too many failures──▶ open ──open_duration──▶ half-open ──probes succeed──▶ closed
 *                                     ▲────── a probe fails ───┘
 *
 * While it is open no request starts and there is one timer, whatever waits. Whoever starts an attempt has a pass; what
 * became of an attempt with a pass of an earlier state says nothing about this one.
 */
export class CircuitBreaker {
  readonly #config: CircuitBreakerConfig
  readonly #clock: Clock
  readonly #onChange: (state: CircuitState) => void
  #state: CircuitState = 'closed'
  #pass = 1
  #failuresInRow = 0
  readonly #recent: Outcomes | undefined
  /** Probes that may still start. */
  #probesLeft = 0
  #probesSucceeded = 0
  #openUntilMs = 0
  #cancelTimer: (() => void) | undefined
  #waitMsMax = Infinity

  constructor(config: CircuitBreakerConfig, clock: Clock, onChange: (state: CircuitState) => void) {
    this.#config = config
    this.#clock = clock
    this.#onChange = onChange
    if (config.failure_ratio !== undefined) this.#recent = new Outcomes(config.sample_size)
  }

  get state(): CircuitState {
    return this.#state
  }

  /** Whether `enter` would give a pass. */
  get hasRoom(): boolean {
    return this.#state === 'closed' || this.#probesLeft > 0
  }

  /** A pass for one attempt, or undefined: wait for `onChange`. */
  enter(): number | undefined {
    if (this.#state === 'closed') return this.#pass
    if (this.#probesLeft === 0) return undefined
    this.#probesLeft--
    return this.#pass
  }

  /** The backend answered. */
  succeeded(pass: number): void {
    if (pass !== this.#pass) return
    if (this.#state === 'closed') {
      this.#failuresInRow = 0
      this.#recent?.add(false)
      return
    }
    this.#probesSucceeded++
    if (this.#probesSucceeded >= this.#config.half_open_requests) this.#change('closed')
  }

  /** No answer, or one that says to come again later; then `retryAfterMs` is how much later. */
  failed(pass: number, retryAfterMs = 0): void {
    const askedMs = Math.min(retryAfterMs, retryAfterMsMax)
    if (pass !== this.#pass) {
      if (this.#state === 'open' && askedMs > 0) this.#openFor(askedMs)
      return
    }
    if (this.#state === 'closed' && !this.#tooMany()) return
    this.#change('open')
    this.#openFor(Math.max(this.#config.open_duration, askedMs))
  }

  /** remora stops: probes come at least this often from now on. */
  hurry(waitMsMax: number): void {
    this.#waitMsMax = waitMsMax
    if (this.#state !== 'open') return
    this.#openUntilMs = Math.min(this.#openUntilMs, this.#clock.monotonicMs() + waitMsMax)
    this.#setTimer()
  }

  /** Cancels its timer. */
  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #tooMany(): boolean {
    this.#failuresInRow++
    this.#recent?.add(true)
    if (this.#failuresInRow >= this.#config.failure_threshold) return true
    return (this.#recent?.failedShare ?? 0) >= (this.#config.failure_ratio ?? Infinity)
  }

  #openFor(waitMs: number): void {
    const untilMs = this.#clock.monotonicMs() + Math.min(waitMs, this.#waitMsMax)
    // An answer to an earlier request may ask for more time, never for less.
    if (untilMs <= this.#openUntilMs) return
    this.#openUntilMs = untilMs
    this.#setTimer()
  }

  #setTimer(): void {
    this.#cancelTimer?.()
    const waitMs = Math.max(0, this.#openUntilMs - this.#clock.monotonicMs())
    this.#cancelTimer = this.#clock.after(Math.ceil(waitMs), () => {
      this.#cancelTimer = undefined
      this.#change('half_open')
    })
  }

  #change(state: CircuitState): void {
    this.#state = state
    this.#pass++
    this.#failuresInRow = 0
    this.#recent?.clear()
    this.#probesLeft = state === 'half_open' ? this.#config.half_open_requests : 0
    this.#probesSucceeded = 0
    if (state === 'open') this.#openUntilMs = 0
    this.#onChange(state)
  }
}

/** The newest outcomes, a fixed number of them. */
class Outcomes {
  readonly #failed: Uint8Array
  #next = 0
  #count = 0
  #failures = 0

  constructor(size: number) {
    this.#failed = new Uint8Array(size)
  }

  add(failed: boolean): void {
    if (this.#count === this.#failed.length) this.#failures -= this.#failed[this.#next] as number
    else this.#count++
    this.#failed[this.#next] = failed ? 1 : 0
    this.#next = (this.#next + 1) % this.#failed.length
    if (failed) this.#failures++
  }

  /** 0 until there are as many as asked for: a first failure is not yet a share of 1. */
  get failedShare(): number {
    return this.#count < this.#failed.length ? 0 : this.#failures / this.#count
  }

  clear(): void {
    this.#next = 0
    this.#count = 0
    this.#failures = 0
  }
}
