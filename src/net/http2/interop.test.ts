import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import tls from 'node:tls'
import grpc from '@grpc/grpc-js'
import { createCertificate } from '../../../test/support/http2/certificate.ts'
import { type EchoOptions, EchoServer } from '../../../test/support/http2/echo-server.ts'
import { Answer, clientLimits, requestHeaders } from '../../../test/support/http2/raw-server.ts'
import { Random } from '../../../test/support/random.ts'
import { findHeader } from '../header-list.ts'
import { ClientConnection } from './client-connection.ts'
import { encodeHeaders } from './hpack-encoder.ts'
import type { ConnectionLimits } from './stream-machine.ts'

const sizes = [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 5 * 1024 * 1024]
const tinyWindow = 1000
const path = '/echo.Echo/Echo'

/** Bytes that differ everywhere, so that a piece out of place is noticed. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff
  return bytes
}

// Clients and servers, each reduced to: send a body, get a body.

type Send = (body: Buffer) => Promise<Buffer>

async function startEcho(t: TestContext, options: EchoOptions = {}): Promise<number> {
  const server = new EchoServer(options)
  t.after(() => server.close())
  return server.listen()
}

function nodeClient(t: TestContext, port: number, settings: http2.Settings = {}): Send {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings })
  t.after(() => session.destroy())
  return async (body) => {
    const stream = session.request({ ':method': 'POST', ':path': path, te: 'trailers' })
    const trailers = once(stream, 'trailers')
    stream.end(body)
    const chunks: Buffer[] = await stream.toArray()
    assert.equal((await trailers)[0]['grpc-status'], '0')
    return Buffer.concat(chunks)
  }
}

const identity = (bytes: Buffer) => bytes
const unlimited = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
}

function grpcClient(t: TestContext, port: number): Send {
  const credentials = grpc.credentials.createInsecure()
  const client = new grpc.Client(`127.0.0.1:${port}`, credentials, unlimited)
  t.after(() => client.close())
  return (body) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest<Buffer, Buffer>(path, identity, identity, body, (error, answer) => {
        if (error !== null) reject(error)
        else resolve(answer as Buffer)
      })
    })
}

function ownConnection(
  t: TestContext,
  socket: net.Socket,
  limits: Partial<ConnectionLimits> = {},
): ClientConnection {
  const connection = new ClientConnection(socket, {
    limits: { ...clientLimits, ...limits },
    onClosed: () => undefined,
  })
  t.after(() => connection.destroy('the test is over'))
  return connection
}

function ownClient(t: TestContext, port: number, limits: Partial<ConnectionLimits> = {}): Send {
  const connection = ownConnection(t, net.connect({ port, host: '127.0.0.1' }), limits)
  return async (body) => {
    const answer = new Answer()
    const middle = body.byteLength >> 1
    connection.request(requestHeaders, [body.subarray(0, middle), body.subarray(middle)], answer)
    assert.equal(await answer.outcome, 'end')
    const trailers = answer.trailers ?? answer.headers ?? []
    assert.equal(findHeader(trailers, 'grpc-status') ?? '0', '0')
    return answer.body
  }
}

/** Our client speaks HTTP/2 only: the framing of gRPC is added here. */
function ownGrpcClient(t: TestContext, port: number): Send {
  const send = ownClient(t, port)
  return async (body) => {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(body.byteLength, 1)
    const framed = await send(Buffer.concat([prefix, body]))
    assert.equal(framed.readUInt32BE(1), framed.byteLength - 5)
    return framed.subarray(5)
  }
}

async function startNode(t: TestContext, settings: http2.Settings = {}): Promise<number> {
  const server = http2.createServer({ settings })
  server.on('stream', (stream) => {
    void stream.toArray().then((chunks: Buffer[]) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.concat(chunks))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as net.AddressInfo).port
}

async function startGrpc(t: TestContext): Promise<number> {
  const server = new grpc.Server(unlimited)
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  } as const
  server.addService(
    { echo: method },
    {
      echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) =>
        callback(null, call.request),
    },
  )
  t.after(() => server.forceShutdown())
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
}

