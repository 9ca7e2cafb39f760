import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, suite, test } from 'node:test'
import { type Clock, systemClock } from '../../component/clock.ts'
import { encodeRpcStatus, rpcStatusToJson } from '../../wire/rpc-status.ts'
import { type HttpAnswer, HttpClient, type HttpClientOptions } from './client.ts'
import { httpOutcome, parseRetryAfterMs } from './outcome.ts'

const never = new AbortController().signal
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(
  handler: http.RequestListener,
  listen: { port: number; host: string } | { path: string } = { port: 0, host: '127.0.0.1' },
): Promise<string> {
  const server = http.createServer((request, response) => {
    response.on('error', () => undefined)
    handler(request, response)
  })
  server.listen(listen)
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return 'path' in listen
    ? 'http://localhost'
    : `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function client(origin: string, over: Partial<HttpClientOptions> = {}): Promise<HttpClient> {
  const made = await HttpClient.create({
    clock: systemClock,
    origin,
    tls: undefined,
    connectionsMax: 0,
    idleMs: 4000,
    ...over,
  })
  cleanups.push(() => made.destroy())
  return made
}

function post(on: HttpClient, body = 'data', abort = never): Promise<HttpAnswer> {
  const headers = ['content-type', 'text/plain', 'x-token', 's3cret']
  return on.post({ path: '/v1/logs', headers, body: [Buffer.from(body)] }, abort)
}

suite('a request', () => {
  test('carries path, headers and body, and keeps its connection', async () => {
    const sockets = new Set<unknown>()
    const origin = await serve((request, response) => {
      sockets.add(request.socket)
      const { url, method } = request
      const token = request.headers['x-token']
      response.setHeader('content-type', 'text/x')
      void request.toArray().then((chunks: Buffer[]) => {
        response.end(`${method} ${url} ${token} ${Buffer.concat(chunks).toString()}`)
      })
    })
    const on = await client(origin)
    for (let i = 0; i < 3; i++) {
      const answer = await post(on)
      assert.equal(Buffer.from(answer.body).toString(), 'POST /v1/logs s3cret data')
      assert.deepEqual([answer.status, answer.contentType], [200, 'text/x'])
    }
    // One more may be opened while the first is just finishing.
    assert.ok(sockets.size <= 2)
  })

  test('is joined from pieces, with its length announced', async () => {
    const origin = await serve((request, response) => {
      const { 'content-length': length, 'transfer-encoding': encoding = 'none' } = request.headers
      void request.toArray().then((chunks: Buffer[]) => {
        response.end(`${length} ${encoding} ${Buffer.concat(chunks).toString()}`)
      })
    })
    const body = ['ab', 'cd', 'e'].map((piece) => Buffer.from(piece))
    const answer = await (await client(origin)).post({ path: '/', headers: [], body }, never)
    assert.equal(Buffer.from(answer.body).toString(), '5 none abcde')
  })

  test('goes over a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'remora-http-'))
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    const socketPath = join(folder, 'http.sock')
    const origin = await serve((_, response) => response.end('unix'), { path: socketPath })
    assert.equal((await post(await client(origin, { socketPath }))).status, 200)
  })

  test('goes through a proxy', async () => {
    const origin = await serve((_, response) => response.end('behind'))
    let tunnels = 0
    const proxy = http.createServer()
    proxy.on('connect', (request, socket: net.Socket) => {
      tunnels++
      const [host, port] = (request.url ?? '').split(':')
      const onward = net.connect(Number(port), host)
      socket.on('error', () => undefined)
      onward.on('error', () => undefined)
      socket.write('HTTP/1.1 200 ok\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    cleanups.push(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const answer = await post(await client(origin, { proxyUrl }))
    assert.deepEqual([Buffer.from(answer.body).toString(), tunnels], ['behind', 1])
  })

  test('is given up on abort', async () => {
    const origin = await serve(() => undefined)
    const controller = new AbortController()
    const answer = post(await client(origin), 'x', controller.signal)
    setTimeout(() => controller.abort(), 30)
    await assert.rejects(answer, { code: 'unavailable' })
  })

  for (const origin of ['http://127.0.0.1:1', 'http://no-such-host.invalid:4318']) {
    test(`to ${origin} is retryable`, async () => {
      await assert.rejects(post(await client(origin)), { code: 'unavailable', retry: 'backoff' })
    })
  }
})

suite('an evil backend', () => {
  test('a redirect is not followed, with or without credentials', async () => {
    let stolen = 0
    const metadata = await serve((_, response) => {
      stolen++
      response.end()
    })
    const origin = await serve((_, response) => {
      response.writeHead(307, { location: `${metadata}/latest` }).end()
    })
    assert.equal((await post(await client(origin))).status, 307)
    assert.equal(stolen, 0)
  })

  for (const status of [200, 400, 503]) {
    test(`an endless body with ${status} is cut and the status counts`, async () => {
      let sentBytes = 0
      const origin = await serve((_, response) => {
        response.writeHead(status)
        const chunk = Buffer.alloc(65_536, 'x')
        const more = (): void => {
          while (!response.destroyed && sentBytes < 1e10) {
            sentBytes += chunk.byteLength
            if (!response.write(chunk)) break
          }
          if (!response.destroyed) response.once('drain', more)
        }
        more()
      })
      const answer = await post(await client(origin))
      assert.equal(answer.status, status)
      assert.ok(answer.body.byteLength <= 4 * 1024 * 1024 + 65_536)
      assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} were sent`)
    })

    test(`a body that drips with ${status} is not waited for`, { timeout: 10_000 }, async () => {
      const origin = await serve((_, response) => {
        response.writeHead(status)
        const timer = setInterval(() => response.write('.'), 100)
        response.on('close', () => clearInterval(timer))
      })
      const hasty: Clock = {
        ...systemClock,
        after: (delayMs, run) => systemClock.after(delayMs / 20, run),
      }
      assert.equal((await post(await client(origin, { clock: hasty }))).status, status)
    })
  }

  test('1xx answers without end are given up, a few are not', async () => {
    const origin = await serve((request, response) => {
      const hint = () => {
        if (!response.closed) response.writeEarlyHints({ link: '</a>; rel=preload' }, hint)
      }
      if (request.url === '/endless') return hint()
      for (let count = 0; count < 3; count++) {
        response.writeEarlyHints({ link: '</a>; rel=preload' })
      }
      response.end('after three')
    })
    const on = await client(origin)
    const request = { headers: [], body: [Buffer.from('x')] }
    await assert.rejects(on.post({ ...request, path: '/endless' }, never), {
      code: 'unavailable',
      retry: 'backoff',
      message: /^"127\.0\.0\.1:\d+" sends 1xx without end$/,
    })
    const answer = await on.post({ ...request, path: '/' }, never)
    assert.equal(Buffer.from(answer.body).toString(), 'after three')
  })

  test('thousands of content encodings are not looked at', async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': Array(1500).fill('gzip').join(',') })
      response.end('x')
    })
    assert.equal((await post(await client(origin))).status, 200)
  })

  for (const [name, bytes] of [
    ['headers of a megabyte', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`],
    ['what is no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['two content lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['nothing, and hangs up', ''],
  ] as const) {
    test(name, async () => {
      const server = net.createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end(bytes))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      cleanups.push(() => server.close())
      const { port } = server.address() as AddressInfo
      await assert.rejects(post(await client(`http://127.0.0.1:${port}`)), { code: 'unavailable' })
    })
  }
})

