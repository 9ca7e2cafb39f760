import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { checkOperators as check, type OperatorRow as Row } from '../../test/support/operators.ts'
import type { Value } from './entry.ts'
import { operators } from './schema.ts'

const json =
  '{"level":"warn","n":5,"f":1.5,"nested":{"a":[1,"x",null,true]},"time":"2026-03-04T05:06:07.089Z"}'

suite('operators', () => {
  const rows: readonly Row[] = [
    {
      name: 'json_parser puts the keys into the attributes',
      ops: [{ type: 'json_parser' }],
      body: '{"a":"x","n":5,"f":1.5,"deep":{"b":[1,null,true]}}',
      want: { attributes: { a: 'x', n: 5, f: 1.5, deep: { b: [1, null, true] } } },
    },
    {
      name: 'json_parser with time and level',
      ops: [
        {
          type: 'json_parser',
          timestamp: {
            parse_from: 'attributes.time',
            layout: '%Y-%m-%dT%H:%M:%S.%LZ',
            location: 'UTC',
          },
          severity: { parse_from: 'attributes.level' },
        },
      ],
      body: json,
      want: { time: '2026-03-04T05:06:07.089Z', severity: [13, 'warn'] },
    },
    {
      name: 'json_parser from and to other fields',
      ops: [{ type: 'json_parser', parse_from: 'attributes.raw', parse_to: 'body' }],
      attributes: { raw: '{"a":1}' },
      want: { body: { a: 1 }, attributes: { raw: '{"a":1}' } },
    },
    {
      name: 'json_parser adds to attributes that are there',
      ops: [{ type: 'json_parser' }],
      body: '{"a":2,"b":3}',
      attributes: { a: 1, c: 4 },
      want: { attributes: { a: 2, b: 3, c: 4 } },
    },
    {
      name: 'json_parser keeps a line that is no JSON, with the reason',
      ops: [{ type: 'json_parser' }],
      body: '{"a":',
      want: {
        body: '{"a":',
        attributes: { 'log.parse.error': 'json_parser: it is not JSON' },
        errors: 1,
      },
    },
    {
      name: 'json_parser keeps a line that is no object',
      ops: [{ type: 'json_parser', id: 'mine' }],
      body: '[1]',
      want: { attributes: { 'log.parse.error': 'mine: it is JSON, but not an object' } },
    },
    {
      name: 'json_parser takes __proto__ for a key',
      ops: [{ type: 'json_parser', parse_to: 'attributes.p' }, { type: 'json_parser' }],
      body: '{"__proto__":{"polluted":1},"constructor":2}',
      want: { keys: ['p', '__proto__', 'constructor'] },
    },
    {
      name: 'regex_parser puts the named groups into the attributes',
      ops: [{ type: 'regex_parser', regex: '^(?P<level>\\w+):(?P<gap>x)? (?P<msg>.*)$' }],
      body: 'INFO: hello there',
      want: { attributes: { level: 'INFO', gap: '', msg: 'hello there' } },
    },
    {
      name: 'regex_parser keeps a line that does not match',
      ops: [{ type: 'regex_parser', regex: '^(?P<a>\\d+)$' }],
      body: 'x',
      want: {
        body: 'x',
        attributes: { 'log.parse.error': 'regex_parser: the pattern does not match' },
      },
    },
    {
      name: 'drop drops, and counts',
      ops: [{ type: 'regex_parser', regex: '^(?P<a>\\d+)$', on_error: 'drop' }],
      body: 'x',
      want: {
        kept: false,
        dropped: 1,
        ends: ['parse_failed'],
        said: [
          {
            operator: 'regex_parser',
            message: 'the pattern does not match',
            path: '/var/log/pods/shop_cart-5d_0c6c-1/app/3.log',
          },
        ],
      },
    },
    {
      name: 'drop_quiet says nothing',
      ops: [{ type: 'regex_parser', regex: '^(?P<a>\\d+)$', on_error: 'drop_quiet' }],
      body: 'x',
      want: { kept: false, dropped: 1, warnings: 0, ends: ['parse_failed'] },
    },
    {
      name: 'send_quiet says nothing',
      ops: [{ type: 'json_parser', on_error: 'send_quiet' }],
      body: 'x',
      want: { kept: true, warnings: 0, errors: 1 },
    },
    {
      name: 'a failure does not end the chain',
      ops: [{ type: 'json_parser' }, { type: 'add', field: 'attributes.after', value: 'yes' }],
      body: 'x',
      want: { attributes: { 'log.parse.error': 'json_parser: it is not JSON', after: 'yes' } },
    },
    {
      name: 'the first failure is the reason',
      ops: [{ type: 'json_parser' }, { type: 'move', from: 'attributes.msg', to: 'body' }],
      body: 'x',
      want: { errors: 2, attributes: { 'log.parse.error': 'json_parser: it is not JSON' } },
    },
    {
      name: 'move, copy, add, remove',
      ops: [
        { type: 'move', from: 'attributes.a', to: 'resource["service.name"]' },
        { type: 'copy', from: 'body', to: 'attributes.raw.line' },
        { type: 'add', field: 'attributes["k.v"]', value: { x: [1, 2] } },
        { type: 'remove', field: 'attributes.b' },
        { type: 'noop' },
      ],
      body: 'line',
      attributes: { a: 'shop', b: 1 },
      want: {
        attributes: { raw: { line: 'line' }, 'k.v': { x: [1, 2] } },
        resource: { base: 'r', 'service.name': 'shop' },
      },
    },
    {
      name: 'move out of a body',
      ops: [
        { type: 'json_parser', parse_to: 'body' },
        { type: 'move', from: 'body.msg', to: 'body' },
      ],
      body: '{"msg":"hello","x":1}',
      want: { body: 'hello' },
    },
    {
      name: 'a field that is not there',
      ops: [{ type: 'move', from: 'body.nothing', to: 'attributes.x' }],
      body: 'text',
      want: { attributes: { 'log.parse.error': 'move: body.nothing is not there' } },
    },
  ]
  for (const row of rows) test(row.name, () => check(row))
})

