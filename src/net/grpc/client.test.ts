import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import grpc from '@grpc/grpc-js'
import { systemClock } from '../../component/clock.ts'
import { Secret } from '../../component/secret.ts'
import { encodeRpcStatus } from '../../wire/rpc-status.ts'
import { GrpcClient, type GrpcClientOptions } from './client.ts'
import { parseGrpcTarget } from './target.ts'

const path = '/test.Echo/Call'
const never = new AbortController().signal

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function client(endpoint: string, over: Partial<GrpcClientOptions> = {}): GrpcClient {
  const target = parseGrpcTarget(endpoint)
  assert.ok(target !== undefined)
  const made = new GrpcClient({
    clock: systemClock,
    connector: { target, tls: undefined },
    authority: target.authority,
    secure: false,
    userAgent: 'remora/test',
    metadata: { 'X-Token': new Secret('s3cret'), 'x-trace-bin': new Secret('\n€') },
    keepalive: undefined,
    waitForReady: false,
    random: () => 0.5,
    ...over,
  })
  cleanups.push(() => made.destroy())
  return made
}

function send(
  on: GrpcClient,
  message: Uint8Array,
  {
    encoding,
    timeoutMs = 5000,
    abort = never,
  }: { encoding?: string; timeoutMs?: number; abort?: AbortSignal } = {},
): Promise<Uint8Array> {
  return on.call(on.method(path, encoding, timeoutMs), [message], message.byteLength, abort)
}

const from = (status: string, words: string) =>
  new RegExp(`^${status} from "[\\d.]+:\\d+": ${words}$`)

type Handler = (
  call: grpc.ServerUnaryCall<Buffer, Buffer>,
  callback: grpc.sendUnaryData<Buffer>,
) => void

/** The reference implementation as the foreign backend. */
async function foreignServer(
  handler: Handler,
  { port = 0, unix }: { port?: number; unix?: string } = {},
): Promise<{ server: grpc.Server; port: number }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 3_000_000 })
  const identity = (bytes: Buffer): Buffer => bytes
  server.addService(
    {
      Call: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    { Call: handler },
  )
  const address = unix === undefined ? `127.0.0.1:${port}` : `unix:${unix}`
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, found) => {
      if (error === null) resolve(found)
      else reject(error)
    })
  })
  cleanups.push(() => server.forceShutdown())
  return { server, port: bound }
}

const echo: Handler = (call, callback) => callback(null, call.request)

/** A backend that does what it is told with each stream. */
async function rawServer(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  options: http2.ServerOptions = {},
): Promise<{ port: number; sessions: Set<http2.ServerHttp2Session> }> {
  const server = http2.createServer(options)
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    onStream(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sessions }
}

const ok = { ':status': 200, 'content-type': 'application/grpc' }

function trailersOnly(trailers: http2.OutgoingHttpHeaders) {
  return (stream: http2.ServerHttp2Stream): void => {
    stream.resume()
    stream.respond({ ...ok, ...trailers }, { endStream: true })
  }
}

