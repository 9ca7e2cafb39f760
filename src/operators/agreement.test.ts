import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { checkOperators, type OperatorRow, runOperators } from '../../test/support/operators.ts'
import { Double } from '../wire/otlp/any-value.ts'
import type { Value } from './entry.ts'

/*
 * What users of the collector's operators rely on without reading about it. Each row was compared with what the collector
 * makes of the same line; where remora keeps more of a line than it does, the row says so.
 */

const failed = (operator: string, reason: string): object => ({
  'log.parse.error': `${operator}: ${reason}`,
})

suite('a parser reads what it can:', () => {
  const embedded = {
    type: 'json_parser',
    body: 'attributes.text',
    timestamp: { parse_from: 'attributes.at', layout: '%Y-%m-%d', location: 'UTC' },
    severity: { parse_from: 'attributes.level' },
    scope_name: { parse_from: 'attributes.logger' },
  }
  const reason = 'attributes.at is no time of the layout'
  const rows: readonly OperatorRow[] = [
    {
      name: 'a wrong time leaves level, scope and body',
      ops: [embedded],
      body: '{"at":"soon","level":"warn","logger":"shop","text":"hi"}',
      want: { body: 'hi', severity: [13, 'warn'], scope: 'shop', time: undefined, errors: 1 },
    },
    {
      name: 'the first failure is the reason',
      ops: [{ ...embedded, body: 'attributes.none' }],
      body: '{"at":"soon","level":[],"logger":"shop"}',
      want: {
        attributes: { at: 'soon', level: [], logger: 'shop', ...failed('json_parser', reason) },
      },
    },
    {
      name: 'the body comes first, so that a time is read from it',
      ops: [
        {
          type: 'json_parser',
          body: 'attributes.at',
          timestamp: { parse_from: 'body', layout: '%Y-%m-%d', location: 'UTC' },
        },
      ],
      body: '{"at":"2026-01-02"}',
      want: { body: '2026-01-02', time: '2026-01-02T00:00:00.000Z' },
    },
    {
      name: 'a body that is not there is no failure',
      ops: [{ type: 'json_parser', body: 'attributes.none' }],
      body: '{}',
      want: { body: '{}', errors: 0 },
    },
  ]
  for (const row of rows) test(row.name, () => checkOperators(row))
})

suite('json_parser takes numbers as they are written:', () => {
  const rows: readonly (readonly [string, Value])[] = [
    ['1', 1],
    ['1.0', new Double(1)],
    ['1e3', new Double(1000)],
    ['-0', 0],
    ['2.50', 2.5],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', new Double(2 ** 63)],
  ]
  for (const [written, a] of rows) {
    const row = { name: written, ops: [{ type: 'json_parser' }], body: `{"a":${written}}` }
    test(written, () => checkOperators({ ...row, want: { attributes: { a } } }))
  }
  test('and none that is too large', () => {
    const attributes = failed('json_parser', 'it has a number that is too large')
    const ops = [{ type: 'json_parser' }]
    checkOperators({ name: '', ops, body: '{"a":1e400}', want: { attributes } })
  })
})

suite('severity_parser', () => {
  const from = { type: 'severity_parser', parse_from: 'attributes.s' }
  const mapping = {
    FATAL: 'boom',
    17: 'seventeen',
    error: [500, { min: 603, max: 600 }, '5xx'],
    debug: { min: -5, max: -3 },
    info2: { min: 1, max: 4 },
  }
  const rows: readonly (readonly [object, Value, readonly [number, string]])[] = [
    [from, 'Warning2', [14, 'Warning2']],
    [from, 'err4', [20, 'err4']],
    [from, '9', [9, '9']],
    [from, 24, [24, '24']],
    [from, 25, [0, '25']],
    [{ ...from, preset: 'otel' }, 'TRACE3', [3, 'TRACE3']],
    [{ ...from, preset: 'otel' }, 'warning', [0, 'warning']],
    [{ ...from, preset: 'aliases' }, 17, [17, '17']],
    [{ ...from, mapping }, 'BOOM', [21, 'BOOM']],
    [{ ...from, mapping }, 'seventeen', [17, 'seventeen']],
    [{ ...from, mapping }, '602', [17, '602']],
    [{ ...from, mapping }, '0602', [0, '0602']],
    [{ ...from, mapping }, '-4', [5, '-4']],
    [{ ...from, mapping }, 3, [10, '3']],
    [{ ...from, mapping }, 5, [5, '5']],
  ]
  for (const [op, value, severity] of rows) {
    test(`${JSON.stringify(op)} ${value}`, () => {
      checkOperators({ name: '', ops: [op], attributes: { s: value }, want: { severity } })
    })
  }
  test('takes no fraction for a level', () => {
    const attributes = { s: 1.5, ...failed('severity_parser', 'attributes.s is no level') }
    checkOperators({ name: '', ops: [from], attributes: { s: 1.5 }, want: { attributes } })
  })
})