const tinyLimits = { streamWindowBytes: tinyWindow }
const tinySettings = { initialWindowSize: tinyWindow }

suite('bodies of every size come back equal', () => {
  const rows: readonly {
    name: string
    start: (t: TestContext) => Promise<number>
    connect: (t: TestContext, port: number) => Send
  }[] = [
    { name: 'node:http2 → ours', start: startEcho, connect: nodeClient },
    {
      name: 'node:http2 → ours, tiny windows both ways',
      start: (t) => startEcho(t, { limits: tinyLimits }),
      connect: (t, port) => nodeClient(t, port, tinySettings),
    },
    { name: 'grpc-js → ours', start: startEcho, connect: grpcClient },
    { name: 'ours → node:http2', start: startNode, connect: ownClient },
    {
      name: 'ours → node:http2, tiny windows both ways',
      start: (t) => startNode(t, tinySettings),
      connect: (t, port) => ownClient(t, port, tinyLimits),
    },
    {
      name: 'ours → node:http2 without an HPACK table, with large frames',
      start: (t) => startNode(t, { headerTableSize: 0, maxFrameSize: 1_000_000 }),
      connect: ownClient,
    },
    { name: 'ours → grpc-js', start: startGrpc, connect: ownGrpcClient },
    { name: 'ours → ours', start: startEcho, connect: ownClient },
    {
      name: 'ours → ours, tiny windows both ways',
      start: (t) => startEcho(t, { limits: tinyLimits }),
      connect: (t, port) => ownClient(t, port, tinyLimits),
    },
  ]
  for (const { name, start, connect } of rows) {
    test(`${name}, one after the other`, async (t) => {
      const send = connect(t, await start(t))
      for (const size of sizes) {
        const body = pattern(size)
        assert.ok((await send(body)).equals(body), `${size} bytes`)
      }
    })

    test(`${name}, all at once`, async (t) => {
      const send = connect(t, await start(t))
      const bodies = [...sizes.slice(0, -1), 300_000, 1_000_000].flatMap((size) =>
        Array.from({ length: 5 }, () => pattern(size)),
      )
      const answers = await Promise.all(bodies.map(send))
      for (const [index, body] of bodies.entries()) {
        assert.ok(answers[index]?.equals(body), `${body.byteLength} bytes`)
      }
    })
  }
})

suite('headers of every kind', () => {
  const alphabet = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))

  const randomFields = (random: Random): [string, string][] =>
    Array.from({ length: 1 + random.below(20) }, () => {
      const length = random.pick([0, 1, 5, 30, 126, 127, 128, 300])
      const value = Array.from({ length }, () => random.pick(alphabet))
        .join('')
        .trim()
      return [`x-${random.below(40)}`, value]
    })

  test("our decoder reads what node's encoder writes, over many requests", async (t) => {
    const seed = randomInt(2 ** 32)
    const random = new Random(seed)
    const server = new EchoServer()
    t.after(() => server.close())
    const session = http2.connect(`http://127.0.0.1:${await server.listen()}`)
    t.after(() => session.destroy())
    for (let round = 0; round < 200; round++) {
      const fields = Object.fromEntries(randomFields(random))
      const stream = session.request({ ':method': 'POST', ':path': `/${round}`, ...fields })
      stream.end()
      await stream.toArray()
      const head = server.heads.at(-1)
      assert.equal(head?.path, `/${round}`)
      for (const [name, value] of Object.entries(fields)) {
        assert.equal(findHeader(head.fields, name), value, `seed ${seed}, round ${round}`)
      }
    }
  })

  test("node's decoder reads what our encoder writes", async (t) => {
    const seed = randomInt(2 ** 32)
    const random = new Random(seed)
    const server = http2.createServer()
    const seen: string[][] = []
    server.on('stream', (stream, _headers, _flags, raw) => {
      seen.push(raw)
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as net.AddressInfo
    const connection = ownConnection(t, net.connect(port, '127.0.0.1'))
    for (let round = 0; round < 100; round++) {
      const fields: [string, string][] = [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'localhost'],
        ...randomFields(random),
      ]
      const answer = new Answer()
      connection.request(encodeHeaders(fields), [], answer)
      assert.equal(await answer.outcome, 'end')
      assert.deepEqual(seen[round], fields.flat(), `seed ${seed}, round ${round}`)
    }
  })
})