suite('a foreign gRPC server', () => {
  test('gets message, metadata, deadline and user agent', async () => {
    let seen: grpc.Metadata | undefined
    let deadline: grpc.Deadline = 0
    const { port } = await foreignServer((call, callback) => {
      seen = call.metadata
      deadline = call.getDeadline()
      callback(null, Buffer.concat([Buffer.from('re:'), call.request]))
    })
    const answer = await send(client(`localhost:${port}`), Buffer.from('hello'))
    assert.equal(Buffer.from(answer).toString(), 're:hello')
    assert.deepEqual(seen?.get('x-token'), ['s3cret'])
    assert.deepEqual(seen?.get('x-trace-bin'), [Buffer.from('\n€')])
    assert.match(String(seen?.get('user-agent')), /^remora\/test/)
    assert.ok(Number(deadline) - Date.now() <= 5000 && Number(deadline) - Date.now() > 1000)
  })

  test('gets messages larger than every window, over a unix socket too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'remora-grpc-'))
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    const unix = join(folder, 'grpc.sock')
    const { port } = await foreignServer(echo)
    await foreignServer(echo, { unix })
    const message = Buffer.alloc(1_600_000, 'remora ')
    for (const endpoint of [`http://127.0.0.1:${port}`, `unix://${unix}`]) {
      const on = client(endpoint)
      const answers = await Promise.all([send(on, message), send(on, message), send(on, message)])
      for (const answer of answers) assert.ok(message.equals(answer))
    }
  })

  test('gets gzip, and may answer with it', async () => {
    const { port } = await foreignServer(echo)
    const zipped = gzipSync(Buffer.from('packed'))
    const answer = await send(client(`127.0.0.1:${port}`), zipped, { encoding: 'gzip' })
    assert.equal(Buffer.from(answer).toString(), 'packed')
  })

  const { status } = grpc
  const rows: readonly {
    name: string
    code: number
    details: string
    retryMs?: number
    want: object
  }[] = [
    {
      name: 'UNAVAILABLE',
      code: status.UNAVAILABLE,
      details: 'off',
      want: { code: 'unavailable', retry: 'backoff', message: from('UNAVAILABLE', 'off') },
    },
    {
      name: 'UNAVAILABLE with RetryInfo',
      code: status.UNAVAILABLE,
      details: '',
      retryMs: 1500,
      want: { code: 'unavailable', retryAfterMs: 1500 },
    },
    {
      name: 'RESOURCE_EXHAUSTED',
      code: status.RESOURCE_EXHAUSTED,
      details: 'quota',
      want: { code: 'backend_rejected', retry: 'never' },
    },
    {
      name: 'RESOURCE_EXHAUSTED with RetryInfo',
      code: status.RESOURCE_EXHAUSTED,
      details: 'wait',
      retryMs: 2000,
      want: { code: 'throttled', retry: 'backoff', retryAfterMs: 2000 },
    },
    {
      name: 'RESOURCE_EXHAUSTED by size',
      code: status.RESOURCE_EXHAUSTED,
      details: 'Received message larger than max (5 vs 4)',
      want: { code: 'too_large', retry: 'never' },
    },
    {
      name: 'INVALID_ARGUMENT',
      code: status.INVALID_ARGUMENT,
      details: 'bad ünïcode',
      want: {
        code: 'backend_rejected',
        retry: 'never',
        message: from('INVALID_ARGUMENT', 'bad ünïcode'),
      },
    },
    {
      name: 'UNAUTHENTICATED',
      code: status.UNAUTHENTICATED,
      details: '',
      want: { code: 'unauthenticated', retry: 'never' },
    },
    {
      name: 'PERMISSION_DENIED',
      code: status.PERMISSION_DENIED,
      details: '',
      want: { code: 'unauthenticated', retry: 'never' },
    },
    {
      name: 'DEADLINE_EXCEEDED',
      code: status.DEADLINE_EXCEEDED,
      details: '',
      want: { code: 'timeout', retry: 'backoff' },
    },
    {
      name: 'INTERNAL',
      code: status.INTERNAL,
      details: '',
      want: { code: 'backend_rejected', retry: 'never' },
    },
    {
      name: 'UNIMPLEMENTED',
      code: status.UNIMPLEMENTED,
      details: '',
      want: { code: 'backend_rejected', retry: 'never' },
    },
  ]
  for (const { name, code, details, retryMs, want } of rows) {
    test(`answers ${name}`, async () => {
      const { port } = await foreignServer((_, callback) => {
        const metadata = new grpc.Metadata()
        if (retryMs !== undefined) {
          const bytes = encodeRpcStatus({ code, message: details, retryDelayMs: retryMs })
          metadata.set('grpc-status-details-bin', Buffer.from(bytes))
        }
        callback({ code, details, metadata })
      })
      await assert.rejects(send(client(`127.0.0.1:${port}`), Buffer.from('x')), want)
    })
  }

  test('refuses a message that is larger than its limit', async () => {
    const { port } = await foreignServer(echo)
    const large = Buffer.alloc(3_500_000)
    await assert.rejects(send(client(`127.0.0.1:${port}`), large), { code: 'too_large' })
  })

  test('goes away and comes back: calls fail as retryable, then pass', async () => {
    const { server, port } = await foreignServer(echo)
    const on = client(`127.0.0.1:${port}`)
    await send(on, Buffer.from('a'))
    server.forceShutdown()
    await assert.rejects(send(on, Buffer.from('b')), { code: 'unavailable', retry: 'backoff' })
    await foreignServer(echo, { port })
    const patient = client(`127.0.0.1:${port}`, { waitForReady: true })
    assert.equal(Buffer.from(await send(patient, Buffer.from('c'))).toString(), 'c')
  })

  test('gets all calls of a load while it says GOAWAY again and again', async () => {
    let handled = 0
    const { port, sessions } = await rawServer((stream) => {
      handled++
      stream.resume()
      stream.on('end', () => {
        stream.respond(ok, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.alloc(5))
      })
    })
    const on = client(`127.0.0.1:${port}`)
    for (let round = 0; round < 20; round++) {
      const calls = Array.from({ length: 20 }, () => send(on, Buffer.alloc(1000)))
      if (round % 3 === 0) for (const session of sessions) session.close()
      await Promise.all(calls)
    }
    assert.equal(handled, 400)
  })
})

