import type { Clock } from '../../src/component/clock.ts'
import type { ReceiverSettings } from '../../src/component/define.ts'
import type { Storage } from '../../src/component/storage.ts'
import type {
  Counter,
  Histogram,
  Labels,
  Logger,
  LogLevel,
  Meter,
  Status,
} from '../../src/component/telemetry.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import { FakeClock } from './fake-clock.ts'

export interface LogEntry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Keeps every line; the rate limit of the real logger is not imitated. */
export class RecordingLogger implements Logger {
  readonly entries: LogEntry[] = []

  debug(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.entries.push({ level: 'debug', message, fields })
  }

  info(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.entries.push({ level: 'info', message, fields })
  }

  warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.entries.push({ level: 'warn', message, fields })
  }

  error(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.entries.push({ level: 'error', message, fields })
  }

  /** The messages of one level, or of all. */
  messages(level?: LogLevel): string[] {
    return this.entries
      .filter((e) => level === undefined || e.level === level)
      .map((e) => e.message)
  }

  /** The messages of one level, each with its fields: `cannot read a file {"path":"a.log"}`. */
  texts(level: LogLevel): string[] {
    return this.entries
      .filter((e) => e.level === level)
      .map((e) => `${e.message} ${JSON.stringify(e.fields)}`)
  }
}

class RecordingCounter implements Counter {
  total = 0

  add(amount: number): void {
    this.total += amount
  }
}

class RecordingHistogram implements Histogram {
  readonly values: number[] = []

  record(value: number): void {
    this.values.push(value)
  }
}

/** Accepts every name; the contract suite compares `names` with what the definition declares. */
export class RecordingMeter implements Meter {
  readonly counters = new Map<string, RecordingCounter>()
  readonly histograms = new Map<string, RecordingHistogram>()
  readonly gauges = new Map<string, () => number>()

  counter(name: string, labels: Labels = {}): Counter {
    return remember(this.counters, cellKey(name, labels), () => new RecordingCounter())
  }

  histogram(name: string, labels: Labels = {}): Histogram {
    return remember(this.histograms, cellKey(name, labels), () => new RecordingHistogram())
  }

  gauge(name: string, labels: Labels, read: () => number): void {
    this.gauges.set(cellKey(name, labels), read)
  }

  /** The value of a counter or gauge, e.g. `value('otelcol_exporter_queue_size', { data_type: 'logs' })`; 0 if it was never made. */
  value(name: string, labels: Labels = {}): number {
    const key = cellKey(name, labels)
    return this.counters.get(key)?.total ?? this.gauges.get(key)?.() ?? 0
  }

  /** What a histogram recorded. */
  values(name: string, labels: Labels = {}): readonly number[] {
    return this.histograms.get(cellKey(name, labels))?.values ?? []
  }

  /** Every metric name asked for, without labels. */
  get names(): ReadonlySet<string> {
    const keys = [...this.counters.keys(), ...this.histograms.keys(), ...this.gauges.keys()]
    return new Set(keys.map((key) => key.split('{')[0] as string))
  }
}

/** `name{a="1",b="2"}` with the labels in order of their names. */
function cellKey(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${name}{${pairs.map(([key, value]) => `${key}="${value}"`).join(',')}}`
}

function remember<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

export interface TestSettings<Config> extends ReceiverSettings<Config> {
  readonly logger: RecordingLogger
  readonly meter: RecordingMeter
  /** Every status reported, oldest first. */
  readonly statuses: Status[]
}

export interface TestSettingsOptions<C extends Clock> {
  readonly id?: string
  readonly clock?: C
  /** Never fires unless given. */
  readonly stopping?: AbortSignal
  /** Where an exporter finds the accounts of what it recovers. */
  readonly ledgers?: readonly PipelineLedger[]
  readonly storages?: Readonly<Record<string, Storage>>
  /** Called by a receiver whose input has an end. */
  readonly ended?: () => void
}

/**
 * `Settings` for one component under test. `config` is the parsed configuration: use
 * `v.parse(definition.config, {...})` to have the defaults filled in. Without a `clock` it gets a FakeClock.
 */
export function testSettings<Config, C extends Clock = FakeClock>(
  config: Config,
  options: TestSettingsOptions<C> = {},
): TestSettings<Config> & { readonly clock: C } {
  const statuses: Status[] = []
  return {
    id: options.id ?? 'test',
    config,
    logger: new RecordingLogger(),
    meter: new RecordingMeter(),
    clock: options.clock ?? (new FakeClock() as unknown as C),
    stopping: options.stopping ?? new AbortController().signal,
    statuses,
    status: (status) => {
      statuses.push(status)
    },
    ledger: (pipeline, signal) => {
      const ledger = options.ledgers?.find((one) => one.pipeline === pipeline)
      return (ledger ?? new PipelineLedger(pipeline, signal)).exporter(options.id ?? 'test')
    },
    storage: (id) => {
      const storage = options.storages?.[id]
      if (storage === undefined) throw new Error(`no storage "${id}" in this test`)
      return storage
    },
    shutdownTimeoutMs: 25_000,
    endsByItself: () => options.ended ?? (() => undefined),
  }
}
