import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { headers, listenAddress, sectionSwitch } from '../component/schema.ts'
import { checkOptions } from './check-options.ts'
import { parseYaml } from './parse-yaml.ts'
import { formatPath } from './problem.ts'
import { Source } from './source.ts'

/** The parsed options, or the problems in words. */
function check(schema: v.GenericSchema, yaml: string): unknown {
  const { node } = parseYaml(new Source('c.yaml', `o: ${yaml}`))
  assert.ok(node)
  const { config, problems } = checkOptions(schema, node, ['o'])
  if (problems.length === 0) return config
  return problems.map(({ path, message, suggestion }) =>
    [formatPath(path), message, ...(suggestion === undefined ? [] : [suggestion])].join(': '),
  )
}

const shapes = v.union([
  v.strictObject({ host: v.string(), port: v.number() }),
  v.strictObject({ path: v.string(), mode: v.optional(v.string(), '0600') }),
  v.array(v.string()),
  v.string(),
])

const steps = v.variant('type', [
  v.variant('kind', [
    v.strictObject({ type: v.literal('a'), kind: v.literal('x'), n: v.number() }),
    v.strictObject({ type: v.literal('a'), kind: v.literal('y'), s: v.string() }),
  ]),
  v.strictObject({ type: v.picklist(['b', 'c']), list: v.optional(v.array(v.number()), []) }),
])

const switched = v.strictObject({ ...sectionSwitch, n: v.number() })

interface Tree {
  name: string
  below?: Tree | undefined
}
const tree: v.GenericSchema<Tree> = v.strictObject({
  name: v.string(),
  below: v.optional(v.lazy(() => tree)),
})

