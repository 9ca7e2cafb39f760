import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPreset } from '../../test/support/presets.ts'

const time = '2026-11-21T09:15:30Z'
const http11 = { 'network.protocol.name': 'http', 'network.protocol.version': '1.1' }
const ok = { 'http.response.status_code': 200, 'http.response.body.size': 612 }
const get = { 'client.address': '203.0.113.9', 'http.request.method': 'GET', 'url.path': '/' }
const head = '203.0.113.9 - - [21/Nov/2026:10:15:30 +0100]'

const rows = [
  {
    preset: 'nginx_access',
    line: `${head} "GET /a/b?user=7&x=%20 HTTP/1.1" 200 612 "https://shop.example/" "Mozilla/5.0 (X11)"`,
    level: 9,
    want: {
      ...get,
      'url.path': '/a/b',
      'url.query': 'user=7&x=%20',
      ...http11,
      ...ok,
      'http.request.header.referer': ['https://shop.example/'],
      'user_agent.original': 'Mozilla/5.0 (X11)',
    },
  },
  {
    preset: 'nginx_access',
    line: `${head} "GET / HTTP/2.0" 503 0 "-" "curl" "10.0.0.1, 10.0.0.2"`,
    level: 17,
    want: {
      ...get,
      ...http11,
      'network.protocol.version': '2.0',
      'http.response.status_code': 503,
      'http.response.body.size': 0,
      'user_agent.original': 'curl',
      'http.request.header.x-forwarded-for': ['10.0.0.1, 10.0.0.2'],
    },
  },
  {
    preset: 'nginx_access',
    line: `${head} "GET / HTTP/1.1" 200 612 "-" "-" 0.005 rt=0.005 uct="0.001" uht="-" x`,
    level: 9,
    want: {
      ...get,
      ...http11,
      ...ok,
      'nginx.request_time': 0.005,
      'nginx.rt': '0.005',
      'nginx.uct': '0.001',
      'nginx.rest': 'x',
    },
  },
  {
    preset: 'nginx_access',
    line: `${head} "GET / HTTP/1.1" 200 612 "-" "-" 440 0.005 [default-web-80] [] 10.0.0.7:80, 10.0.0.8:80 612 0.004 200 0f1e`,
    level: 9,
    want: {
      ...get,
      ...http11,
      ...ok,
      'http.request.size': 440,
      'nginx.request_time': 0.005,
      'nginx.upstream.name': 'default-web-80',
      'nginx.upstream.address': '10.0.0.7:80, 10.0.0.8:80',
      'nginx.upstream.response_length': '612',
      'nginx.upstream.response_time': '0.004',
      'nginx.upstream.status': '200',
      'nginx.request_id': '0f1e',
    },
  },
  {
    preset: 'nginx_access',
    line: `shop.example ${head.replace('- -', '- john doe')} "FOO /é HTTP/1.1" 404 - "-" "x\\x22y\\\\"`,
    level: 13,
    want: {
      'server.address': 'shop.example',
      'client.address': '203.0.113.9',
      'user.name': 'john doe',
      'http.request.method': '_OTHER',
      'http.request.method_original': 'FOO',
      'url.path': '/é',
      ...http11,
      'http.response.status_code': 404,
      'user_agent.original': 'x"y\\',
    },
  },
  {
    preset: 'nginx_access',
    line: `${head} "\\x16\\x03\\x01" 400 157 "-" "-"`,
    level: 13,
    want: {
      'client.address': '203.0.113.9',
      'http.response.status_code': 400,
      'http.response.body.size': 157,
    },
  },
  {
    preset: 'nginx_access',
    line: `2001:db8::1 - - [21/Nov/2026:10:15:30 +0100] "OPTIONS * HTTP/1.0" 200 612`,
    level: 9,
    want: {
      'client.address': '2001:db8::1',
      'http.request.method': 'OPTIONS',
      ...http11,
      'network.protocol.version': '1.0',
      ...ok,
    },
  },
  {
    preset: 'apache_access',
    line: '127.0.0.1 ident anna [21/Nov/2026:05:15:30 -0400] "GET http://a.example/b HTTP/1.1" 200 612',
    level: 9,
    want: {
      'client.address': '127.0.0.1',
      'user.name': 'anna',
      'http.request.method': 'GET',
      'url.full': 'http://a.example/b',
      ...http11,
      ...ok,
    },
  },
  {
    preset: 'apache_access',
    line: `shop.example:443 ${head} "GET / HTTP/1.1" 200 612 "\\"r\\"" "a \\"b\\"" 1234`,
    level: 9,
    want: {
      'server.address': 'shop.example',
      'server.port': 443,
      ...get,
      ...http11,
      ...ok,
      'http.request.header.referer': ['"r"'],
      'user_agent.original': 'a "b"',
      'apache.rest': '1234',
    },
  },
] as const

suite('access logs', () => {
  for (const { preset, line, level, want } of rows) {
    test(`${preset}: ${line}`, () => {
      assert.deepEqual(readPreset(preset, line), {
        time,
        level: [level, ''],
        attributes: want,
        message: line,
      })
    })
  }

  const bad = [
    ['', 'it has no time such as [21/Nov/2026:10:15:30 +0100]'],
    ['hello [world] and more', 'it has no time such as [21/Nov/2026:10:15:30 +0100]'],
    [
      '203.0.113.9 [21/Nov/2026:10:15:30 +0100] "GET / HTTP/1.1" 200 1',
      'it has no client, ident and user in front of its time',
    ],
    [
      '203.0.113.9 - - [31/Nov/2026:10:15:30 +0100] "GET / HTTP/1.1" 200 1',
      'its time cannot be read',
    ],
    [
      '203.0.113.9 - - [21/Nov/2026:25:15:30 +0100] "GET / HTTP/1.1" 200 1',
      'its time cannot be read',
    ],
    [`${head} GET`, 'it has no request in quotes'],
    [head, 'it has no request in quotes'],
    [`${head} "GET / HTTP/1.1`, 'its request has no closing quote'],
    [`${head} "GET / HTTP/1.1" 20`, 'it has no status of three digits'],
    [`${head} "GET / HTTP/1.1" 2000 1`, 'it has no status of three digits'],
    [`${head} "GET / HTTP/1.1" 200`, 'it has no size'],
    [`${head} "GET / HTTP/1.1" 200 x1`, 'its size is no number'],
    [`${head} "GET / HTTP/1.1" 200 1 "-`, 'its referer has no closing quote'],
    [`${head} "GET / HTTP/1.1" 200 1 "-" "x`, 'its user agent has no closing quote'],
  ] as const
  for (const [line, reason] of bad) {
    test(`not read: ${line}`, () => assert.equal(readPreset('nginx_access', line), reason))
  }
})
