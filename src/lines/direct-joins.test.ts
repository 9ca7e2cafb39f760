import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { RecordingLogger, RecordingMeter } from '../../test/support/settings.ts'
import { takesShortWay } from '../../test/support/short-way.ts'
import { sorted } from '../../test/support/sorted.ts'
import type { Chain } from '../operators/chain.ts'
import { compileOperators } from '../operators/compile.ts'
import { operators } from '../operators/schema.ts'
import { Preset, type PresetName } from '../presets/preset.ts'
import type { TailedFile } from '../tail/tailed-file.ts'
import { LogWriter } from '../wire/otlp/log-writer.ts'
import { toJson } from '../wire/otlp/to-json.ts'
import { OperatorTarget } from './operator-target.ts'

/*
 * `container` and `recombine` on the short way, bytes to bytes, must give the records of the long way (through an Entry),
 * whatever lines come, in blocks of several files in turn.
 */
const container = { type: 'container', add_metadata_from_filepath: false }
const first = { type: 'recombine', combine_field: 'body', is_first_entry: 'body matches "^\\\\d"' }
const parser = {
  type: 'regex_parser',
  regex: '^(?P<n>\\d+) (?P<level>\\w+)(?: (?P<at>\\d+))?$',
  severity: { parse_from: 'attributes.level' },
}
const times = {
  type: 'time_parser',
  parse_from: 'attributes.at',
  layout_type: 'epoch',
  layout: 's',
}

const at = '2026-01-02T03:04:05.678901234Z'
const docker = (log: string, stream = 'stdout', time = at): string =>
  JSON.stringify({ log, stream, time })

interface Row {
  readonly name: string
  readonly ops: readonly object[]
  /** Lines that the short way takes, each by itself. */
  readonly short: readonly string[]
  readonly long: readonly string[]
}

const rows: readonly Row[] = [
  {
    name: 'container',
    ops: [container],
    short: [
      `${at} stdout F text`,
      `${at} stderr F  two blanks`,
      `${at} stdout F `,
      `${at} stdout F`,
      `${at} stdout P part`,
      `${at} stdout P:x part`,
      `${at} stdout  no tag`,
      `${at} stdout F:mine text`,
      `${at} stdout Px text €`,
      '2026-01-02T03:04:05+01:00 stdout F x',
      '2026-01-02T03:04:60.5-07:30 stdout F x',
      docker('text\n'),
      docker('text\r\n'),
      docker('no newline'),
      docker('x'.repeat(16_000)),
      docker('€'.repeat(6000)),
      docker(''),
      docker('\n'),
      docker('"quoted" \\ / \t\b\f\r é\n'),
      `{"log":"\\u003ca\\u003e \\u00e4\\u20ac \\ud83d\\ude00\\n","stream":"stdout","time":"${at}"}`,
      `{ "time" : "${at}" , "stream":"mine","log":"\\/"} `,
    ],
    long: [
      '',
      'no line of a container',
      at,
      `${at} stdout`,
      `${at} stdin F text`,
      `${at} stdout ${'x'.repeat(65)} text`,
      '2026-01-02T03:04:05 stdout F without a zone',
      '2026-01-02 03:04:05Z stdout F x',
      '2026-01-02T03:04:05,5Z stdout F a comma',
      '2026-01-02T24:00:00Z stdout F x',
      '2026-02-30T03:04:05Z stdout F x',
      '2026-01-02T03:04:05.Z stdout F x',
      '2026-01-02T03:04:05+1:00 stdout F x',
      docker('text\n', 'stdout', 'yesterday'),
      `{"log":"x\\n","stream":"stdout","time":"${at}","attrs":{"a":"b"}}`,
      `{"log":"x\\n","time":"${at}"}`,
      `{"log":"x\\n","log":"y\\n","stream":"stdout","time":"${at}"}`,
      `{"log":"x"n","stream":"stdout","time":"${at}"}`,
      `{"log":"\\ud83d","stream":"stdout","time":"${at}"}`,
      `{"log":"\\x","stream":"stdout","time":"${at}"}`,
      `{"log":"tab\there","stream":"stdout","time":"${at}"}`,
      `{"log":1,"stream":"stdout","time":"${at}"}`,
      '{}',
      '{"log":"x',
      '{"log":"\\',
      '{"log"',
      '{',
    ],
  },
  {
    name: 'container of docker alone',
    ops: [{ ...container, format: 'docker' }],
    short: [docker('text\n')],
    long: [`${at} stdout F text`],
  },
  {
    name: 'container of containerd alone',
    ops: [{ ...container, format: 'containerd' }],
    short: [`${at} stdout F {"a":1}`],
    long: [docker('text\n')],
  },
  {
    name: 'container with a parser behind it',
    ops: [container, { type: 'json_parser' }],
    short: [`${at} stdout F {"a":1}`, docker('{"a":"b"}\n')],
    long: [`${at} stdout F no JSON`, `${at} stdout F {"logtag":1}`],
  },
  {
    name: 'container with a parser that reads a time',
    ops: [container, parser, times],
    short: [`${at} stdout F 1 warn 1700000000`, docker('1 warn 1700000000')],
    long: [`${at} stdout F 1 warn`, `${at} stdout F x`],
  },
]

