import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requirePeer } from '../support/peers.ts'
import { logsSeen } from './js-logs.ts'
import { cumulative, latencyHistogram, metricsSeen } from './js-metrics.ts'
import { spansSeen } from './js-traces.ts'
import { hex, items, list } from './plain.ts'
import { throughRemora } from './through-remora.ts'

// The same as js-sdk.test.ts with another foreign implementation; what it is told stands in python/send.py.

const script = fileURLToPath(new URL('python/send.py', import.meta.url))

suite('the Python SDK through remora', () => {
  const through = throughRemora()

  for (const protocol of ['grpc', 'http'] as const) {
    test(`all three signals by ${protocol}`, async (t) => {
      const python = requirePeer(t, 'python-opentelemetry')
      if (python === undefined) return
      const port = protocol === 'grpc' ? through.ports.grpcPort : through.ports.httpPort
      const args = [script, protocol, String(port)]
      const { stdout } = await promisify(execFile)(python, args, { timeout: 60_000 })
      const ids = JSON.parse(stdout) as Ids
      for (const signal of ['traces', 'metrics', 'logs'] as const)
        await through.backend.waitFor(signal, 1)
      assert.deepEqual(spansSeen(through.backend.take('traces')), [expectedSpan(ids)])
      assert.deepEqual(logsSeen(through.backend.take('logs')), [expectedLog(ids)])
      const metrics = through.backend.take('metrics')
      assert.deepEqual(metricsSeen(metrics), expectedMetrics)
      assert.deepEqual(exemplarIds(metrics, 'orders'), [ids])
    })
  }
})

interface Ids {
  readonly traceId: string
  readonly spanId: string
}

const under = {
  resource: { 'service.name': 'shop', replicas: { int: '3' } },
  scope: { name: 'checkout', version: '1.2.3' },
}

function expectedSpan(ids: Ids): unknown {
  return {
    ...under,
    ...ids,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    traceState: '',
    parentSpanId: '',
    name: 'POST /orders/{id}',
    kind: 3,
    startTimeUnixNano: '1772438400123456789',
    endTimeUnixNano: '1772438401123456789',
    status: { code: 2, message: 'card declined' },
    attributes: {
      text: 'naïve 🐟',
      integer: { int: '9223372036854775807' },
      double: 0.1,
      yes: true,
      texts: ['a', ''],
      integers: [{ int: '1' }, { int: '-2' }],
    },
    events: [
      {
        name: 'first',
        timeUnixNano: '1772438400123456790',
        droppedAttributesCount: 0,
        attributes: { bytes: { int: '10' } },
      },
    ],
    links: [
      {
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        traceState: '',
        droppedAttributesCount: 0,
        attributes: { why: 'retry' },
      },
    ],
  }
}

function expectedLog({ traceId, spanId }: Ids): unknown {
  return {
    ...under,
    timeUnixNano: '1772438400123456789',
    observedTimeUnixNano: '1772438400123456790',
    severityNumber: 14,
    severityText: 'warning',
    eventName: 'order.placed',
    body: { message: 'x', list: [{ int: '1' }, 'two', { three: 3.5 }], bytes: { bytes: 'AP8=' } },
    attributes: { text: 'naïve 🐟', map: { inner: [1.25] }, no: false },
    traceId,
    spanId,
    flags: 1,
    droppedAttributesCount: 0,
  }
}

/** By name. */
const expectedMetrics = [
  {
    name: 'carts',
    description: '',
    unit: '',
    sum: { aggregationTemporality: cumulative, isMonotonic: false },
    points: [{ asInt: '-5', attributes: {} }],
  },
  latencyHistogram,
  {
    name: 'orders',
    description: 'Orders placed.',
    unit: '{order}',
    sum: { aggregationTemporality: cumulative, isMonotonic: true },
    points: [{ asInt: '3', attributes: { region: 'eu' } }],
  },
  {
    name: 'sizes',
    description: '',
    unit: 'By',
    exponentialHistogram: { aggregationTemporality: cumulative },
    points: [
      {
        count: '4',
        sum: 7,
        min: 0,
        max: 4,
        scale: 1,
        zeroCount: '1',
        // This SDK sends the room it keeps for more, too.
        positive: { offset: -1, bucketCounts: ['1', '0', '1', '0', '1', '0', '0', '0'] },
        attributes: {},
      },
    ],
  },
  {
    name: 'temperature',
    description: '',
    unit: '',
    gauge: {},
    points: [{ asDouble: -3.5, attributes: {} }],
  },
].map((metric) => ({ ...under, ...metric }))

/** The ids of the exemplars of a sum. */
function exemplarIds(requests: readonly Record<string, unknown>[], name: string): Ids[] {
  return items(requests, ['resourceMetrics', 'scopeMetrics', 'metrics'])
    .filter(({ item }) => item['name'] === name)
    .flatMap(({ item }) => list(item['sum'], 'dataPoints'))
    .flatMap((point) => list(point, 'exemplars'))
    .map((exemplar) => ({ traceId: hex(exemplar['traceId']), spanId: hex(exemplar['spanId']) }))
}
