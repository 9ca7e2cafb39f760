import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { ProbeServer, parseHostPort } from './probe-server.ts'

const server = new ProbeServer('127.0.0.1:0', ['/page', '/fails'], (path) => {
  if (path === '/fails') return Promise.reject(new Error('no'))
  if (path !== '/page') return undefined
  return Promise.resolve({ status: 200, contentType: 'text/plain', body: 'hello' })
})

/** What comes back for these bytes until the other side closes. */
function exchange(bytes: string): Promise<string> {
  const { port } = parseHostPort(server.address)
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      answer += text
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

suite('ProbeServer', () => {
  before(() => server.start())
  after(() => server.stop())

  const close = 'Host: x\r\nConnection: close\r\n\r\n'
  const rows: readonly { name: string; bytes: string; want: RegExp }[] = [
    { name: 'the page', bytes: `GET /page HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 200 .*hello$/s },
    { name: 'a query', bytes: `GET /page?x=1 HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 200 / },
    {
      name: 'HEAD',
      bytes: `HEAD /page HTTP/1.1\r\n${close}`,
      want: /content-length: 5.*\r\n\r\n$/s,
    },
    {
      name: 'another path',
      bytes: `GET /else HTTP/1.1\r\n${close}`,
      want: /^HTTP\/1.1 404 .*not found; there is \/page, \/fails\n$/s,
    },
    {
      name: 'a page that fails',
      bytes: `GET /fails HTTP/1.1\r\n${close}`,
      want: /^HTTP\/1.1 500 /,
    },
    {
      name: 'POST',
      bytes: `POST /page HTTP/1.1\r\n${close}`,
      want: /^HTTP\/1.1 405 .*allow: GET/is,
    },
    { name: 'GET http://', bytes: `GET http:// HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 404 / },
    { name: 'GET //', bytes: `GET // HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 404 / },
    { name: 'GET %', bytes: `GET /% HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 404 / },
    { name: 'OPTIONS *', bytes: `OPTIONS * HTTP/1.1\r\n${close}`, want: /^HTTP\/1.1 405 / },
    { name: 'CONNECT', bytes: 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', want: /^HTTP\/1.1 400 / },
    {
      name: 'a header __proto__',
      bytes: `GET /page HTTP/1.1\r\n__proto__: x\r\n${close}`,
      want: /^HTTP\/1.1 200 /,
    },
    {
      name: 'a header of 100 kB',
      bytes: `GET /page HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n${close}`,
      want: /^HTTP\/1.1 400 |^$/,
    },
    { name: 'no HTTP at all', bytes: '\u0016\u0003\u0001garbage\r\n\r\n', want: /^HTTP\/1.1 400 / },
    {
      name: 'an upgrade',
      bytes: 'GET /page HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
      want: /^HTTP\/1.1 400 /,
    },
    {
      name: 'a body',
      bytes: `GET /page HTTP/1.1\r\nContent-Length: 3\r\n${close}abc`,
      want: /^HTTP\/1.1 200 /,
    },
  ]
  for (const { name, bytes, want } of rows) {
    test(`answers ${name}`, async () => {
      assert.match(await exchange(bytes), want)
      // And lives: a good request right after it succeeds.
      assert.match(await exchange(`GET /page HTTP/1.1\r\n${close}`), /^HTTP\/1.1 200 /)
    })
  }
})

test('a probe gets through 300 connections that say nothing', async () => {
  await using busy = {
    server: new ProbeServer('127.0.0.1:0', ['/'], () =>
      Promise.resolve({ status: 200, contentType: 'text/plain', body: 'hello' }),
    ),
    [Symbol.asyncDispose]: () => busy.server.stop(),
  }
  await busy.server.start()
  const { port } = parseHostPort(busy.server.address)
  for (let count = 0; count < 300; count++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
  }
  const response = await fetch(`http://127.0.0.1:${port}/`)
  assert.equal(response.status, 200)
})

suite('parseHostPort', () => {
  const rows = [
    ['localhost:8888', 'localhost', 8888],
    [':8888', '', 8888],
    ['[::1]:80', '::1', 80],
    ['0.0.0.0:0', '0.0.0.0', 0],
  ] as const
  for (const [endpoint, host, port] of rows) {
    test(endpoint, () => assert.deepEqual(parseHostPort(endpoint), { host, port }))
  }
})
