import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordExporter,
} from '@opentelemetry/sdk-logs'
import { hex, items, pick, plainAttributes, plainValue } from './plain.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 })

/** Three records: one with everything, one with a nested body, one with nothing but a text. */
export async function tellLogs(exporter: LogRecordExporter): Promise<void> {
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', replicas: 3 }),
    processors: [new BatchLogRecordProcessor(exporter)],
  })
  const logger = provider.getLogger('checkout', '1.2.3')
  logger.emit({
    timestamp: [1_772_438_400, 123_456_789],
    observedTimestamp: [1_772_438_401, 1],
    severityNumber: SeverityNumber.WARN2,
    severityText: 'warning',
    eventName: 'order.placed',
    body: 'naïve — 日本語 🐟\u0000\n"quoted"',
    attributes: {
      text: 'a',
      empty: '',
      integer: 42,
      negative: -7,
      double: 1.5,
      yes: true,
      no: false,
      bytes: new Uint8Array([0, 1, 254, 255]),
      list: ['a', 1, true],
      map: { inner: { deep: [1.25] } },
    },
    context,
  })
  logger.emit({
    timestamp: [1_772_438_400, 0],
    observedTimestamp: [1_772_438_400, 0],
    severityNumber: SeverityNumber.FATAL4,
    body: { message: 'x', list: [1, 'two', { three: 3.5 }], nothing: {} },
  })
  logger.emit({
    timestamp: [0, 1],
    observedTimestamp: [2_147_483_648, 999_999_999],
    body: '',
  })
  await provider.forceFlush()
  await provider.shutdown()
}

const under = {
  resource: { 'service.name': 'shop', replicas: { int: '3' } },
  scope: { name: 'checkout', version: '1.2.3' },
}

export const expectedLogs = [
  {
    ...under,
    timeUnixNano: '1772438400123456789',
    observedTimeUnixNano: '1772438401000000001',
    severityNumber: 14,
    severityText: 'warning',
    eventName: 'order.placed',
    body: 'naïve — 日本語 🐟\u0000\n"quoted"',
    attributes: {
      text: 'a',
      empty: '',
      integer: { int: '42' },
      negative: { int: '-7' },
      double: 1.5,
      yes: true,
      no: false,
      bytes: { bytes: 'AAH+/w==' },
      list: ['a', { int: '1' }, true],
      map: { inner: { deep: [1.25] } },
    },
    traceId,
    spanId,
    flags: 1,
    droppedAttributesCount: 0,
  },
  {
    ...under,
    timeUnixNano: '1772438400000000000',
    observedTimeUnixNano: '1772438400000000000',
    severityNumber: 24,
    severityText: '',
    eventName: '',
    body: { message: 'x', list: [{ int: '1' }, 'two', { three: 3.5 }], nothing: {} },
    attributes: {},
    traceId: '',
    spanId: '',
    flags: 0,
    droppedAttributesCount: 0,
  },
  {
    ...under,
    timeUnixNano: '1',
    observedTimeUnixNano: '2147483648999999999',
    severityNumber: 0,
    severityText: '',
    eventName: '',
    body: '',
    attributes: {},
    traceId: '',
    spanId: '',
    flags: 0,
    droppedAttributesCount: 0,
  },
]

export function logsSeen(requests: readonly Record<string, unknown>[]): unknown[] {
  return items(requests, ['resourceLogs', 'scopeLogs', 'logRecords']).map(
    ({ resource, scope, item }) => ({
      resource,
      scope,
      ...pick(item, [
        'timeUnixNano',
        'observedTimeUnixNano',
        'severityNumber',
        'severityText',
        'eventName',
      ]),
      body: plainValue(item['body']),
      attributes: plainAttributes(item['attributes']),
      traceId: hex(item['traceId']),
      spanId: hex(item['spanId']),
      ...pick(item, ['flags', 'droppedAttributesCount']),
    }),
  )
}
