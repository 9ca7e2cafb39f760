import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PipelineLedger } from '../signal/ledger.ts'
import { renderMetrics } from './exposition.ts'
import { readLedgers } from './ledger-metrics.ts'
import { MetricRegistry } from './meter.ts'

suite('MetricRegistry', () => {
  test('gives the same cell for the same name and labels, in any order', () => {
    const registry = new MetricRegistry()
    const a = registry
      .meter({ exporter: 'otlp' })
      .counter('remora_exporter_retries', { reason: 'x' })
    const b = registry
      .meter({ exporter: 'otlp' })
      .counter('remora_exporter_retries', { reason: 'x' })
    const c = registry
      .meter({ reason: 'x' })
      .counter('remora_exporter_retries', { exporter: 'otlp' })
    assert.equal(a, b)
    assert.equal(a, c)
    assert.notEqual(a, registry.meter({ exporter: 'otlp/2' }).counter('remora_exporter_retries'))
  })

  test('refuses a name that nobody declared', () => {
    const meter = new MetricRegistry().meter({}, { remora_x_mine: 'Mine.' })
    meter.counter('remora_x_mine')
    assert.throws(() => meter.counter('remora_x_yours'), {
      message: 'BUG: the metric remora_x_yours is not in the table of metrics',
    })
  })

  test('refuses another type than that of the table', () => {
    const meter = new MetricRegistry().meter({})
    assert.throws(() => meter.gauge('remora_bugs', {}, () => 1), {
      message: 'BUG: the metric remora_bugs is a counter, not a gauge',
    })
  })

  test('gives names with type and unit where asked to', async () => {
    const registry = new MetricRegistry()
    const meter = registry.meter({})
    meter.counter('remora_bugs').add(1)
    meter.counter('otelcol_process_uptime').add(2)
    meter.gauge('otelcol_process_memory_rss', {}, () => 3)
    meter.counter('otelcol_process_cpu_seconds').add(4)
    const namesWith = async (type: boolean, unit: boolean) => {
      const text = await renderMetrics(registry, { type, unit })
      return text.split('\n').filter((line) => /^\w/.test(line))
    }
    assert.deepEqual(await namesWith(true, true), [
      'remora_bugs_total 1',
      'otelcol_process_uptime_seconds_total 2',
      'otelcol_process_memory_rss_bytes 3',
      'otelcol_process_cpu_seconds_total 4',
    ])
    assert.deepEqual(await namesWith(true, false), [
      'remora_bugs_total 1',
      'otelcol_process_uptime_total 2',
      'otelcol_process_memory_rss 3',
      'otelcol_process_cpu_seconds_total 4',
    ])
  })

  test('reads a gauge from the newest that registered it', async () => {
    const registry = new MetricRegistry()
    registry.meter({ exporter: 'a' }).gauge('otelcol_exporter_queue_size', {}, () => 1)
    registry.meter({ exporter: 'a' }).gauge('otelcol_exporter_queue_size', {}, () => 2)
    assert.match(await renderMetrics(registry), /^otelcol_exporter_queue_size\{exporter="a"\} 2$/m)
  })
})

suite('the text of the metrics', () => {
  test('has help, type and escaped labels', async () => {
    const registry = new MetricRegistry()
    registry.meter({ exporter: 'a"b\\c\nd' }).counter('remora_bugs').add(2.5)
    const text = await renderMetrics(registry)
    assert.match(text, /^# HELP remora_bugs Broken invariants/m)
    assert.match(text, /^# TYPE remora_bugs counter$/m)
    assert.ok(text.includes('remora_bugs{exporter="a\\"b\\\\c\\nd"} 2.5\n'))
  })

  test('has cumulative buckets, sum and count', async () => {
    const registry = new MetricRegistry()
    const histogram = registry.meter({}, { remora_x_seconds: 'X.' }).histogram('remora_x_seconds')
    for (const seconds of [0.0001, 0.004, 0.004, 99]) histogram.record(seconds)
    const text = await renderMetrics(registry)
    for (const line of [
      'remora_x_seconds_bucket{le="0.0001"} 1',
      'remora_x_seconds_bucket{le="0.0025"} 1',
      'remora_x_seconds_bucket{le="0.005"} 3',
      'remora_x_seconds_bucket{le="30"} 3',
      'remora_x_seconds_bucket{le="+Inf"} 4',
      'remora_x_seconds_sum 99.0081',
      'remora_x_seconds_count 4',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} is missing in\n${text}`)
    }
  })

  test('shows a ledger that balances for each exporter', async () => {
    const ledger = new PipelineLedger('logs/a', 'logs')
    ledger.received = 20
    ledger.queued = 1
    ledger.rejected('queue_full', 4)
    ledger.dropped('filtered', 2)
    Object.assign(ledger.exporter('x'), { delivered: 10, queued: 2 })
    ledger.exporter('x').rejected('queue_full', 1)
    Object.assign(ledger.exporter('y'), { delivered: 13 })
    assert.equal(ledger.imbalance('x'), 0)
    const registry = new MetricRegistry()
    registry.addSource('remora_pipeline_items', () => readLedgers([ledger]))
    const text = await renderMetrics(registry)
    const lines = text.split('\n').filter((line) => line.includes('exporter="x"'))
    assert.deepEqual(
      lines.map((line) => line.replace(/^.*exporter="x",/, '')),
      [
        'outcome="received"} 20',
        'outcome="delivered"} 10',
        'outcome="queued"} 3',
        'outcome="dropped",reason="filtered"} 2',
        'outcome="rejected",reason="queue_full"} 5',
      ],
    )
  })
})
