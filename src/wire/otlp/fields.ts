import type { OtlpSignal } from './signal.ts'

/**
 * Every message of OTLP logs, metrics and traces, as in opentelemetry-proto 1.x (checked at its main branch of August 2026).
 * The scanner, the views and JSON are all driven by this table; there is no other list of fields.
 *
 * A row is `[number, name, type, oneof?]`, with the words of the .proto. A type is a scalar, an enum or a message of these
 * tables, after `repeated ` or `optional ` where the .proto says so. `id` is `bytes` that JSON writes as hex.
 */
export type Scalar =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'id'
  | 'int32'
  | 'int64'
  | 'sfixed64'
  | 'sint32'
  | 'string'
  | 'uint32'
  | 'uint64'

type Row = readonly [number: number, name: string, type: string, oneof?: string]

const attributes = 'repeated KeyValue'

const common = {
  AnyValue: [
    [1, 'string_value', 'string', 'value'],
    [2, 'bool_value', 'bool', 'value'],
    [3, 'int_value', 'int64', 'value'],
    [4, 'double_value', 'double', 'value'],
    [5, 'array_value', 'ArrayValue', 'value'],
    [6, 'kvlist_value', 'KeyValueList', 'value'],
    [7, 'bytes_value', 'bytes', 'value'],
    [8, 'string_value_strindex', 'int32', 'value'],
  ],
  ArrayValue: [[1, 'values', 'repeated AnyValue']],
  KeyValueList: [[1, 'values', 'repeated KeyValue']],
  KeyValue: [
    [1, 'key', 'string'],
    [2, 'value', 'AnyValue'],
    [3, 'key_strindex', 'int32'],
  ],
  InstrumentationScope: [
    [1, 'name', 'string'],
    [2, 'version', 'string'],
    [3, 'attributes', attributes],
    [4, 'dropped_attributes_count', 'uint32'],
  ],
  EntityRef: [
    [1, 'schema_url', 'string'],
    [2, 'type', 'string'],
    [3, 'id_keys', 'repeated string'],
    [4, 'description_keys', 'repeated string'],
  ],
  Resource: [
    [1, 'attributes', attributes],
    [2, 'dropped_attributes_count', 'uint32'],
    [3, 'entity_refs', 'repeated EntityRef'],
  ],
} as const satisfies Record<string, readonly Row[]>

const logs = {
  ExportLogsServiceRequest: [[1, 'resource_logs', 'repeated ResourceLogs']],
  ResourceLogs: [
    [1, 'resource', 'Resource'],
    [2, 'scope_logs', 'repeated ScopeLogs'],
    [3, 'schema_url', 'string'],
  ],
  ScopeLogs: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'log_records', 'repeated LogRecord'],
    [3, 'schema_url', 'string'],
  ],
  LogRecord: [
    [1, 'time_unix_nano', 'fixed64'],
    [2, 'severity_number', 'SeverityNumber'],
    [3, 'severity_text', 'string'],
    [5, 'body', 'AnyValue'],
    [6, 'attributes', attributes],
    [7, 'dropped_attributes_count', 'uint32'],
    [8, 'flags', 'fixed32'],
    [9, 'trace_id', 'id'],
    [10, 'span_id', 'id'],
    [11, 'observed_time_unix_nano', 'fixed64'],
    [12, 'event_name', 'string'],
  ],
} as const satisfies Record<string, readonly Row[]>

