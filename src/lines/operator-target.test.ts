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
import type { TailedFile } from '../tail/tailed-file.ts'
import { LogWriter } from '../wire/otlp/log-writer.ts'
import { toJson } from '../wire/otlp/to-json.ts'
import { OperatorTarget } from './operator-target.ts'

/*
 * The short way of a parser (bytes to bytes) and the long one (through an Entry) must give the same records. Each row
 * says for each line whether the short way takes it.
 */
const pattern =
  '^(?P<ip>[0-9.]+) (?P<user>\\S+) (?P<status>\\d{3}|-)(?: (?P<level>\\w+))?(?:"(?P<agent>[^"]*)")?$'
const levelAndTime = {
  severity: { parse_from: 'attributes.level' },
  timestamp: { parse_from: 'attributes.t', layout_type: 'epoch', layout: 's' },
}

interface Row {
  readonly name: string
  readonly ops: readonly object[]
  readonly short: readonly string[]
  readonly long: readonly string[]
}

const rows: readonly Row[] = [
  {
    name: 'json_parser',
    ops: [{ type: 'json_parser' }],
    short: [
      '{}',
      ' { } ',
      '{"a":"x","b":1,"c":-1,"d":1.5,"e":true,"f":false,"g":null}',
      '{"e":1e3,"f":1E-3,"g":-0,"h":0,"i":1.0,"j":-2.50e+2}',
      '{"a":268435455,"b":268435456,"c":4294967296,"d":-4294967297,"e":999999999999999}',
      '{"a":9007199254740993,"b":-9223372036854775808,"c":9223372036854775807,"d":9223372036854775808}',
      '{"a":{},"b":[],"c":{"d":{"e":[1,[2,{"f":"x"}],"y"]}},"g":1}',
      `{"long":{"a":"${'x'.repeat(200)}","b":["${'y'.repeat(200)}"]},"z":"${'z'.repeat(300)}"}`,
      '{"é":"€","":"empty","a b":"\\"quoted\\" \\\\ \\/ \\n\\t\\r\\b\\f"}',
      '{"a":{"a":1},"b":{"a":{"a":2}}}',
      '{"b":1,"a":2}',
      '{"a":1,"b":2,"c":3}',
      '{"a":"\\u00e4\\u0041\\u20AC \\ud83d\\ude00\\n","b":"\\u0000"}',
    ],
    long: [
      '{"a":1,"a":2}',
      '{"\\u00e4":1}',
      '{"a":"\\ud83d"}',
      '{"a":"\\ude00\\ud83d"}',
      '{"a":"\\ud83d\\u0041"}',
      '{"a":"\\u00g0"}',
      '{"a":"\\u00"}',
      '{"__proto__":1,"__proto__":2}',
      '{"log.file.name":"mine"}',
      '{"a":1',
      '{"a":1}}',
      // Refused, as the collector does: no double holds it.
      '{"a":1e400}',
      '{"a":01}',
      '{"a":1.}',
      '{"a":.5}',
      '{"a":+1}',
      '{"a":tru}',
      '{"a":"\\x"}',
      '{"a" 1}',
      '{"a":1 "b":2}',
      '{"a":1,}',
      '{"a":"tab\there"}',
      '{"a":[1,]}',
      '{"a":1}x',
      '[1]',
      '"x"',
      'x',
      '{',
      '{"',
      '{"a',
      '{"a"',
      '{"a":',
      '{"a":"',
      '{"a":"x\\',
      '{"a":-',
      '{"a":{',
      `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`,
      `{"a":"${'x'.repeat(20_000)}"}`,
    ],
  },
  {
    name: 'json_parser with doubles',
    ops: [{ type: 'json_parser', parse_ints: false }],
    short: ['{"a":1,"b":[2,{"c":-3}],"d":12345678901234567890,"e":0.5}'],
    long: ['{"a":1,"a":2}'],
  },
  {
    name: 'json_parser with time and level',
    ops: [{ type: 'json_parser', ...levelAndTime }],
    short: ['{"level":"warn","t":1700000000}', '{"t":"1700000000.5","x":1,"level":"nonsense"}'],
    long: [
      '{"level":"warn"}',
      '{"level":"warn","t":null}',
      '{"level":{},"t":1}',
      '{"level":"warn","t":"x"}',
    ],
  },
  {
    name: 'json_parser with a time of more digits than a double holds',
    ops: [
      {
        type: 'json_parser',
        timestamp: { parse_from: 'attributes.t', layout_type: 'epoch', layout: 'ns' },
        severity: { parse_from: 'attributes.l', mapping: { error: 'x' } },
      },
    ],
    short: [
      '{"t":1767323045678901234,"l":1}',
      '{"l":1767323045678901234,"t":1767323045678901235}',
      '{"t":1767323045678901234.5,"l":12345678901234567890}',
    ],
    long: ['{"t":-1767323045678901234,"l":1}'],
  },
  {
    name: 'json_parser and parsers behind it',
    ops: [
      { type: 'json_parser' },
      { type: 'severity_parser', ...levelAndTime.severity },
      { type: 'time_parser', ...levelAndTime.timestamp },
    ],
    short: ['{"level":"warn","t":1700000000}'],
    long: ['{"level":"warn"}', 'no json'],
  },
  {
    name: 'regex_parser',
    ops: [{ type: 'regex_parser', regex: pattern }],
    short: [
      '10.0.0.1 me 200',
      '10.0.0.1 € - warn"an agent"',
      '1 x 404"€ agent"',
      `1 ${'x'.repeat(50_000)} 200`,
    ],
    long: ['', 'no', '10.0.0.1 me 20', '10.0.0.1 me 200 '],
  },
  {
    name: 'regex_parser with a level',
    ops: [{ type: 'regex_parser', regex: pattern, severity: levelAndTime.severity }],
    short: ['1 me 200 warn', '1 me 200'],
    long: ['no'],
  },
  {
    name: 'regex_parser with a group like an attribute of the file',
    ops: [{ type: 'regex_parser', regex: '^(?P<app>\\w+)$' }],
    short: [],
    long: ['x'],
  },
]