test('more calls than the server allows streams wait for their turn', async () => {
  let open = 0
  let most = 0
  const { port } = await rawServer(
    (stream) => {
      open++
      most = Math.max(most, open)
      stream.resume()
      stream.on('end', () => {
        stream.respond(ok, { waitForTrailers: true })
        stream.on('wantTrailers', () => {
          open--
          stream.sendTrailers({ 'grpc-status': '0' })
        })
        stream.end(Buffer.alloc(5))
      })
    },
    { settings: { maxConcurrentStreams: 3 } },
  )
  const on = client(`127.0.0.1:${port}`)
  await send(on, Buffer.from('the settings of the server are known after this'))
  await Promise.all(Array.from({ length: 50 }, () => send(on, Buffer.alloc(2000))))
  assert.ok(most <= 3, `${most} at once`)
})

test('calls that wait go out when the server raises its limit, though no call has ended', async () => {
  const handled: http2.ServerHttp2Stream[] = []
  const { port, sessions } = await rawServer((stream) => handled.push(stream), {
    settings: { maxConcurrentStreams: 1 },
  })
  const on = client(`127.0.0.1:${port}`)
  const calls = [send(on, Buffer.from('1')), send(on, Buffer.from('2')), send(on, Buffer.from('3'))]
  while (handled.length < 1) await new Promise(setImmediate)
  const [session] = sessions
  assert.ok(session !== undefined)
  // The first calls went out before the client knew of a limit; whatever waits now, waits for this.
  session.settings({ maxConcurrentStreams: 10 })
  while (handled.length < 3) await new Promise(setImmediate)
  for (const stream of handled) trailersOnly({ 'grpc-status': '0' })(stream)
  await Promise.all(calls)
})

