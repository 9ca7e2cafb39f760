/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toyRegistry } from '../../test/support/toy-registry.ts'
import { checkConfig } from './check-config.ts'

const receivers = `
receivers:
  otlp: {protocols: {grpc: }}`
const exporters = `
exporters:
  debug:`
const service = `
service:
  pipelines:
    logs: {receivers: [otlp], exporters: [debug]}
`

interface Given {
  readonly files?: Readonly<Record<string, string>>
  readonly config?: readonly string[]
  readonly set?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

function check(yaml: string, { files = {}, config = ['c.yaml'], set = [], env = {} }: Given = {}) {
  const texts: Readonly<Record<string, string>> = { 'c.yaml': yaml, ...files }
  const readFile = (path: string): string => {
    const text = texts[path]
    if (text === undefined) throw new Error('no such file')
    return text
  }
  return checkConfig({ config, set }, { env, readFile, loadRegistry: async () => toyRegistry })
}

/** Only the first line of each problem. */
function headlines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !/^\s*\d* \|/.test(line))
}

interface Row extends Given {
  readonly name: string
  readonly yaml: string
  readonly want: readonly string[]
}

function testRows(rows: readonly Row[]): void {
  for (const { name, yaml, want, ...given } of rows) {
    test(name, async () => {
      const { problems, problemText } = await check(yaml, given)
      const got = headlines(problemText)
      assert.deepEqual(got.slice(0, problems.length), want)
    })
  }
}

suite('YAML that is refused', () => {
  testRows([
    {
      name: 'a tab as indentation',
      yaml: 'receivers:\n\totlp:\n',
      want: ['c.yaml:2:1: YAML: a tab indents this line; YAML allows only spaces'],
    },
    {
      name: 'two mistakes in one file and one in another',
      yaml: 'a: "x\nb: [1\n',
      files: { 'd.yaml': 'x: y: z\n' },
      config: ['c.yaml', 'd.yaml'],
      want: [
        'c.yaml:3:1: YAML: missing closing "quote',
        'd.yaml:1:4: YAML: a second ":" on the line; put the value in quotes, or the key on a line of its own',
      ],
    },
    {
      name: 'a key twice, in two maps',
      yaml: `${receivers}\nexporters:\n  debug: {verbosity: basic, verbosity: normal}\n  debug:${service}`,
      want: [
        'c.yaml:5:29: exporters.debug.verbosity: is written twice; first on line 5',
        'c.yaml:6:3: exporters.debug: is written twice; first on line 5',
      ],
    },
    {
      name: 'an alias without anchor',
      yaml: 'exporters: *x\n',
      want: [
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:1:12: exporters: alias "*x" has no anchor "&x" before it; put it in quotes if it is meant as a text',
      ],
    },
    {
      name: 'an alias to what it stands in',
      yaml: 'exporters: &x\n  a: *x\n',
      want: [
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:2:6: exporters.a: alias "*x" has no anchor "&x" before it; put it in quotes if it is meant as a text',
      ],
    },
    {
      name: 'keys that objects treat specially',
      yaml: 'exporters:\n  __proto__: {a: 1}\n  constructor: {}\n',
      want: [
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:2:3: exporters: "__proto__" cannot be used as a key',
        'c.yaml:3:3: exporters: "constructor" cannot be used as a key',
      ],
    },
    {
      name: 'a key that is a map',
      yaml: 'exporters:\n  ? {a: b}\n  : c\n',
      want: [
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:2:5: exporters: a key must be a text',
      ],
    },
    {
      name: 'a tag',
      yaml: 'exporters: !secret x\n',
      want: [
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:1:20: exporters: has the YAML tag "!secret", which means nothing here',
      ],
    },
    {
      name: 'a second document',
      yaml: 'a: 1\n---\nb: 2\n',
      want: ['c.yaml:2:1: YAML: a second document begins; one configuration is one document'],
    },
    {
      name: 'a list',
      yaml: '- a\n',
      want: ['c.yaml:1:1: the configuration must be a map of receivers, exporters, service, …'],
    },
    {
      name: 'a key that is written twice, and all that is wrong besides',
      yaml: `receivers:
  otlp: {protocols: {grpc: }, protocols: {grpc: {endpoint: [x]}}}
exporters:
  debug:
  debug: {verbosity: loud}
exporters:
  otlp_http: {endpoint: 5}
${service}`,
      want: [
        'c.yaml:2:31: receivers.otlp.protocols: is written twice; first on line 2',
        'c.yaml:2:60: receivers.otlp.protocols.grpc.endpoint: must be "host:port", or ":port" for all addresses',
        'c.yaml:5:3: exporters.debug: is written twice; first on line 4',
        'c.yaml:5:22: exporters.debug.verbosity: must be one of "basic", "normal", "detailed"',
        'c.yaml:6:1: exporters: is written twice; first on line 3',
        'c.yaml:7:25: exporters.otlp_http.endpoint: must be a URL',
      ],
    },
    {
      name: 'a merge of something that is no map',
      yaml: 'a: &a 5\nexporters:\n  <<: *a\n',
      want: [
        'c.yaml:1:1: a: unknown section; one of "receivers", "processors", "exporters", "extensions", "connectors", "service"',
        'c.yaml:1:1: service.pipelines: needs at least one pipeline',
        'c.yaml:1:7: exporters: only a map, or a list of maps, can be merged with "<<"',
      ],
    },
  ])
})

