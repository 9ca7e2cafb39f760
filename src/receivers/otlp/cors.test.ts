import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startReceiver } from '../../../test/support/receiver.ts'
import { Cors } from './cors.ts'

const base = {
  enabled: true,
  allowed_origins: [],
  allowed_headers: [],
  exposed_headers: [],
  max_age: 0,
}

const asMap = (headers: readonly string[]): Record<string, string> => {
  const map: Record<string, string> = {}
  for (let i = 0; i < headers.length; i += 2) map[headers[i] as string] = headers[i + 1] as string
  return map
}

suite('CORS allows an origin', () => {
  const rows: readonly (readonly [allowed: string, origin: string, want: string | undefined])[] = [
    ['https://a.example', 'https://a.example', 'https://a.example'],
    ['https://a.example', 'HTTPS://A.example', 'HTTPS://A.example'],
    ['https://a.example', 'https://b.example', undefined],
    ['https://a.example', 'https://a.example.evil.test', undefined],
    ['https://a.example', 'https://axexample', undefined],
    ['https://*.example', 'https://a.example', 'https://a.example'],
    ['https://*.example', 'https://a.b.example', 'https://a.b.example'],
    ['https://*.example', 'https://example', undefined],
    ['*', 'https://anything.test', '*'],
  ]
  for (const [allowed, origin, want] of rows) {
    test(`${origin} for ${allowed}: ${want ?? 'no'}`, () => {
      const cors = new Cors({ ...base, allowed_origins: [allowed] })
      assert.equal(asMap(cors.responseHeaders(origin))['access-control-allow-origin'], want)
      const preflight = asMap(cors.preflightHeaders(origin, 'POST', undefined))
      assert.equal(preflight['access-control-allow-origin'], want)
    })
  }
})

suite('CORS preflight', () => {
  const rows: readonly {
    readonly name: string
    readonly allowed: readonly string[]
    readonly method?: string
    readonly asked?: string
    readonly want: boolean
  }[] = [
    { name: 'usual headers', allowed: [], asked: 'content-type, Accept', want: true },
    { name: 'another header', allowed: [], asked: 'x-token', want: false },
    { name: 'an allowed header', allowed: ['X-Token'], asked: 'x-token,content-type', want: true },
    { name: 'any header', allowed: ['*'], asked: 'x-anything', want: true },
    { name: 'no header', allowed: [], want: true },
    { name: 'another method', allowed: [], method: 'DELETE', want: false },
  ]
  for (const { name, allowed, method = 'POST', asked, want } of rows) {
    test(`${name}: ${want ? 'yes' : 'no'}`, () => {
      const config = {
        ...base,
        allowed_origins: ['https://a.example'],
        allowed_headers: [...allowed],
      }
      const got = asMap(new Cors(config).preflightHeaders('https://a.example', method, asked))
      assert.equal(got['access-control-allow-methods'], want ? 'POST' : undefined)
      assert.match(got['vary'] ?? '', /origin/)
    })
  }
})

test('CORS over a socket', async () => {
  const cors = {
    allowed_origins: ['https://*.example'],
    exposed_headers: ['x-a', 'x-b'],
    max_age: 600,
  }
  await using started = await startReceiver({ grpc: null, http: { cors } })
  const url = `http://127.0.0.1:${started.httpPort}/v1/logs`
  const origin = { origin: 'https://shop.example' }
  const asked = { 'access-control-request-method': 'POST' }
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { ...origin, ...asked } })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin.origin)
  assert.equal(preflight.headers.get('access-control-max-age'), '600')
  const headers = { 'content-type': 'application/json', ...origin }
  for (const body of ['{}', 'broken']) {
    const response = await fetch(url, { method: 'POST', headers, body })
    assert.equal(response.headers.get('access-control-allow-origin'), origin.origin)
    assert.equal(response.headers.get('access-control-expose-headers'), 'x-a, x-b')
  }
})
