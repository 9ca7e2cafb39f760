import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { suite, test } from 'node:test'
import v8 from 'node:v8'
import vm from 'node:vm'
import { EchoServer } from '../../../test/support/http2/echo-server.ts'
import {
  block,
  continuation,
  data,
  frame,
  goaway,
  headers,
  ping,
  preface,
  priority,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../../../test/support/http2/frames.ts'
import { RawPeer } from '../../../test/support/http2/raw-peer.ts'
import { Answer, clientLimits, requestHeaders } from '../../../test/support/http2/raw-server.ts'
import { ClientConnection } from './client-connection.ts'

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc') as () => void

const endStream = 1
const endHeaders = 4
const padded = 8
const whole = endStream | endHeaders
const head = block([':method', 'POST'], [':scheme', 'http'], [':path', '/'])
const sized = Buffer.concat([head, block(['content-length', '5'])])
const stream = (round: number) => 1 + 2 * round
const calm = 'GOAWAY 11'

interface Flood {
  readonly name: string
  /** Sent once, before the flood. */
  readonly first?: Buffer
  readonly round: (round: number) => Buffer
  readonly rounds: number
  /** How the connection ends: with this frame, or, if it is undefined, not at all: all of it is absorbed. */
  readonly want: string | undefined
}

const floods: readonly Flood[] = [
  {
    name: 'rapid reset (CVE-2023-44487)',
    round: (n) => Buffer.concat([headers(stream(n), endHeaders, head), rstStream(stream(n), 8)]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'MadeYouReset by a WINDOW_UPDATE of 0 (CVE-2025-8671)',
    round: (n) => Buffer.concat([headers(stream(n), endHeaders, head), windowUpdate(stream(n), 0)]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'MadeYouReset by a window too large',
    round: (n) =>
      Buffer.concat([headers(stream(n), endHeaders, head), windowUpdate(stream(n), 0x7fff_ffff)]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'MadeYouReset by a wrong content-length',
    round: (n) =>
      Buffer.concat([headers(stream(n), endHeaders, sized), data(stream(n), endStream, 'abc')]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'MadeYouReset by PRIORITY',
    round: (n) =>
      Buffer.concat([headers(stream(n), endHeaders, head), priority(stream(n), stream(n))]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'DATA on closed streams',
    first: headers(200_001, whole, head),
    round: (n) => data(stream(n), 0, 'x'),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'requests above the limit',
    round: (n) => headers(stream(n), endHeaders, head),
    rounds: 10_000,
    want: calm,
  },
  { name: 'PING (CVE-2019-9512)', round: () => ping(), rounds: 10_000, want: calm },
  { name: 'PING answers', round: () => ping(1), rounds: 50_000, want: calm },
  { name: 'SETTINGS (CVE-2019-9515)', round: () => settings([4, 1]), rounds: 10_000, want: calm },
  { name: 'SETTINGS answers', round: () => settingsAck, rounds: 50_000, want: calm },
  { name: 'PRIORITY', round: (n) => priority(stream(n), 0), rounds: 50_000, want: calm },
  { name: 'unknown frames', round: () => frame(99, 0, 0), rounds: 50_000, want: calm },
  { name: 'WINDOW_UPDATE', round: () => windowUpdate(0, 1), rounds: 50_000, want: calm },
  {
    name: 'empty DATA (CVE-2019-9518)',
    first: headers(1, endHeaders, head),
    round: () => data(1, 0, ''),
    rounds: 50_000,
    want: calm,
  },
  {
    name: 'DATA of nothing but padding',
    first: headers(1, endHeaders, head),
    round: () => data(1, padded, Buffer.from([1, 0])),
    rounds: 50_000,
    want: calm,
  },
  {
    name: 'CONTINUATION, small (CVE-2024-27983)',
    first: headers(1, endStream, head),
    round: () => continuation(1, 0, Buffer.alloc(0)),
    rounds: 1000,
    want: calm,
  },
  {
    name: 'CONTINUATION, large',
    first: headers(1, endStream, head),
    round: () => continuation(1, 0, Buffer.alloc(16_384)),
    rounds: 100,
    want: calm,
  },
  {
    name: 'headers too large by HPACK (bomb)',
    first: headers(
      1,
      whole,
      Buffer.concat([head, Buffer.from([0x40]), block(['a', 'b'.repeat(120)]).subarray(1)]),
    ),
    round: (n) => headers(stream(n + 1), whole, Buffer.alloc(16_384, 0xbe)),
    rounds: 100,
    want: undefined,
  },
  {
    name: 'headers without names (CVE-2019-9516)',
    round: (n) => headers(stream(n), whole, Buffer.alloc(16_383)),
    rounds: 100,
    want: undefined,
  },
  {
    name: 'answers that wait while their streams are reset (CVE-2019-9517)',
    first: Buffer.concat([
      settings([4, 1_000_000]),
      headers(1, endHeaders, head),
      ...Array.from({ length: 5 }, () => data(1, 0, Buffer.alloc(16_000))),
      data(1, endStream, ''),
    ]),
    round: (n) =>
      Buffer.concat([
        headers(stream(n + 1), endHeaders, head),
        data(stream(n + 1), endStream, 'abc'),
        rstStream(stream(n + 1), 8),
      ]),
    rounds: 10_000,
    want: calm,
  },
  {
    name: 'answers that wait for their window (data dribble)',
    first: settings([4, 0]),
    round: (n) =>
      Buffer.concat([headers(stream(n), endHeaders, head), data(stream(n), endStream, 'abc')]),
    rounds: 50,
    want: undefined,
  },
  {
    name: 'windows of one byte (data dribble)',
    first: Buffer.concat([
      settings([4, 0]),
      headers(1, endHeaders, head),
      data(1, endStream, Buffer.alloc(5000)),
    ]),
    round: () => windowUpdate(1, 1),
    rounds: 5000,
    want: undefined,
  },
  { name: 'GOAWAY', round: () => goaway(0, 0), rounds: 5000, want: 'GOAWAY 0' },
]

async function connectRaw(port: number): Promise<RawPeer> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const peer = new RawPeer(socket)
  peer.send(preface, settings())
  await peer.next('SETTINGS ACK')
  return peer
}

/** An honest client that asks one thing after the other until it is told to stop; resolves with how often. */
async function askUntil(port: number, attack: Promise<unknown>): Promise<number> {
  const client = new ClientConnection(net.connect(port, '127.0.0.1'), {
    limits: clientLimits,
    onClosed: () => undefined,
  })
  let over = false
  const stop = attack.finally(() => {
    over = true
  })
  let answered = 0
  while (!over) {
    const answer = new Answer()
    client.request(requestHeaders, [Buffer.from('honest')], answer)
    assert.equal(await answer.outcome, 'end')
    assert.equal(answer.body.toString(), 'honest')
    answered++
  }
  await stop
  client.close()
  return answered
}

async function attack(port: number, { first, round, rounds, want }: Flood): Promise<void> {
  const peer = await connectRaw(port)
  if (first !== undefined) peer.send(first)
  const all = Buffer.concat(Array.from({ length: rounds }, (_, index) => round(index)))
  peer.send(all)
  if (want !== undefined) {
    await peer.next(want)
    await peer.closed()
  } else {
    peer.send(ping())
    await peer.next('PING ACK')
  }
  await peer.destroy()
}

suite('a flood of', () => {
  for (const flood of floods) {
    test(`${flood.name} → ${flood.want ?? 'absorbed'}, and others are served`, async () => {
      const server = new EchoServer()
      const port = await server.listen()
      const answered = await askUntil(port, attack(port, flood))
      assert.ok(answered > 0)
      while (server.connections.size > 0) {
        await new Promise(setImmediate)
        server.advance(1000)
      }
      assert.equal(server.open, 0, 'requests are left behind')
      await server.close()
    })
  }

  test('requests reset while their answers wait in line leaves no line', async () => {
    const server = new EchoServer()
    const peer = await connectRaw(await server.listen())
    // The window of the connection is used up by one answer.
    peer.send(settings([4, 1_000_000]), headers(1, endHeaders, head))
    for (let index = 0; index < 5; index++) peer.send(data(1, 0, Buffer.alloc(16_000)))
    peer.send(data(1, endStream, ''))
    let id = 3
    const run = async () => {
      for (let second = 0; second < 20; second++) {
        const parts: Buffer[] = []
        for (let index = 0; index < 1000; index++, id += 2) {
          parts.push(headers(id, endHeaders, head), data(id, endStream, 'abc'), rstStream(id, 8))
        }
        peer.send(...parts, ping())
        await peer.next('PING ACK')
        server.advance(1000)
      }
      server.heads.length = 0
      server.aborts.length = 0
      peer.forget()
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = await run()
    const grownKib = Math.round(((await run()) - before) / 1024)
    assert.ok(grownKib < 2048, `the heap grew by ${grownKib} KiB`)
    await peer.destroy()
    await server.close()
  })

  test('anything leaves nothing in memory', async () => {
    const server = new EchoServer()
    const port = await server.listen()
    const few = floods.map((flood) => ({ ...flood, rounds: Math.min(flood.rounds, 3000) }))
    const runAll = async () => {
      for (const flood of few) {
        // Fewer rounds may end nothing; what matters is that they leave nothing.
        const peer = await connectRaw(port)
        if (flood.first !== undefined) peer.send(flood.first)
        peer.send(Buffer.concat(Array.from({ length: flood.rounds }, (_, n) => flood.round(n))))
        peer.send(ping())
        await peer.next(/PING ACK|GOAWAY/)
        await peer.destroy()
      }
      while (server.connections.size > 0) {
        await new Promise(setImmediate)
        server.advance(1000)
      }
      // What the test itself writes down.
      server.heads.length = 0
      server.aborts.length = 0
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    await runAll()
    const before = await runAll()
    const after = await runAll()
    const grownKib = Math.round((after - before) / 1024)
    assert.ok(grownKib < 1024, `the heap grew by ${grownKib} KiB`)
    await server.close()
  })
})