const metrics = {
  ExportMetricsServiceRequest: [[1, 'resource_metrics', 'repeated ResourceMetrics']],
  ResourceMetrics: [
    [1, 'resource', 'Resource'],
    [2, 'scope_metrics', 'repeated ScopeMetrics'],
    [3, 'schema_url', 'string'],
  ],
  ScopeMetrics: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'metrics', 'repeated Metric'],
    [3, 'schema_url', 'string'],
  ],
  Metric: [
    [1, 'name', 'string'],
    [2, 'description', 'string'],
    [3, 'unit', 'string'],
    [5, 'gauge', 'Gauge', 'data'],
    [7, 'sum', 'Sum', 'data'],
    [9, 'histogram', 'Histogram', 'data'],
    [10, 'exponential_histogram', 'ExponentialHistogram', 'data'],
    [11, 'summary', 'Summary', 'data'],
    [12, 'metadata', attributes],
  ],
  Gauge: [[1, 'data_points', 'repeated NumberDataPoint']],
  Sum: [
    [1, 'data_points', 'repeated NumberDataPoint'],
    [2, 'aggregation_temporality', 'AggregationTemporality'],
    [3, 'is_monotonic', 'bool'],
  ],
  Histogram: [
    [1, 'data_points', 'repeated HistogramDataPoint'],
    [2, 'aggregation_temporality', 'AggregationTemporality'],
  ],
  ExponentialHistogram: [
    [1, 'data_points', 'repeated ExponentialHistogramDataPoint'],
    [2, 'aggregation_temporality', 'AggregationTemporality'],
  ],
  Summary: [[1, 'data_points', 'repeated SummaryDataPoint']],
  NumberDataPoint: [
    [2, 'start_time_unix_nano', 'fixed64'],
    [3, 'time_unix_nano', 'fixed64'],
    [4, 'as_double', 'double', 'value'],
    [5, 'exemplars', 'repeated Exemplar'],
    [6, 'as_int', 'sfixed64', 'value'],
    [7, 'attributes', attributes],
    [8, 'flags', 'uint32'],
  ],
  HistogramDataPoint: [
    [2, 'start_time_unix_nano', 'fixed64'],
    [3, 'time_unix_nano', 'fixed64'],
    [4, 'count', 'fixed64'],
    [5, 'sum', 'optional double'],
    [6, 'bucket_counts', 'repeated fixed64'],
    [7, 'explicit_bounds', 'repeated double'],
    [8, 'exemplars', 'repeated Exemplar'],
    [9, 'attributes', attributes],
    [10, 'flags', 'uint32'],
    [11, 'min', 'optional double'],
    [12, 'max', 'optional double'],
  ],
  ExponentialHistogramDataPoint: [
    [1, 'attributes', attributes],
    [2, 'start_time_unix_nano', 'fixed64'],
    [3, 'time_unix_nano', 'fixed64'],
    [4, 'count', 'fixed64'],
    [5, 'sum', 'optional double'],
    [6, 'scale', 'sint32'],
    [7, 'zero_count', 'fixed64'],
    [8, 'positive', 'Buckets'],
    [9, 'negative', 'Buckets'],
    [10, 'flags', 'uint32'],
    [11, 'exemplars', 'repeated Exemplar'],
    [12, 'min', 'optional double'],
    [13, 'max', 'optional double'],
    [14, 'zero_threshold', 'double'],
  ],
  Buckets: [
    [1, 'offset', 'sint32'],
    [2, 'bucket_counts', 'repeated uint64'],
  ],
  SummaryDataPoint: [
    [2, 'start_time_unix_nano', 'fixed64'],
    [3, 'time_unix_nano', 'fixed64'],
    [4, 'count', 'fixed64'],
    [5, 'sum', 'double'],
    [6, 'quantile_values', 'repeated ValueAtQuantile'],
    [7, 'attributes', attributes],
    [8, 'flags', 'uint32'],
  ],
  ValueAtQuantile: [
    [1, 'quantile', 'double'],
    [2, 'value', 'double'],
  ],
  Exemplar: [
    [2, 'time_unix_nano', 'fixed64'],
    [3, 'as_double', 'double', 'value'],
    [4, 'span_id', 'id'],
    [5, 'trace_id', 'id'],
    [6, 'as_int', 'sfixed64', 'value'],
    [7, 'filtered_attributes', attributes],
  ],
} as const satisfies Record<string, readonly Row[]>

const traces = {
  ExportTraceServiceRequest: [[1, 'resource_spans', 'repeated ResourceSpans']],
  ResourceSpans: [
    [1, 'resource', 'Resource'],
    [2, 'scope_spans', 'repeated ScopeSpans'],
    [3, 'schema_url', 'string'],
  ],
  ScopeSpans: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'spans', 'repeated Span'],
    [3, 'schema_url', 'string'],
  ],
  Span: [
    [1, 'trace_id', 'id'],
    [2, 'span_id', 'id'],
    [3, 'trace_state', 'string'],
    [4, 'parent_span_id', 'id'],
    [5, 'name', 'string'],
    [6, 'kind', 'SpanKind'],
    [7, 'start_time_unix_nano', 'fixed64'],
    [8, 'end_time_unix_nano', 'fixed64'],
    [9, 'attributes', attributes],
    [10, 'dropped_attributes_count', 'uint32'],
    [11, 'events', 'repeated Event'],
    [12, 'dropped_events_count', 'uint32'],
    [13, 'links', 'repeated Link'],
    [14, 'dropped_links_count', 'uint32'],
    [15, 'status', 'Status'],
    [16, 'flags', 'fixed32'],
  ],
  Event: [
    [1, 'time_unix_nano', 'fixed64'],
    [2, 'name', 'string'],
    [3, 'attributes', attributes],
    [4, 'dropped_attributes_count', 'uint32'],
  ],
  Link: [
    [1, 'trace_id', 'id'],
    [2, 'span_id', 'id'],
    [3, 'trace_state', 'string'],
    [4, 'attributes', attributes],
    [5, 'dropped_attributes_count', 'uint32'],
    [6, 'flags', 'fixed32'],
  ],
  Status: [
    [2, 'message', 'string'],
    [3, 'code', 'StatusCode'],
  ],
} as const satisfies Record<string, readonly Row[]>

export const messageRows = { ...common, ...logs, ...metrics, ...traces }

export type MessageName = keyof typeof messageRows

/** The message that an export request of a signal is. */
export const requestOf = {
  logs: 'ExportLogsServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  traces: 'ExportTraceServiceRequest',
} as const satisfies Record<OtlpSignal, MessageName>

/** The messages that are counted as items. */
export const itemMessages: ReadonlySet<MessageName> = new Set<MessageName>([
  'LogRecord',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
  'Span',
])
