import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import * as v from 'valibot'
import { defineProcessor } from '../../component/define.ts'
import { rule } from '../../component/rule.ts'
import { duration, integer } from '../../component/schema.ts'
import { memoryUsage } from '../../memory/memory-usage.ts'
import { resolveLimits } from './limits.ts'
import { MemoryLimiter } from './memory-limiter.ts'

/** Zero means "not set", as in the collector. */
const mib = (what: string) => v.pipe(v.optional(integer(), 0), v.description(what))
const percentage = (what: string) => v.pipe(v.optional(integer(0, 100), 0), v.description(what))

const collectsByItself = () =>
  v.pipe(duration(), v.description("Accepted for the collector's files; V8 collects by itself."))

const config = v.pipe(
  v.strictObject({
    check_interval: v.pipe(
      v.optional(duration(), 0),
      v.check((ms) => ms > 0, 'must be longer than 0, e.g. "1s"'),
      v.description(
        'How often memory is measured; must be set, e.g. `1s`. Between two measurements the bytes that come in count.',
      ),
    ),
    limit_mib: mib(
      'The most that heap and buffers may hold. Above it a garbage collection is forced where Node exposes it.',
    ),
    spike_limit_mib: mib(
      'Data is refused from this far below the limit on; 0 is a fifth of the limit.',
    ),
    limit_percentage: percentage(
      'The limit as a share of the memory of the container or machine; `limit_mib` has precedence.',
    ),
    spike_limit_percentage: percentage('As `spike_limit_mib`, for `limit_percentage`.'),
    min_gc_interval_when_soft_limited: v.optional(collectsByItself()),
    min_gc_interval_when_hard_limited: v.optional(collectsByItself()),
  }),
  rule(
    ['limit_mib', 'limit_percentage'],
    (c) => c.limit_mib > 0 || c.limit_percentage > 0,
    'must be set, or limit_percentage must be',
    ['limit_mib'],
  ),
  rule(
    ['limit_mib', 'spike_limit_mib'],
    (c) => c.limit_mib === 0 || c.spike_limit_mib < c.limit_mib,
    'must be smaller than limit_mib',
    ['spike_limit_mib'],
  ),
  rule(
    ['limit_percentage', 'spike_limit_percentage'],
    (c) => c.limit_percentage === 0 || c.spike_limit_percentage < c.limit_percentage,
    'must be smaller than limit_percentage',
    ['spike_limit_percentage'],
  ),
)

export const memoryLimiter = defineProcessor({
  type: 'memory_limiter',
  summary:
    'Refuses data with a retryable error before the heap or the container runs out of memory.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {
    otelcol_processor_accepted_log_records: 'Log records that the memory limiter let pass.',
    otelcol_processor_accepted_metric_points: 'Metric points that the memory limiter let pass.',
    otelcol_processor_accepted_spans: 'Spans that the memory limiter let pass.',
    otelcol_processor_refused_log_records: 'Log records that the memory limiter refused.',
    otelcol_processor_refused_metric_points: 'Metric points that the memory limiter refused.',
    otelcol_processor_refused_spans: 'Spans that the memory limiter refused.',
    remora_memory_limiter_used_bytes:
      'What the limiter measured last: heap and buffers outside of it.',
    remora_memory_limiter_limit_bytes:
      'From here on data is refused: the nearest of the configured limit and the memory of the container.',
  },
  examples: [
    {
      title: 'A fixed limit',
      config: { check_interval: '1s', limit_mib: 400, spike_limit_mib: 80 },
    },
    {
      title: 'A share of the container',
      config: { check_interval: '1s', limit_percentage: 60, spike_limit_percentage: 15 },
    },
  ],
  create: (settings, next) => {
    const { config } = settings
    // 0 where the operating system sets no limit; a huge number where cgroup v1 means none.
    const constrained = process.constrainedMemory()
    const system = {
      totalBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
      heapLimitBytes: getHeapStatistics().heap_size_limit,
    }
    return new MemoryLimiter(
      {
        checkIntervalMs: config.check_interval,
        limits: resolveLimits(
          {
            limitMib: config.limit_mib,
            spikeLimitMib: config.spike_limit_mib,
            limitPercentage: config.limit_percentage,
            spikeLimitPercentage: config.spike_limit_percentage,
          },
          system,
        ),
        measure: memoryUsage,
        collectGarbage: globalThis.gc === undefined ? undefined : () => globalThis.gc?.(),
      },
      settings,
      next,
    )
  },
})