suite('a source that is refused', () => {
  testRows([
    {
      name: 'a missing file',
      yaml: '',
      config: ['nope.yaml'],
      want: ['cannot read "nope.yaml": no such file'],
    },
    {
      name: 'every source that cannot be read',
      yaml: '',
      config: ['nope.yaml', 'env:NOPE', 'https://x/y', 'file:nope2.yaml'],
      want: [
        'cannot read "nope.yaml": no such file',
        '--config env:NOPE: the environment variable is not set',
        '--config https:…: "https" is none of file, env and yaml',
        'cannot read "nope2.yaml": no such file',
      ],
    },
    {
      name: 'an empty file',
      yaml: '',
      want: ['c.yaml:1:1: the configuration is empty'],
    },
  ])
})

suite('components that are refused', () => {
  testRows([
    {
      name: 'an unknown type, in every section',
      yaml: `
receivers: {otpl: , kafka: }
processors: {bach/1: }
exporters: {batch: , "otlp http": , debug/: , logging/x: }
extensions: {file_storag: }
service: {pipelines: {logs: {receivers: [otpl], processors: [bach/1], exporters: [batch]}}}`,
      want: [
        'c.yaml:2:13: receivers.otpl: there is no receiver "otpl"; did you mean "otlp"?',
        `c.yaml:2:21: receivers.kafka: remora does not have the collector's receiver "kafka"; one of "otlp", "file_log", "filelog"`,
        'c.yaml:3:14: processors.bach/1: there is no processor "bach"; did you mean "batch"?',
        'c.yaml:4:13: exporters.batch: there is no exporter "batch"; it is a processor; put it under processors',
        'c.yaml:4:22: exporters.otlp http: "otlp http" must be a type, or type/name',
        'c.yaml:4:37: exporters.debug/: "debug/" needs a name without spaces behind the "/"',
        'c.yaml:4:47: exporters.logging/x: the collector has no exporter "logging" any more; its name is "debug" now',
        'c.yaml:5:14: extensions.file_storag: there is no extension "file_storag"; did you mean "file_storage"?',
      ],
    },
    {
      name: 'unknown and unsupported options, all of them',
      yaml: `
receivers:
  otlp:
    protocols:
      grpc: {endpont: x, read_buffer_size: 5, toString: 1}
      htttp:${exporters}${service}`,
      want: [
        'c.yaml:5:14: receivers.otlp.protocols.grpc.endpont: unknown option; did you mean "endpoint"?',
        'c.yaml:5:26: receivers.otlp.protocols.grpc.read_buffer_size: is an option of the collector that remora does not support',
        'c.yaml:5:47: receivers.otlp.protocols.grpc.toString: unknown option; one of "endpoint", "max_size"',
        'c.yaml:6:7: receivers.otlp.protocols.htttp: unknown option; did you mean "http"?',
      ],
    },
    {
      name: 'wrong types and values',
      yaml: `
receivers:
  otlp: {protocols: {grpc: {endpoint: nowhere, max_size: big}, http: yes}}
processors:
  batch: {timeout: 5, send_batch_size: 1.5}
  batch/2: {timeout: 5 s, send_batch_size: 0}
exporters:
  otlp_http:
    endpoint: [a]
    compression: gzipp
    insecure: "true"
    headers: {a: {b: c}}
    sending_queue: 100
  debug: basic
  otlp_http/2:
service: {pipelines: {logs: {receivers: [otlp], processors: [batch, batch/2], exporters: [otlp_http, debug]}}}`,
      want: [
        'c.yaml:3:39: receivers.otlp.protocols.grpc.endpoint: must be "host:port", or ":port" for all addresses',
        'c.yaml:3:58: receivers.otlp.protocols.grpc.max_size: must be a size such as "4MiB", "500kB" or a number of bytes',
        'c.yaml:3:70: receivers.otlp.protocols.http: must be a map, not a string',
        'c.yaml:5:20: processors.batch.timeout: must be a duration such as "200ms", "5s" or "1h30m"; a number needs its unit, e.g. 5s',
        'c.yaml:5:40: processors.batch.send_batch_size: must be a whole number of at least 1',
        'c.yaml:6:22: processors.batch/2.timeout: must be a duration such as "200ms", "5s" or "1h30m"',
        'c.yaml:6:44: processors.batch/2.send_batch_size: must be a whole number of at least 1',
        'c.yaml:9:15: exporters.otlp_http.endpoint: must be a URL',
        'c.yaml:10:18: exporters.otlp_http.compression: must be one of "gzip", "none", "zstd"; did you mean "gzip"?',
        'c.yaml:11:15: exporters.otlp_http.insecure: must be true or false, not a string',
        'c.yaml:12:15: exporters.otlp_http.headers.a: must be a string',
        'c.yaml:13:20: exporters.otlp_http.sending_queue: must be a map, not a number',
        'c.yaml:14:10: exporters.debug: must be a map, not a string',
        'c.yaml:15:3: exporters.otlp_http/2.endpoint: is required',
      ],
    },
    {
      name: 'a literal number or nothing where a string belongs',
      yaml: `
receivers: {file_log: {include: [5, true, ~, a], attributes: {a: }}}${exporters}
service: {pipelines: {logs: {receivers: [file_log], exporters: [debug]}}}`,
      want: [
        'c.yaml:2:34: receivers.file_log.include[0]: must be a string, not a number; put it in quotes',
        'c.yaml:2:37: receivers.file_log.include[1]: must be a string, not true or false; put it in quotes',
        'c.yaml:2:43: receivers.file_log.include[2]: must be a string, not empty',
        'c.yaml:2:63: receivers.file_log.attributes.a: must be a string',
      ],
    },
    {
      name: 'one alternative of several',
      yaml: `
receivers:
  file_log:
    include: []
    attributes: {n: 5, m: [x]}
    operators: [{type: json_parsr}, {type: regex_parser}, {type: json_parser, x: 1}, {}]${exporters}
service: {pipelines: {logs: {receivers: [file_log], exporters: [debug]}}}`,
      want: [
        'c.yaml:4:14: receivers.file_log.include: must not be empty',
        'c.yaml:5:27: receivers.file_log.attributes.m: must be a string',
        'c.yaml:6:24: receivers.file_log.operators[0].type: must be one of "json_parser", "regex_parser"; did you mean "json_parser"?',
        'c.yaml:6:37: receivers.file_log.operators[1].regex: is required',
        'c.yaml:6:79: receivers.file_log.operators[2].x: unknown option; one of "type", "parse_from"',
        'c.yaml:6:86: receivers.file_log.operators[3].type: is required',
      ],
    },
    {
      name: 'sections that are no maps or do not exist',
      yaml: `
receivers: [otlp]
exporter: {debug: }
connectors: {forward: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [debug, forward]}}}`,
      want: [
        'c.yaml:2:12: receivers: must be a map, one entry for each receiver',
        'c.yaml:3:1: exporter: unknown section; did you mean "exporters"?',
        'c.yaml:4:1: connectors: connectors are not supported yet',
        'c.yaml:5:42: service.pipelines.logs.receivers[0]: receiver "otlp" is not configured; add it under "receivers:"',
        'c.yaml:5:61: service.pipelines.logs.exporters[0]: exporter "debug" is not configured; add it under "exporters:"',
      ],
    },
  ])
})