suite('an evil or broken backend', () => {
  const rows: readonly {
    name: string
    onStream: (stream: http2.ServerHttp2Stream) => void
    want: object | 'ok'
  }[] = [
    {
      name: 'trailers without a status',
      onStream: trailersOnly({}),
      want: { code: 'backend_rejected' },
    },
    {
      name: 'a status that is no number',
      onStream: trailersOnly({ 'grpc-status': 'fine' }),
      want: { code: 'backend_rejected' },
    },
    {
      name: 'a status beyond the table',
      onStream: trailersOnly({ 'grpc-status': '99' }),
      want: { code: 'backend_rejected' },
    },
    {
      name: 'broken details',
      onStream: trailersOnly({
        'grpc-status': '14',
        'grpc-status-details-bin': '////!!',
        'grpc-message': '%zz%',
      }),
      want: { code: 'unavailable', message: from('UNAVAILABLE', '%zz%') },
    },
    {
      name: '1xx answers without end',
      onStream: (stream) => {
        for (let count = 0; count < 100; count++) stream.additionalHeaders({ ':status': 103 })
      },
      want: { code: 'unavailable', retry: 'backoff', message: /1xx answers without end/ },
    },
    {
      name: 'a few 1xx answers before the real one',
      onStream: (stream) => {
        for (let count = 0; count < 3; count++) stream.additionalHeaders({ ':status': 103 })
        trailersOnly({ 'grpc-status': '0' })(stream)
      },
      want: 'ok',
    },
    {
      name: 'an HTTP status without gRPC',
      onStream: (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
      want: {
        code: 'unavailable',
        message: from('UNAVAILABLE', 'HTTP status 503 instead of gRPC'),
      },
    },
    {
      name: 'details that lie about lengths',
      onStream: trailersOnly({ 'grpc-status': '8', 'grpc-status-details-bin': 'Gv8=' }),
      want: { code: 'backend_rejected' },
    },
    {
      name: 'HTTP 503 of a proxy',
      onStream: (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
      want: { code: 'unavailable' },
    },
    {
      name: 'HTTP 401 of a proxy',
      onStream: (stream) => stream.respond({ ':status': 401 }, { endStream: true }),
      want: { code: 'unauthenticated' },
    },
    {
      name: 'HTTP 413 of a proxy',
      onStream: (stream) => stream.respond({ ':status': 413 }, { endStream: true }),
      want: { code: 'too_large' },
    },
    {
      name: 'a reset stream',
      onStream: (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
      want: { code: 'unavailable' },
    },
    {
      name: 'a stream refused again and again',
      onStream: (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
      want: { code: 'unavailable' },
    },
    {
      name: 'an answer of 4 GB announced',
      onStream: (stream) => {
        stream.respond(ok)
        stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]))
      },
      want: { code: 'backend_rejected' },
    },
    {
      name: 'an endless answer',
      onStream: (stream) => {
        stream.respond(ok)
        const chunk = Buffer.alloc(65_536)
        const more = (): void => {
          while (!stream.destroyed && stream.write(chunk));
          if (!stream.destroyed) stream.once('drain', more)
        }
        more()
      },
      want: { code: 'backend_rejected' },
    },
    {
      name: 'a bomb as the answer of a success',
      onStream: (stream) => {
        const bomb = gzipSync(Buffer.alloc(50_000_000))
        const prefix = Buffer.from([1, 0, 0, 0, 0])
        prefix.writeUInt32BE(bomb.byteLength, 1)
        stream.respond({ ...ok, 'grpc-encoding': 'gzip' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.concat([prefix, bomb]))
      },
      want: 'ok',
    },
    {
      name: 'an answer before the whole request is read',
      onStream: (stream) => {
        stream.respond({ ...ok, 'grpc-status': '3', 'grpc-message': 'no' }, { endStream: true })
      },
      want: { code: 'backend_rejected' },
    },
  ]
  for (const { name, onStream, want } of rows) {
    test(name, async () => {
      const { port } = await rawServer(onStream)
      const on = client(`127.0.0.1:${port}`)
      const call = send(on, Buffer.alloc(200_000))
      if (want === 'ok') await call
      else await assert.rejects(call, want)
    })
  }

  test('a redirect is not followed', async () => {
    const { port } = await rawServer((stream) =>
      stream.respond({ ':status': 302, location: 'http://169.254.169.254/' }, { endStream: true }),
    )
    await assert.rejects(send(client(`127.0.0.1:${port}`), Buffer.from('x')), {
      code: 'backend_rejected',
    })
  })

  test('an HTTP/1 server', async () => {
    const server = http.createServer((_, response) => response.end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const { port } = server.address() as AddressInfo
    await assert.rejects(send(client(`127.0.0.1:${port}`), Buffer.from('x')), {
      code: 'unavailable',
      retry: 'backoff',
    })
  })

  test('a server that never answers: abort ends the call', async () => {
    const { port } = await rawServer(() => undefined)
    const controller = new AbortController()
    const call = send(client(`127.0.0.1:${port}`), Buffer.from('x'), { abort: controller.signal })
    setTimeout(() => controller.abort(), 30)
    await assert.rejects(call, { code: 'timeout' })
  })

  test('a peer that dies without a word is found by keepalive', async () => {
    // Speaks HTTP/2 up to a point, then falls silent with the socket open.
    const sockets: net.Socket[] = []
    const server = net.createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.write(Buffer.from('000000040000000000', 'hex'))
      socket.resume()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const keepalive = { timeMs: 30, timeoutMs: 30, permitWithoutStream: false }
    await assert.rejects(send(client(`127.0.0.1:${port}`, { keepalive }), Buffer.from('x')), {
      code: 'unavailable',
      message: /keepalive/,
    })
  })
})

suite('a place where nobody listens', () => {
  for (const endpoint of ['127.0.0.1:1', 'no-such-host.invalid:4317', 'unix:///no/such.sock']) {
    test(`${endpoint} is retryable`, async () => {
      const on = client(endpoint)
      const want = { code: 'unavailable', retry: 'backoff', message: /^cannot connect to "/ }
      await assert.rejects(send(on, Buffer.from('x')), want)
      await assert.rejects(send(on, Buffer.from('x')), want)
    })
  }
})

test('a server that speaks HTTP/1 is named as such', async () => {
  const server = http.createServer((_, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  await assert.rejects(send(client(`127.0.0.1:${port}`), Buffer.from('x')), {
    code: 'unavailable',
    message: new RegExp(`"127\\.0\\.0\\.1:${port}".*does not speak HTTP/2`),
  })
})

suite('parseGrpcTarget', () => {
  const rows: readonly [string, string | undefined][] = [
    ['localhost:4317', 'localhost:4317 undefined'],
    ['http://collector:4317', 'collector:4317 false'],
    ['https://api.example.com', 'api.example.com:443 true'],
    ['https://api.example.com:4317/', 'api.example.com:4317 true'],
    ['[::1]:4317', '[::1]:4317 undefined'],
    ['dns:///collector:4317', 'collector:4317 undefined'],
    ['unix:///run/x.sock', 'localhost undefined'],
    ['http://host/path', undefined],
    ['collector', undefined],
    ['collector:99999', undefined],
    ['collector:0', undefined],
    ['collector:port', undefined],
    ['collector:4317:4318', undefined],
    ['a collector:4317', undefined],
    ['user@collector:4317', undefined],
    ['[collector]:4317', undefined],
    ['[::1', undefined],
    ['::1:4317', undefined],
    ['ftp://collector:4317', undefined],
    ['http://collector:4317/v1/logs', undefined],
    ['unix:', undefined],
    ['unix:///', 'localhost undefined'],
    ['', undefined],
  ]
  for (const [endpoint, want] of rows) {
    test(endpoint, () => {
      const target = parseGrpcTarget(endpoint)
      assert.equal(target && `${target.authority} ${target.secure}`, want)
    })
  }
})
