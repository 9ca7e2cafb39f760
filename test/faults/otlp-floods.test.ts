import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { suite, test } from 'node:test'
import { FakeClock } from '../support/fake-clock.ts'
import {
  block,
  continuation,
  data,
  headers,
  ping,
  preface,
  priority,
  rstStream,
  settings,
  windowUpdate,
} from '../support/http2/frames.ts'
import { RawPeer } from '../support/http2/raw-peer.ts'
import { grpcPaths } from '../support/otlp-sink.ts'
import { ForeignClient, startReceiver } from '../support/receiver.ts'

/** Peers that send too much of what costs them nothing, or too slowly; and good requests beside them. */

const mib = 1024 * 1024
const logs = readFileSync(new URL('../../fixtures/wire/logs.binpb', import.meta.url))
const endHeaders = 4
const endStream = 1
const callFields = {
  ':method': 'POST',
  ':scheme': 'http',
  ':path': grpcPaths.logs,
  'content-type': 'application/grpc',
}
const call = block(...Object.entries(callFields))

function connect(port: number): RawPeer {
  return new RawPeer(net.connect(port, '127.0.0.1'))
}

suite('HTTP/2 floods of the otlp receiver', { timeout: 60_000 }, () => {
  const many = (count: number, make: (index: number) => Buffer[]): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, index) => make(index)).flat())
  const open = (index: number) => headers(2 * index + 1, endHeaders, call)

  const refused = (fields: Record<string, string>, message = ''): Buffer => {
    const head = block(...Object.entries({ ...callFields, ...fields }))
    return many(5000, (i) => [
      headers(2 * i + 1, endHeaders, head),
      data(2 * i + 1, endStream, Buffer.from(message, 'hex')),
    ])
  }

  const rows: readonly (readonly [name: string, flood: Buffer, want: string])[] = [
    ['unknown methods', refused({ ':path': '/a.B/C' }), 'GOAWAY 11'],
    ['methods of HTTP', refused({ ':method': 'PUT' }), 'GOAWAY 11'],
    ['wrong content types', refused({ 'content-type': 'text/plain' }), 'GOAWAY 11'],
    ['JSON messages', refused({ 'content-type': 'application/grpc+json' }), 'GOAWAY 11'],
    ['unknown encodings', refused({ 'grpc-encoding': 'snappy' }), 'GOAWAY 11'],
    ['calls without a message', refused({}), 'GOAWAY 11'],
    ['messages that are too large', refused({}, '00ffffffff'), 'GOAWAY 11'],
    ['messages that go on behind their end', refused({}, '000000000000'), 'GOAWAY 11'],
    ['damaged gzip', refused({ 'grpc-encoding': 'gzip' }, '01000000020a7f'), 'GOAWAY 11'],
    ['rapid reset', many(20_000, (i) => [open(i), rstStream(2 * i + 1, 8)]), 'GOAWAY 11'],
    ['pings', many(10_000, () => [ping()]), 'GOAWAY 11'],
    ['settings', many(10_000, () => [settings([4, 65_535])]), 'GOAWAY 11'],
    ['streams that never end', many(20_000, (i) => [open(i)]), 'RST_STREAM 201 7'],
    ['empty DATA', many(50_000, (i) => (i === 0 ? [open(0)] : [data(1, 0, '')])), 'GOAWAY 11'],
    ['priorities', many(50_000, () => [priority(1, 3)]), 'GOAWAY 11'],
    ['window updates', many(50_000, () => [windowUpdate(0, 1)]), 'GOAWAY 11'],
    [
      'continuations',
      many(50_000, (i) => [
        i === 0 ? headers(1, 0, call) : continuation(1, 0, Buffer.alloc(8, 0x82)),
      ]),
      'GOAWAY 11',
    ],
  ]
  for (const [name, flood, want] of rows) {
    test(`${name}: ${want}, and the others are served`, async () => {
      // No second passes: nothing is forgiven, however slow the machine.
      await using started = await startReceiver({ http: null, clock: new FakeClock() })
      using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
      assert.equal((await client.export(logs)).code, 0)
      const before = process.memoryUsage.rss()
      const peer = connect(started.grpcPort)
      peer.send(preface, settings())
      for (let at = 0; at < flood.byteLength; at += 16_384) {
        peer.socket.write(flood.subarray(at, at + 16_384))
      }
      const good = Array.from({ length: 20 }, () => client.export(logs, { timeoutMs: 10_000 }))
      await peer.next(want)
      for (const result of await Promise.all(good)) assert.equal(result.code, 0, result.message)
      await peer.destroy()
      assert.equal((await client.export(logs)).code, 0)
      while (started.bytesInFlight() > 0) await new Promise((resolve) => setImmediate(resolve))
      const growth = process.memoryUsage.rss() - before
      assert.ok(growth < 128 * mib, `${growth / mib} MiB`)
    })
  }
})

test('messages that are no OTLP: GOAWAY 11, one after the other too', async () => {
  await using started = await startReceiver({ http: null, clock: new FakeClock() })
  const peer = connect(started.grpcPort)
  peer.send(preface, settings())
  const broken = Buffer.from('00000000020a7f', 'hex')
  // The SETTINGS at the beginning cost as much as one of them.
  for (let id = 1; id < 4000; id += 2) {
    peer.send(headers(id, endHeaders, call), data(id, endStream, broken))
    await peer.next(`HEADERS ${id} END`)
  }
  await peer.next('GOAWAY 11')
  assert.equal(started.rejected('grpc', 'invalid_data'), 2000)
  await peer.destroy()
})

