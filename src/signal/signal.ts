export const signals = ['logs', 'metrics', 'traces'] as const

/** A kind of telemetry, as named in `service.pipelines`. */
export type Signal = (typeof signals)[number]

/** The collector's words for the items of a signal, as in `otelcol_receiver_accepted_log_records`. */
export const itemNames = {
  logs: 'log_records',
  metrics: 'metric_points',
  traces: 'spans',
} as const satisfies Record<Signal, string>
