/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { toyRegistry } from '../../test/support/toy-registry.ts'
import { systemClock } from '../component/clock.ts'
import { cli } from './cli.ts'

const config = `
receivers: {otlp: {protocols: {grpc: }}}
processors: {batch: }
exporters:
  otlphttp/a:
    endpoint: \${env:EP:-http://x:1}
    token: &t canary-token
    headers: {authorization: Bearer canary-header, x-canary-name: "\${env:KEY}"}
  otlphttp/b:
    endpoint: http://canary:canary-password@x:2/a?token=canary-query
    token: *t
    headers: [{name: a, value: canary-listed}, {name: b, value: "canary-\${env:KEY}"}]
service:
  pipelines:
    logs: {receivers: [otlp], processors: [batch], exporters: [otlphttp/a, otlphttp/b]}
`

const files: Readonly<Record<string, string>> = {
  'ok.yaml': config,
  'dollar.yaml': config.replace(/http:.*canary-query/, () => 'unix:///$${1}-$$$$-$'),
  'bad.yaml': `${config}
exporters::debug: {verbosity: basik}
`,
  'leaky.yaml': `
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlphttp/1: {endpoint: nowhere, token: canary-1, headers: {a: canary-2}}
  otlphttp/2: {endpoint: "x:1", tokn: canary-3, token: [canary-4], headers: canary-5}
  otlphttp/3: {endpoint: "x:1", headers: {a: [canary-6]}, api_key: canary-7}
  otlphttp/4:
    endpoint: "x:1"
    token: |
      canary-8
      canary-9
    compression: nope
    headers: [{name: a, value: canary-10, valu: 1}]
  otlphttp/5: {endpoint: "\${env:KEY}", compression: "\${env:KEY}", token: {"\${env:KEY}": 1}}
  otlphttp/6: {endpoint: "x:1", headers: ["authorization: Bearer canary-11", {nam: a, value: canary-12}]}
  otlphttp/7:
    endpoint: "x:1"
    headers:
      - "authorization: Bearer canary-13"
  otlphttp/9: {endpoint: "http://canary:canary-15@x:1", headers: 1, tls: 1}
  otlphttp/8: ["token: canary-14"]
service: {pipelines: {logs: {receivers: [otlp], exporters: [otlphttp/1, otlphttp/2]}}}
`,
}

async function remora(...args: string[]) {
  let stdout = ''
  let stderr = ''
  const code = await cli(
    args,
    {
      env: { KEY: 'canary-env', OCTAL: '012' },
      stdout: (text) => {
        stdout += text
      },
      stderr: (text) => {
        stderr += text
      },
      readFile: (path) => {
        const text = files[path]
        if (text === undefined) throw new Error('no such file')
        return text
      },
      loadRegistry: async () => toyRegistry,
    },
    {
      clock: systemClock,
      onSignal: () => {},
      leaveSignals: () => {},
      onBug: () => {},
      exit: () => {},
    },
  )
  return { code, stdout, stderr }
}

test('nothing at all prints the help to stderr and is wrong usage', async () => {
  const { code, stdout, stderr } = await remora()
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^remora takes logs, metrics and traces in/)
})

test('--help is for people: short, at most 100 columns, with examples and exit codes', async () => {
  const { code, stdout } = await remora('--help')
  assert.equal(code, 0)
  const lines = stdout.split('\n')
  assert.ok(lines.length < 60)
  assert.deepEqual(
    lines.filter((line) => line.length > 100),
    [],
  )
  assert.match(stdout, /Examples/)
  assert.match(stdout, / 130 {2}A second SIGTERM/)
})

test('a wrong flag is wrong usage', async () => {
  assert.deepEqual(await remora('--confg', 'x'), {
    code: 2,
    stdout: '',
    stderr: 'remora: there is no flag --confg; did you mean "--config"?\nSee remora --help.\n',
  })
})

test('--version', async () => {
  const { code, stdout } = await remora('--version')
  assert.equal(code, 0)
  assert.match(stdout, /^remora \d+\.\d+\.\d+\n$/)
})

