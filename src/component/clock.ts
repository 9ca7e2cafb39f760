/** Time, injected so that tests need not wait. The only place that touches the system's timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
  /** Milliseconds of a clock that never jumps; for durations. */
  monotonicMs(): number
  /** Runs once after `delayMs`, or 25 days if that is more; the returned function cancels. The timer keeps the process alive. */
  after(delayMs: number, run: () => void): () => void
  /** Runs every `periodMs`, or 25 days if that is more; the returned function cancels. The timer does not keep the process alive. */
  every(periodMs: number, run: () => void): () => void
}

// 25 days. What is longer, Node takes for 1 ms.
const timerMaxMs = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, timerMaxMs))
    return () => clearTimeout(timer)
  },
  every(periodMs, run) {
    const timer = setInterval(run, Math.min(periodMs, timerMaxMs))
    timer.unref()
    return () => clearInterval(timer)
  },
}

/** Resolves after `delayMs`, or as soon as `abort` fires. Never rejects. */
export function sleep(clock: Clock, delayMs: number, abort?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (abort?.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      cancel()
      abort?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    abort?.addEventListener('abort', done, { once: true })
  })
}
