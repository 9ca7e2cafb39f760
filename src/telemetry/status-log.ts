import type { Clock } from '../component/clock.ts'
import type { Status, TimedStatus } from '../component/telemetry.ts'
import type { RootLogger } from './logger.ts'

/** Trouble that ends sooner is not told: a backend that refuses one request in twenty would be in trouble, and well again, each second. */
const toldAfterMs = 5000

/** Tells in the log how the components fare: what needs help at once, what may end by itself once it has lasted for five seconds. */
export class StatusLog {
  readonly #root: RootLogger
  readonly #clock: Clock
  /** By component, in trouble that is not told yet: takes the telling back. */
  readonly #untold = new Map<string, () => void>()

  constructor(root: RootLogger, clock: Clock) {
    this.#root = root
    this.#clock = clock
  }

  /** `current` is asked for what is told later: by then the reason may be another. */
  changed(component: string, now: TimedStatus, before: TimedStatus, current: () => Status): void {
    const takeBack = this.#untold.get(component)
    takeBack?.()
    this.#untold.delete(component)
    // A logger of its own, so that the rate limit counts for each component by itself.
    const logger = this.#root.child({ component })
    if (now.state === 'permanent_error') logger.error('a component needs help', fieldsOf(now))
    else if (now.state === 'recoverable_error') {
      const tell = (): void => {
        this.#untold.delete(component)
        logger.warn('a component is in trouble', fieldsOf(current()))
      }
      this.#untold.set(component, this.#clock.after(toldAfterMs, tell))
    } else if (now.state === 'ok' && 'reason' in before && takeBack === undefined) {
      logger.info('a component is well again', {
        state: now.state,
        after_seconds: Math.round((now.sinceMs - before.sinceMs) / 1000),
      })
    } else logger.debug('a component changed its state', fieldsOf(now))
  }
}

/** In log lines `reason` is a code; that of a status is a text. */
function fieldsOf(status: Status): Record<string, string> {
  return 'reason' in status
    ? { state: status.state, message: status.reason }
    : { state: status.state }
}