suite('validate', () => {
  test('says what would run', async () => {
    assert.deepEqual(await remora('validate', '--config', 'ok.yaml'), {
      code: 0,
      stdout: 'configuration is valid: 1 pipeline (logs), 1 receiver, 1 processor, 2 exporters\n',
      stderr: '',
    })
  })

  test('prints the problems and the warnings, and fails', async () => {
    const { code, stdout, stderr } = await remora('validate', '--config', 'bad.yaml')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /did you mean "basic"\?/)
    assert.match(stderr, /the configuration has a problem\n$/)
  })

  test('names a file that is missing', async () => {
    const { code, stderr } = await remora('validate', '--config', 'nope.yaml')
    assert.equal(code, 1)
    assert.match(stderr, /^cannot read "nope.yaml": no such file\n/)
  })

  test('shows no secret in any message or line', async () => {
    const { code, stderr } = await remora('validate', '--config', 'leaky.yaml')
    assert.equal(code, 1)
    assert.doesNotMatch(stderr, /canary/)
    assert.match(stderr, /headers: \[redacted\]/)
    assert.match(stderr, /otlphttp\/8: must be a map, not a list\n.*: \[redacted\]\n/)
  })
})

suite('print-config', () => {
  for (const format of ['yaml', 'json']) {
    test(`as ${format} shows every value but the secrets`, async () => {
      const { code, stdout } = await remora(
        'print-config',
        '--config',
        'ok.yaml',
        '--format',
        format,
      )
      assert.equal(code, 0)
      assert.ok(!stdout.includes('canary-') || !/canary-(?!name)/.test(stdout), stdout)
      const { exporters } = parse(stdout)
      assert.deepEqual(exporters['otlphttp/a'], {
        endpoint: 'http://x:1',
        token: '[redacted]',
        headers: { authorization: '[redacted]', 'x-canary-name': '[redacted]' },
      })
      assert.equal(exporters['otlphttp/b'].endpoint, 'http://[redacted]@x:2/a?[redacted]')
      assert.deepEqual(exporters['otlphttp/b'].headers, [
        { name: 'a', value: '[redacted]' },
        { name: 'b', value: '[redacted]' },
      ])
    })
  }

  test('--mode unredacted shows them', async () => {
    const { stdout } = await remora('print-config', '--config', 'ok.yaml', '--mode', 'unredacted')
    assert.equal(parse(stdout).exporters['otlphttp/b'].headers[1].value, 'canary-canary-env')
  })

  test('prints a configuration that means the same', async () => {
    const { stdout } = await remora('print-config', '--config', 'dollar.yaml')
    assert.equal(parse(stdout).exporters['otlphttp/b'].endpoint, 'unix:///$${1}-$$$-$')
  })

  test('prints the texts that options take, and what reads as a number in quotes', async () => {
    const headers = 'exporters.otlphttp/b.headers={a: "${env:OCTAL}", b: "0b1", c: "on"}'
    const args = ['print-config', '--config', 'ok.yaml', '--mode', 'unredacted', '--set', headers]
    const { stdout } = await remora(...args)
    assert.match(stdout, /a: "012"\n\s+b: "0b1"\n\s+c: on\n/)
  })

  test('of a wrong configuration prints the problems instead', async () => {
    const { code, stdout, stderr } = await remora('print-config', '--config', 'leaky.yaml')
    assert.deepEqual([code, stdout], [1, ''])
    assert.doesNotMatch(stderr, /canary/)
  })

  test('of a wrong configuration, unredacted, prints it beside the problems', async () => {
    const args = ['print-config', '--config', 'bad.yaml', '--mode', 'unredacted']
    const { code, stdout, stderr } = await remora(...args)
    assert.equal(code, 1)
    assert.match(stdout, /verbosity: basik/)
    assert.match(stderr, /did you mean "basic"/)
  })
})

suite('components', () => {
  test('is a table', async () => {
    const { stdout } = await remora('components')
    assert.equal(
      stdout,
      [
        'KIND       TYPE                  STABILITY                     WHAT IT DOES',
        'receiver   file_log (filelog)    logs beta                     Reads files.',
        'receiver   otlp                  logs, metrics, traces stable  Takes OTLP.',
        'processor  batch                 logs, metrics, traces stable  Joins small batches.',
        'exporter   debug                 logs, metrics, traces stable  Prints.',
        'exporter   otlp_http (otlphttp)  logs, traces stable           Sends OTLP.',
        'extension  file_storage          beta                          Keeps offsets.',
        '',
      ].join('\n'),
    )
  })

  test('is JSON', async () => {
    const { stdout } = await remora('components', '--format', 'json')
    const listed = JSON.parse(stdout) as { type: string; aliases: string[] }[]
    assert.deepEqual(
      listed.map(({ type }) => type),
      ['file_log', 'otlp', 'batch', 'debug', 'otlp_http', 'file_storage'],
    )
    assert.deepEqual(listed[0]?.aliases, ['filelog'])
  })
})

test('schema prints the JSON Schema', async () => {
  const { code, stdout } = await remora('schema')
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).title, 'remora configuration')
})
