import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { type EchoOptions, EchoServer } from '../../../test/support/http2/echo-server.ts'
import {
  block,
  data,
  frame,
  goaway,
  headers,
  ping,
  preface,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../../../test/support/http2/frames.ts'
import { RawPeer } from '../../../test/support/http2/raw-peer.ts'
import { encodeHeaders } from './hpack-encoder.ts'
import { ErrorCode } from './protocol.ts'
import type { ServerConnection } from './server-connection.ts'
import type { Http2Stream } from './stream.ts'

const endStream = 1
const endHeaders = 4
const whole = endStream | endHeaders
const head = block([':method', 'POST'], [':scheme', 'http'], [':path', '/'])
const answerHeaders = encodeHeaders([[':status', '200']])
const answerTrailers = encodeHeaders([['grpc-status', '0']])

/** A server that answers by hand: requests wait in `waiting`. */
async function start(t: TestContext, options: EchoOptions = {}) {
  const waiting: { connection: ServerConnection; stream: Http2Stream }[] = []
  const server = new EchoServer({
    onRequest: (connection, stream) => waiting.push({ connection, stream }),
    ...options,
  })
  const port = await server.listen()
  t.after(() => server.close())
  const answer = (body?: Uint8Array, trailers?: Uint8Array) => {
    const { connection, stream } = waiting.shift() as (typeof waiting)[number]
    connection.respond(stream, answerHeaders, body, trailers)
  }
  return { server, port, waiting, answer }
}

async function connect(t: TestContext, port: number, ...first: readonly Buffer[]) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  const peer = new RawPeer(socket)
  t.after(() => peer.destroy())
  peer.send(preface, ...(first.length > 0 ? first : [settings()]), settingsAck)
  await peer.next('SETTINGS ACK')
  return peer
}

/** Everything sent before has been dealt with. */
async function settled(peer: RawPeer): Promise<void> {
  peer.send(ping())
  await peer.next('PING ACK')
}

suite('a server that drains', () => {
  test('gives notice, takes what was on its way, names the last request, ends', async (t) => {
    const { server, port, waiting, answer } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head))
    await settled(peer)
    for (const connection of server.connections) connection.drain()
    const notice = await peer.next('GOAWAY 0')
    assert.equal(notice.payload.readUInt32BE(0), 0x7fff_ffff)
    const mark = await peer.next('PING')
    // Sent before the notice was read.
    peer.send(headers(3, whole, head), frame(6, 1, 0, mark.payload))
    const last = await peer.next('GOAWAY 0')
    assert.equal(last.payload.readUInt32BE(0), 3)
    assert.equal(waiting.length, 2)
    peer.send(headers(5, whole, head))
    await peer.next(`RST_STREAM 5 ${ErrorCode.refusedStream}`)
    answer()
    await peer.next('HEADERS 1 END')
    answer()
    await peer.next('HEADERS 3 END')
    await peer.closed()
    assert.deepEqual(server.aborts, [])
  })

  test('never names a higher request afterwards', async (t) => {
    const { port } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head), goaway(0, 0), headers(3, whole, head), data(0, 0, 'x'))
    await peer.next('GOAWAY 0')
    const { payload } = await peer.next(`GOAWAY ${ErrorCode.protocolError}`)
    assert.equal(payload.readUInt32BE(0), 1)
  })

  test('does not wait for an answer to its PING for longer than a second', async (t) => {
    const { server, port } = await start(t)
    const peer = await connect(t, port)
    for (const connection of server.connections) connection.drain()
    server.advance(999)
    server.advance(1)
    await peer.next('GOAWAY 0')
    await peer.next('GOAWAY 0')
    await peer.closed()
  })

  test('hangs up on a client that has not said the preface', async (t) => {
    const { server, port } = await start(t)
    const socket = net.connect(port, '127.0.0.1')
    const peer = new RawPeer(socket)
    await once(socket, 'connect')
    while (server.connections.size === 0) await new Promise(setImmediate)
    for (const connection of server.connections) connection.drain()
    await peer.closed()
  })

  test('destroys what the client keeps open', async (t) => {
    const { server, port } = await start(t)
    const peer = await connect(t, port)
    peer.send(goaway(0, 0))
    await peer.next('GOAWAY 0')
    await peer.closed()
    // The client does not close its half, and goes on sending; nobody looks.
    peer.send(ping(), ping())
    assert.equal(server.connections.size, 1)
    server.advance(1000)
    assert.equal(server.connections.size, 1)
    server.advance(1000)
    while (server.closedCount === 0) await new Promise(setImmediate)
  })
})