suite('container on the short way gives the record of the long one:', () => {
  for (const { name, ops, short, long } of rows) {
    test(name, () => {
      for (const line of short) assert.equal(compareOne(ops, line), 'short', line.slice(0, 200))
      for (const line of long) assert.equal(compareOne(ops, line), 'long', line.slice(0, 200))
    })
  }

  test('with the resource that the path tells', () => {
    const ops = [{ type: 'container' }]
    for (const path of ['/var/log/pods/shop_cart-5d_0c6c-1/app/3.log', '/var/log/other.log']) {
      const lines = [`${at} stdout F a`, 'x', `${at} stdout P b`, `${at} stdout F c`, docker('d\n')]
      compareBlocks(ops, [{ path, lines }], {})
    }
  })

  test('with an attribute of the file that it writes', () => {
    compareBlocks([container], [{ path: 'a', lines: [`${at} stdout F a`] }], {
      'log.iostream': 'mine',
    })
  })
})

const operatorsOfRuns: readonly (readonly object[])[] = [
  [container],
  [container, { type: 'json_parser', if: 'body startsWith "{"' }],
  [container, parser],
  [first],
  [{ ...first, combine_with: ' € ', overwrite_with: 'newest' }],
  [{ ...first, is_first_entry: 'body not matches "^ "' }],
  [{ ...first, is_first_entry: 'body startsWith "1"' }],
  [{ ...first, is_first_entry: 'len(body) > 3' }],
  [
    {
      ...first,
      is_first_entry: 'body matches "^\\\\d" and attributes["log.file.name"] == "a.log"',
    },
  ],
  [{ ...first, is_first_entry: 'len(body) > 3 ? 1 : false' }],
  [{ ...first, is_first_entry: undefined, is_last_entry: 'body matches ";$"' }],
  [{ ...first, max_batch_size: 3, max_unmatched_batch_size: 2 }],
  [{ ...first, max_log_size: 12, max_sources: 1 }],
  [{ ...first, source_identifier: 'attributes.app' }],
  [{ ...first, source_identifier: 'attributes["log.file.name"]' }],
  [{ ...first, combine_field: 'attributes.app' }],
  [first, parser],
  [first, { type: 'json_parser' }],
  [first, { type: 'add', field: 'attributes.x', value: 'y' }],
  [{ ...first, source_identifier: 'body' }],
]

/** What programs write; behind `container` each line of them stands in one of a runtime, or in several. */
const texts = [
  '1 warn',
  '2 x 1700000000',
  ' at x',
  '',
  '{"a":1,"level":"warn","time":"2026-01-02T03:04:09Z"}',
  '{"a":1,"logtag":"x"}',
  '{"log":{"level":"warn","x":{"level":"info"}},"y":{"level":"error"},"trace":{"id":"0af7651916cd43dd8448eb211c80319c"}}',
  '{"log":{"level":"a\\nb"},"trace":{"id":null}}',
  '2026-01-02 03:04:05,678 [main] INFO  com.acme.Shop - order € placed',
  'java.lang.IllegalStateException: no stock',
  '\tat com.acme.Shop.take(Shop.java:12)',
  'Caused by: java.io.IOException: x',
  'I0102 03:04:05.678901    4711 kubelet.go:2421] "Pod" pod="a/b"',
  '203.0.113.1 - - [02/Jan/2026:03:04:05 +0100] "GET /a?b HTTP/1.1" 200 12 "-" "me"',
  'level=info msg=hi',
]
const operatorsOfContainers: readonly (readonly object[])[] = [
  [container],
  [{ ...container, max_log_size: 12 }],
  [container, { type: 'json_parser' }],
  [container, parser, times],
  [container, first],
  [container, { ...first, overwrite_with: 'newest', combine_with: ' € ' }],
  [container, { ...first, max_batch_size: 3, max_log_size: 40 }],
  [container, { ...first, source_identifier: 'attributes["log.iostream"]' }],
  [container, { ...first, source_identifier: 'attributes["log.file.name"]' }],
  [{ ...container, max_log_size: 12 }, first, parser],
  [container, first, { type: 'json_parser' }],
  [container, first, { type: 'recombine', combine_field: 'body', is_last_entry: 'len(body) > 9' }],
  [first, container],
  [{ preset: 'json' }, container],
  [{ preset: 'json', body: 'message' }, container],
  [{ preset: 'nginx_access' }, container],
  [{ preset: 'logfmt' }, { ...container, max_log_size: 12 }],
  [{ preset: 'log4j' }, container],
  [{ preset: 'log4j', body: 'message', max_log_size: 60 }, container],
  [{ preset: 'java_stack' }, container],
  [{ preset: 'klog' }, container],
  [{ preset: 'auto' }, container],
  [{ preset: 'auto' }, container, { type: 'add', field: 'attributes.x', value: 'y' }],
]