suite('the short way of a parser gives the record of the long one:', () => {
  for (const { name, ops, short, long } of rows) {
    test(name, () => {
      const both = new BothWays(ops)
      for (const line of short) assert.equal(both.compare(line), 'short', line.slice(0, 200))
      for (const line of long) assert.equal(both.compare(line), 'long', line.slice(0, 200))
    })
  }

  test('json_parser on any JSON, and on what is broken', () => {
    const both = new BothWays([{ type: 'json_parser' }])
    fc.assert(
      fc.property(fc.object(), fc.nat(), fc.boolean(), (value, at, cut) => {
        const line = JSON.stringify(value)
        both.compare(line)
        const place = at % line.length
        both.compare(cut ? line.slice(0, place) : `${line.slice(0, place)}${line.slice(place + 1)}`)
      }),
      { numRuns: 2000 },
    )
  })
})

const fileValues = { 'log.file.name': 'x.log', app: 'a' }
const fileKeys = Object.keys(fileValues)

class BothWays {
  readonly #writer = new LogWriter(64)
  readonly #short: OperatorTarget
  readonly #long: OperatorTarget
  readonly #chain: Chain
  readonly #file: TailedFile

  constructor(ops: readonly object[]) {
    const settings = { resource: {}, includeRecordNumber: false, includeRecordOffset: false }
    const compile = (): Chain =>
      compileOperators(
        v.parse(operators, ops),
        new RecordingMeter(),
        new RecordingLogger(),
        new FakeClock(),
        () => {},
      )
    this.#chain = compile()
    const plain = compile()
    Object.defineProperty(plain, 'direct', { value: undefined })
    this.#short = new OperatorTarget(this.#writer, this.#chain, settings)
    this.#long = new OperatorTarget(this.#writer, plain, settings)
    this.#file = { attributes: { values: fileValues } } as unknown as TailedFile
  }

  compare(line: string): 'short' | 'long' {
    const bytes = Buffer.from(`{${line}"`)
    const seen = run(this.#short, this.#file, bytes)
    const want = run(this.#long, this.#file, bytes)
    assert.deepEqual(seen, want, line.slice(0, 200))
    return takesShortWay(this.#chain, line, fileKeys) ? 'short' : 'long'
  }
}

function run(target: OperatorTarget, file: TailedFile, bytes: Buffer): unknown {
  target.begin(file, 1)
  target.line(bytes, 1, bytes.length - 1, 0)
  target.end()
  const request = JSON.parse(toJson('logs', target.finish()?.bytes() ?? new Uint8Array(0)))
  return sorted(request)
}
