/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toyRegistry } from '../../test/support/toy-registry.ts'
import { Secret } from '../component/secret.ts'
import { loadConfig } from './load.ts'
import { toPlain } from './node.ts'

interface Given {
  readonly sets?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Loads one or several YAML texts, as if each were a file. */
function load(yaml: string | readonly string[], { sets = [], env = {} }: Given = {}) {
  const texts = typeof yaml === 'string' ? [yaml] : yaml
  return loadConfig({
    sources: texts.map((_, index) => `${index}.yaml`),
    sets,
    env,
    readFile: (path) => texts[Number.parseInt(path, 10)] as string,
    loadRegistry: async () => toyRegistry,
  })
}

async function documentOf(yaml: string | readonly string[], given: Given = {}): Promise<unknown> {
  const { document, problems } = await load(yaml, given)
  assert.ok(document, JSON.stringify(problems))
  return toPlain(document)
}

suite('sources are merged so that', () => {
  const rows: readonly {
    name: string
    texts: readonly string[]
    sets?: string[]
    want: unknown
  }[] = [
    {
      name: 'maps join and later values win',
      texts: ['a: {b: 1, c: 2}', 'a: {c: 3, d: {e: 4}}', 'a: {d: {f: 5}}'],
      want: { a: { b: 1, c: 3, d: { e: 4, f: 5 } } },
    },
    { name: 'lists are replaced', texts: ['a: [1, 2, 3]', 'a: [4]'], want: { a: [4] } },
    {
      name: 'a null replaces a map, and a map a null',
      texts: ['a: {b: 1}\nc:', 'a:\nc: {d: 1}'],
      want: { a: null, c: { d: 1 } },
    },
    {
      name: 'an empty map leaves a map as it is',
      texts: ['a: {b: 1}', 'a: {}'],
      want: { a: { b: 1 } },
    },
    {
      name: 'keys with :: are short for maps',
      texts: ['a: {b: 1}\na::c::d: 2\na::c::e: {f: 3}'],
      want: { a: { b: 1, c: { d: 2, e: { f: 3 } } } },
    },
    {
      name: 'a :: below the top is part of the key',
      texts: ['a: {b::c: 1}'],
      want: { a: { 'b::c': 1 } },
    },
    {
      name: '--set wins, with dots or colons, and takes YAML',
      texts: ['a: {b: 1, l: [1]}'],
      sets: ['a.b=2', 'a::c::d=x', 'a.l=[3, 4]', 'a.m={x: y}', 'a.e=', 'a.s=b=c', ' a.t = 5s '],
      want: { a: { b: 2, c: { d: 'x' }, l: [3, 4], m: { x: 'y' }, e: null, s: 'b=c', t: '5s' } },
    },
    {
      name: 'references are resolved after merging',
      texts: ['a: "${env:NONE_A}"\nb: "${env:NONE:-1}"', 'a: 2'],
      want: { a: 2, b: 1 },
    },
    {
      name: 'merge keys and aliases work',
      texts: [
        'x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 9}\nw: {<<: *x, d: *y}',
      ],
      want: {
        x: { a: 1, b: 2 },
        y: { b: 3, c: 4 },
        z: { a: 9, b: 2, c: 4 },
        w: { a: 1, b: 2, d: { b: 3, c: 4 } },
      },
    },
    {
      name: 'comments, quotes, block texts and a byte order mark are read',
      texts: ['\uFEFFa: "x: #y" # c\nb: |\n  1\n  2\nc: >-\n  d\n  e\n"f": \'it\'\'s\'\n'],
      want: { a: 'x: #y', b: '1\n2\n', c: 'd e', f: "it's" },
    },
  ]
  for (const { name, texts, sets = [], want } of rows) {
    test(name, async () => assert.deepEqual(await documentOf(texts, { sets }), want))
  }
})

const base = `
receivers: {otlp: {protocols: {grpc: , http: {endpoint: "0.0.0.0:4318"}}}}
exporters: {debug: , otlphttp: {endpoint: "http://x:1"}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [debug, otlphttp]}}}
`

async function configOf(
  section: 'receivers' | 'processors' | 'exporters',
  id: string,
  given: Given = {},
) {
  const { service, problems } = await load(base, given)
  assert.deepEqual(problems, [])
  return service?.[section].get(id)?.config
}

suite('an option with nothing behind it', () => {
  test('has its defaults if it is a map', async () => {
    assert.deepEqual(await configOf('receivers', 'otlp'), {
      protocols: {
        grpc: { endpoint: 'localhost:4317', max_size: 4 * 1024 * 1024 },
        http: { endpoint: '0.0.0.0:4318', max_size: 4 * 1024 * 1024 },
      },
    })
  })

  test('has its defaults if it is a component or a scalar', async () => {
    const sets = ['processors.batch=', 'exporters.debug.verbosity=']
    assert.deepEqual(await configOf('processors', 'batch', { sets }), {
      timeout: 200,
      send_batch_size: 8192,
    })
    assert.deepEqual(await configOf('exporters', 'debug', { sets }), { verbosity: 'basic' })
  })
})

suite('a variable', () => {
  test('that is a number is a text where the option wants one', async () => {
    const sets = [
      'exporters.otlphttp.headers={a: "${env:N}", b: "${env:B}", c: "${env:UNSET}"}',
      'exporters.otlphttp.token=${env:N}',
    ]
    const { headers, token } = (await configOf('exporters', 'otlphttp', {
      sets,
      env: { N: '0123', B: 'true' },
    })) as { headers: Record<string, Secret>; token: Secret }
    const revealed = Object.entries(headers).map(([key, value]) => [key, value.reveal()])
    assert.deepEqual(revealed, [
      ['a', '0123'],
      ['b', 'true'],
      ['c', ''],
    ])
    assert.equal(token.reveal(), '0123')
  })

  test('is the number, truth or list that it holds where the option wants that', async () => {
    const sets = ['processors.batch.send_batch_size=${env:N}', 'exporters.otlphttp.insecure=${YES}']
    const given = { sets, env: { N: '512', YES: 'true' } }
    assert.equal(
      ((await configOf('processors', 'batch', given)) as Record<string, unknown>)[
        'send_batch_size'
      ],
      512,
    )
    assert.equal(
      ((await configOf('exporters', 'otlphttp', given)) as Record<string, unknown>)['insecure'],
      true,
    )
  })
})

test('headers may be a list of names and values, as in the collector', async () => {
  const sets = ['exporters.otlphttp.headers=[{name: a, value: b}]']
  const { headers } = (await configOf('exporters', 'otlphttp', { sets })) as {
    headers: Record<string, Secret>
  }
  assert.equal(headers['a']?.reveal(), 'b')
  assert.equal(`${headers['a']}`, '[redacted]')
})

suite('service.telemetry.metrics', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['', 'localhost:8888'],
    ['{level: detailed}', 'localhost:8888'],
    ['{level: None}', undefined],
    ['{address: ":9999"}', ':9999'],
    ['{readers: []}', undefined],
    ['{readers: [{pull: {exporter: {prometheus: }}}]}', 'localhost:8888'],
    ['{readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 1}}}}]}', '0.0.0.0:1'],
    ['{readers: [{pull: {exporter: {prometheus: {host: "::1"}}}}]}', '[::1]:8888'],
  ]
  test('may have names with type and unit', async () => {
    const prometheus = '{without_type_suffix: false, without_units: false}'
    const sets = [
      `service.telemetry.metrics={readers: [{pull: {exporter: {prometheus: ${prometheus}}}}]}`,
    ]
    const { service } = await load(base, { sets })
    assert.deepEqual(service?.telemetry.metrics.suffixes, { type: true, unit: true })
  })