suite('a foreign client of a server that drains', () => {
  test('node:http2 has an answer to every request that was taken', async (t) => {
    const server = new EchoServer()
    t.after(() => server.close())
    const session = http2.connect(`http://127.0.0.1:${await server.listen()}`)
    await once(session, 'remoteSettings')
    const sent: Promise<number | Error>[] = []
    const send = () => {
      const stream = session.request({ ':method': 'POST', ':path': path })
      stream.end(pattern(100))
      const size = (chunks: Buffer[]) => Buffer.concat(chunks).byteLength
      sent.push(stream.toArray().then(size, (error: Error) => error))
    }
    for (let index = 0; index < 20; index++) send()
    for (const connection of server.connections) connection.drain()
    // Until it knows of the notice the client goes on.
    while (!session.closed) {
      send()
      await new Promise(setImmediate)
    }
    let answered = 0
    for (const outcome of await Promise.all(sent)) {
      // The library refuses requests itself, unsent, where the notice has come and its session is not closed yet.
      if (outcome instanceof Error) assert.match(outcome.message, /NGHTTP2_REFUSED_STREAM/)
      else {
        assert.equal(outcome, 100)
        answered++
      }
    }
    assert.equal(answered, server.heads.length)
    assert.deepEqual(server.aborts, [])
    await once(session, 'close')
  })

  test('grpc-js goes on with a new connection', async (t) => {
    const server = new EchoServer()
    t.after(() => server.close())
    const send = grpcClient(t, await server.listen())
    for (let round = 0; round < 5; round++) {
      const answers = Array.from({ length: 10 }, () => send(pattern(100)))
      await Promise.race(answers)
      for (const connection of server.connections) connection.drain()
      await Promise.all(answers)
    }
  })
})

suite('over TLS', () => {
  const certificate = createCertificate()
  const large = pattern(1_000_000)

  test('node:http2 → ours', async (t) => {
    const port = await startEcho(t, { tls: certificate })
    const session = http2.connect(`https://localhost:${port}`, { ca: certificate.cert })
    t.after(() => session.destroy())
    await once(session, 'connect')
    assert.equal(session.alpnProtocol, 'h2')
    const stream = session.request({ ':method': 'POST', ':path': path })
    stream.end(large)
    const chunks: Buffer[] = await stream.toArray()
    assert.ok(Buffer.concat(chunks).equals(large))
  })

  test('ours → ours', async (t) => {
    const port = await startEcho(t, { tls: certificate })
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: certificate.cert,
      ALPNProtocols: ['h2'],
    })
    // What is sent before the handshake is over waits in the socket.
    const connection = ownConnection(t, socket)
    const answer = new Answer()
    connection.request(requestHeaders, [large], answer)
    assert.equal(await answer.outcome, 'end')
    assert.ok(answer.body.equals(large))
    connection.close()
    await once(socket, 'close')
  })

  test('a violation is answered before the connection ends', async (t) => {
    const port = await startEcho(t, { tls: certificate })
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      ca: certificate.cert,
      servername: 'localhost',
    })
    const received = socket.toArray()
    socket.write('PRI * HTTP/2.0\r\n\r\nXX')
    const bytes = Buffer.concat(await received)
    assert.equal(bytes.readUInt32BE(bytes.indexOf(Buffer.from([7, 0, 0, 0, 0, 0])) + 10), 1)
  })
})
