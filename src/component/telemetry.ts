/** What a component may say about itself. Implemented in src/telemetry. */

/** Values must come from the configuration or the code, never from a peer. */
export type Labels = Readonly<Record<string, string>>

/** A running total. Hot paths keep the cell and add to it; nothing is looked up per item. */
export interface Counter {
  add(amount: number): void
}

export interface Histogram {
  record(value: number): void
}

/**
 * Makes the cells behind `/metrics`. The labels that name the component (`receiver="otlp"`, `exporter="otlp_http/2"`, …)
 * are added by itself. The name must stand in the table of src/telemetry/metrics.ts or in the definition's `metrics`.
 * Asking twice for the same name and labels returns the same cell.
 */
export interface Meter {
  counter(name: string, labels?: Labels): Counter
  histogram(name: string, labels?: Labels): Histogram
  /** `read` is called at each scrape. */
  gauge(name: string, labels: Labels, read: () => number): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** JSON lines on stderr; the same message of one component is rate-limited. Never pass secrets or payloads. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * The health of a component. `recoverable_error` ends by itself (a backend that is down), `permanent_error` needs a
 * person (wrong credentials).
 */
export type Status =
  | { readonly state: 'starting' | 'ok' | 'stopping' | 'stopped' }
  | { readonly state: 'recoverable_error' | 'permanent_error'; readonly reason: string }

/** A status and since when it holds, on the clock that never jumps (`Clock.monotonicMs`). */
export type TimedStatus = Status & { readonly sinceMs: number }
