import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { presetNowMs, readPreset } from '../../test/support/presets.ts'
import { findTimeZone } from '../operators/time-zone.ts'
import { createFormat, type FormatName, formatNames } from './catalogue.ts'
import { detect } from './detect.ts'

interface Row {
  readonly logger: string
  readonly preset?: FormatName
  readonly text: string
  readonly time: string | undefined
  readonly level: readonly [number, string]
  readonly message: string
  readonly trace?: string
}

const at = '2026-11-21T09:15:30.123Z'
const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

const rows: readonly Row[] = [
  {
    logger: 'the JSON console of .NET',
    text: '{"EventId":0,"LogLevel":"Information","Category":"X","Message":"up","Timestamp":"2026-11-21T09:15:30.123Z"}',
    time: at,
    level: [9, 'Information'],
    message: 'up',
  },
  {
    logger: 'Serilog',
    text: '{"Timestamp":"2026-11-21T09:15:30.1230000+00:00","Level":"Error","MessageTemplate":"Hi {X}","RenderedMessage":"Hi 1","Properties":{"X":1}}',
    time: at,
    level: [17, 'Error'],
    message: 'Hi 1',
  },
  {
    logger: 'Serilog, compact',
    text: `{"@t":"2026-11-21T09:15:30.123Z","@mt":"Hi {X}","@m":"Hi 1","@l":"Warning","@tr":"x","X":1}`,
    time: at,
    level: [13, 'Warning'],
    message: 'Hi 1',
  },
  {
    logger: 'zap in development',
    text: '{"L":"INFO","T":"2026-11-21T09:15:30.123Z","C":"app/main.go:42","M":"up"}',
    time: at,
    level: [9, 'INFO'],
    message: 'up',
  },
  {
    logger: 'JsonLayout of log4j',
    text: '{"instant":{"epochSecond":1795252530,"nanoOfSecond":123000000},"thread":"main","level":"WARN","loggerName":"a.B","message":"low"}',
    time: at,
    level: [13, 'WARN'],
    message: 'low',
  },
  {
    logger: 'JsonLayout of log4j with milliseconds',
    text: '{"timeMillis":1795252530123,"thread":"main","level":"INFO","message":"up"}',
    time: at,
    level: [9, 'INFO'],
    message: 'up',
  },
  {
    logger: "Google's agents",
    text: '{"severity":"ERROR","timestamp":{"seconds":1795252530,"nanos":123000000},"message":"no"}',
    time: at,
    level: [17, 'ERROR'],
    message: 'no',
  },
  {
    logger: 'MongoDB',
    text: '{"t":{"$date":"2026-11-21T10:15:30.123+01:00"},"s":"I","c":"NETWORK","msg":"accepted"}',
    time: at,
    level: [0, ''],
    message: 'accepted',
  },
  {
    logger: 'jsonlog of PostgreSQL',
    text: '{"timestamp":"2026-11-21 09:15:30.123 UTC","pid":7,"error_severity":"ERROR","message":"no relation"}',
    time: at,
    level: [17, 'ERROR'],
    message: 'no relation',
  },
  {
    logger: 'GELF',
    text: '{"version":"1.1","host":"h","short_message":"down","timestamp":1795252530.123,"level":3}',
    time: at,
    level: [17, '3'],
    message: 'down',
  },
  {
    logger: 'slog and the appenders of OpenTelemetry',
    text: `{"time":"2026-11-21T09:15:30.123Z","level":"INFO","msg":"up","trace_id":"${traceId}","span_id":"${spanId}"}`,
    time: at,
    level: [9, 'INFO'],
    message: 'up',
    trace: `${traceId} ${spanId}`,
  },
  {
    logger: 'logback with Micrometer',
    text: `{"@timestamp":"2026-11-21T09:15:30.123Z","level":"INFO","message":"a\\nb","traceId":"${traceId.toUpperCase()}","spanId":"${spanId}"}`,
    time: at,
    level: [9, 'INFO'],
    message: 'a\nb',
    trace: `${traceId} ${spanId}`,
  },
  {
    logger: 'ECS',
    text: `{"@timestamp":"2026-11-21T09:15:30.123Z","log.level":"INFO","message":"up","trace.id":"${traceId}"}`,
    time: at,
    level: [9, 'INFO'],
    message: 'up',
    trace: `${traceId} `,
  },
  {
    logger: 'an appender without a trace',
    text: `{"level":"INFO","message":"up","trace_id":"${'0'.repeat(32)}","span_id":"${spanId}"}`,
    time: undefined,
    level: [9, 'INFO'],
    message: 'up',
  },
  {
    logger: 'a trace id of another kind',
    text: `{"level":"INFO","message":"up","trace_id":"${'g'.repeat(32)}","traceId":7,"span_id":null}`,
    time: undefined,
    level: [9, 'INFO'],
    message: 'up',
  },
  {
    logger: 'Grafana',
    preset: 'logfmt',
    text: `t=2026-11-21T09:15:30.123Z level=info msg=up traceID=${traceId} spanID=${spanId}`,
    time: at,
    level: [9, 'info'],
    message: 'up',
    trace: `${traceId} ${spanId}`,
  },
]

suite('what is read of a line of', () => {
  for (const { logger, preset = 'json', text, ...want } of rows) {
    test(logger, () => {
      const read = readPreset(preset, text)
      assert.ok(typeof read !== 'string', String(read))
      const { attributes, ...others } = read
      assert.deepEqual(others, want)
      assert.ok(Object.keys(attributes).length > 1, 'all keys stay attributes')
    })
  }
})

test('auto sees that two lines belong to each record of java.util.logging', () => {
  const settings = { zone: findTimeZone('UTC'), nowMs: () => presetNowMs, body: 'record' } as const
  const formats = new Map(formatNames.map((name) => [name, createFormat(name, settings)]))
  const lines = 'Nov 21, 2026 9:15:30 PM com.acme.Shop sell\nWARNING: low\n'
  const source = Buffer.from(lines.repeat(5))
  const { format, fitting } = detect(source, 0, source.length, formats)
  assert.deepEqual([format?.name, fitting], ['log4j', 10])
})
