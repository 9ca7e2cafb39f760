import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runOperators } from '../../../test/support/operators.ts'
import type { Entry, Value } from '../entry.ts'

const bodies = (out: readonly Entry[]): Value[] => out.map(({ body }) => body)
const mark = (id: string, more: object = {}) => ({
  type: 'add',
  id,
  field: `attributes.${id}`,
  value: 1,
  ...more,
})

suite('output', () => {
  test('jumps over operators, and sends to several', () => {
    const { out } = runOperators(
      [mark('a', { output: ['c', 'd'] }), mark('b'), mark('c', { output: 'd' }), mark('d')],
      ['x'],
    )
    assert.deepEqual(
      out.map(({ attributes }) => Object.keys(attributes)),
      [
        ['a', 'c', 'd'],
        ['a', 'd'],
      ],
    )
  })
})

suite('router', () => {
  const router = {
    type: 'router',
    routes: [
      { expr: 'body startsWith "{"', output: 'json', attributes: { kind: 'json' } },
      { expr: 'body contains "="', output: ['kv'] },
    ],
  }
  const ends = [
    { type: 'json_parser', id: 'json', output: 'end' },
    { type: 'key_value_parser', id: 'kv', output: 'end' },
    { type: 'noop', id: 'end' },
  ]

  test('takes the first route that holds, and drops what has none', () => {
    const { out, meter } = runOperators([router, ...ends], ['{"a":1}', 'a=2', 'text'])
    assert.deepEqual(
      out.map(({ attributes }) => attributes),
      [{ kind: 'json', a: 1 }, { a: '2' }],
    )
    assert.equal(meter.value('remora_operator_filtered', { operator: 'router' }), 1)
  })

  test('has a default', () => {
    const { out } = runOperators([{ ...router, default: 'end' }, ...ends], ['text'])
    assert.deepEqual(bodies(out), ['text'])
  })
})

suite('filter', () => {
  test('drops what its expression holds for, and counts it', () => {
    const { out, meter } = runOperators(
      [{ type: 'filter', expr: 'body matches "^debug"' }],
      ['debug 1', 'info 2'],
    )
    assert.deepEqual(bodies(out), ['info 2'])
    assert.equal(meter.value('remora_operator_filtered', { operator: 'filter' }), 1)
  })

  test('keeps all with drop_ratio 0', () => {
    const { out } = runOperators([{ type: 'filter', expr: 'true', drop_ratio: 0 }], ['a', 'b'])
    assert.deepEqual(bodies(out), ['a', 'b'])
  })
})

suite('recombine', () => {
  const first = {
    type: 'recombine',
    combine_field: 'body',
    is_first_entry: 'body matches "^\\\\S"',
  }
  const last = { type: 'recombine', combine_field: 'body', is_last_entry: 'body endsWith ";"' }
  const rows: readonly (readonly [string, object, string[], string[], string[]])[] = [
    ['by the first entry', first, ['a', ' b', ' c', 'd'], ['a\n b\n c'], ['d']],
    ['by the last entry', last, ['a', 'b;', 'c;', 'd'], ['a\nb;', 'c;'], ['d']],
    ['with another text between', { ...last, combine_with: '+' }, ['a', 'b;'], ['a+b;'], []],
    ['of at most so many', { ...first, max_batch_size: 2 }, ['a', ' b', ' c'], ['a\n b'], [' c']],
    [
      'without a first one of at most so many',
      { ...first, max_unmatched_batch_size: 1 },
      [' a', ' b', 'c', ' d'],
      [' a', ' b'],
      ['c\n d'],
    ],
    ['of at most so large', { ...last, max_log_size: 3 }, ['aa', 'bb', 'c'], ['aa\nbb'], ['c']],
  ]
  for (const [name, op, lines, want, atTheEnd] of rows) {
    test(name, () => {
      const { chain, out } = runOperators([op], lines)
      assert.deepEqual(bodies(out), want)
      const rest: Entry[] = []
      chain.flush(0, true, (entry) => rest.push(entry))
      assert.deepEqual(bodies(rest), atTheEnd)
      assert.deepEqual([...chain.held()], [])
    })
  }

  test('gives up after force_flush_period', () => {
    const { chain, out } = runOperators([{ ...last, force_flush_period: '10s' }], ['a'])
    const seen = (entry: Entry) => out.push(entry)
    chain.flush(9_999, false, seen)
    assert.deepEqual(bodies(out), [])
    chain.flush(10_000, false, seen)
    assert.deepEqual(bodies(out), ['a'])
  })

  test('keeps the other fields of the oldest or the newest', () => {
    for (const [overwrite_with, want] of [
      ['oldest', 'a'],
      ['newest', 'b;'],
    ]) {
      const copy = { type: 'copy', from: 'body', to: 'attributes.own' }
      const { out } = runOperators([copy, { ...last, overwrite_with }], ['a', 'b;'])
      assert.deepEqual([out[0]?.body, out[0]?.attributes['own']], ['a\nb;', want])
    }
  })

  test('keeps sources apart, at most max_sources of them', () => {
    const parse = { type: 'regex_parser', regex: '^(?P<s>.)' }
    const op = { ...last, source_identifier: 'attributes.s', max_sources: 2 }
    const { chain, out } = runOperators([parse, op], ['1a', '2b', '1c;', '2d', '3e', '4f'])
    assert.deepEqual(bodies(out), ['1a\n1c;', '2b\n2d'])
    assert.equal([...chain.held()].length, 2)
  })

  test('holds so many bytes of all groups and no more: the oldest is given up', () => {
    const parse = { type: 'regex_parser', regex: '^(?P<s>.)' }
    const op = { ...last, source_identifier: 'attributes.s' }
    const text = 'x'.repeat(9 * 1024 * 1024)
    const { chain, out } = runOperators(
      [parse, op],
      [`1${text}`, `2${text}`, `3${text}`, `1${text}`],
    )
    assert.deepEqual(
      out.map(({ body }) => (body as string)[0]),
      ['1'],
    )
    assert.equal([...chain.held()].length, 2)
  })

  test('passes on what has no such field, with the reason', () => {
    const { out } = runOperators([{ ...last, combine_field: 'attributes.x' }], ['a'])
    assert.deepEqual(out[0]?.attributes, {
      'log.parse.error': 'recombine: attributes.x is not a string',
    })
  })
})

