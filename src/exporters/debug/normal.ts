import type { Batch } from '../../signal/batch.ts'
import type { LogRecord, LogsView } from '../../signal/views/logs.ts'
import type { Metric, MetricsView, NumberDataPoint } from '../../signal/views/metrics.ts'
import type { Resource } from '../../signal/views/resource.ts'
import type { Span, TracesView } from '../../signal/views/traces.ts'
import { decodeView } from '../../signal/views/views.ts'
import { attributeOf, attributesText, hex, line, timeText, valueText, word } from './text.ts'

/**
 * One line for each item:
 *
 *     2026-01-02T03:04:05.678Z INFO [checkout] order placed order.id=17
 *     2026-01-02T03:04:05.678Z METRIC [checkout] http.requests{route=/pay} 42
 *     2026-01-02T03:04:05.678Z SPAN [checkout] GET /pay 12.500ms trace=… span=… http.status=200
 */
export function normalLines(batch: Batch): string[] {
  switch (batch.signal) {
    case 'logs':
      return logLines(decodeView(batch as Batch<'logs'>))
    case 'metrics':
      return metricLines(decodeView(batch as Batch<'metrics'>))
    case 'traces':
      return spanLines(decodeView(batch as Batch<'traces'>))
  }
}

function serviceText(resource: Resource | undefined): string {
  const name = resource && attributeOf(resource.attributes, 'service.name')
  return name === undefined ? '' : ` [${name}]`
}

function logLines(view: LogsView): string[] {
  const lines: string[] = []
  for (const { resource, scopeLogs } of view.resourceLogs) {
    const service = serviceText(resource)
    for (const { logRecords } of scopeLogs) {
      for (const record of logRecords) lines.push(logLine(record, service))
    }
  }
  return lines
}

function logLine(record: LogRecord, service: string): string {
  const time = timeText(record.timeUnixNano || record.observedTimeUnixNano)
  const { body } = record
  const message = body?.kind === 'string' ? line(body.value) : valueText(body)
  const event = record.eventName === '' ? '' : ` ${word(record.eventName)}`
  return `${time} ${severityText(record)}${service}${event} ${message}${attributesText(record.attributes)}`
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']

/** The sender's own word is not shown: the number is what backends sort by. */
function severityText({ severityNumber, severityText: own }: LogRecord): string {
  const name = severities[Math.floor((severityNumber - 1) / 4)]
  return name ?? (own === '' ? '-' : word(own))
}

function metricLines(view: MetricsView): string[] {
  const lines: string[] = []
  for (const { resource, scopeMetrics } of view.resourceMetrics) {
    const service = serviceText(resource)
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) lines.push(...pointLines(metric, service))
    }
  }
  return lines
}

function pointLines(metric: Metric, service: string): string[] {
  const prefix = (timeUnixNano: bigint, attributes: string): string =>
    `${timeText(timeUnixNano)} METRIC${service} ${word(metric.name)}{${attributes.trimStart()}}`
  const lines: string[] = []
  for (const point of (metric.gauge ?? metric.sum)?.dataPoints ?? []) {
    lines.push(
      `${prefix(point.timeUnixNano, attributesText(point.attributes))} ${numberText(point)}`,
    )
  }
  for (const point of (metric.histogram ?? metric.exponentialHistogram)?.dataPoints ?? []) {
    const parts = [`count=${point.count}`]
    for (const name of ['sum', 'min', 'max'] as const) {
      if (point[name] !== undefined) parts.push(`${name}=${point[name]}`)
    }
    if ('explicitBounds' in point) {
      for (const [index, count] of point.bucketCounts.entries()) {
        parts.push(`le${point.explicitBounds[index] ?? '+Inf'}=${count}`)
      }
    }
    lines.push(`${prefix(point.timeUnixNano, attributesText(point.attributes))} ${parts.join(' ')}`)
  }
  for (const point of metric.summary?.dataPoints ?? []) {
    const quantiles = point.quantileValues.map(({ quantile, value }) => ` q${quantile}=${value}`)
    const totals = `count=${point.count} sum=${point.sum}${quantiles.join('')}`
    lines.push(`${prefix(point.timeUnixNano, attributesText(point.attributes))} ${totals}`)
  }
  return lines
}

function numberText({ asInt, asDouble, flags }: NumberDataPoint): string {
  return (flags & 1) === 1 ? 'no value' : String(asInt ?? asDouble ?? 'no value')
}

function spanLines(view: TracesView): string[] {
  const lines: string[] = []
  for (const { resource, scopeSpans } of view.resourceSpans) {
    const service = serviceText(resource)
    for (const { spans } of scopeSpans) {
      for (const span of spans) lines.push(spanLine(span, service))
    }
  }
  return lines
}

function spanLine(span: Span, service: string): string {
  const durationMs = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6
  const failed = span.status?.code === 2 ? ` error=${word(span.status.message)}` : ''
  const ids = `trace=${hex(span.traceId)} span=${hex(span.spanId)}`
  const head = `${timeText(span.startTimeUnixNano)} SPAN${service} ${line(span.name)}`
  return `${head} ${durationMs.toFixed(3)}ms ${ids}${failed}${attributesText(span.attributes)}`
}
