import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Backend, startBackend } from './backend.ts'
import { expectedLogs, logsSeen, tellLogs } from './js-logs.ts'
import { expectedMetrics, metricsSeen, tellMetrics } from './js-metrics.ts'
import { expectedSpans, spansSeen, tellSpans } from './js-traces.ts'
import { transports } from './js-transports.ts'
import { type RemoraProcess, startRemora } from './remora-process.ts'

// The OpenTelemetry JS SDK speaks to the real process, and what arrives behind it is what the SDK was told, field by field.

suite('the JS SDK through remora', () => {
  let backend: Backend
  let remora: RemoraProcess
  before(async () => {
    backend = await startBackend()
    remora = await startRemora(backend.grpcPort)
  })
  after(async () => {
    const { code, stderr } = await remora.stop()
    backend.close()
    assert.equal(code, 0, stderr)
  })

  for (const transport of transports) {
    test(`logs by ${transport.name}`, async () => {
      await tellLogs(transport.logs(remora))
      await backend.waitFor('logs', 1)
      assert.deepEqual(logsSeen(backend.take('logs')), expectedLogs)
    })

    test(`metrics by ${transport.name}`, async () => {
      await tellMetrics(transport.metrics(remora))
      await backend.waitFor('metrics', 1)
      assert.deepEqual(metricsSeen(backend.take('metrics')), expectedMetrics)
    })

    test(`traces by ${transport.name}`, async () => {
      const ids = await tellSpans(transport.traces(remora))
      await backend.waitFor('traces', 1)
      assert.deepEqual(spansSeen(backend.take('traces')), expectedSpans(ids))
    })
  }
})