suite('time_parser', () => {
  const op = { type: 'time_parser', parse_from: 'attributes.t', location: 'UTC' }
  const second = '2026-01-02T03:04:05.000Z'
  const rows: readonly (readonly [object, string, string])[] = [
    [{ layout: '%Y-%m-%d %H:%M:%S' }, '2026-1-2 3:4:5', second],
    [{ layout: '%b %d %Y %H:%M:%S' }, 'Jan  2 2026  3:04:05', second],
    [{ layout: '%e.%m.%Y %T' }, ' 2.01.2026 03:04:05', second],
    [{ layout: '%FT%T%z' }, '2026-01-02T03:04:05.5+0000', '2026-01-02T03:04:05.500Z'],
    [{ layout: '%FT%T.%L%z' }, '2026-01-02T03:04:05Z', second],
    [{ layout: '%FT%T.%L%z' }, '2026-01-02T03:04:05,678Z', '2026-01-02T03:04:05.678Z'],
    [{ layout: '%F %T,%f' }, '2026-01-02 03:04:05.678', '2026-01-02T03:04:05.678Z'],
    [{ layout: '%F %T %w' }, '2026-01-02 04:04:05 +010000', second],
    [{ layout: '%F %T %Z' }, '2026-01-02 03:04:05 GMT', second],
    [{ layout: '%F %T %Z', location: 'Asia/Kolkata' }, '2026-01-02 08:34:05 IST', second],
    [
      { layout: '%F %T %Z', time_zone_locations: { ET: 'America/New_York' } },
      '2026-07-02 03:04:05 ET',
      '2026-07-02T07:04:05.000Z',
    ],
    [{ layout: '%F %T %Z' }, '2026-01-01 17:04:05 HST', second],
    [{ layout: '__2 2006 15:04:05', layout_type: 'gotime' }, '  2 2026 03:04:05', second],
    [{ layout: '%FT%TZ', location: '' }, '2026-01-02T03:04:05Z', second],
    [{ layout: '1/2/06 15:04:05', layout_type: 'gotime' }, '1/2/26 3:04:05', second],
  ]
  for (const [options, t, time] of rows) {
    test(`${JSON.stringify(options)} ${t}`, () => {
      const ops = [{ ...op, ...options }]
      checkOperators({ name: '', ops, attributes: { t }, want: { time, errors: 0 } })
    })
  }
  const wrong: readonly (readonly [string, object, string])[] = [
    ['the offset of an unknown zone', { layout: '%F %T %Z' }, '2026-01-02 03:04:05 XYZ'],
    [
      'that of one where the machine is in UTC, as containers are',
      { layout: '2006-01-02 15:04:05 MST', layout_type: 'gotime', location: 'Local' },
      '2026-01-02 03:04:05 BRT',
    ],
    ['a day that a year has not', { layout: '2006-002', layout_type: 'gotime' }, '2025-366'],
    ['a time that OTLP cannot hold', { layout: 's', layout_type: 'epoch' }, '1767323045000'],
  ]
  for (const [name, options, t] of wrong) {
    test(`does not guess ${name}`, (context) => {
      inTimeZone(context, 'UTC')
      const ops = [{ ...op, ...options }]
      checkOperators({ name: '', ops, attributes: { t }, want: { time: undefined, errors: 1 } })
    })
  }
})