suite('httpOutcome', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const proto = 'application/x-protobuf'
  const told = { code: 14, message: 'wait', retryDelayMs: 250 }
  const rows: readonly {
    name: string
    answer: Partial<HttpAnswer>
    /** What the configuration calls retryable. */
    retryable?: readonly number[]
    want: object | undefined
  }[] = [
    ...[
      { status: 500, code: 'unavailable' },
      { status: 401, code: 'unavailable' },
      { status: 413, code: 'too_large' },
      { status: 429, code: 'throttled' },
    ].map(({ status, code }) => ({
      name: `${status} that the configuration calls retryable`,
      answer: { status, retryAfter: '2' },
      retryable: [500, 401, 413, 429],
      want: code === 'too_large' ? { code } : { code, retry: 'backoff', retryAfterMs: 2000 },
    })),
    { name: 'ok', answer: { status: 200 }, want: undefined },
    { name: 'accepted', answer: { status: 202 }, want: undefined },
    {
      name: 'redirect',
      answer: { status: 302 },
      want: { code: 'backend_rejected', retry: 'never', message: 'HTTP 302 from "h:1"' },
    },
    {
      name: '400 with Status',
      answer: {
        status: 400,
        contentType: proto,
        body: encodeRpcStatus({ code: 3, message: 'no' }),
      },
      want: { code: 'backend_rejected', message: 'HTTP 400 from "h:1": no' },
    },
    {
      name: '400 with JSON',
      answer: {
        status: 400,
        contentType: 'application/json',
        body: Buffer.from('{"message":"bad"}'),
      },
      want: { message: 'HTTP 400 from "h:1": bad' },
    },
    {
      name: '400 with broken JSON',
      answer: { status: 400, contentType: 'application/json', body: Buffer.from('{') },
      want: { message: 'HTTP 400 from "h:1"' },
    },
    {
      name: '400 with broken Status',
      answer: { status: 400, contentType: proto, body: Buffer.from([255]) },
      want: { message: 'HTTP 400 from "h:1"' },
    },
    {
      name: '500 with a page',
      answer: { status: 500, contentType: 'text/html', body: Buffer.from('<b>\u0007oops\n</b>') },
      want: {
        code: 'backend_rejected',
        retry: 'never',
        message: 'HTTP 500 from "h:1": <b> oops </b>',
      },
    },
    { name: '401', answer: { status: 401 }, want: { code: 'unauthenticated' } },
    { name: '403', answer: { status: 403 }, want: { code: 'unauthenticated' } },
    { name: '413', answer: { status: 413 }, want: { code: 'too_large' } },
    {
      name: '429 with seconds',
      answer: { status: 429, retryAfter: '7' },
      want: { code: 'throttled', retry: 'backoff', retryAfterMs: 7000 },
    },
    {
      name: '503 with a date',
      answer: { status: 503, retryAfter: 'Thu, 01 Jan 2026 00:00:30 GMT' },
      want: { code: 'unavailable', retryAfterMs: 30_000 },
    },
    {
      name: '503 with nonsense',
      answer: { status: 503, retryAfter: 'soon' },
      want: { code: 'unavailable', retryAfterMs: undefined },
    },
    { name: '502', answer: { status: 502 }, want: { code: 'unavailable' } },
    { name: '504', answer: { status: 504 }, want: { code: 'unavailable' } },
    ...(
      [
        { type: proto, body: encodeRpcStatus(told) },
        { type: 'application/json', body: Buffer.from(rpcStatusToJson(told)) },
      ] as const
    ).flatMap(({ type, body }) => [
      {
        name: `503 with RetryInfo in ${type}`,
        answer: { status: 503, contentType: type, body },
        want: { retryAfterMs: 250, message: 'HTTP 503 from "h:1": wait' },
      },
      {
        name: `503 with a header, which counts before RetryInfo in ${type}`,
        answer: { status: 503, contentType: type, body, retryAfter: '7' },
        want: { retryAfterMs: 7000 },
      },
      {
        name: `503 with a header that is none, so that RetryInfo in ${type} counts`,
        answer: { status: 503, contentType: type, body, retryAfter: 'soon' },
        want: { retryAfterMs: 250 },
      },
      {
        name: `400 with RetryInfo in ${type}, which makes it not retryable`,
        answer: { status: 400, contentType: type, body },
        want: { retry: 'never', retryAfterMs: undefined },
      },
    ]),
  ]
  for (const { name, answer, retryable, want } of rows) {
    test(name, () => {
      const body = new Uint8Array(0)
      const whole = {
        contentType: '',
        contentEncoding: '',
        retryAfter: undefined,
        body,
        status: 0,
        ...answer,
      }
      const got = httpOutcome(whole, 'h:1', nowMs, new Set(retryable))
      if (want === undefined || got === undefined) assert.equal(got, want)
      else for (const [key, value] of Object.entries(want)) assert.equal(got[key as 'code'], value)
    })
  }

  test('a date that has passed means now', () => {
    assert.equal(parseRetryAfterMs('Thu, 01 Jan 2015 00:00:00 GMT', nowMs), 0)
  })
})
