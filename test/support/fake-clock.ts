import type { Clock } from '../../src/component/clock.ts'

interface Timer {
  dueMs: number
  readonly periodMs: number | undefined
  readonly run: () => void
}

/**
 * A clock that moves only when told to. `await clock.advance(200)` runs every timer that falls due on the way, in the
 * order of their times (then of their creation), and lets promise callbacks finish between two timers, so that a timer
 * set by such a callback runs too if it is due.
 */
export class FakeClock implements Clock {
  #nowMs: number
  #passedMs = 0
  readonly #timers = new Set<Timer>()

  /** 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(startMs = 1_767_225_600_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#passedMs
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#add({ dueMs: this.#passedMs + Math.max(0, delayMs), periodMs: undefined, run })
  }

  every(periodMs: number, run: () => void): () => void {
    return this.#add({ dueMs: this.#passedMs + periodMs, periodMs: Math.max(1, periodMs), run })
  }

  /** Timers that still wait; a component that stopped leaves none. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer is due, in milliseconds from now; undefined without one. */
  get nextMs(): number | undefined {
    const next = this.#earliest()
    return next === undefined ? undefined : next.dueMs - this.#passedMs
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#passedMs + ms
    await settle()
    for (;;) {
      const timer = this.#earliest()
      if (timer === undefined || timer.dueMs > untilMs) break
      this.#moveTo(timer.dueMs)
      if (timer.periodMs === undefined) this.#timers.delete(timer)
      else timer.dueMs += timer.periodMs
      timer.run()
      await settle()
    }
    this.#moveTo(untilMs)
  }

  /** The wall clock jumps, as NTP makes it; durations and timers do not notice. */
  jumpWallClock(ms: number): void {
    this.#nowMs += ms
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer
    }
    return earliest
  }

  #moveTo(passedMs: number): void {
    this.#nowMs += passedMs - this.#passedMs
    this.#passedMs = passedMs
  }
}

/** Lets promise callbacks run, also those that earlier ones add: two turns of the event loop. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  await new Promise<void>((resolve) => setImmediate(resolve))
}