suite('a service that is refused', () => {
  testRows([
    {
      name: 'no service at all',
      yaml: `${receivers}${exporters}\n`,
      want: ['c.yaml:2:1: service.pipelines: needs at least one pipeline'],
    },
    {
      name: 'signals that do not exist',
      yaml: `${receivers}${exporters}
service:
  pipelines:
    log: {receivers: [otlp], exporters: [debug]}
    profiles: {receivers: [otlp], exporters: [debug]}
    logs/: {receivers: [otlp], exporters: [debug]}
    traces: {receivers: [otlp], exporters: [debug]}`,
      want: [
        'c.yaml:8:5: service.pipelines.log: there is no signal "log"; did you mean "logs"?',
        'c.yaml:9:5: service.pipelines.profiles: profiles are not supported yet',
        'c.yaml:10:5: service.pipelines.logs/: needs a name behind the "/"',
      ],
    },
    {
      name: 'the graph, beside wrong options',
      yaml: `
receivers:
  otlp: {protocols: {gprc: }}
  filelog: {include: [a], storage: nowhere}
exporters:
  otlphttp: {endpoint: "x:1"}
extensions: {file_storage: {directory: /tmp}}
service:
  extensions: [file_storge]
  pipelines:
    metrics: {receivers: [otlp, filelog, otlp], processors: [batch], exporters: [otlphttp]}
    logs: {receivers: [], exporters: otlphttp}`,
      want: [
        'c.yaml:3:22: receivers.otlp.protocols.gprc: unknown option; did you mean "grpc"?',
        'c.yaml:4:36: receivers.filelog.storage: extension "nowhere" is not configured; one of "file_storage"',
        'c.yaml:9:16: service.extensions[0]: extension "file_storge" is not configured; did you mean "file_storage"?',
        'c.yaml:11:33: service.pipelines.metrics.receivers[1]: receiver "filelog" does not handle metrics; it handles logs',
        'c.yaml:11:42: service.pipelines.metrics.receivers[2]: receiver "otlp" is listed twice',
        'c.yaml:11:62: service.pipelines.metrics.processors[0]: processor "batch" is not configured; add it under "processors:"',
        'c.yaml:11:82: service.pipelines.metrics.exporters[0]: exporter "otlphttp" does not handle metrics; it handles logs, traces',
        'c.yaml:12:23: service.pipelines.logs.receivers: needs at least one receiver',
        'c.yaml:12:38: service.pipelines.logs.exporters: must be a list, not a string; put [ ] around it',
      ],
    },
    {
      name: 'telemetry',
      yaml: `${receivers}${exporters}
service:
  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}
  shutdown_timeout: 25
  telemetry:
    logs: {level: warning, processors: [], output_paths: [/var/log/x]}
    metrics: {level: nrmal, views: [], readers: [{periodic: {}}]}
    traces: {level: basic, processors: []}`,
      want: [
        'c.yaml:8:21: service.shutdown_timeout: must be a duration such as "200ms", "5s" or "1h30m"; a number needs its unit, e.g. 25s',
        'c.yaml:10:19: service.telemetry.logs.level: must be one of "debug", "info", "warn", "error"; did you mean "warn"?',
        'c.yaml:10:28: service.telemetry.logs.processors: is an option of the collector that remora does not support',
        'c.yaml:10:59: service.telemetry.logs.output_paths[0]: remora logs to stderr only',
        'c.yaml:11:22: service.telemetry.metrics.level: must be one of "none", "basic", "normal", "detailed"; did you mean "normal"?',
        'c.yaml:11:29: service.telemetry.metrics.views: is an option of the collector that remora does not support',
        'c.yaml:11:50: service.telemetry.metrics.readers[0].pull: is required',
        'c.yaml:11:51: service.telemetry.metrics.readers[0].periodic: is an option of the collector that remora does not support',
        'c.yaml:12:21: service.telemetry.traces.level: must be "none"',
        'c.yaml:12:28: service.telemetry.traces.processors: is an option of the collector that remora does not support',
      ],
    },
  ])
})

