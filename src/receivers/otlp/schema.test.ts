import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { config } from './schema.ts'

const messages = (input: unknown): string[] => {
  const result = v.safeParse(config, input)
  return (result.issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`)
}

suite('the configuration of otlp', () => {
  test('has the defaults of the collector', () => {
    const { protocols } = v.parse(config, { protocols: { grpc: {}, http: {} } })
    assert.equal(protocols.grpc?.endpoint, 'localhost:4317')
    assert.equal(protocols.grpc?.max_recv_msg_size_mib, 4)
    assert.equal(protocols.grpc?.keepalive.server_parameters.time, 7_200_000)
    assert.equal(protocols.http?.endpoint, 'localhost:4318')
    assert.equal(protocols.http?.max_request_body_size, 20 * 1024 * 1024)
    assert.equal(protocols.http?.write_timeout, 30_000)
    assert.equal(protocols.http?.logs_url_path, '/v1/logs')
  })

  const paths: readonly (readonly [written: string, want: string | undefined])[] = [
    ['/in', '/in'],
    ['in', '/in'],
    ['a/b:c', '/a/b:c'],
    ['/a:b', '/a:b'],
    ['a:b', undefined],
    ['http://x/y', undefined],
    ['/in?x=1', undefined],
    ['/in#x', undefined],
    ['/i n', undefined],
  ]
  for (const [written, want] of paths) {
    test(`takes ${written} for ${want ?? 'no path'}`, () => {
      const result = v.safeParse(config, { protocols: { http: { logs_url_path: written } } })
      const got = result.success ? result.output.protocols.http?.logs_url_path : undefined
      assert.equal(got, want)
    })
  }

  const tls = { cert_file: 'c', key_file: 'k' }
  const rows: readonly { name: string; protocols: unknown; want: RegExp }[] = [
    { name: 'no protocol', protocols: {}, want: /^protocols: needs grpc or http$/ },
    {
      name: 'an endpoint without a port',
      protocols: { grpc: { endpoint: 'localhost' } },
      want: /^protocols\.grpc\.endpoint: must be "host:port"/,
    },
    {
      name: 'a certificate without a key',
      protocols: { grpc: { tls: { cert_file: 'c' } } },
      want: /^protocols\.grpc\.tls: needs both a certificate/,
    },
    {
      name: 'a certificate twice',
      protocols: { grpc: { tls: { ...tls, cert_pem: 'x' } } },
      want: /not both$/,
    },
    {
      name: 'versions the wrong way round',
      protocols: { grpc: { tls: { ...tls, min_version: '1.3', max_version: '1.2' } } },
      want: /must not be older than min_version/,
    },
    {
      name: 'a cipher suite by another name',
      protocols: { grpc: { tls: { ...tls, cipher_suites: ['RC4'] } } },
      want: /must be one of TLS_ECDHE/,
    },
    {
      name: 'one path for two signals',
      protocols: { http: { logs_url_path: '/v1/traces' } },
      want: /must differ/,
    },
    {
      name: 'a compression that is not here',
      protocols: { http: { compression_algorithms: ['snappy'] } },
      want: /must be one of "", "gzip"/,
    },
  ]
  for (const { name, protocols, want } of rows) {
    test(`refuses ${name}`, () => {
      assert.match(messages({ protocols }).join('\n'), want)
    })
  }
})