suite('any lines, in blocks of several files, give the same records and hold the same:', () => {
  for (const ops of operatorsOfRuns) {
    test(JSON.stringify(ops).slice(0, 120), () => {
      const line = fc.oneof(
        fc.constantFrom('1 warn', '12 info', '2 x 1700000000', ' at x', '\tat y€', 'z;', '{"a":1}'),
        fc.constantFrom('stdout', 'stderr').chain((stream) =>
          fc.oneof(
            fc
              .constantFrom('F', 'P', '', 'P:a', 'F:b')
              .map((tag) => `${at} ${stream} ${tag} 1 warn`),
            fc
              .constantFrom('1 warn\n', 'a"b\n', 'x'.repeat(16_500))
              .map((log) => docker(log, stream)),
          ),
        ),
        fc.string(),
      )
      const block = fc.record({
        path: fc.constantFrom('a', 'b', 'c'),
        lines: fc.array(line, { maxLength: 12 }),
      })
      fc.assert(
        fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
          compareBlocks(ops, blocks, {})
        }),
        { numRuns: 60 },
      )
    })
  }

  for (const ops of operatorsOfContainers) {
    test(`of containers, ${JSON.stringify(ops).slice(0, 120)}`, () => {
      const one = fc
        .tuple(
          fc.constantFrom('stdout', 'stderr'),
          fc.oneof(
            { weight: 9, arbitrary: fc.constantFrom(...texts) },
            { weight: 1, arbitrary: fc.string() },
          ),
          fc.oneof(
            { weight: 6, arbitrary: fc.constantFrom('F') },
            { weight: 2, arbitrary: fc.constantFrom('P', 'docker') },
            { weight: 1, arbitrary: fc.constantFrom('', 'F:b', 'none') },
          ),
          fc.integer({ min: 0, max: 59 }),
        )
        .map(([stream, text, tag, second]) => {
          const time = `2026-01-02T03:04:${String(second).padStart(2, '0')}.5Z`
          if (tag === 'none') return text
          return tag === 'docker'
            ? docker(`${text}\n`, stream, time)
            : `${time} ${stream} ${tag} ${text}`
        })
      // Now and then as many lines of a kind as make `auto` sure.
      const many = fc
        .tuple(fc.constantFrom(...texts), fc.integer({ min: 15, max: 60 }))
        .map(([text, count]) => Array.from({ length: count }, () => `${at} stdout F ${text}`))
      const block = fc.record({
        path: fc.constantFrom('a', 'b'),
        lines: fc
          .array(
            fc.oneof(
              { weight: 12, arbitrary: one.map((line) => [line]) },
              { weight: 1, arbitrary: many },
            ),
            { maxLength: 16 },
          )
          .map((groups) => groups.flat()),
      })
      fc.assert(
        fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
          compareBlocks(ops, blocks, {})
        }),
        { numRuns: 40 },
      )
    })
  }

  for (const ops of [[container], [first], [container, first], [{ preset: 'log4j' }, container]]) {
    test(`what hundreds of files leave unfinished is bounded, ${JSON.stringify(ops)}`, () => {
      const text = 'x'.repeat(200_000)
      const tag = ops.length === 1 ? 'P' : 'F'
      const line = ops[0] === first ? text : `${at} stdout ${tag} ${text}`
      const { chain } = compileFor(ops)
      const target = targetOf(chain)
      let givenUp = 0
      for (let index = 0; index < 400; index++) {
        target.begin(fileOf(`file-${index}`, {}), 0)
        const bytes = Buffer.from(line)
        target.line(bytes, 0, bytes.length, 0)
        target.end()
        givenUp += target.finish()?.itemCount ?? 0
        const held = [...chain.held()].length
        assert.equal(held + givenUp, index + 1)
        assert.ok(held * text.length <= 32 * 1024 * 1024, `${held} are held`)
      }
    })
  }

  test('a value that nests too deep costs no line of its record', () => {
    const depth = 20_000
    const deep = `{"a":${'['.repeat(depth)}1e5${']'.repeat(depth)}`
    const starts = { ...first, is_first_entry: 'body startsWith "{"' }
    for (const isShort of [true, false]) {
      const block = { path: 'a', lines: [deep, ' }', '{"b":2}'] }
      const seen = JSON.stringify(records([starts, { type: 'json_parser' }], [block], {}, isShort))
      assert.match(seen, /1e5\]+\\n \}/)
      assert.match(seen, /nests too deep/)
    }
  })
})