suite('the place of a problem', () => {
  testRows([
    {
      name: 'is that of the file that set the value last',
      yaml: `${receivers}${exporters}${service}`,
      files: { 'd.yaml': 'exporters:\n  debug:\n    verbosity: loud\n' },
      config: ['c.yaml', 'file:d.yaml'],
      want: [
        'd.yaml:3:16: exporters.debug.verbosity: must be one of "basic", "normal", "detailed"',
      ],
    },
    {
      name: 'is the --set, the yaml: and the env:',
      yaml: `${receivers}${exporters}${service}`,
      config: ['c.yaml', 'yaml:processors::batch::timeout: 5', 'env:MORE'],
      env: { MORE: 'exporters: {debug/2: {x: 1}}' },
      set: ['exporters.debug.verbosity=loud', 'exporters::debug::y=1'],
      want: [
        'yaml::1:29: processors.batch.timeout: must be a duration such as "200ms", "5s" or "1h30m"; a number needs its unit, e.g. 5s',
        'env:MORE:1:23: exporters.debug/2.x: unknown option; one of "verbosity"',
        '--set exporters.debug.verbosity:1:30: exporters.debug.verbosity: must be one of "basic", "normal", "detailed"',
        '--set exporters::debug::y:1:1: exporters.debug.y: unknown option; one of "verbosity"',
      ],
    },
    {
      name: 'is in the file that a reference brings in',
      yaml: `${receivers}\nexporters: \${file:e.yaml}${service}`,
      files: { 'e.yaml': 'debug:\n  verbosty: basic\n' },
      want: ['e.yaml:2:3: exporters.debug.verbosty: unknown option; did you mean "verbosity"?'],
    },
    {
      name: 'is the reference where a variable brings it in',
      yaml: `${receivers}\nexporters: \${env:E}${service}`,
      env: { E: '{debug: {verbosity: hunter2}}' },
      want: [
        'c.yaml:4:12: exporters.debug.verbosity: must be one of "basic", "normal", "detailed"',
      ],
    },
  ])
})

