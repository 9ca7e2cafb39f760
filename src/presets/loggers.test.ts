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
    level: [9, 'I'],
    message: 'accepted',
  },
  {
    logger: 'MongoDB that is asked for more',
    text: '{"t":{"$date":"2026-11-21T10:15:30.123+01:00"},"s":"D2","c":"REPL","msg":"tick"}',
    time: at,
    level: [5, 'D2'],
    message: 'tick',
  },
  {
    logger: 'an s that is not of MongoDB',
    text: '{"t":"2026-11-21T09:15:30.123Z","s":"E","msg":"no"}',
    time: at,
    level: [0, ''],
    message: 'no',
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
    logger: 'ECS, nested',
    text: `{"@timestamp":"2026-11-21T09:15:30.123Z","log":{"logger":"a","level":"warn"},"message":"up","trace":{"id":"${traceId}"},"span":{"id":"${spanId}"}}`,
    time: at,
    level: [13, 'warn'],
    message: 'up',
    trace: `${traceId} ${spanId}`,
  },
  {
    logger: 'ECS, both',
    text: `{"log":{"level":"warn"},"log.level":"error","message":"up","x":{"level":"info"}}`,
    time: undefined,
    level: [17, 'error'],
    message: 'up',
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

suite('csvlog of PostgreSQL', () => {
  const line = (message: string, query: string, rest = '"psql","client backend",,0'): string =>
    `2026-11-21 10:15:30.123 +01,"app","shop",7,"10.0.0.7:51234",6740a1b2.7,3,"SELECT",2026-11-21 10:00:00 UTC,3/12,0,ERROR,42P01,${message},"a detail",,,,,${query},15,,${rest}`

  test('has user, database, client, state, message and query', () => {
    const text = line('"no relation ""x"""', '"SELECT *\nFROM ""x"""')
    assert.deepEqual(readPreset('postgres', text), {
      time: at,
      level: [17, 'ERROR'],
      message: 'no relation "x"',
      attributes: {
        'process.pid': 7,
        'user.name': 'app',
        'db.namespace': 'shop',
        'client.address': '10.0.0.7',
        'client.port': 51234,
        'db.response.status_code': '42P01',
        'db.query.text': 'SELECT *\nFROM "x"',
        'postgresql.application_name': 'psql',
      },
    })
  })

  test('of a background process, in a zone that nobody knows, has little', () => {
    const text =
      '2026-11-21 10:15:30.123 XYZ,,,7,,6740a1b2.7,1,,2026-11-21 10:00:00 XYZ,,0,LOG,00000,"checkpoint starting: time",,,,,,,,,"","checkpointer",,0'
    const want = { 'process.pid': 7 }
    const message = 'checkpoint starting: time'
    assert.deepEqual(readPreset('postgres', text), {
      time: at,
      level: [9, 'LOG'],
      message,
      attributes: want,
    })
  })

  test('has the duration and statement of a slow query', () => {
    const read = readPreset('postgres', line('"duration: 12.5 ms  statement: SELECT 1"', ''))
    assert.ok(typeof read !== 'string')
    assert.equal(read.attributes['postgresql.duration_ms'], 12.5)
    assert.equal(read.attributes['db.query.text'], 'SELECT 1')
  })

  test('is not read when it is cut off', () => {
    const reason = 'it has less columns than csvlog, or a quote is open'
    assert.equal(readPreset('postgres', line('"x', '')), reason)
    assert.equal(readPreset('postgres', '2026-11-21 10:15:30.123 UTC,"a","b",7'), reason)
  })

  test('is told from a prefix with commas', () => {
    const read = readPreset('postgres', '2026-11-21 10:15:30.123 CET,7,app@shop LOG:  up')
    assert.ok(typeof read !== 'string')
    assert.deepEqual([read.level, read.message], [[9, 'LOG'], 'up'])
  })

  test('torn anywhere, both ways agree', () => {
    const text = line('"no ""x"""', '"SELECT\n1"')
    for (let cut = 0; cut <= text.length; cut++) readPreset('postgres', text.slice(0, cut))
  })
})

test('auto sees that two lines belong to each record of java.util.logging', () => {
  const settings = { zone: findTimeZone('UTC'), nowMs: () => presetNowMs, body: 'record' } as const
  const formats = new Map(formatNames.map((name) => [name, createFormat(name, settings)]))
  const lines = 'Nov 21, 2026 9:15:30 PM com.acme.Shop sell\nWARNING: low\n'
  const source = Buffer.from(lines.repeat(5))
  const { format, fitting } = detect(source, 0, source.length, formats)
  assert.deepEqual([format?.name, fitting], ['log4j', 10])
})
