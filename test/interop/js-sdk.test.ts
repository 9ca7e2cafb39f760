import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { expectedLogs, logsSeen, tellLogs } from './js-logs.ts'
import { expectedMetrics, metricsSeen, tellMetrics } from './js-metrics.ts'
import { expectedSpans, spansSeen, tellSpans } from './js-traces.ts'
import { transports } from './js-transports.ts'
import { throughRemora } from './through-remora.ts'

// The OpenTelemetry JS SDK speaks to the real process, and what arrives behind it is what the SDK was told, field by field.

suite('the JS SDK through remora', () => {
  const through = throughRemora()

  for (const transport of transports) {
    test(`logs by ${transport.name}`, async () => {
      await tellLogs(transport.logs(through.ports))
      await through.backend.waitFor('logs', 1)
      assert.deepEqual(logsSeen(through.backend.take('logs')), expectedLogs)
    })

    test(`metrics by ${transport.name}`, async () => {
      await tellMetrics(transport.metrics(through.ports))
      await through.backend.waitFor('metrics', 1)
      assert.deepEqual(metricsSeen(through.backend.take('metrics')), expectedMetrics)
    })

    test(`traces by ${transport.name}`, async () => {
      const ids = await tellSpans(transport.traces(through.ports))
      await through.backend.waitFor('traces', 1)
      assert.deepEqual(spansSeen(through.backend.take('traces')), expectedSpans(ids))
    })
  }
})
