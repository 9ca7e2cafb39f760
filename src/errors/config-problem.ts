/** Where a value of the configuration was written. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One mistake in the configuration. Problems are collected and reported all at once, before anything starts. */
export interface ConfigProblem {
  /** Keys from the root, e.g. `['exporters', 'otlp', 'sending_queue', 'queue_size']`; array indices are numbers. */
  readonly path: readonly (string | number)[]
  /** What is wrong, without the path: `must be at least 1`. */
  readonly message: string
  /** What to write instead: `did you mean "batch"?`. */
  readonly suggestion?: string
  readonly place?: Place
}
