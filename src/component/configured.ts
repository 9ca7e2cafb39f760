import type { Signal } from '../signal/signal.ts'
import type {
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from './define.ts'

/** One entry of `receivers:`, `processors:`, … with its parsed configuration. */
export interface Configured<D> {
  /** As written: `otlp/internal`. */
  readonly id: string
  readonly definition: D
  /** Output of the definition's schema. */
  readonly config: object
}

export interface PipelineConfig {
  /** As written: `logs` or `logs/audit`. */
  readonly name: string
  readonly signal: Signal
  readonly receivers: readonly string[]
  readonly processors: readonly string[]
  readonly exporters: readonly string[]
}

/** What the names on /metrics end with: `without_type_suffix` and `without_units` of the collector, the other way round. */
export interface NameSuffixes {
  /** `_total` for counters. */
  readonly type: boolean
  /** `_seconds` or `_bytes` where the name does not have it already. */
  readonly unit: boolean
}

/** `service.telemetry`. */
export interface TelemetryConfig {
  readonly logs: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
  /** `endpoint` is undefined where metrics are off (`level: none`). */
  readonly metrics: {
    readonly endpoint: string | undefined
    readonly suffixes: NameSuffixes
  }
  /** `service.telemetry.resource`, e.g. `service.instance.id`. */
  readonly resource: Readonly<Record<string, string>>
}

/** The whole configuration after parsing: every value typed, nothing planned yet. */
export interface ConfiguredService {
  readonly receivers: ReadonlyMap<string, Configured<ReceiverDefinition>>
  readonly processors: ReadonlyMap<string, Configured<ProcessorDefinition>>
  readonly exporters: ReadonlyMap<string, Configured<ExporterDefinition>>
  readonly extensions: ReadonlyMap<string, Configured<ExtensionDefinition>>
  /** `service.extensions`, in order. */
  readonly enabledExtensions: readonly string[]
  readonly pipelines: readonly PipelineConfig[]
  readonly telemetry: TelemetryConfig
  /** `service.shutdown_timeout`. */
  readonly shutdownTimeoutMs: number
}
