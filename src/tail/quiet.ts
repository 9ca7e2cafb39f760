import type { Clock } from '../component/clock.ts'

/** Whether files have something new, over time: for the end of a job, and for a stop that waits for the last lines. */
export class Quiet {
  readonly #clock: Clock
  #activeAtMs: number
  #waiting: { readonly forMs: number; readonly sinceMs: number; resolve(): void } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#activeAtMs = clock.monotonicMs()
  }

  /** How long nothing was new. */
  get forMs(): number {
    return this.#clock.monotonicMs() - this.#activeAtMs
  }

  /** Called after each look at the files: `active` when something was new, or is not read or given up yet. */
  looked(active: boolean): void {
    const nowMs = this.#clock.monotonicMs()
    if (active) this.#activeAtMs = nowMs
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (nowMs - Math.max(this.#activeAtMs, waiting.sinceMs) >= waiting.forMs) waiting.resolve()
  }

  /** True when nothing was new for so long, from now on; false when `abort` fired before. For one caller. */
  async wait(forMs: number, abort: AbortSignal): Promise<boolean> {
    if (abort.aborted) return false
    return await new Promise((resolve) => {
      const end = (quiet: boolean): void => {
        this.#waiting = undefined
        abort.removeEventListener('abort', late)
        resolve(quiet)
      }
      const late = (): void => end(false)
      abort.addEventListener('abort', late)
      this.#waiting = { forMs, sinceMs: this.#clock.monotonicMs(), resolve: () => end(true) }
    })
  }
}
