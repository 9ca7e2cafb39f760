import type { Clock } from '../component/clock.ts'
import type { Status, TimedStatus } from '../component/telemetry.ts'

export type State = Status['state']

/**
 * Which state may follow which (states of the collector's component status). Once a component is stopping, nothing it
 * says changes that; an error ends when the component says that it is ok again, also a permanent one, because somebody
 * may have mended the other side.
 */
const next: Readonly<Record<State, readonly State[]>> = {
  starting: ['ok', 'recoverable_error', 'permanent_error', 'stopping'],
  ok: ['recoverable_error', 'permanent_error', 'stopping'],
  recoverable_error: ['ok', 'permanent_error', 'stopping'],
  permanent_error: ['ok', 'recoverable_error', 'stopping'],
  stopping: ['stopped'],
  stopped: [],
}

export type StatusListener = (component: string, status: TimedStatus, before: TimedStatus) => void

/** The health of every component, by its key: `receiver:otlp`, `processor:batch:logs`, `exporter:debug`. */
export class StatusBoard {
  readonly #clock: Clock
  readonly #onChange: StatusListener
  readonly #statuses = new Map<string, TimedStatus>()

  constructor(clock: Clock, onChange: StatusListener = () => {}) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** A component that exists from now on. */
  add(component: string): void {
    this.#statuses.set(component, { state: 'starting', sinceMs: this.#clock.monotonicMs() })
  }

  /** A step that the table does not have is ignored, e.g. an error report of a component that is stopping. */
  report(component: string, status: Status): void {
    const current = this.#statuses.get(component)
    if (current === undefined) return
    if (current.state === status.state) {
      // The same state with a newer reason is no change of state: its time goes on.
      if ('reason' in status) this.#statuses.set(component, { ...status, sinceMs: current.sinceMs })
      return
    }
    if (!next[current.state].includes(status.state)) return
    const changed = { ...status, sinceMs: this.#clock.monotonicMs() }
    this.#statuses.set(component, changed)
    this.#onChange(component, changed, current)
  }

  /** After a start that went well: ok, unless the component has said otherwise while it started. */
  started(component: string): void {
    if (this.#statuses.get(component)?.state === 'starting') this.report(component, { state: 'ok' })
  }

  get statuses(): ReadonlyMap<string, TimedStatus> {
    return this.#statuses
  }
}