suite('a map is merged into one that is there:', () => {
  const rows: readonly (readonly [object, object])[] = [
    [
      { type: 'copy', from: 'attributes.a.b', to: 'attributes.a' },
      { a: { b: { x: 1 }, c: 2, x: 1 } },
    ],
    [{ type: 'move', from: 'attributes.a.b', to: 'attributes.a' }, { a: { c: 2, x: 1 } }],
    [{ type: 'add', field: 'attributes.a', value: { y: 1 } }, { a: { b: { x: 1 }, c: 2, y: 1 } }],
    [{ type: 'add', field: 'attributes.a', value: 'over' }, { a: 'over' }],
  ]
  for (const [op, attributes] of rows) {
    test(JSON.stringify(op), () => {
      const before = { a: { b: { x: 1 }, c: 2 } }
      checkOperators({ name: '', ops: [op], attributes: before, want: { attributes } })
    })
  }
})

suite('recombine', () => {
  const op = { type: 'recombine', combine_field: 'body' }
  const last = { ...op, is_last_entry: 'body == "end"' }
  const rows: readonly (readonly [object, string[], string[]])[] = [
    [{ ...last, max_unmatched_batch_size: 2 }, ['a', 'b', 'c', 'end'], ['a\nb', 'c\nend']],
    [{ ...last, max_unmatched_batch_size: 1 }, ['a', 'end'], ['a', 'end']],
    [{ ...last, max_unmatched_batch_size: 0 }, ['a', 'b', 'end'], ['a\nb\nend']],
    // Given up when it is larger, the text between counted; what made it so is part of it.
    [{ ...last, max_log_size: 3 }, ['aaa', 'b', 'end'], ['aaa\nb', 'end']],
  ]
  for (const [ops, lines, want] of rows) {
    test(`${JSON.stringify(ops)} of ${lines}`, () => {
      const { out } = runOperators([ops], lines)
      assert.deepEqual(
        out.map(({ body }) => body),
        want,
      )
    })
  }
})

suite('router', () => {
  const add = (id: string) => ({
    type: 'add',
    id,
    field: `attributes.${id}`,
    value: 1,
    output: 'end',
  })
  const wrong = { expr: 'attributes.none > 1', output: 'a' }
  const b = { expr: 'true', output: 'b', attributes: { made: 'EXPR(upper(body))' } }
  const rest = [add('a'), add('b'), { type: 'noop', id: 'end' }]
  const rows: readonly OperatorRow[] = [
    {
      name: 'takes a later route where the expression of one fails, and computes attributes',
      ops: [{ type: 'router', routes: [wrong, b] }, ...rest],
      want: { attributes: { made: 'BODY', b: 1 }, errors: 0 },
    },
    {
      name: 'takes the default where all expressions fail',
      ops: [{ type: 'router', routes: [wrong], default: 'b' }, ...rest],
      want: { attributes: { b: 1 }, errors: 0 },
    },
    {
      name: 'counts the failure where there is no other way',
      ops: [{ type: 'router', routes: [wrong], on_error: 'drop' }, ...rest],
      want: { kept: false, errors: 1, dropped: 1 },
    },
  ]
  for (const row of rows) test(row.name, () => checkOperators(row))
})

suite('JSON with control characters in its strings, as some programs write it', () => {
  const rows: readonly (readonly [string, string, object])[] = [
    ['json_parser', '{"a":"x\ty","b\n":"\\"\n",\n"c":1}', { a: 'x\ty', 'b\n': '"\n', c: 1 }],
    ['json_parser', '{"a":"x\\\ny"}', failed('json_parser', 'it is not JSON')],
    ['json_parser', '{"a":"x\ny', failed('json_parser', 'it is not JSON')],
  ]
  for (const [type, body, attributes] of rows) {
    test(JSON.stringify(body), () => {
      checkOperators({ name: '', ops: [{ type }], body, want: { attributes } })
    })
  }

  test('also in a list', () => {
    const want = { body: ['a\na', 'b', 12, true, 'e\n'], errors: 0 }
    const body = '["a\na","b",12,true,"e\n"]'
    checkOperators({ name: '', ops: [{ type: 'json_array_parser' }], body, want })
  })
})