suite('severity_parser', () => {
  const from = { type: 'severity_parser', parse_from: 'attributes.s' }
  const rows: readonly (readonly [string, object, Value, readonly [number, string]])[] = [
    ['a name', from, 'error', [17, 'error']],
    ['in any case', from, 'WaRn', [13, 'WaRn']],
    ['with a number', from, 'fatal3', [23, 'fatal3']],
    ['a common name', from, 'warning', [13, 'warning']],
    ['nothing known', from, 'whatever', [0, 'whatever']],
    ['a mapping', { ...from, mapping: { error: ['oops', 'E'] } }, 'e', [17, 'e']],
    ['a mapping of one', { ...from, mapping: { debug3: 'fine' } }, 'fine', [7, 'fine']],
    ['a number', { ...from, mapping: { info: 30 } }, 30, [9, '30']],
    ['a range', { ...from, mapping: { fatal: { min: 7, max: 9 } } }, '8', [21, '8']],
    ['a status', { ...from, mapping: { error: '5xx', warn: ['4xx'] } }, 503, [17, '503']],
    ['the text of the level', { ...from, overwrite_text: true }, 'err', [17, 'ERROR']],
    ['the preset none', { ...from, preset: 'none' }, 'error', [0, 'error']],
    ['the preset otel', { ...from, preset: 'otel' }, 17, [17, '17']],
  ]
  for (const [name, op, value, severity] of rows) {
    test(name, () => check({ name, ops: [op], attributes: { s: value }, want: { severity } }))
  }
})