  for (const [metrics, want] of rows) {
    test(`${metrics || 'nothing'} is served on ${want}`, async () => {
      const { service, problems } = await load(base, {
        sets: [`service.telemetry.metrics=${metrics}`],
      })
      assert.deepEqual(problems, [])
      assert.equal(service?.telemetry.metrics.endpoint, want)
    })
  }
})

test('an address of /metrics that nobody can listen on is a problem', async () => {
  const noAddress = 'must be "host:port", or ":port" for all addresses'
  const noPort = 'the port must be from 0 to 65535'
  for (const address of ['nowhere', 'a:b', 'localhost:99999', 'http://a:1', 'unix:///a']) {
    const { problems } = await load(base, {
      sets: [`service.telemetry.metrics.address=${address}`],
    })
    assert.deepEqual(
      problems.map(({ message }) => message),
      [address.endsWith('99999') ? noPort : noAddress],
    )
  }
})

test('the service section is typed', async () => {
  const sets = [
    'service.shutdown_timeout=1m',
    'service.telemetry.logs.level=WARN',
    'service.telemetry.resource={service.instance.id: 5, gone: }',
  ]
  const { service, problems } = await load(base, { sets })
  assert.deepEqual(problems, [])
  assert.equal(service?.shutdownTimeoutMs, 60_000)
  assert.equal(service?.telemetry.logs.level, 'warn')
  assert.deepEqual(service?.telemetry.resource, { 'service.instance.id': '5' })
  assert.deepEqual(service?.pipelines, [
    {
      name: 'logs',
      signal: 'logs',
      receivers: ['otlp'],
      processors: [],
      exporters: ['debug', 'otlphttp'],
    },
  ])
})

