import type { Metric } from 'prom-client'
import type { NameSuffixes } from '../component/configured.ts'
import { CounterCell, GaugeCell } from './cells.ts'
import type { Family, MetricRegistry } from './meter.ts'

/** What prom-client turns into lines. */
interface PromValue {
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
  /** The name of the line where it is not that of the family: `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string
}

const noSuffixes: NameSuffixes = { type: false, unit: false }

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * The registry in the text format of Prometheus. prom-client is loaded at the first scrape: a process that nobody
 * scrapes does not pay for it.
 */
export async function renderMetrics(
  registry: MetricRegistry,
  suffixes = noSuffixes,
): Promise<string> {
  // `default`, because esbuild gives a CommonJS package that is loaded on demand no other names.
  const { Registry } = (await import('prom-client')).default
  const prom = new Registry()
  for (const family of registry.families.values()) {
    const name = exposedName(family, suffixes)
    const values = readFamily(family, name)
    if (values.length === 0) continue
    // prom-client asks a metric for `name`, `help`, `type` and `values` by `get()`; its own classes keep their values
    // themselves, ours come from the cells.
    const { help, type } = family
    const metric = { name, get: () => Promise.resolve({ name, help, type, values }) }
    prom.registerMetric(metric as unknown as Metric)
  }
  return prom.metrics()
}

function exposedName({ name, type, unit }: Family, suffixes: NameSuffixes): string {
  const withUnit = suffixes.unit && unit !== undefined ? `${name}_${unit}` : name
  return suffixes.type && type === 'counter' ? `${withUnit}_total` : withUnit
}

function readFamily(family: Family, name: string): PromValue[] {
  const values: PromValue[] = []
  for (const cell of family.cells.values()) {
    const { labels } = cell
    if (cell instanceof CounterCell) {
      values.push({ labels, value: cell.value })
    } else if (cell instanceof GaugeCell) {
      values.push({ labels, value: cell.read() })
    } else {
      let count = 0
      for (const [le, total] of cell.buckets()) {
        values.push({
          metricName: `${name}_bucket`,
          labels: { ...labels, le },
          value: total,
        })
        count = total
      }
      values.push({ metricName: `${name}_sum`, labels, value: cell.sum })
      values.push({ metricName: `${name}_count`, labels, value: count })
    }
  }
  for (const source of family.sources) {
    for (const { labels, value } of source()) values.push({ labels, value })
  }
  return values
}
