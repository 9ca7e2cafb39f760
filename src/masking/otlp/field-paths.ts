import type { MessageName } from '../../wire/otlp/fields.ts'

/**
 * The names by which `include` and `exclude` know the places of OTLP, the same for all signals: `body`,
 * `attributes.http.url`, `resource.attributes.host.name`, `scope.name`, `name`, `status.message`, `events.name`,
 * `events.attributes.x`, `links.attributes.x`, `exemplars.filtered_attributes.x`, `metric.name`.
 */
const silent: ReadonlySet<string> = new Set([
  'resource_logs',
  'resource_metrics',
  'resource_spans',
  'scope_logs',
  'scope_metrics',
  'scope_spans',
  'log_records',
  'spans',
  'metrics',
  'gauge',
  'sum',
  'histogram',
  'exponential_histogram',
  'summary',
  'data_points',
])

/** The word of a field in a path; empty for those that only lead to something. */
export function wordOf(message: MessageName, field: string): string {
  if (message === 'Metric' && !silent.has(field)) return `metric.${field}`
  return silent.has(field) ? '' : field
}

export function joinPath(path: string, word: string): string {
  if (word === '') return path
  return path === '' ? word : `${path}.${word}`
}