suite('a bomb is refused within a second:', () => {
  const lists = (levels: number, width: number): string =>
    Array.from({ length: levels }, (_, level) => {
      const item = level === 0 ? 'x' : `*l${level - 1}`
      return `l${level}: &l${level} [${Array(width).fill(item).join(', ')}]`
    }).join('\n')
  const keys = (count: number, prefix: string): string =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}: 1`).join(', ')
  const rows: readonly { name: string; yaml: string; want: RegExp }[] = [
    { name: 'a billion laughs', yaml: lists(10, 10), want: /aliases unfold to more than/ },
    { name: '50 kB of aliases', yaml: lists(40, 300), want: /aliases unfold to more than/ },
    {
      name: '50 kB of merge keys',
      yaml: `a: &a {${keys(1500, 'k')}}\nb: {${'<<: *a, '.repeat(3500)}}`,
      want: /aliases unfold to more than/,
    },
    {
      name: 'one merge key with a long list',
      yaml: `a: &a {${keys(1500, 'k')}}\nb: {<<: [${'*a, '.repeat(8000)}]}`,
      want: /aliases unfold to more than/,
    },
    ...[
      ['lists in lists', `a: ${'['.repeat(1_000_000)}`],
      ['closed lists in lists', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`],
      ['maps in maps', `a: ${'{a: '.repeat(1_000_000)}`],
      ['items in items', `a:\n  ${'- '.repeat(10_000)}1`],
      [
        'deep indentation',
        Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      ],
      ['one level too many', `${'{a: '.repeat(102)}1${'}'.repeat(102)}`],
      [
        'aliases in aliases',
        Array.from({ length: 102 }, (_, at) => `l${at}: &l${at} {a: *l${at - 1}}`)
          .join('\n')
          .replace('*l-1', '1'),
      ],
    ].map(([name = '', yaml = '']) => ({
      name,
      yaml,
      want: /^(YAML: |is )nested too deep; the limit is 100 levels$/m,
    })),
    { name: 'quotes', yaml: '"'.repeat(50_000), want: /./ },
    {
      name: '6,000 unknown sections',
      yaml: `${keys(6000, 'k').replaceAll(', ', '\n')}\n`,
      want: /unknown/,
    },
    {
      name: '3,000 sections with ::',
      yaml: Array.from({ length: 3000 }, (_, index) => `a::b${index}: 1`).join('\n'),
      want: /unknown/,
    },
  ]
  for (const { name, yaml, want } of rows) {
    test(name, async () => {
      // Not the time of the clock: the machine may have others to serve.
      const before = process.cpuUsage()
      const { problems } = await load(yaml)
      const { user, system } = process.cpuUsage(before)
      const tookMs = (user + system) / 1000
      assert.match(problems.map(({ message }) => message).join('\n'), want)
      assert.ok(tookMs < 1000, `took ${tookMs} ms`)
    })
  }

  test('--set nests no deeper than a file', async () => {
    const { problems } = await load(base, { sets: [`${'a.'.repeat(200)}a=1`] })
    assert.match(problems[0]?.message ?? '', /^is nested too deep; the limit is 100 levels$/)
  })

  test('what is nested deeply but aliased stays as small as it is written', async () => {
    const { document } = await load(lists(4, 10))
    assert.equal(document?.size, 1 + 11 + 111 + 1111 + 11111)
  })
})

test('aliases in a configuration cannot change one another', async () => {
  const { document } = await load(['x: &x {a: {b: 1}}\ny: *x', 'y: {a: {b: 2}}'])
  assert.ok(document)
  assert.deepEqual(toPlain(document), { x: { a: { b: 1 } }, y: { a: { b: 2 } } })
})

test('a Secret of the configuration never prints', async () => {
  const sets = ['exporters.otlphttp.token=canary']
  const { service } = await load(base, { sets })
  assert.ok(service?.exporters.get('otlphttp'))
  assert.ok(!JSON.stringify([...(service?.exporters ?? [])]).includes('canary'))
  assert.equal(new Secret('canary').toString(), '[redacted]')
})
