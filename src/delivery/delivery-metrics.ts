import type { Counter, Histogram, Meter } from '../component/telemetry.ts'
import { type Code, codes } from '../errors/codes.ts'
import { itemNames, type Signal } from '../signal/signal.ts'
import type { CircuitState } from './circuit-breaker.ts'

/** What waits for a backend or is being sent. */
export interface Backlog {
  items(): number
  bytes(): number
  /** Of the oldest item; 0 for none. */
  ageMs(): number
  drainSeconds(): number
}

/** The cells of one signal of one exporter; looked up once. */
export class DeliveryMetrics {
  readonly sent: Counter
  readonly sendFailed: Counter
  readonly enqueueFailed: Counter
  readonly sendSize: Histogram
  readonly sendSizeBytes: Histogram
  readonly #retries = new Map<Code, Counter>()
  readonly #meter: Meter

  constructor(meter: Meter, signal: Signal) {
    const items = itemNames[signal]
    const labels = { data_type: signal }
    this.#meter = meter
    this.sent = meter.counter(`otelcol_exporter_sent_${items}`)
    this.sendFailed = meter.counter(`otelcol_exporter_send_failed_${items}`)
    this.enqueueFailed = meter.counter(`otelcol_exporter_enqueue_failed_${items}`)
    this.sendSize = meter.histogram('otelcol_exporter_queue_batch_send_size', labels)
    this.sendSizeBytes = meter.histogram('otelcol_exporter_queue_batch_send_size_bytes', labels)
  }

  retry(reason: Code): void {
    let cell = this.#retries.get(reason)
    if (cell === undefined) {
      cell = this.#meter.counter('remora_exporter_retries', { reason })
      this.#retries.set(reason, cell)
    }
    cell.add(1)
  }

  /** Gauges, read at each scrape. */
  watch(signal: Signal, read: { size(): number; capacity: number; inFlight(): number }): void {
    const labels = { data_type: signal }
    this.#meter.gauge('otelcol_exporter_queue_size', labels, () => read.size())
    this.#meter.gauge('otelcol_exporter_queue_capacity', labels, () => read.capacity)
    this.#meter.gauge('otelcol_exporter_in_flight_requests', labels, () => read.inFlight())
  }

  /** What waits or is being sent, and how it moves. */
  watchBacklog(signal: Signal, backlog: Backlog): void {
    const labels = { data_type: signal }
    const gauge = (name: string, read: () => number): void =>
      this.#meter.gauge(`remora_exporter_backlog_${name}`, labels, read)
    gauge('items', () => backlog.items())
    gauge('bytes', () => backlog.bytes())
    gauge('age_seconds', () => backlog.ageMs() / 1000)
    gauge('drain_seconds', () => backlog.drainSeconds())
  }

  watchCircuit(signal: Signal, read: () => CircuitState): void {
    const labels = { data_type: signal }
    this.#meter.gauge('remora_exporter_circuit_state', labels, () => circuitNumbers[read()])
  }
}

const circuitNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 }

/** A code as a person reads it in a status: `unavailable: The backend cannot be reached …`. */
export function describeCode(code: Code): string {
  return `${code}: ${codes[code].summary}`
}