test('key_value_parser takes the blanks around a quoted text away', () => {
  const body = `" a "=" b c " d=' e '`
  const want = { attributes: { a: 'b c', d: 'e' } }
  checkOperators({ name: '', ops: [{ type: 'key_value_parser' }], body, want })
})

suite('uri_parser', () => {
  const rows: readonly (readonly [string, object | string])[] = [
    ['//h/p', { path: '//h/p' }],
    ['/a b/ä', { path: '/a%20b/%C3%A4' }],
    ['http://h?a=%zz&b=1', { scheme: 'http', host: 'h', query: { a: ['%zz'], b: ['1'] } }],
    ['http://h:port/', 'it is not a URI'],
    ['http://h/%zz', 'it is not a URI'],
    ['words', 'it is not a URI'],
    ['', 'it is not a URI'],
  ]
  for (const [body, want] of rows) {
    const attributes = typeof want === 'string' ? failed('uri_parser', want) : want
    const row = { name: body, ops: [{ type: 'uri_parser' }], body, want: { attributes } }
    test(`"${body}"`, () => checkOperators(row))
  }
})

suite('csv_parser leaves line ends around a record out', () => {
  for (const body of ['1,2\n', '\n1,2', '1,2\r\n']) {
    const row = { name: body, ops: [{ type: 'csv_parser', header: 'a,b' }], body }
    test(JSON.stringify(body), () => {
      checkOperators({ ...row, want: { attributes: { a: '1', b: '2' } } })
    })
  }
})

suite('syslog_parser', () => {
  const old = { type: 'syslog_parser', protocol: 'rfc3164' }
  const counted = { type: 'syslog_parser', protocol: 'rfc5424', enable_octet_counting: true }
  const read = { facility: 1, facility_text: 'user', priority: 13 }
  const host = { ...read, hostname: 'h', appname: 'app', message: 'm' }
  const none = { ...read, message: '<13>as it is' }
  const rows: readonly (readonly [object, string, object])[] = [
    [old, '<13>Jan  1 10:00:00 h  app: m', host],
    [old, '<13> Jan  1 10:00:00 h app: m', host],
    [old, '<13>Jan 1 10:00:00.123 h app: m', host],
    [
      counted,
      '18 <13>1 - h app - - - m',
      failed('syslog_parser', 'its length is not the one in front'),
    ],
    [counted, '21 <13>1 - h app - - - m', { ...host, version: 1 }],
    [
      { ...counted, max_octets: 20 },
      '21 <13>1 - h app - - - m',
      failed('syslog_parser', 'it is longer than max_octets'),
    ],
    [{ ...old, protocol: 'none' }, '<13>as it is', none],
    [{ ...old, protocol: 'none' }, 'anything', { message: 'anything' }],
    [{ ...counted, protocol: 'None' }, '46<13>as it is', { message: '46<13>as it is' }],
    [
      { ...old, protocol: 'RFC3164' },
      '<123>Jan  1 10:00:00 h app: m',
      { ...host, facility: 15, facility_text: 'cron2', priority: 123 },
    ],
  ]
  for (const [op, body, attributes] of rows) {
    test(`${JSON.stringify(op)} ${body}`, () => {
      checkOperators({ name: '', ops: [op], body, want: { attributes } })
    })
  }
})

test('container keeps what the log driver of docker adds', () => {
  const line = { log: 'hi\n', stream: 'stdout', time: '2026-01-02T03:04:05Z', attrs: { tag: 'x' } }
  const ops = [{ type: 'container', add_metadata_from_filepath: false }]
  const { out } = runOperators(ops, [JSON.stringify(line)])
  assert.deepEqual(out[0]?.attributes, { 'log.iostream': 'stdout', attrs: { tag: 'x' } })
})

/** That of the process, until the end of the test. */
function inTimeZone(t: TestContext, name: string): void {
  const before = process.env['TZ']
  process.env['TZ'] = name
  t.after(() => {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  })
}