suite('a server that answers', () => {
  test('before the request ended tells the client to stop, and ignores what comes', async (t) => {
    const { server, port, answer } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, endHeaders, head), data(1, 0, 'abc'))
    await settled(peer)
    answer()
    await peer.next('HEADERS 1 END')
    await peer.next(`RST_STREAM 1 ${ErrorCode.noError}`)
    peer.send(data(1, 0, 'late'), data(1, endStream, ''))
    await settled(peer)
    assert.doesNotMatch(peer.summary, /RST_STREAM 1 [^0]|GOAWAY/)
    for (const connection of server.connections) assert.equal(connection.streamCount, 0)
    assert.deepEqual(server.aborts, [])
  })

  test('inside onRequest sends no reset for a request that is complete', async (t) => {
    const { server, port } = await start(t, {
      onRequest: (connection, stream) =>
        connection.respond(stream, answerHeaders, undefined, undefined),
    })
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head))
    await peer.next('HEADERS 1 END')
    await settled(peer)
    assert.doesNotMatch(peer.summary, /RST_STREAM/)
    for (const connection of server.connections) assert.equal(connection.streamCount, 0)
  })

  test('with a body that waits tells the client to stop when the body is sent', async (t) => {
    const { port, answer } = await start(t)
    const peer = await connect(t, port, settings([4, 3]))
    peer.send(headers(1, endHeaders, head))
    await settled(peer)
    answer(Buffer.from('hello'), answerTrailers)
    await peer.next('DATA 1 3')
    await settled(peer)
    assert.doesNotMatch(peer.summary, /RST_STREAM/)
    peer.send(windowUpdate(1, 10))
    await peer.next('DATA 1 2')
    await peer.next('HEADERS 1 END')
    await peer.next(`RST_STREAM 1 ${ErrorCode.noError}`)
  })

  test('twice, or after a reset, sends nothing more', async (t) => {
    const { port, waiting } = await start(t)
    const peer = await connect(t, port, settings([4, 1]))
    peer.send(headers(1, whole, head), headers(3, whole, head), rstStream(3, 8))
    await settled(peer)
    const body = Buffer.from('ab')
    for (const { connection, stream } of [...waiting, ...waiting]) {
      connection.respond(stream, answerHeaders, body, undefined)
    }
    peer.send(windowUpdate(1, 1))
    await peer.next('DATA 1 1 END')
    await settled(peer)
    assert.equal(peer.summary.match(/HEADERS/g)?.length, 1)
  })

  test('every frame up to what the client allows, headers in CONTINUATION', async (t) => {
    const { port, waiting } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head))
    await settled(peer)
    const [{ connection, stream }] = waiting as [(typeof waiting)[number]]
    const long = encodeHeaders([
      [':status', '200'],
      ['x-long', 'y'.repeat(40_000)],
    ])
    connection.respond(stream, long, undefined, undefined)
    const first = await peer.next('HEADERS 1 END')
    const more = [await peer.next('type 9 1'), await peer.next('type 9 1')]
    assert.deepEqual(
      [first, ...more].map((part) => [part.flags, part.payload.byteLength]),
      [
        [1, 16_384],
        [0, 16_384],
        [4, long.byteLength - 32_768],
      ],
    )
  })
})

