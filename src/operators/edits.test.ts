import { suite, test } from 'node:test'
import { checkOperators, type OperatorRow } from '../../test/support/operators.ts'

suite('edits:', () => {
  const rows: readonly OperatorRow[] = [
    {
      name: 'add an expression',
      ops: [
        { type: 'add', field: 'attributes.path', value: 'EXPR(upper(body) + "-" + attributes.a)' },
      ],
      body: 'x',
      attributes: { a: 'y' },
      want: { attributes: { a: 'y', path: 'X-y' } },
    },
    {
      name: 'if lets others pass by',
      ops: [
        { type: 'add', field: 'attributes.a', value: 1, if: 'body startsWith "x"' },
        { type: 'add', field: 'attributes.b', value: 2, if: 'body startsWith "b"' },
      ],
      want: { attributes: { b: 2 } },
    },
    {
      name: 'an if that fails is a failure of the operator',
      ops: [{ type: 'add', field: 'attributes.a', value: 1, if: 'body > 1' }],
      want: {
        attributes: { 'log.parse.error': 'add: the expression compares a string with a number' },
        errors: 1,
      },
    },
    {
      name: 'retain',
      ops: [{ type: 'retain', fields: ['attributes.a', 'attributes.deep.b', 'attributes.none'] }],
      attributes: { a: 1, deep: { b: 2, c: 3 }, d: 4 },
      want: { body: 'body', attributes: { a: 1, deep: { b: 2 } } },
    },
    {
      name: 'flatten',
      ops: [{ type: 'flatten', field: 'attributes.deep' }],
      attributes: { a: 1, deep: { b: 2, c: { d: 3 } } },
      want: { attributes: { a: 1, b: 2, c: { d: 3 } } },
    },
    {
      name: 'flatten what is no map',
      ops: [{ type: 'flatten', field: 'attributes.a' }],
      attributes: { a: 1 },
      want: { attributes: { a: 1, 'log.parse.error': 'flatten: attributes.a is not a map' } },
    },
    {
      name: 'assign_keys',
      ops: [{ type: 'assign_keys', field: 'body', keys: ['a', 'b'] }],
      body: [1, 'x'],
      want: { body: { a: 1, b: 'x' } },
    },
    {
      name: 'assign_keys of another number',
      ops: [{ type: 'assign_keys', field: 'body', keys: ['a'] }],
      body: [1, 'x'],
      want: { attributes: { 'log.parse.error': 'assign_keys: body has 2 items for 1 keys' } },
    },
    ...(
      [
        ['"a \\"b\\" \\n\\u00e4\\x41\\101"', 'a "b" \näAA'],
        ['`raw \\n`', 'raw \\n'],
        ["'x'", 'x'],
      ] as const
    ).map(([body, want]) => ({
      name: `unquote ${body}`,
      ops: [{ type: 'unquote', field: 'body' }],
      body,
      want: { body: want, errors: 0 },
    })),
    ...['plain', '"open', "'two'", '"a"b"', '"\\q"', '"'].map((body) => ({
      name: `unquote refuses ${body}`,
      ops: [{ type: 'unquote', field: 'body' }],
      body,
      want: { body, attributes: { 'log.parse.error': 'unquote: it is not a quoted string' } },
    })),
    {
      name: 'regex_replace with groups',
      ops: [
        {
          type: 'regex_replace',
          field: 'body',
          regex: '(?P<k>\\w+)=(\\w+)',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a group of the pattern
          replace_with: '$2:${k}$$',
        },
      ],
      body: 'a=1, b=2 c',
      want: { body: '1:a$, 2:b$ c' },
    },
    {
      name: 'regex_replace finds nothing empty right behind a match',
      ops: [{ type: 'regex_replace', field: 'body', regex: 'x*', replace_with: '-' }],
      body: 'abxc',
      want: { body: '-a-b-c-' },
    },
    {
      name: 'regex_replace finds an empty match behind each character, whatever its width',
      ops: [{ type: 'regex_replace', field: 'body', regex: 'x*', replace_with: '-' }],
      body: 'é😀b',
      want: { body: '-é-😀-b-' },
    },
    ...(['regex_replace', 'strip_ansi_escape_codes', 'unquote'] as const).map((type) => ({
      name: `${type} leaves a record alone that has no such text`,
      ops: [
        { type, field: 'attributes.none', ...(type === 'regex_replace' ? { regex: 'x' } : {}) },
      ],
      want: { attributes: {}, errors: 0 },
    })),
    ...(['move', 'copy'] as const).map((type) => ({
      name: `${type} of a text to where only maps can be loses nothing`,
      ops: [{ type, from: 'attributes.a', to: 'resource' }],
      attributes: { a: 'text' },
      want: {
        attributes: { a: 'text', 'log.parse.error': `${type}: resource can only be a map` },
        resource: undefined,
      },
    })),
    {
      name: 'regex_replace of nothing, and of empty matches',
      ops: [
        { type: 'regex_replace', field: 'body', regex: 'q', replace_with: 'x' },
        { type: 'regex_replace', field: 'body', regex: 'x*', replace_with: '-' },
      ],
      body: 'ab',
      want: { body: '-a-b-' },
    },
    {
      name: 'strip_ansi_escape_codes',
      ops: [{ type: 'strip_ansi_escape_codes' }],
      body: '\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u001b\\ \u001bMup',
      want: { body: 'red link up' },
    },
    {
      name: 'trace_parser',
      ops: [{ type: 'trace_parser' }],
      attributes: {
        trace_id: '0102030405060708090a0b0c0d0e0f10',
        span_id: '0x0102030405060708',
        trace_flags: '01',
      },
      want: {
        traceId: '0102030405060708090a0b0c0d0e0f10',
        spanId: '0102030405060708',
        traceFlags: 1,
        errors: 0,
      },
    },
    {
      name: 'trace_parser refuses what is no id',
      ops: [{ type: 'trace_parser', span_id: { parse_from: 'attributes.s' } }],
      attributes: { s: '12' },
      want: {
        spanId: undefined,
        attributes: {
          s: '12',
          'log.parse.error': 'trace_parser: attributes.s is not 16 hexadecimal digits',
        },
      },
    },
    {
      name: 'trace_parser reads ids in a map that is the body, as the collector does',
      ops: [{ type: 'trace_parser' }],
      body: { trace_id: '0102030405060708090a0b0c0d0e0f10', span_id: '0102030405060708' },
      want: { traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0102030405060708', errors: 0 },
    },
    {
      name: 'trace_parser keeps what it can read beside what is no id',
      ops: [{ type: 'trace_parser' }],
      attributes: { trace_id: 'x', span_id: '0102030405060708', trace_flags: '01' },
      want: { traceId: undefined, spanId: '0102030405060708', traceFlags: 1, errors: 1 },
    },
    {
      name: 'trace_parser takes zeros for no ids',
      ops: [{ type: 'trace_parser' }],
      attributes: { trace_id: '0'.repeat(32), span_id: '0'.repeat(16) },
      want: { traceId: undefined, spanId: undefined, errors: 0 },
    },
    {
      name: 'scope_name_parser',
      ops: [{ type: 'scope_name_parser', parse_from: 'attributes.logger' }],
      attributes: { logger: 'com.example.Main' },
      want: { scope: 'com.example.Main' },
    },
    {
      name: 'a parser with all that may come with it',
      ops: [
        {
          type: 'json_parser',
          trace: {},
          scope_name: { parse_from: 'attributes.logger' },
          severity: { parse_from: 'attributes.level' },
          body: 'attributes.msg',
        },
      ],
      body: '{"logger":"l","level":"warn","msg":"m","span_id":"0102030405060708"}',
      want: { scope: 'l', severity: [13, 'warn'], spanId: '0102030405060708', body: 'm' },
    },
  ]
  for (const row of rows) test(row.name, () => checkOperators(row))
})
