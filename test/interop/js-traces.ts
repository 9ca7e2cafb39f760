import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { hex, items, list, pick, plainAttributes } from './plain.ts'

interface Ids {
  readonly traceId: string
  readonly parentId: string
  readonly childId: string
}

const linked = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
}

/** A parent with nothing but a name, and a child with everything. */
export async function tellSpans(exporter: SpanExporter): Promise<Ids> {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', tags: ['a', 'b'] }),
    spanLimits: { eventCountLimit: 2 },
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  const tracer = provider.getTracer('checkout', '1.2.3')
  const parent = tracer.startSpan('parent', { startTime: [1_772_438_400, 1] }, ROOT_CONTEXT)
  const child = tracer.startSpan(
    'POST /orders/{id}',
    {
      kind: SpanKind.CLIENT,
      startTime: [1_772_438_400, 123_456_789],
      attributes: {
        text: 'naïve 🐟',
        integer: 42,
        negative: -9_007_199_254_740_991,
        double: 0.1,
        yes: true,
        texts: ['a', ''],
        integers: [1, -2],
        doubles: [1.5, 2.5],
        bools: [true, false],
      },
      links: [{ context: linked, attributes: { why: 'retry', attempt: 2 } }, { context: linked }],
    },
    trace.setSpan(ROOT_CONTEXT, parent),
  )
  child.addEvent('dropped for the limit', {}, [1_772_438_400, 130_000_000])
  child.addEvent('first', { bytes: 10, ratio: 0.5 }, [1_772_438_400, 200_000_000])
  child.addEvent('second', [1_772_438_400, 300_000_000])
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' })
  child.end([1_772_438_401, 5])
  parent.setStatus({ code: SpanStatusCode.OK })
  parent.end([1_772_438_402, 0])
  await provider.forceFlush()
  await provider.shutdown()
  const { traceId, spanId } = child.spanContext()
  return { traceId, parentId: parent.spanContext().spanId, childId: spanId }
}

export function expectedSpans({ traceId, parentId, childId }: Ids): unknown[] {
  const under = {
    resource: { 'service.name': 'shop', tags: ['a', 'b'] },
    scope: { name: 'checkout', version: '1.2.3' },
  }
  const none = {
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    traceState: '',
  }
  return [
    {
      ...under,
      ...none,
      droppedEventsCount: 1,
      traceId,
      spanId: childId,
      parentSpanId: parentId,
      name: 'POST /orders/{id}',
      kind: 3,
      startTimeUnixNano: '1772438400123456789',
      endTimeUnixNano: '1772438401000000005',
      status: { code: 2, message: 'card declined' },
      attributes: {
        text: 'naïve 🐟',
        integer: { int: '42' },
        negative: { int: '-9007199254740991' },
        double: 0.1,
        yes: true,
        texts: ['a', ''],
        integers: [{ int: '1' }, { int: '-2' }],
        doubles: [1.5, 2.5],
        bools: [true, false],
      },
      events: [
        {
          name: 'first',
          timeUnixNano: '1772438400200000000',
          droppedAttributesCount: 0,
          attributes: { bytes: { int: '10' }, ratio: 0.5 },
        },
        {
          name: 'second',
          timeUnixNano: '1772438400300000000',
          droppedAttributesCount: 0,
          attributes: {},
        },
      ],
      links: [
        {
          ...linkIds,
          droppedAttributesCount: 0,
          attributes: { why: 'retry', attempt: { int: '2' } },
        },
        { ...linkIds, droppedAttributesCount: 0, attributes: {} },
      ],
    },
    {
      ...under,
      ...none,
      traceId,
      spanId: parentId,
      parentSpanId: '',
      name: 'parent',
      kind: 1,
      startTimeUnixNano: '1772438400000000001',
      endTimeUnixNano: '1772438402000000000',
      status: { code: 1, message: '' },
      attributes: {},
      events: [],
      links: [],
    },
  ]
}

const linkIds = { traceId: linked.traceId, spanId: linked.spanId, traceState: '' }

export function spansSeen(requests: readonly Record<string, unknown>[]): unknown[] {
  return items(requests, ['resourceSpans', 'scopeSpans', 'spans']).map(
    ({ resource, scope, item }) => ({
      resource,
      scope,
      ...pick(item, ['droppedAttributesCount', 'droppedEventsCount', 'droppedLinksCount']),
      traceState: item['traceState'],
      traceId: hex(item['traceId']),
      spanId: hex(item['spanId']),
      parentSpanId: hex(item['parentSpanId']),
      ...pick(item, ['name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano', 'status']),
      attributes: plainAttributes(item['attributes']),
      events: list(item, 'events').map((event) => ({
        ...pick(event, ['name', 'timeUnixNano', 'droppedAttributesCount']),
        attributes: plainAttributes(event['attributes']),
      })),
      links: list(item, 'links').map((link) => ({
        traceId: hex(link['traceId']),
        spanId: hex(link['spanId']),
        traceState: link['traceState'],
        droppedAttributesCount: link['droppedAttributesCount'],
        attributes: plainAttributes(link['attributes']),
      })),
    }),
  )
}