interface Block {
  readonly path: string
  readonly lines: readonly string[]
}

function compareOne(ops: readonly object[], line: string): 'short' | 'long' {
  compareBlocks(ops, [{ path: 'a', lines: [line] }], {})
  return takesShortWay(compileFor(ops).chain, line) ? 'short' : 'long'
}

function compareBlocks(
  ops: readonly object[],
  blocks: readonly Block[],
  attributes: Readonly<Record<string, string>>,
): void {
  assert.deepEqual(records(ops, blocks, attributes, true), records(ops, blocks, attributes, false))
}

/** Operators, in front of which `{ preset }` may stand. */
function compileFor(all: readonly object[]) {
  const [{ preset, body = 'record', max_log_size: maxBytes = 1024 * 1024 }, ops] = settingsOf(all)
  const meter = new RecordingMeter()
  const logger = new RecordingLogger()
  const clock = new FakeClock()
  const leading =
    preset && new Preset({ preset, location: 'UTC', body }, clock, logger).lineSteps(maxBytes)
  const chain = compileOperators(v.parse(operators, ops), meter, logger, clock, () => {}, leading)
  return { chain, meter, logger }
}

interface PresetOptions {
  readonly preset?: PresetName
  readonly body?: 'record' | 'message'
  readonly max_log_size?: number
}

function settingsOf(all: readonly object[]): [PresetOptions, readonly object[]] {
  const [front, ...others] = all
  return front !== undefined && 'preset' in front ? [front as PresetOptions, others] : [{}, all]
}

/** What comes of the blocks, what is held behind each of them, and what was counted. */
function records(
  ops: readonly object[],
  blocks: readonly Block[],
  attributes: Readonly<Record<string, string>>,
  isShort: boolean,
): unknown[] {
  const { chain, meter, logger } = compileFor(ops)
  if (!isShort) Object.defineProperty(chain, 'direct', { value: undefined })
  const target = targetOf(chain)
  const files = new Map(['a', 'b', 'c'].map((name) => [name, fileOf(name, attributes)]))
  const seen: unknown[] = []
  const take = (blocksOf: readonly TailedFile[]): void => {
    const bytes = target.finish()?.bytes() ?? new Uint8Array(0)
    const held = target.progress(blocksOf).map((place) => `${place.file.path} ${place.offset}`)
    seen.push(sorted(JSON.parse(toJson('logs', bytes))), held.toSorted())
  }
  for (const [index, { path, lines }] of blocks.entries()) {
    const file = (files.get(path) ?? fileOf(path, attributes)) as TailedFile & { offset: number }
    target.begin(file, 300 * index)
    for (const line of lines) {
      const bytes = Buffer.from(`{${line}"`)
      target.line(bytes, 1, bytes.length - 1, 0)
    }
    target.end()
    file.offset += 100
    take([file])
  }
  target.flush(300 * blocks.length, false)
  take([])
  target.flush(300 * blocks.length, true)
  take([])
  seen.push([...meter.counters].map(([key, cell]) => [key, (cell as { total: number }).total]))
  seen.push(logger.entries)
  return seen
}

function targetOf(chain: Chain): OperatorTarget {
  return new OperatorTarget(new LogWriter(64), chain, {
    resource: { r: 1 } as never,
    includeRecordNumber: false,
    includeRecordOffset: false,
  })
}

function fileOf(path: string, more: Readonly<Record<string, string>>): TailedFile {
  const values = { 'log.file.name': `${path}.log`, app: 'one', ...more }
  return { path, offset: 0, generation: 1, attributes: { values } } as never
}