suite('container', () => {
  const time = '2024-01-02T03:04:05.123456789'
  const nanos = 1704164645123456789n
  const op = { type: 'container', add_metadata_from_filepath: false }
  const rows: readonly (readonly [string, string, Value, object, bigint?])[] = [
    [
      'docker',
      `{"log":"hi\\n","stream":"stderr","time":"${time}Z"}`,
      'hi',
      { 'log.iostream': 'stderr' },
    ],
    [
      'docker without newline',
      `{"log":"hi","stream":"stdout","time":"${time}Z"}`,
      'hi',
      { 'log.iostream': 'stdout' },
    ],
    [
      'containerd',
      `${time}Z stdout F hi there`,
      'hi there',
      { 'log.iostream': 'stdout', logtag: 'F' },
    ],
    [
      'crio',
      `${time}+01:00 stderr F hi`,
      'hi',
      { 'log.iostream': 'stderr', logtag: 'F' },
      nanos - 3_600_000_000_000n,
    ],
    ['an empty line', `${time}Z stdout F `, '', { 'log.iostream': 'stdout', logtag: 'F' }],
  ]
  for (const [name, line, body, attributes, timeUnixNano = nanos] of rows) {
    test(`reads ${name}`, () => {
      const { out } = runOperators([op], [line])
      assert.deepEqual([out[0]?.body, out[0]?.attributes], [body, attributes])
      assert.equal(out[0]?.timeUnixNano, timeUnixNano)
    })
  }

  for (const line of [
    'plain',
    '{"log":1}',
    '{"a"',
    '{}',
    'null',
    `${time}Z stdin F x`,
    `2024-13-02T00:00:00Z stdout F x`,
  ]) {
    test(`passes on ${line}, with the reason`, () => {
      const { out } = runOperators([op], [line])
      assert.equal(out[0]?.body, line)
      assert.match(String(out[0]?.attributes['log.parse.error']), /^container: /)
    })
  }

  test('T17: joins the parts of each stream that come mixed', () => {
    const { chain, out } = runOperators(
      [op],
      [
        `${time}Z stdout P one `,
        `${time}Z stderr P err `,
        `${time}Z stdout P two `,
        `${time}Z stderr F or`,
        `${time}Z stdout F three`,
        `${time}Z stdout F whole`,
        `${time}Z stdout P never ended`,
      ],
    )
    assert.deepEqual(bodies(out), ['err or', 'one two three', 'whole'])
    // As in the collector, that of the first part: so a line of several can be told.
    assert.equal(out[1]?.attributes['logtag'], 'P')
    chain.flush(4999, false, (entry) => out.push(entry))
    assert.equal(out.length, 3)
    chain.flush(5006, false, (entry) => out.push(entry))
    assert.deepEqual(bodies(out).slice(3), ['never ended'])
  })

  test('gives up a line of parts at max_log_size', () => {
    const part = `${time}Z stdout P ${'x'.repeat(10)}`
    const { out } = runOperators([{ ...op, max_log_size: 25 }], [part, part, part, part])
    assert.deepEqual(bodies(out), ['x'.repeat(30)])
  })

  test('gives up a line without an end at 1MiB, in bytes, unless told otherwise', () => {
    const part = `${time}Z stdout P ${'é'.repeat(200_000)}`
    const { out } = runOperators([op], [part, part, part])
    assert.deepEqual(
      out.map(({ body }) => (body as string).length),
      [600_000],
    )
  })

  test('holds so many bytes of all streams and no more', () => {
    const ops = [
      { type: 'regex_parser', regex: '^(?P<x>.)' },
      { ...op, max_log_size: 0 },
    ]
    const part = `${time}Z stdout P ${'x'.repeat(9 * 1024 * 1024)}`
    const { out, chain } = runOperators(ops, [part, part, part, part, `${time}Z stdout F y`])
    assert.deepEqual(
      out.map(({ body }) => (body as string).length / 1024 / 1024),
      [36, 1 / 1024 / 1024],
    )
    assert.deepEqual([...chain.held()], [])
  })

  test('joins the parts of docker, which have no newline', () => {
    const docker = (log: string) => JSON.stringify({ log, stream: 'stdout', time: `${time}Z` })
    const part = 'x'.repeat(16_384)
    const { out } = runOperators([op], [docker(part), docker(part), docker('end\r\n')])
    assert.deepEqual(bodies(out), [`${part}${part}end`])
  })

  test('takes namespace, pod and container from the path', () => {
    const { out } = runOperators([{ type: 'container' }], [`${time}Z stdout F hi`])
    assert.deepEqual(out[0]?.baseResource, {
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'cart-5d',
      'k8s.pod.uid': '0c6c-1',
      'k8s.container.name': 'app',
      'k8s.container.restart_count': '3',
    })
  })
})
