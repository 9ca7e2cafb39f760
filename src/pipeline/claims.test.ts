import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { suite, test } from 'node:test'
import { configuredService, fakeExporter, fakeReceiver } from '../../test/support/service.ts'
import type { Claim } from '../component/claim.ts'
import { checkClaims } from './claims.ts'

const claims = (config: object): readonly Claim[] => (config as { claims: Claim[] }).claims
const receiver = fakeReceiver({ claims })
const exporter = fakeExporter({ claims })

/** `localhost:4317` or `out/a.json`. */
function claim(text: string): Claim {
  const [, host, port] = /^(.*):(\d+)$/.exec(text) ?? []
  if (host === undefined) return { kind: 'file', path: text, option: ['path'] }
  return { kind: 'address', host, port: Number(port), option: ['endpoint'] }
}

function problems(first: string, second: string, pipelines: Record<string, string>): string[] {
  const service = configuredService({
    receivers: { otlp: [receiver, { claims: [claim(first)] }] },
    exporters: { file: [exporter, { claims: [claim(second)] }] },
    pipelines,
    metricsEndpoint: 'localhost:8888',
  })
  return checkClaims(service).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

suite('what two components want for themselves', () => {
  const used = { logs: 'otlp | | file' }
  const port = 'exporters.file.endpoint: listens on port 1, and so does receiver "otlp"'
  const rows: readonly { first: string; second: string; want: string | undefined }[] = [
    { first: 'localhost:1', second: 'localhost:1', want: port },
    { first: 'localhost:1', second: 'localhost:2', want: undefined },
    { first: 'localhost:1', second: '127.0.0.1:1', want: port },
    { first: 'localhost:1', second: '::1:1', want: port },
    { first: '127.0.0.1:1', second: '::1:1', want: undefined },
    { first: '127.0.0.1:1', second: '127.0.0.2:1', want: undefined },
    { first: '0.0.0.0:1', second: '10.0.0.1:1', want: port },
    { first: '::1:1', second: '0.0.0.0:1', want: undefined },
    { first: ':1', second: '10.0.0.1:1', want: port },
    { first: '10.0.0.1:1', second: ':::1', want: port },
    {
      first: 'out/a',
      second: './out//a',
      want: 'exporters.file.path: writes to "./out//a", and so does receiver "otlp"',
    },
    {
      first: 'out/a',
      second: 'out/b/../a/',
      want: 'exporters.file.path: writes to "out/b/../a/", and so does receiver "otlp"',
    },
    {
      first: resolve('out/a'),
      second: 'out/a',
      want: 'exporters.file.path: writes to "out/a", and so does receiver "otlp"',
    },
    { first: 'out/a', second: 'out/b', want: undefined },
    {
      first: '127.0.0.1:8888',
      second: 'out/b',
      want: 'receivers.otlp.endpoint: listens on port 8888, and so does service.telemetry.metrics',
    },
  ]
  for (const { first, second, want } of rows) {
    test(`${first} and ${second}: ${want === undefined ? 'no' : 'a'} problem`, () => {
      assert.deepEqual(problems(first, second, used), want === undefined ? [] : [want])
    })
  }

  test('is of no interest where one of them is not used', () => {
    assert.deepEqual(problems('out/a', 'out/a', { logs: 'otlp | | ' }), [])
  })
})