suite('time_parser', () => {
  const rows: readonly (readonly [string, string, string, Value, string])[] = [
    ['strptime', '%Y-%m-%d %H:%M:%S', 'UTC', '2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    [
      'strptime',
      '%Y-%m-%dT%H:%M:%S.%fZ',
      'UTC',
      '2026-01-02T03:04:05.123456Z',
      '2026-01-02T03:04:05.123456Z',
    ],
    [
      'strptime',
      '%d/%b/%Y:%H:%M:%S %z',
      'UTC',
      '10/Oct/2000:13:55:36 -0700',
      '2000-10-10T20:55:36.000Z',
    ],
    ['strptime', '%F %T,%L', 'UTC', '2026-01-02 03:04:05,678', '2026-01-02T03:04:05.678Z'],
    [
      'strptime',
      '%a %b %e %H:%M:%S %Y',
      'UTC',
      'Mon Jan  2 15:04:05 2006',
      '2006-01-02T15:04:05.000Z',
    ],
    ['strptime', '%m/%d/%y %I:%M %p', 'UTC', '12/31/99 12:30 AM', '1999-12-31T00:30:00.000Z'],
    ['strptime', '%B %g, %Y', 'UTC', 'February 3, 2024', '2024-02-03T00:00:00.000Z'],
    ['strptime', '%b %g, %Y', 'UTC', 'February 3, 2024', '2024-02-03T00:00:00.000Z'],
    ['strptime', '%B %g, %Y', 'UTC', 'Feb 3, 2024', '2024-02-03T00:00:00.000Z'],
    ['strptime', '%F %T', 'UTC', '2016-12-31 23:59:60', '2017-01-01T00:00:00.000Z'],
    ['strptime', '%F %T', 'UTC', '2026-01-02 24:00:00', '2026-01-03T00:00:00.000Z'],
    [
      'strptime',
      '%Y-%m-%d %H:%M:%S',
      'Europe/Berlin',
      '2026-07-02 12:00:00',
      '2026-07-02T10:00:00.000Z',
    ],
    [
      'strptime',
      '%Y-%m-%d %H:%M:%S',
      'Europe/Berlin',
      '2026-01-02 12:00:00',
      '2026-01-02T11:00:00.000Z',
    ],
    [
      'strptime',
      '%Y-%m-%d %H:%M:%S',
      'America/New_York',
      '2026-03-08 03:30:00',
      '2026-03-08T07:30:00.000Z',
    ],
    [
      'strptime',
      '%Y-%m-%d %H:%M:%S',
      'Asia/Kolkata',
      '2026-01-02 12:00:00',
      '2026-01-02T06:30:00.000Z',
    ],
    [
      'strptime',
      '%H:%M:%S %Z %Y-%m-%d',
      'UTC',
      '10:00:00 CEST 2026-06-01',
      '2026-06-01T08:00:00.000Z',
    ],
    ['strptime', '%b %d %H:%M:%S', 'UTC', 'Jan 05 10:00:00', '2026-01-05T10:00:00.000Z'],
    ['strptime', '%b %d %H:%M:%S', 'UTC', 'Dec 30 23:59:59', '2025-12-30T23:59:59.000Z'],
    [
      'gotime',
      '2006-01-02T15:04:05Z07:00',
      'UTC',
      '2026-01-02T03:04:05+02:00',
      '2026-01-02T01:04:05.000Z',
    ],
    [
      'gotime',
      '2006-01-02T15:04:05Z07:00',
      'UTC',
      '2026-01-02T03:04:05.25Z',
      '2026-01-02T03:04:05.250Z',
    ],
    [
      'gotime',
      '2006-01-02 15:04:05.000',
      'UTC',
      '2026-01-02 03:04:05.678',
      '2026-01-02T03:04:05.678Z',
    ],
    [
      'gotime',
      'Jan _2 2006 3:04PM MST',
      'UTC',
      'Mar  4 2026 5:06PM UTC',
      '2026-03-04T17:06:00.000Z',
    ],
    [
      'gotime',
      '02/Jan/2006:15:04:05 -0700',
      'UTC',
      '10/Oct/2000:13:55:36 -0700',
      '2000-10-10T20:55:36.000Z',
    ],
    ['epoch', 's', 'UTC', 1136214245, '2006-01-02T15:04:05.000Z'],
    ['epoch', 'ms', 'UTC', '1136214245123', '2006-01-02T15:04:05.123Z'],
    ['epoch', 'us', 'UTC', '1136214245123456', '2006-01-02T15:04:05.123456Z'],
    ['epoch', 'ns', 'UTC', '1136214245123456789', '2006-01-02T15:04:05.123456789Z'],
    ['epoch', 's.ms', 'UTC', 1136214245.123, '2006-01-02T15:04:05.123Z'],
    ['epoch', 's.ns', 'UTC', '1136214245.123456789', '2006-01-02T15:04:05.123456789Z'],
  ]
  for (const [layout_type, layout, location, value, time] of rows) {
    test(`${layout_type} ${layout} in ${location}: ${value}`, () => {
      const op = { type: 'time_parser', parse_from: 'attributes.t', layout_type, layout, location }
      check({ name: '', ops: [op, op], attributes: { t: value }, want: { time, errors: 0 } })
    })
  }
  const wrong: readonly (readonly [string, string, Value])[] = [
    ['strptime', '%Y-%m-%d', '2026-13-01'],
    ['strptime', '%Y-%m-%d', '2026-02-30'],
    ['strptime', '%Y-%m-%d', '2026-02-03 and more'],
    ['strptime', '%H:%M', '25:00'],
    ['strptime', '%H:%M', '24:01'],
    ['strptime', '%Y', 'none'],
    ['strptime', '%Y', 5],
    ['gotime', '2006-01-02', '02-01-2006'],
    ['epoch', 's', 'soon'],
  ]
  for (const [layout_type, layout, value] of wrong) {
    test(`${layout_type} ${layout} refuses ${value}`, () => {
      const op = {
        type: 'time_parser',
        parse_from: 'attributes.t',
        layout_type,
        layout,
        location: 'UTC',
      }
      const error = 'time_parser: attributes.t is no time of the layout'
      check({
        name: '',
        ops: [op],
        attributes: { t: value },
        want: { attributes: { t: value, 'log.parse.error': error } },
      })
    })
  }
})