test('a problem shows its line with the mistake marked', async () => {
  const { problemText } = await check(
    `${receivers}\nexporters:\n  debug: {verbosity: basik}\n  otlp_http:\n    "endpoint": nope # x\n    sending_queue:\n      queue_sizes: 100\n${service}`,
  )
  assert.equal(
    problemText,
    [
      'c.yaml:5:22: exporters.debug.verbosity: must be one of "basic", "normal", "detailed"; did you mean "basic"?',
      '    5 |   debug: {verbosity: basik}',
      '      |                      ^^^^^',
      'c.yaml:7:17: exporters.otlp_http.endpoint: must be a URL',
      '    7 |     "endpoint": nope # x',
      '      |                 ^^^^',
      'c.yaml:9:7: exporters.otlp_http.sending_queue.queue_sizes: unknown option; did you mean "queue_size"?',
      '    9 |       queue_sizes: 100',
      '      |       ^^^^^^^^^^^',
      'the configuration has 3 problems',
      '',
    ].join('\n'),
  )
})

test('a long line is cut around the mistake', async () => {
  const padding = 'x'.repeat(400)
  const { problemText } = await check(
    `exporters: {debug: {a${padding}: 1, verbosity: 5, b${padding}: 1}}\n`,
  )
  const lines = problemText.split('\n')
  assert.ok(lines.every((line) => !line.includes('|') || line.length < 140))
  const marked = lines.find((line) => line.endsWith(' ^'))
  const shown = lines[lines.indexOf(marked ?? '') - 1]
  assert.equal(shown?.[(marked?.length ?? 0) - 1], '5')
})

suite('a warning', () => {
  const rows: readonly { name: string; yaml: string; want: readonly string[] }[] = [
    {
      name: 'names what no pipeline uses',
      yaml: `${receivers}\nprocessors: {batch: }\nextensions: {file_storage: {directory: /tmp}}${exporters}\n  debug/2:${service}`,
      want: [
        'c.yaml:4:14: processors.batch: warning: is configured, but no pipeline uses it',
        'c.yaml:5:14: extensions.file_storage: warning: is configured, but service.extensions does not name it',
        'c.yaml:8:3: exporters.debug/2: warning: is configured, but no pipeline uses it',
      ],
    },
    {
      name: 'names a variable that is not set',
      yaml: `${receivers}\nexporters: {debug: {verbosity: "\${env:LEVEL}"}}${service}`,
      want: [
        'c.yaml:4:32: exporters.debug.verbosity: warning: environment variable "LEVEL" is not set; the value is empty; ${env:LEVEL:-default} gives a default',
      ],
    },
    {
      name: 'names what has no effect',
      yaml: `${receivers}${exporters}${service}  telemetry: {logs: {encoding: console, sampling: {enabled: true}}}`,
      want: [
        'c.yaml:9:22: service.telemetry.logs.encoding: warning: has no effect: log lines are always JSON',
        'c.yaml:9:41: service.telemetry.logs.sampling: warning: has no effect in remora',
      ],
    },
  ]
  for (const { name, yaml, want } of rows) {
    test(name, async () => {
      const { plan, warningText, problemText } = await check(yaml)
      assert.equal(problemText, '')
      assert.ok(plan)
      assert.deepEqual(headlines(warningText), want)
    })
  }

  test('is not given for what only a slip keeps out of a pipeline', async () => {
    const { warningText } = await check(`${receivers}
processors: {batch: }
exporters: {debug: , debug/b: , debug/c: }
service: {pipelines: {log: {receivers: otlp, processors: [bacth], exporters: [debug, debug/b]}}}`)
    const want = 'c.yaml:5:33: exporters.debug/c: warning: is configured, but no pipeline uses it'
    assert.deepEqual(headlines(warningText), [want])
  })

  test('is not given where there are no pipelines at all', async () => {
    const { warningText, problemText } = await check(
      `${receivers}${exporters}\npipelines: {logs: {receivers: [otlp], exporters: [debug]}}`,
    )
    assert.equal(warningText, '')
    assert.match(problemText, /pipelines: unknown section; put it under service/)
  })
})