suite('a server whose client', () => {
  test('closes its half of the socket ends at once', async (t) => {
    const { server, port, answer } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head))
    await settled(peer)
    peer.socket.end()
    await once(peer.socket, 'close')
    while (server.connections.size > 0) await new Promise(setImmediate)
    assert.equal(server.aborts.length, 1)
    answer()
  })

  test('resets the connection while answers wait', async (t) => {
    const { server, port, answer } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head), headers(3, endHeaders, head))
    await settled(peer)
    answer()
    peer.socket.resetAndDestroy()
    answer(Buffer.alloc(100_000), answerTrailers)
    while (server.connections.size > 0) await new Promise(setImmediate)
    assert.equal(server.aborts.length, 1)
  })

  test('never says the preface is hung up on after the timeout', async (t) => {
    const { server, port } = await start(t)
    const peer = new RawPeer(net.connect(port, '127.0.0.1'))
    peer.send(preface.subarray(0, 10))
    while (server.connections.size === 0) await new Promise(setImmediate)
    server.advance(9_999)
    assert.equal(server.connections.size, 1)
    server.advance(1)
    await peer.closed()
    while (server.connections.size > 0) await new Promise(setImmediate)
  })

  test('never ends a header block is hung up on after the timeout', async (t) => {
    const { server, port } = await start(t)
    const peer = await connect(t, port)
    peer.send(headers(1, endStream, head))
    await new Promise(setImmediate)
    // The first tick sees it, the second finds it too old.
    for (let seconds = 0; seconds < 30; seconds += 10) {
      server.advance(10_000)
      await new Promise(setImmediate)
    }
    await peer.closed()
  })

  test('never opens its window: the answer is dropped after a while', async (t) => {
    const { server, port, answer } = await start(t)
    const peer = await connect(t, port, settings([4, 0]))
    peer.send(headers(1, whole, head))
    await settled(peer)
    answer(Buffer.from('hello'), answerTrailers)
    server.advance(1000)
    server.advance(29_999)
    assert.deepEqual(server.aborts, [])
    server.advance(1)
    await peer.next(`RST_STREAM 1 ${ErrorCode.cancel}`)
    assert.deepEqual(
      server.aborts.map(({ code }) => code),
      [ErrorCode.cancel],
    )
    await settled(peer)
  })

  test('does not read its answers: no more questions are read, and then it is dropped', async (t) => {
    const body = Buffer.alloc(1_000_000)
    const { server, port } = await start(t, {
      onRequest: (connection, stream) => connection.respond(stream, answerHeaders, body, undefined),
    })
    const peer = await connect(t, port, settings([4, 0x7fff_ffff]), windowUpdate(0, 0x7000_0000))
    let asked = 0
    /** Asks one by one until the server does not look any more. */
    const askUntilIgnored = async () => {
      peer.socket.pause()
      for (let seen = -1; seen < server.heads.length; ) {
        seen = server.heads.length
        peer.send(headers(1 + 2 * asked++, whole, head))
        for (let turn = 0; turn < 200 && server.heads.length === seen; turn++) {
          await new Promise(setImmediate)
        }
      }
    }
    await askUntilIgnored()
    assert.equal(server.heads.length, asked - 1)
    // It takes the answers: the server goes on.
    peer.socket.resume()
    await peer.next(`HEADERS ${2 * asked - 1}`)
    await askUntilIgnored()
    server.advance(29_999)
    assert.equal(server.connections.size, 1)
    server.advance(1)
    while (server.connections.size > 0) await new Promise(setImmediate)
  })
})

suite('the keepalive of a server', () => {
  test('pings a silent client, and closes when no answer comes', async (t) => {
    const { server, port } = await start(t, {
      keepalive: { pingAfterMs: 5000, pingTimeoutMs: 2000 },
    })
    const peer = await connect(t, port)
    server.advance(1000)
    server.advance(5000)
    const { payload } = await peer.next('PING')
    peer.send(frame(6, 1, 0, payload))
    await settled(peer)
    server.advance(1000)
    server.advance(5000)
    await peer.next('PING')
    server.advance(2000)
    await peer.closed()
  })

  test('leaves a connection that is in use between the ticks', async (t) => {
    const { server, port, answer } = await start(t, { keepalive: { idleMs: 3000 } })
    const peer = await connect(t, port)
    for (let id = 1; id < 20; id += 2) {
      peer.send(headers(id, whole, head))
      await settled(peer)
      answer()
      await peer.next(`HEADERS ${id} END`)
      server.advance(1000)
    }
    assert.doesNotMatch(peer.summary, /GOAWAY/)
    server.advance(2999)
    server.advance(1)
    await peer.next('GOAWAY 0')
  })

  test('asks an old connection to go, and cuts it off after the grace', async (t) => {
    const { server, port } = await start(t, { keepalive: { ageMs: 10_000, ageGraceMs: 2000 } })
    const peer = await connect(t, port)
    peer.send(headers(1, whole, head))
    await settled(peer)
    server.advance(10_000)
    await peer.next('GOAWAY 0')
    server.advance(1999)
    assert.equal(server.connections.size, 1)
    server.advance(1)
    await peer.closed()
    assert.equal(server.aborts.length, 1)
  })

  test('ends a client that pings too often', async (t) => {
    const { port } = await start(t, { keepalive: { peerPingMinMs: 300_000 } })
    const peer = await connect(t, port)
    peer.send(ping(), ping(), ping(), ping())
    const { payload } = await peer.next(`GOAWAY ${ErrorCode.enhanceYourCalm}`)
    assert.equal(payload.toString('latin1', 8), 'too_many_pings')
    await peer.closed()
  })
})
