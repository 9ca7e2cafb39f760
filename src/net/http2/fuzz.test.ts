import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { Duplex } from 'node:stream'
import { suite, test } from 'node:test'
import { patientKeepalive, serverLimits } from '../../../test/support/http2/echo-server.ts'
import {
  block,
  continuation,
  data,
  frame,
  goaway,
  headers,
  preface,
  priority,
  RawFrames,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../../../test/support/http2/frames.ts'
import { clientLimits, requestHeaders } from '../../../test/support/http2/raw-server.ts'
import { Random } from '../../../test/support/random.ts'
import { ClientConnection } from './client-connection.ts'
import { encodeHeaders } from './hpack-encoder.ts'
import { ServerConnection } from './server-connection.ts'
import type { Http2Stream, StreamListener } from './stream.ts'

/** Each side gets this long; `REMORA_FUZZ_SEED=17` runs one seed instead. */
const budgetMs = 900
const onlySeed = process.env['REMORA_FUZZ_SEED']

/** A socket in memory; it may stop taking what is written. */
class FakeSocket extends Duplex {
  readonly written: Buffer[] = []
  stuck = false
  #waiting: (() => void) | undefined

  override _read(): void {
    // Bytes come by `emit`.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk)
    if (this.stuck) this.#waiting = done
    else done()
  }

  unstick(): void {
    this.stuck = false
    this.#waiting?.()
    this.#waiting = undefined
  }
}

/** Fails if anything is called after the end, or if the end never comes. */
class StrictListener implements StreamListener {
  ended = false
  aborted = false

  onHeaders(): void {
    assert.ok(!this.ended && !this.aborted, 'headers after the end')
  }

  onData(source: Uint8Array, start: number, end: number): void {
    assert.ok(!this.ended && !this.aborted, 'data after the end')
    assert.ok(start < end && end <= source.byteLength)
  }

  onEnd(): void {
    assert.ok(!this.ended && !this.aborted, 'two ends')
    this.ended = true
  }

  onAbort(): void {
    assert.ok(!this.aborted, 'two aborts')
    this.aborted = true
  }
}

const requestBlock = block([':method', 'POST'], [':scheme', 'http'], [':path', '/'], ['a', 'b'])
const responseBlock = block([':status', '200'], ['a', 'b'])

function randomFrame(random: Random, headBlock: Buffer): Buffer {
  const streamId = random.pick([0, 1, 1, 3, 3, 5, 7, 9, 11, 2, 101, 0x7fff_ffff])
  const flags = random.pick([0, 1, 4, 4, 5, 5, 5, 8, 9, 0x20, random.below(256)])
  switch (random.below(13)) {
    case 0:
    case 1:
      return headers(streamId, flags, headBlock)
    case 2:
      return headers(streamId, flags, random.bytes(random.below(60)))
    case 3:
    case 4:
      return data(streamId, flags, random.bytes(random.pick([0, 1, 10, 3000])))
    case 5:
      return rstStream(streamId, random.below(16))
    case 6:
      return settings([random.below(8), random.pick([0, 1, 2, 100, 16_384, 65_535, 0x8000_0000])])
    case 7:
      return windowUpdate(streamId, random.pick([0, 1, 5, 1000, 100_000, 0x7fff_ffff]))
    case 8:
      return continuation(streamId, flags, headBlock.subarray(0, random.below(50)))
    case 9:
      return priority(streamId, random.below(4))
    case 10:
      return goaway(random.below(12), random.below(14), 'x'.repeat(random.below(9)))
    case 11:
      return settingsAck
    default:
      return frame(random.below(16), flags, streamId, random.bytes(random.below(20)))
  }
}

/** Frames, with a few bits turned now and then. */
function randomBytes(random: Random, headBlock: Buffer): Buffer {
  const frames = Array.from({ length: 1 + random.below(40) }, () => randomFrame(random, headBlock))
  // Mostly a good beginning, so that the depths are reached.
  if (random.below(20) > 0) frames.unshift(settings())
  const bytes = Buffer.concat(frames)
  for (let turned = random.pick([0, 0, 0, 1, 5]); turned > 0; turned--) {
    const at = random.below(bytes.byteLength)
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
  }
  return bytes
}

function feed(socket: FakeSocket, random: Random, bytes: Buffer, between: () => void): void {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const next = Math.min(bytes.byteLength, offset + 1 + random.below(random.pick([3, 50, 5000])))
    socket.emit('data', bytes.subarray(offset, next))
    offset = next
    if (random.below(3) === 0) between()
  }
}

/** What was written is whole frames of types that we send. */
function checkOutput(socket: FakeSocket, skipBytes: number): void {
  const bytes = Buffer.concat(socket.written).subarray(skipBytes)
  const frames = new RawFrames().push(bytes)
  const size = frames.reduce((sum, { payload }) => sum + 9 + payload.byteLength, 0)
  assert.equal(size, bytes.byteLength, 'the last frame is cut off')
  for (const { type } of frames) assert.ok([0, 1, 3, 4, 6, 7, 8, 9].includes(type), `type ${type}`)
}

