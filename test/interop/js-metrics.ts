import { ValueType } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { items, list, pick, plainAttributes } from './plain.ts'

/** Every kind of instrument, in whole numbers and in doubles, and both kinds of histogram. */
export async function tellMetrics(exporter: PushMetricExporter): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    readers: [reader],
    views: [
      {
        instrumentName: 'latency',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [0, 5, 10] },
        },
      },
      {
        instrumentName: 'sizes',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 8 } },
      },
    ],
  })
  const meter = provider.getMeter('checkout', '1.2.3')
  const orders = meter.createCounter('orders', {
    description: 'Orders placed.',
    unit: '{order}',
    valueType: ValueType.INT,
  })
  orders.add(3, { region: 'eu', premium: true, shard: 7 })
  orders.add(4, { region: 'us' })
  meter.createCounter('revenue', { unit: 'EUR' }).add(12.25)
  meter.createUpDownCounter('carts', { valueType: ValueType.INT }).add(-5)
  meter.createGauge('temperature').record(-3.5, { room: 'cellar' })
  const latency = meter.createHistogram('latency', { unit: 'ms' })
  for (const value of [0, 3, 7.5, 100]) latency.record(value)
  const sizes = meter.createHistogram('sizes', { unit: 'By' })
  for (const value of [0, 1, 2, 4]) sizes.record(value)
  meter.createObservableGauge('observed').addCallback((result) => result.observe(1.5, { a: ['x'] }))
  meter
    .createObservableCounter('ticks', { valueType: ValueType.INT })
    .addCallback((result) => result.observe(9_007_199_254_740_991))
  // Collects and exports once.
  await provider.shutdown()
}

export const cumulative = 2

/** The same four durations are recorded by every SDK. */
export const latencyHistogram = {
  name: 'latency',
  description: '',
  unit: 'ms',
  histogram: { aggregationTemporality: cumulative },
  points: [
    {
      count: '4',
      sum: 110.5,
      min: 0,
      max: 100,
      bucketCounts: ['1', '1', '1', '1'],
      explicitBounds: [0, 5, 10],
      attributes: {},
    },
  ],
}

export const expectedMetrics = [
  {
    name: 'orders',
    description: 'Orders placed.',
    unit: '{order}',
    sum: { aggregationTemporality: cumulative, isMonotonic: true },
    points: [
      { asInt: '3', attributes: { region: 'eu', premium: true, shard: { int: '7' } } },
      { asInt: '4', attributes: { region: 'us' } },
    ],
  },
  {
    name: 'revenue',
    description: '',
    unit: 'EUR',
    sum: { aggregationTemporality: cumulative, isMonotonic: true },
    points: [{ asDouble: 12.25, attributes: {} }],
  },
  {
    name: 'carts',
    description: '',
    unit: '',
    sum: { aggregationTemporality: cumulative, isMonotonic: false },
    points: [{ asInt: '-5', attributes: {} }],
  },
  {
    name: 'temperature',
    description: '',
    unit: '',
    gauge: {},
    points: [{ asDouble: -3.5, attributes: { room: 'cellar' } }],
  },
  latencyHistogram,
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
        positive: { offset: -1, bucketCounts: ['1', '0', '1', '0', '1'] },
        attributes: {},
      },
    ],
  },
  {
    name: 'observed',
    description: '',
    unit: '',
    gauge: {},
    points: [{ asDouble: 1.5, attributes: { a: ['x'] } }],
  },
  {
    name: 'ticks',
    description: '',
    unit: '',
    sum: { aggregationTemporality: cumulative, isMonotonic: true },
    points: [{ asInt: '9007199254740991', attributes: {} }],
  },
]
  .map((metric) => ({
    resource: { 'service.name': 'shop' },
    scope: { name: 'checkout', version: '1.2.3' },
    ...metric,
  }))
  .sort(byName)

/** The SDK groups metrics by how they are aggregated. */
function byName(left: { name: string }, right: { name: string }): number {
  return left.name < right.name ? -1 : 1
}

const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
const pointFields = [
  'asInt',
  'asDouble',
  'count',
  'sum',
  'min',
  'max',
  'bucketCounts',
  'explicitBounds',
  'scale',
  'zeroCount',
]

/** Times are the SDK's own clock: checked to be there and in order, not compared. */
export function metricsSeen(requests: readonly Record<string, unknown>[]): unknown[] {
  return items(requests, ['resourceMetrics', 'scopeMetrics', 'metrics'])
    .map(({ resource, scope, item }) => {
      const kind = kinds.find((candidate) => item[candidate] !== undefined) ?? 'gauge'
      const { dataPoints, ...rest } = item[kind] as Record<string, unknown>
      return {
        resource,
        scope,
        name: item['name'] as string,
        ...pick(item, ['description', 'unit']),
        [kind]: rest,
        points: (dataPoints as Record<string, unknown>[]).map(pointSeen),
      }
    })
    .sort(byName)
}

function pointSeen(point: Record<string, unknown>): Record<string, unknown> {
  const start = BigInt(point['startTimeUnixNano'] as string)
  const time = BigInt(point['timeUnixNano'] as string)
  if (start > time || time < 1_700_000_000_000_000_000n) {
    throw new Error(`the times of a point are wrong: ${start} to ${time}`)
  }
  const present = pointFields.filter((field) => point[field] !== undefined)
  return {
    ...pick(point, present),
    ...(point['positive'] === undefined ? {} : { positive: point['positive'] }),
    attributes: plainAttributes(list(point, 'attributes')),
  }
}
