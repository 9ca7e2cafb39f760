import type { KeyValue } from '../../wire/otlp/any-view.ts'
import type { InstrumentationScope, Known, Resource } from './resource.ts'

export interface MetricsView extends Known {
  resourceMetrics: ResourceMetrics[]
}

export interface ResourceMetrics extends Known {
  resource: Resource | undefined
  scopeMetrics: ScopeMetrics[]
  schemaUrl: string
}

export interface ScopeMetrics extends Known {
  scope: InstrumentationScope | undefined
  metrics: Metric[]
  schemaUrl: string
}

/** One of the five kinds of data is set. */
export interface Metric extends Known {
  name: string
  description: string
  unit: string
  gauge: Gauge | undefined
  sum: Sum | undefined
  histogram: Histogram | undefined
  exponentialHistogram: ExponentialHistogram | undefined
  summary: Summary | undefined
  metadata: KeyValue[]
}

export interface Gauge extends Known {
  dataPoints: NumberDataPoint[]
}

export interface Sum extends Known {
  dataPoints: NumberDataPoint[]
  /** 1 delta, 2 cumulative. */
  aggregationTemporality: number
  isMonotonic: boolean
}

export interface Histogram extends Known {
  dataPoints: HistogramDataPoint[]
  aggregationTemporality: number
}

export interface ExponentialHistogram extends Known {
  dataPoints: ExponentialHistogramDataPoint[]
  aggregationTemporality: number
}

export interface Summary extends Known {
  dataPoints: SummaryDataPoint[]
}

interface DataPoint extends Known {
  attributes: KeyValue[]
  startTimeUnixNano: bigint
  timeUnixNano: bigint
  /** Bit 0: no recorded value. */
  flags: number
}

/** At most one of `asDouble` and `asInt` is set. */
export interface NumberDataPoint extends DataPoint {
  asDouble: number | undefined
  asInt: bigint | undefined
  exemplars: Exemplar[]
}

export interface HistogramDataPoint extends DataPoint {
  count: bigint
  sum: number | undefined
  bucketCounts: bigint[]
  explicitBounds: number[]
  exemplars: Exemplar[]
  min: number | undefined
  max: number | undefined
}

export interface ExponentialHistogramDataPoint extends DataPoint {
  count: bigint
  sum: number | undefined
  scale: number
  zeroCount: bigint
  positive: Buckets | undefined
  negative: Buckets | undefined
  exemplars: Exemplar[]
  min: number | undefined
  max: number | undefined
  zeroThreshold: number
}

export interface Buckets extends Known {
  offset: number
  bucketCounts: bigint[]
}

export interface SummaryDataPoint extends DataPoint {
  count: bigint
  sum: number
  quantileValues: ValueAtQuantile[]
}

export interface ValueAtQuantile extends Known {
  quantile: number
  value: number
}

export interface Exemplar extends Known {
  filteredAttributes: KeyValue[]
  timeUnixNano: bigint
  asDouble: number | undefined
  asInt: bigint | undefined
  spanId: Uint8Array
  traceId: Uint8Array
}
