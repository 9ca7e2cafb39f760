/** The enums of OTLP by name; JSON may use either the number or the name. Values beyond these are kept as numbers. */
const aggregationTemporality = {
  AGGREGATION_TEMPORALITY_UNSPECIFIED: 0,
  AGGREGATION_TEMPORALITY_DELTA: 1,
  AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
}

const spanKind = {
  SPAN_KIND_UNSPECIFIED: 0,
  SPAN_KIND_INTERNAL: 1,
  SPAN_KIND_SERVER: 2,
  SPAN_KIND_CLIENT: 3,
  SPAN_KIND_PRODUCER: 4,
  SPAN_KIND_CONSUMER: 5,
}

const statusCode = {
  STATUS_CODE_UNSET: 0,
  STATUS_CODE_OK: 1,
  STATUS_CODE_ERROR: 2,
}

/** UNSPECIFIED, then four steps of each of six levels: TRACE, TRACE2, … FATAL4. */
function severityNumbers(): Record<string, number> {
  const numbers: Record<string, number> = { SEVERITY_NUMBER_UNSPECIFIED: 0 }
  let number = 1
  for (const level of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']) {
    for (const step of ['', '2', '3', '4']) numbers[`SEVERITY_NUMBER_${level}${step}`] = number++
  }
  return numbers
}

export const enums: Readonly<Record<string, ReadonlyMap<string, number>>> = {
  AggregationTemporality: new Map(Object.entries(aggregationTemporality)),
  SeverityNumber: new Map(Object.entries(severityNumbers())),
  SpanKind: new Map(Object.entries(spanKind)),
  StatusCode: new Map(Object.entries(statusCode)),
}