test('a client that is refused a thousand times a second is served all the same', async () => {
  const clock = new FakeClock()
  await using started = await startReceiver({ http: null, clock })
  const peer = connect(started.grpcPort)
  peer.send(preface, settings())
  const wrong = block(...Object.entries({ ...callFields, ':path': '/a.B/C' }))
  let id = 1
  for (let second = 0; second < 4; second++) {
    for (let count = 0; count < 1000; count++, id += 2) {
      peer.send(headers(id, endHeaders | endStream, wrong))
    }
    peer.send(ping())
    await peer.next('PING ACK')
    await clock.advance(1000)
  }
  peer.send(headers(id, endHeaders, call), data(id, endStream, Buffer.alloc(5)))
  await peer.next(`DATA ${id} 5`)
  assert.equal(started.rejected('grpc', 'unsupported'), 4000)
  await peer.destroy()
})

suite('slow senders of the otlp receiver', { timeout: 60_000 }, () => {
  test('a call whose message does not come', async () => {
    const clock = new FakeClock()
    await using started = await startReceiver({ http: null, clock })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const peers = Array.from({ length: 20 }, () => connect(started.grpcPort))
    for (const peer of peers) {
      // Half a prefix, then the prefix of 4 MiB with one byte of it.
      peer.send(preface, settings(), headers(1, endHeaders, call), data(1, 0, Buffer.alloc(3)))
      peer.send(headers(3, endHeaders, call), data(3, 0, Buffer.from([0, 0, 0x40, 0, 0, 1])))
      await peer.next('SETTINGS ACK')
    }
    while (started.bytesInFlight() < 20 * 8192) await new Promise((r) => setImmediate(r))
    assert.ok(started.bytesInFlight() < 20 * 32 * 1024, 'announcing alone must not allocate')
    assert.equal((await client.export(logs)).code, 0)
    await clock.advance(61_000)
    for (const peer of peers) {
      await peer.next('HEADERS 1 END')
      await peer.next('RST_STREAM 3 0')
    }
    assert.equal(started.rejected('grpc', 'slow_sender'), 40)
    assert.equal(started.bytesInFlight(), 0)
    assert.equal((await client.export(logs)).code, 0)
    for (const peer of peers) await peer.destroy()
  })

  test('connections that say nothing, or half a preface', async () => {
    const clock = new FakeClock()
    await using started = await startReceiver({ http: null, clock })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const peers = Array.from({ length: 50 }, () => connect(started.grpcPort))
    for (const peer of peers.slice(25)) peer.send(preface.subarray(0, 10))
    assert.equal((await client.export(logs)).code, 0)
    await clock.advance(11_000)
    for (const peer of peers) await peer.closed()
    assert.equal((await client.export(logs)).code, 0)
  })

  test('a connection that is silent for too long is pinged, then closed', async () => {
    const clock = new FakeClock()
    const server_parameters = { time: '10s', timeout: '5s' }
    const grpc = { keepalive: { server_parameters } }
    await using started = await startReceiver({ http: null, grpc, clock })
    const peer = connect(started.grpcPort)
    peer.send(preface, settings())
    await peer.next('SETTINGS ACK')
    await clock.advance(11_000)
    await peer.next('PING')
    await clock.advance(6000)
    await peer.closed()
  })

  test('a connection that is old must go, one that is young may stay', async () => {
    const clock = new FakeClock()
    const server_parameters = { max_connection_age: '60s', max_connection_age_grace: '5s' }
    const grpc = { keepalive: { server_parameters } }
    await using started = await startReceiver({ http: null, grpc, clock })
    const peer = connect(started.grpcPort)
    peer.send(preface, settings(), headers(1, endHeaders, call))
    await peer.next('SETTINGS ACK')
    await clock.advance(30_000)
    assert.doesNotMatch(peer.summary, /GOAWAY/)
    await clock.advance(40_000)
    await peer.next('GOAWAY 0')
    await clock.advance(20_000)
    await peer.closed()
  })

  const http = [
    {
      name: 'headers',
      text: 'POST /v1/logs HTTP/1.1\r\nhost: a\r\nx: ',
      options: { read_header_timeout: '300ms' },
    },
    {
      name: 'body',
      text: 'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nx',
      options: { read_timeout: '300ms' },
    },
  ]
  for (const { name, text, options } of http) {
    test(`HTTP: ${name} that do not end are answered with 408`, async () => {
      await using started = await startReceiver({ grpc: null, http: options })
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => lastWordsTo(started.httpPort, text)),
      )
      for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408/)
      assert.equal(started.rejected('http', 'slow_sender'), 20)
      while (started.bytesInFlight() > 0) await new Promise((resolve) => setImmediate(resolve))
      const good = await fetch(`http://127.0.0.1:${started.httpPort}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(logs),
      })
      assert.equal(good.status, 200)
    })
  }
})

test('HTTP: a peer that gets its 408 and does not close is cut off', async () => {
  const http = { read_timeout: '300ms' }
  await using started = await startReceiver({ grpc: null, http })
  const socket = net.connect({ port: started.httpPort, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.write('POST /v1/logs HTTP/1.1\r\nhost: a\r\n')
  socket.resume()
  const drip = setInterval(() => socket.write('x'), 50)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(drip)
})

/** Sends `text`, then a byte now and then; resolves with what came back when the other side ends it. */
function lastWordsTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text))
    const drip = setInterval(() => socket.write('x'), 50)
    const done = () => {
      clearInterval(drip)
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('end', done)
    socket.on('error', done)
  })
}
