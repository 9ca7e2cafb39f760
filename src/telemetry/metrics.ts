import { itemNames, type Signal, signals } from '../signal/signal.ts'

/**
 * The one table of metric names that are shared by several components or belong to none. What a single component adds
 * stands in its definition. Names and labels of `otelcol_*` are the collector's, so that its dashboards work; what it
 * does not have is called `remora_*`.
 *
 * No label value may come from a peer: each is an id of the configuration, or one of a fixed set of words.
 */
export interface MetricInfo {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Where the name does not say it. */
  readonly unit?: 'seconds' | 'bytes'
  /** Upper bounds of a histogram; `sizeBuckets` unless given. */
  readonly buckets?: readonly number[]
}

/** Counts and bytes: powers of two and their fours, up to what a request may hold. */
export const sizeBuckets: readonly number[] = [
  1, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 100_000, 1_000_000,
  4_194_304, 20_971_520,
]

/** Seconds: a hop inside the pod takes 0.1 to 5 ms, a slow backend up to its timeout. */
export const durationBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
]

const signalTable: Record<string, MetricInfo> = {}
for (const signal of signals) Object.assign(signalTable, metricsOf(signal))

export const metrics: Readonly<Record<string, MetricInfo>> = {
  ...signalTable,
  otelcol_receiver_requests: {
    type: 'counter',
    help: 'Requests answered, by `outcome`: success, failure (our fault) or refused (try again later).',
  },
  otelcol_processor_incoming_items: {
    type: 'counter',
    help: 'Items given to a processor.',
  },
  otelcol_processor_outgoing_items: {
    type: 'counter',
    help: 'Items that a processor gave to the next component.',
  },
  otelcol_exporter_queue_size: {
    type: 'gauge',
    help: "What the sending queue holds now, in the unit of the queue's sizer.",
  },
  otelcol_exporter_queue_capacity: {
    type: 'gauge',
    help: "What the sending queue may hold, in the unit of the queue's sizer.",
  },
  otelcol_exporter_in_flight_requests: {
    type: 'gauge',
    help: 'Requests sent to the backend that have no answer yet.',
  },
  otelcol_exporter_queue_batch_send_size: {
    type: 'histogram',
    help: 'Items in a request to the backend.',
  },
  otelcol_exporter_queue_batch_send_size_bytes: {
    type: 'histogram',
    help: 'Bytes of a request to the backend, before compression.',
  },
  otelcol_exporter_enqueue_size: {
    type: 'histogram',
    help: 'Items of a batch put into the sending queue.',
  },
  otelcol_exporter_enqueue_size_bytes: {
    type: 'histogram',
    help: 'Bytes of a batch put into the sending queue.',
  },
  otelcol_process_uptime: {
    type: 'counter',
    unit: 'seconds',
    help: 'Seconds since the process started.',
  },
  otelcol_process_cpu_seconds: {
    type: 'counter',
    help: 'CPU time used, user and system, in seconds.',
  },
  otelcol_process_memory_rss: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory in bytes.',
  },
  otelcol_process_runtime_heap_alloc_bytes: {
    type: 'gauge',
    help: 'Bytes used on the JavaScript heap.',
  },
  otelcol_process_runtime_total_sys_memory_bytes: {
    type: 'gauge',
    help: 'Bytes that the JavaScript heap and buffers outside of it have taken from the system.',
  },
  target_info: {
    type: 'gauge',
    help: 'Always 1; the labels are the attributes of service.telemetry.resource.',
  },
  remora_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels name the versions of remora and of Node.',
  },
  remora_pipeline_items: {
    type: 'gauge',
    help: 'The ledger: what became of the items of a pipeline, for each of its exporters. received = delivered + dropped + rejected + queued.',
  },
  remora_pipeline_latency_seconds: {
    type: 'histogram',
    help: 'Time of a batch from its entry into the pipeline until it is safe: delivered, on disk, or in the queue that the configuration chose.',
    buckets: durationBuckets,
  },
  remora_component_state: {
    type: 'gauge',
    help: '1 for the state that a component is in: starting, ok, recoverable_error, permanent_error, stopping or stopped.',
  },
  remora_config_applied_timestamp_seconds: {
    type: 'gauge',
    help: 'When the running configuration was applied, as Unix time.',
  },
  remora_bugs: {
    type: 'counter',
    help: 'Broken invariants of remora itself; each is in the log with its stack. Please report them.',
  },
  remora_log_lines_suppressed: {
    type: 'counter',
    help: 'Log lines not written because the same message came too often.',
  },
  remora_exporter_retries: {
    type: 'counter',
    help: 'Requests that are to be sent again after a failure, by `reason` (docs/reference/errors.md).',
  },
  remora_exporter_circuit_state: {
    type: 'gauge',
    help: 'The circuit breaker of an exporter for a signal: 0 closed, 1 half-open (probing), 2 open (nothing is sent).',
  },
  remora_exporter_backlog_items: {
    type: 'gauge',
    help: 'Items that an exporter holds: they wait, are being sent, or wait for a retry.',
  },
  remora_exporter_backlog_bytes: {
    type: 'gauge',
    help: 'Bytes of the items that an exporter holds.',
  },
  remora_exporter_backlog_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest item that an exporter holds; 0 if it holds none.',
  },
  remora_exporter_backlog_drain_seconds: {
    type: 'gauge',
    help: 'Estimate of when the items held will be gone, by what came and went in the last half minute; +Inf while they do not become fewer.',
  },
  remora_queue_file_bytes: {
    type: 'gauge',
    help: 'Bytes that the files of a disk queue take, for a signal of an exporter.',
  },
  remora_queue_file_bytes_max: {
    type: 'gauge',
    help: 'Bytes that the files of a disk queue may take.',
  },
  remora_queue_files_set_aside: {
    type: 'gauge',
    help: 'Files of a disk queue that cannot be read and lie beside it, renamed.',
  },
  remora_queue_files_unreadable: {
    type: 'gauge',
    help: 'Files of a disk queue that cannot be read: what is in them waits until they can.',
  },
  remora_queue_damaged_records: {
    type: 'counter',
    help: 'Records of a disk queue that were damaged on the disk and are lost.',
  },
  remora_dead_letters_items: {
    type: 'gauge',
    help: 'Items in the dead letters of an exporter.',
  },
  remora_dead_letters_bytes: {
    type: 'gauge',
    help: 'Bytes that the dead letters of an exporter take on the disk.',
  },
  remora_dead_letters_written_items: {
    type: 'counter',
    help: 'Items written to the dead letters; notes of partial success hold none.',
  },
  remora_dead_letters_lost_items: {
    type: 'counter',
    help: 'Items that are in no dead letter though they should be, by `reason`: write_failed, or oldest_removed to make room.',
  },
  remora_exporter_rate_limit_waiting: {
    type: 'gauge',
    help: 'Requests that wait because of the rate limit of an exporter.',
  },
}

function metricsOf(signal: Signal): Record<string, MetricInfo> {
  const items = itemNames[signal]
  const words = items.replace('_', ' ')
  return {
    [`otelcol_receiver_accepted_${items}`]: {
      type: 'counter',
      help: `${capital(words)} taken from senders and handed to the pipelines.`,
    },
    [`otelcol_receiver_refused_${items}`]: {
      type: 'counter',
      help: `${capital(words)} that the pipelines refused; the sender was told.`,
    },
    [`otelcol_receiver_failed_${items}`]: {
      type: 'counter',
      help: `${capital(words)} that the receiver could not take because of an error of its own.`,
    },
    [`otelcol_exporter_sent_${items}`]: {
      type: 'counter',
      help: `${capital(words)} that the backend took.`,
    },
    [`otelcol_exporter_send_failed_${items}`]: {
      type: 'counter',
      help: `${capital(words)} given up after failed attempts to send them.`,
    },
    [`otelcol_exporter_enqueue_failed_${items}`]: {
      type: 'counter',
      help: `${capital(words)} that found no room in the sending queue.`,
    },
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
