import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createRegistry } from '../component/registry.ts'
import { otlpHttp } from '../exporters/otlp_http/definition.ts'
import { otlp } from '../receivers/otlp/definition.ts'
import { checkConfig } from './check-config.ts'

const registry = createRegistry([otlp, otlpHttp])

async function check(exporter: string): Promise<{ problems: string[]; warnings: string }> {
  const yaml = `
receivers: {otlp: {protocols: {grpc: {tls: {cert_file: ok.pem, key_file: ok.pem}}}}}
exporters:
  otlp_http: ${exporter}
  otlp_http/unused: {endpoint: "http://x", tls: {ca_file: unused.pem}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}}
`
  const readFile = (path: string): string => {
    if (path === 'c.yaml') return yaml
    if (path === 'ok.pem') return ''
    if (path === 'latin1.pem') throw new Error('it is not UTF-8 text', { cause: new TypeError() })
    throw new Error('no such file', { cause: Object.assign(new Error('x'), { code: 'ENOENT' }) })
  }
  const { problems, warningText } = await checkConfig(
    { config: ['c.yaml'], set: [] },
    { env: {}, readFile, loadRegistry: async () => registry },
  )
  return {
    problems: problems.map(({ place, path, message }) => {
      return `${place?.line}:${place?.column}: ${path.join('.')}: ${message}`
    }),
    warnings: warningText,
  }
}

suite('validation', () => {
  const rows: readonly { name: string; exporter: string; want: readonly string[] }[] = [
    {
      name: 'names certificates that are missing, with their place',
      exporter: '{endpoint: "https://x", tls: {ca_file: no.pem}}',
      want: ['4:53: exporters.otlp_http.tls.ca_file: cannot read "no.pem": no such file'],
    },
    {
      name: 'leaves to the start what is in them',
      exporter: '{endpoint: "https://x", tls: {ca_file: latin1.pem}}',
      want: [],
    },
    {
      name: 'reads an empty path as none',
      exporter: '{endpoint: "https://x", tls: {ca_file: ""}}',
      want: [],
    },
  ]
  for (const { name, exporter, want } of rows) {
    test(name, async () => assert.deepEqual((await check(exporter)).problems, want))
  }

  for (const endpoint of ['http://x/v1/logs', 'http://x/a/v1/traces/', 'http://x/v1/metrics?a=b']) {
    test(`warns of ${endpoint} as a base`, async () => {
      const { problems, warnings } = await check(`{endpoint: "${endpoint}"}`)
      assert.deepEqual(problems, [])
      assert.match(warnings, /otlp_http\.endpoint: warning: ends in \/v1\/\w+, .*logs_endpoint/)
    })
  }
})