const answerHeaders = encodeHeaders([[':status', '200']])
const trailers = encodeHeaders([['grpc-status', '0']])

async function fuzzServer(random: Random): Promise<void> {
  const socket = new FakeSocket()
  const open: { stream: Http2Stream; listener: StrictListener; answered: boolean }[] = []
  let nowMs = 0
  let closed = 0
  const connection = new ServerConnection(
    socket,
    {
      onRequest: (_connection, stream) => {
        const listener = new StrictListener()
        open.push({ stream, listener, answered: false })
        return listener
      },
      onClose: () => {
        closed++
      },
    },
    {
      limits: { ...serverLimits, streamWindowBytes: 5000, streamsMax: 4 },
      keepalive: patientKeepalive,
      nowMs: () => nowMs,
      random: () => 0.5,
      prefaceTimeoutMs: 10_000,
    },
  )
  const act = () => {
    const request = open.length === 0 ? undefined : random.pick(open)
    switch (random.below(12)) {
      case 0:
        nowMs += random.pick([1, 1000, 20_000])
        connection.tick()
        break
      case 1:
        if (random.below(10) === 0) connection.drain()
        break
      case 2:
        socket.stuck = random.below(4) === 0
        if (!socket.stuck) socket.unstick()
        break
      case 3:
        if (request !== undefined) connection.reset(request.stream.id, 8, 'given up')
        break
      default:
        if (request === undefined) break
        request.answered = true
        connection.respond(
          request.stream,
          answerHeaders,
          random.pick([undefined, Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(9000)]),
          random.pick([undefined, trailers]),
        )
    }
  }
  feed(socket, random, Buffer.concat([preface, randomBytes(random, requestBlock)]), act)
  await new Promise(setImmediate)
  const { ended } = connection
  socket.unstick()
  connection.destroy('over')
  await new Promise(setImmediate)
  assert.equal(connection.streamCount, 0)
  assert.equal(closed, 1)
  for (const { listener, answered } of open) {
    assert.ok(listener.aborted || listener.ended || answered, 'a request was left behind')
  }
  if (!ended) checkOutput(socket, 0)
}

async function fuzzClient(random: Random): Promise<void> {
  const socket = new FakeSocket()
  let closed = 0
  const connection = new ClientConnection(socket, {
    limits: { ...clientLimits, streamWindowBytes: 5000 },
    onClosed: () => {
      closed++
    },
  })
  const listeners: StrictListener[] = []
  const cancelled = new Set<StrictListener>()
  const streams: Http2Stream[] = []
  const act = () => {
    switch (random.below(8)) {
      case 0:
        connection.keepalive()
        break
      case 1: {
        const index = random.below(streams.length + 1)
        const [stream, listener] = [streams[index], listeners[index]]
        if (stream === undefined || listener === undefined) break
        connection.cancel(stream)
        cancelled.add(listener)
        break
      }
      case 2:
        if (random.below(10) === 0) connection.close()
        break
      default: {
        if (!connection.available || listeners.length > 20) break
        const listener = new StrictListener()
        listeners.push(listener)
        const segments = [Buffer.alloc(5), Buffer.alloc(random.pick([0, 10, 3000, 100_000]))]
        streams.push(connection.request(requestHeaders, segments, listener))
      }
    }
  }
  for (let index = 0; index < 5; index++) act()
  feed(socket, random, randomBytes(random, responseBlock), act)
  await new Promise(setImmediate)
  const { ended } = connection
  connection.destroy('over')
  await new Promise(setImmediate)
  assert.equal(connection.streamCount, 0)
  assert.equal(closed, 1)
  for (const listener of listeners) {
    assert.ok(listener.aborted || listener.ended || cancelled.has(listener), 'left behind')
  }
  if (!ended) checkOutput(socket, preface.byteLength)
}

suite('random and mutated frames never break', () => {
  const sides = [
    { name: 'the server', fuzz: fuzzServer },
    { name: 'the client', fuzz: fuzzClient },
  ]
  for (const { name, fuzz } of sides) {
    test(name, async (t) => {
      const firstSeed = onlySeed === undefined ? randomInt(2 ** 31) : Number(onlySeed)
      const startMs = performance.now()
      let seed = firstSeed
      do {
        try {
          await fuzz(new Random(seed))
        } catch (error) {
          throw new Error(`run again with REMORA_FUZZ_SEED=${seed}`, { cause: error })
        }
        seed++
      } while (onlySeed === undefined && performance.now() - startMs < budgetMs)
      t.diagnostic(`${seed - firstSeed} sessions from seed ${firstSeed}`)
    })
  }
})