suite('the schema refuses', () => {
  const rows: readonly (readonly [object, string])[] = [
    [
      { type: 'json_parser', parse_from: 'bodyx' },
      'must begin with "body", "attributes" or "resource"',
    ],
    [{ type: 'json_parser', parse_from: 'body["x' }, 'is not a field: cannot read "["x"'],
    [
      { type: 'regex_parser', regex: 'a(b' },
      'is not a pattern (RE2 syntax): missing closing ) "a(b"',
    ],
    [{ type: 'regex_parser', regex: 'ab' }, 'must have a named group such as (?P<level>\\w+)'],
    [{ type: 'time_parser', parse_from: 'body', layout: '%Q' }, 'has the unknown directive "%Q"'],
    [
      { type: 'time_parser', parse_from: 'body', layout: '%s' },
      'reads nothing but the fraction of a second; seconds since 1970 are layout_type: epoch, layout: s',
    ],
    [
      { type: 'time_parser', parse_from: 'body', layout: 'x', layout_type: 'epoch' },
      'must be one of s, ms, us, ns, s.ms, s.us, s.ns',
    ],
    [
      { type: 'time_parser', parse_from: 'body', layout: '%Y', location: 'Mars/X' },
      'is not a time zone of the tz database, such as "Europe/Berlin"',
    ],
    [
      { type: 'severity_parser', parse_from: 'body', mapping: { bad: 1 } },
      'must be a level: trace, debug, info, warn, error, fatal, or one with 2, 3 or 4 behind it',
    ],
    [{ type: 'add', field: 'body', value: 'EXPR(1 +)' }, 'it ends too early at character 4'],
    [
      { type: 'noop', if: 'nonsense' },
      'unknown name "nonsense" (known: body, attributes, resource, severity_text, severity_number, timestamp) at character 1',
    ],
    [{ type: 'time_parser', parse_from: 'body', layout: 'hello' }, 'has no directive such as %Y'],
    [
      { type: 'time_parser', parse_from: 'body', layout: 'hello', layout_type: 'gotime' },
      'has no part of a time such as 2006 or 15:04',
    ],
    [{ type: 'noop', output: 'nobody' }, 'no operator has the id "nobody"; one of "noop"'],
    [{ type: 'noop', output: 'noop' }, 'the outputs go round in a circle, back to "noop"'],
    [
      { type: 'noop', output: 'nobody', on_error: 5 },
      'no operator has the id "nobody"; one of "noop"',
    ],
    [
      { type: 'csv_parser', header: 'a;b' },
      'has another delimiter than delimiter or header_delimiter says',
    ],
    [
      { type: 'json_array_parser', parse_to: 'attributes' },
      'a list needs a name below it, such as attributes.items; or give names to its items with header',
    ],
    [{ type: 'key_value_parser', delimiter: ' ' }, 'delimiter and pair_delimiter must differ'],
    [{ type: 'csv_parser' }, 'must have either header or header_attribute'],
    [{ type: 'csv_parser', lazy_quotes: 5 }, 'must have either header or header_attribute'],
    [
      { type: 'recombine', combine_field: 'body' },
      'must have either is_first_entry or is_last_entry',
    ],
    [
      { type: 'router', routes: [{ expr: 'true', output: 'x' }] },
      'no operator has the id "x"; one of "router"',
    ],
    [{ type: 'regex_replace', field: 'body' }, 'must have either regex or regex_name'],
    [{ type: 'flatten', field: 'attributes' }, 'must be below attributes or resource'],
  ]
  for (const [op, want] of rows) {
    test(`${want}: ${JSON.stringify(op)}`, () => {
      const parsed = v.safeParse(operators, [op])
      assert.ok(
        !parsed.success && parsed.issues.some((issue) => issue.message === want),
        JSON.stringify(parsed.issues?.map((i) => i.message)),
      )
    })
  }

  test('more operators than anybody writes, without following them', () => {
    const chain = Array.from({ length: 5000 }, (_, i) => ({
      type: 'noop',
      id: `${i}`,
      output: 'x',
    }))
    const parsed = v.safeParse(operators, chain)
    assert.deepEqual(
      parsed.issues?.map(({ message }) => message),
      ['must be 1000 operators at most'],
    )
    const most = Array.from({ length: 1000 }, (_, i) => ({
      type: 'noop',
      id: `${i}`,
      output: i === 0 ? '999' : `${i - 1}`,
    }))
    assert.equal(
      v.safeParse(operators, most.with(999, { type: 'noop', id: '999' } as never)).success,
      true,
    )
  })

  test('everything that is wrong with the ways between operators at once, each in its place', () => {
    const parsed = v.safeParse(operators, [
      { type: 'noop', id: 'parse', output: 'sav' },
      { type: 'noop', id: 'parse' },
      {
        type: 'router',
        routes: [{ expr: 'true', output: ['save', 'x'] }],
        default: 'y',
      },
      { type: 'noop', id: 'save', output: 'back' },
      { type: 'noop', id: 'back', output: '$.save' },
      { type: 'noop', id: 'last', output: ['last', 'save'] },
    ])
    assert.deepEqual(
      parsed.issues?.map(
        ({ path, message }) => `${path?.map(({ key }) => key).join('.')}: ${message}`,
      ),
      [
        '1.id: two operators have the id "parse"',
        '0.output: no operator has the id "sav"; did you mean "save"?',
        '2.routes.0.output.1: no operator has the id "x"; one of "parse", "router", "save", "back", "last"',
        '2.default: no operator has the id "y"; one of "parse", "router", "save", "back", "last"',
        '4.output: the outputs go round in a circle, back to "save"',
        '5.output: the outputs go round in a circle, back to "last"',
      ],
    )
  })
})
