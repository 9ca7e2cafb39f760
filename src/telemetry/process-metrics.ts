import { memoryUsage } from '../memory/memory-usage.ts'
import type { MetricRegistry } from './meter.ts'

/** The few that cost next to nothing to read; all are read at the scrape. */
export function addProcessMetrics(registry: MetricRegistry): void {
  source(registry, 'otelcol_process_uptime', () => process.uptime())
  source(registry, 'otelcol_process_cpu_seconds', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  source(registry, 'otelcol_process_memory_rss', () => memoryUsage().rss)
  source(registry, 'otelcol_process_runtime_heap_alloc_bytes', () => memoryUsage().heapUsed)
  source(registry, 'otelcol_process_runtime_total_sys_memory_bytes', () => {
    const { heapTotal, external } = memoryUsage()
    return heapTotal + external
  })
}

function source(registry: MetricRegistry, name: string, read: () => number): void {
  registry.addSource(name, () => [{ labels: {}, value: read() }])
}