const rows: readonly { name: string; schema: v.GenericSchema; yaml: string; want: unknown }[] = [
  {
    name: 'a union takes its first',
    schema: shapes,
    yaml: '{host: a, port: 1}',
    want: { host: 'a', port: 1 },
  },
  {
    name: 'a union takes its second',
    schema: shapes,
    yaml: '{path: a}',
    want: { path: 'a', mode: '0600' },
  },
  { name: 'a union takes a list', schema: shapes, yaml: '[a]', want: ['a'] },
  { name: 'a union takes a text', schema: shapes, yaml: 'a', want: 'a' },
  {
    name: 'a union refuses by the alternative that fits best',
    schema: shapes,
    yaml: '{path: a, mod: b}',
    want: ['o.mod: unknown option: did you mean "mode"?'],
  },
  {
    name: 'a union refuses another kind of value',
    schema: shapes,
    yaml: '5',
    want: ['o: must be a map or a list or a string, not a number'],
  },
  {
    name: 'a variant in a variant',
    schema: steps,
    yaml: '{type: a, kind: y, s: t}',
    want: { type: 'a', kind: 'y', s: 't' },
  },
  {
    name: 'a variant in a variant, with a mistake',
    schema: steps,
    yaml: '{type: a, kind: x, n: t, extra: 1}',
    want: [
      'o.extra: unknown option: one of "type", "kind", "n"',
      'o.n: must be a number, not a string',
    ],
  },
  {
    name: 'a variant with several names',
    schema: steps,
    yaml: '{type: c}',
    want: { type: 'c', list: [] },
  },
  {
    name: 'a recursive schema',
    schema: tree,
    yaml: '{name: a, below: {name: b, below: {nam: c, name: d}}}',
    want: ['o.below.below.nam: unknown option: did you mean "name"?'],
  },
  {
    name: 'two objects in one',
    schema: v.intersect([v.object({ a: v.number() }), v.object({ b: v.optional(v.number(), 2) })]),
    yaml: '{a: 1}',
    want: { a: 1, b: 2 },
  },
  {
    name: 'an option that stands one level too high',
    schema: v.strictObject({
      n: v.optional(v.number()),
      tls: v.optional(
        v.strictObject({ insecure: v.optional(v.boolean()), enabled: v.optional(v.boolean()) }),
      ),
      queue: v.optional(
        v.strictObject({ size: v.optional(v.number()), enabled: v.optional(v.boolean()) }),
      ),
    }),
    yaml: '{insecure: true, enabled: true, size: 5}',
    want: [
      'o.insecure: unknown option: put it under tls',
      'o.enabled: unknown option: one of "n", "tls", "queue"',
      'o.size: unknown option: put it under queue',
    ],
  },
  {
    name: 'sections that are switched on and off, the latter with what is wrong in them',
    schema: v.strictObject({
      on: v.optional(switched),
      off: v.optional(switched),
      written: v.optional(switched),
    }),
    yaml: '{on: {n: 1}, off: {enabled: false, n: x, m: 2}, written: {enabled: true, n: 2}}',
    want: { on: { enabled: true, n: 1 }, written: { enabled: true, n: 2 } },
  },
  {
    name: 'a section with a switch that is none',
    schema: v.strictObject({ s: v.optional(switched) }),
    yaml: '{s: {enabled: off?, n: 1}}',
    want: ['o.s.enabled: must be true or false'],
  },
  {
    name: 'a key without a space behind its colon',
    schema: v.strictObject({ grpc: v.strictObject({ endpoint: v.string() }) }),
    yaml: '{grpc: endpoint:localhost:4317}',
    want: ['o.grpc: must be a map, not a string: a space is missing behind "endpoint:"'],
  },
  {
    name: 'a text of a map that begins like no key',
    schema: v.strictObject({ grpc: v.strictObject({ endpoint: v.string() }) }),
    yaml: '{grpc: localhost:4317}',
    want: ['o.grpc: must be a map, not a string'],
  },
  {
    name: 'a text where a list belongs',
    schema: v.strictObject({ l: v.array(v.string()), n: v.array(v.number()) }),
    yaml: '{l: a, n: 1}',
    want: [
      'o.l: must be a list, not a string: put [ ] around it',
      'o.n: must be a list, not a number: put [ ] around it',
    ],
  },
  {
    name: 'an open object keeps what it does not know',
    schema: v.looseObject({ a: v.number() }),
    yaml: '{a: 1, b: {c: [2]}}',
    want: { a: 1, b: { c: [2] } },
  },
  {
    name: 'an option that may be empty keeps its null',
    schema: v.strictObject({ a: v.nullable(v.string()), b: v.optional(v.string(), 'x') }),
    yaml: '{a: , b: }',
    want: { a: null, b: 'x' },
  },
  ...(
    [
      ['an object', v.strictObject({ a: v.string() }), ['[a]', '5', '[]']],
      ['an object of options', v.strictObject({ a: v.optional(v.string()) }), ['[]', 'x']],
      ['an open object', v.looseObject({}), ['[a]', 'true']],
      ['a record', v.record(v.string(), v.string()), ['[a]', '[]', 'x']],
      ['a variant', steps, ['[{type: c}]', 'c']],
      ['a union', v.union([v.record(v.string(), v.string()), v.string()]), ['[a]']],
    ] as const
  ).flatMap(([name, schema, yamls]) =>
    yamls.map((yaml) => ({
      name: `${name} takes no ${yaml}`,
      schema,
      yaml,
      want: [
        `o: must be a map, not ${{ '[': 'a list', '5': 'a number', t: 'true or false' }[yaml[0] as '['] ?? 'a string'}`,
      ],
    })),
  ),
  {
    name: 'an empty list where a map or a list will do is a list',
    schema: headers(),
    yaml: '[]',
    want: {},
  },
  {
    name: 'a list of texts where a list of maps will do',
    schema: headers(),
    yaml: '["a: b"]',
    want: ['o[0]: must be a map, not a string'],
  },
  {
    name: 'a list of maps with a mistake',
    schema: headers(),
    yaml: '[{nam: a, value: b}]',
    want: ['o[0].nam: unknown option: did you mean "name"?'],
  },
  {
    name: 'the name of a header beside the value of another',
    schema: headers((name) => (name === 'host' ? 'is not for you' : undefined)),
    yaml: '{host: a, b: 5}',
    want: ['o.b: must be a string: put it in quotes', 'o.host: is not for you'],
  },
  {
    name: 'numbers that are meant as texts',
    schema: v.strictObject({ v: v.picklist(['1.2', '1.3']), h: headers(), e: listenAddress() }),
    yaml: '{v: 1.2, h: {a: 12}, e: 4317}',
    want: [
      'o.v: must be one of "1.2", "1.3": put it in quotes',
      'o.h.a: must be a string: put it in quotes',
      'o.e: must be "host:port", or ":port" for all addresses',
    ],
  },
  {
    name: 'limits without a message of their own',
    schema: v.strictObject({
      a: v.pipe(v.number(), v.minValue(1)),
      b: v.pipe(v.number(), v.maxValue(1)),
      c: v.pipe(v.number(), v.gtValue(1)),
      d: v.pipe(v.number(), v.ltValue(1)),
      e: v.pipe(v.number(), v.integer()),
      f: v.pipe(v.string(), v.nonEmpty()),
      g: v.pipe(v.string(), v.ipv4()),
      h: v.union([v.literal('x'), v.number()]),
    }),
    yaml: '{a: 0, b: 2, c: 1, d: 1, e: 1.5, f: "", g: x, h: "y"}',
    want: [
      'o.a: must be at least 1',
      'o.b: must be at most 1',
      'o.c: must be more than 1',
      'o.d: must be less than 1',
      'o.e: must be a whole number',
      'o.f: must not be empty',
      'o.g: is not a valid ipv4',
      'o.h: must be "x" or a number',
    ],
  },
  {
    name: 'what the collector has, and what to do instead',
    schema: v.pipe(
      v.strictObject({}),
      v.metadata({ unsupported: ['auth', 'cookies'], instead: { auth: 'use headers' } }),
    ),
    yaml: '{auth: x, cookies: y}',
    want: [
      'o.auth: is an option of the collector that remora does not support: use headers',
      'o.cookies: is an option of the collector that remora does not support',
    ],
  },
]

suite('options of every form', () => {
  for (const { name, schema, yaml, want } of rows) {
    test(name, () => assert.deepEqual(check(schema, yaml), want))
  }
})
