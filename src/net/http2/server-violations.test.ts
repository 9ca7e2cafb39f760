import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, suite, test } from 'node:test'
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
  word,
} from '../../../test/support/http2/frames.ts'
import { RawPeer } from '../../../test/support/http2/raw-peer.ts'
import { ErrorCode } from './protocol.ts'

const {
  protocolError,
  flowControlError,
  streamClosed,
  frameSizeError,
  refusedStream,
  compressionError,
  enhanceYourCalm,
} = ErrorCode

const endStream = 1
const endHeaders = 4
const padded = 8
const withPriority = 0x20
const whole = endStream | endHeaders

const pseudo = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
] as const
const head = block(...pseudo)
const withField = (name: string, value: string) =>
  headers(1, whole, block(...pseudo, [name, value]))
const request = (streamId: number) => headers(streamId, whole, head)
const openRequest = (streamId: number) => headers(streamId, endHeaders, head)

type Row = { readonly name: string; readonly send: readonly Buffer[]; readonly want: string }

/** What a server must answer to bytes behind a correct preface and SETTINGS (RFC 9113, section in the name). */
const rows: readonly Row[] = [
  // Frames.
  {
    name: '4.2 a frame above SETTINGS_MAX_FRAME_SIZE',
    send: [openRequest(1), frame(0, 0, 1, Buffer.alloc(16_385))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '4.3 a header block that cannot be decoded',
    send: [headers(1, whole, Buffer.from([0x80]))],
    want: `GOAWAY ${compressionError}`,
  },
  {
    name: '4.3 another frame inside a header block',
    send: [headers(1, 0, head), priority(1, 3)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '4.3 DATA inside a header block',
    send: [openRequest(1), headers(3, 0, head), data(1, 0, 'x')],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '4.3 the header block of another stream',
    send: [headers(1, 0, head), continuation(3, endHeaders, head)],
    want: `GOAWAY ${protocolError}`,
  },
  // Stream states.
  { name: '5.1 DATA on an idle stream', send: [data(1, 0, 'x')], want: `GOAWAY ${protocolError}` },
  {
    name: '5.1 RST_STREAM on an idle stream',
    send: [rstStream(1, 8)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '5.1 WINDOW_UPDATE on an idle stream',
    send: [windowUpdate(1, 1)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '5.1 CONTINUATION on an idle stream',
    send: [continuation(1, endHeaders, head)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '5.1 DATA on a closed stream',
    send: [openRequest(1), rstStream(1, 8), data(1, 0, 'x')],
    want: `RST_STREAM 1 ${streamClosed}`,
  },
  {
    name: '5.1 HEADERS on a closed stream',
    send: [openRequest(1), rstStream(1, 8), request(1)],
    want: `GOAWAY ${streamClosed}`,
  },
  {
    name: '5.1.1 an even stream id',
    send: [request(2)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '5.1.1 a stream id below the last',
    send: [openRequest(5), openRequest(3)],
    want: `GOAWAY ${streamClosed}`,
  },
  {
    name: '5.1.2 more streams than SETTINGS_MAX_CONCURRENT_STREAMS',
    send: [openRequest(1), openRequest(3), openRequest(5)],
    want: `RST_STREAM 5 ${refusedStream}`,
  },
  {
    name: '5.3.1 a stream that depends on itself',
    send: [priority(1, 1)],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '5.3.1 HEADERS that depend on themselves',
    send: [headers(1, whole | withPriority, Buffer.concat([word(1), Buffer.from([0]), head]))],
    want: `GOAWAY ${protocolError}`,
  },
  // Frame by frame.
  { name: '6.1 DATA on stream 0', send: [data(0, 0, 'x')], want: `GOAWAY ${protocolError}` },
  {
    name: '6.1 DATA with too much padding',
    send: [openRequest(1), data(1, padded, Buffer.from([5, 0, 0]))],
    want: `GOAWAY ${protocolError}`,
  },
  { name: '6.2 HEADERS on stream 0', send: [request(0)], want: `GOAWAY ${protocolError}` },
  {
    name: '6.2 HEADERS with too much padding',
    send: [headers(1, whole | padded, Buffer.from([9, 0x82]))],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.2 HEADERS too short for its priority',
    send: [headers(1, whole | withPriority, Buffer.from([0, 0]))],
    want: `GOAWAY ${protocolError}`,
  },
  { name: '6.3 PRIORITY on stream 0', send: [priority(0, 1)], want: `GOAWAY ${protocolError}` },
  {
    name: '6.3 PRIORITY of 4 bytes',
    send: [frame(2, 0, 1, word(3))],
    want: `RST_STREAM 1 ${frameSizeError}`,
  },
  { name: '6.4 RST_STREAM on stream 0', send: [rstStream(0, 8)], want: `GOAWAY ${protocolError}` },
  {
    name: '6.4 RST_STREAM of 3 bytes',
    send: [openRequest(1), frame(3, 0, 1, Buffer.alloc(3))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.5 SETTINGS on a stream',
    send: [frame(4, 0, 1)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.5 SETTINGS with ACK and a payload',
    send: [frame(4, 1, 0, Buffer.alloc(6))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.5 SETTINGS of 5 bytes',
    send: [frame(4, 0, 0, Buffer.alloc(5))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.5.2 SETTINGS_ENABLE_PUSH of 2',
    send: [settings([2, 2])],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.5.2 SETTINGS_INITIAL_WINDOW_SIZE of 2^31',
    send: [settings([4, 0x8000_0000])],
    want: `GOAWAY ${flowControlError}`,
  },
  {
    name: '6.5.2 SETTINGS_MAX_FRAME_SIZE of 16383',
    send: [settings([5, 16_383])],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.5.2 SETTINGS_MAX_FRAME_SIZE of 2^24',
    send: [settings([5, 0x100_0000])],
    want: `GOAWAY ${protocolError}`,
  },
  { name: '6.5.3 SETTINGS', send: [settings([0xabcd, 7])], want: 'SETTINGS ACK' },
  {
    name: '6.6 PUSH_PROMISE of a client',
    send: [openRequest(1), frame(5, endHeaders, 1, Buffer.concat([word(2), head]))],
    want: `GOAWAY ${protocolError}`,
  },
  { name: '6.7 PING', send: [ping()], want: 'PING ACK' },
  {
    name: '6.7 PING on a stream',
    send: [frame(6, 0, 1, Buffer.alloc(8))],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.7 PING of 6 bytes',
    send: [frame(6, 0, 0, Buffer.alloc(6))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.8 GOAWAY on a stream',
    send: [frame(7, 0, 1, Buffer.alloc(8))],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.8 GOAWAY of 7 bytes',
    send: [frame(7, 0, 0, Buffer.alloc(7))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.9 WINDOW_UPDATE of 0 on the connection',
    send: [windowUpdate(0, 0)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.9 WINDOW_UPDATE of 0 on a stream',
    send: [openRequest(1), windowUpdate(1, 0)],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '6.9 WINDOW_UPDATE of 3 bytes',
    send: [frame(8, 0, 0, Buffer.alloc(3))],
    want: `GOAWAY ${frameSizeError}`,
  },
  {
    name: '6.9.1 a window of the connection above 2^31-1',
    send: [windowUpdate(0, 0x7fff_ffff)],
    want: `GOAWAY ${flowControlError}`,
  },
  {
    name: '6.9.1 a window of a stream above 2^31-1',
    send: [openRequest(1), windowUpdate(1, 0x7fff_ffff)],
    want: `RST_STREAM 1 ${flowControlError}`,
  },
  {
    name: '6.9.2 a window that SETTINGS lifts above 2^31-1',
    send: [openRequest(1), windowUpdate(1, 0x7000_0000), settings([4, 0x7fff_ffff])],
    want: `GOAWAY ${flowControlError}`,
  },
  {
    name: '6.9.1 more DATA than the window of a stream',
    send: [
      openRequest(1),
      // The window is 1000, but until the ACK the client need not know.
      ...Array.from({ length: 3 }, () => data(1, 0, Buffer.alloc(16_384))),
      settingsAck,
      openRequest(3),
      data(3, 0, Buffer.alloc(1001)),
    ],
    want: `RST_STREAM 3 ${flowControlError}`,
  },
  {
    name: '6.10 CONTINUATION without HEADERS',
    send: [openRequest(1), continuation(1, endHeaders, head)],
    want: `GOAWAY ${protocolError}`,
  },
  {
    name: '6.10 CONTINUATION frames without end',
    send: [headers(1, 0, head), ...Array.from({ length: 40 }, () => continuation(1, 0, head))],
    want: `GOAWAY ${enhanceYourCalm}`,
  },
  // HTTP.
  {
    name: '8.1 trailers without END_STREAM',
    send: [openRequest(1), headers(1, endHeaders, block(['x', 'y']))],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.1 a pseudo header in the trailers',
    send: [openRequest(1), headers(1, whole, block([':path', '/']))],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.1 HEADERS after END_STREAM, before the answer',
    send: [
      headers(1, whole, block([':method', 'POST'], [':scheme', 'http'], [':path', '/later'])),
      headers(1, whole, block(['x', 'y'])),
    ],
    want: `RST_STREAM 1 ${streamClosed}`,
  },
  {
    name: '8.1.1 a body shorter than content-length',
    send: [
      headers(1, endHeaders, block(...pseudo, ['content-length', '5'])),
      data(1, endStream, 'abc'),
    ],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.1.1 no body in spite of content-length',
    send: [withField('content-length', '1')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.1.1 a content-length that is no number',
    send: [withField('content-length', '1x')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2 a header name in upper case',
    send: [withField('X-Test', 'ok')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2 a header name that is empty',
    send: [withField('', 'ok')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2.1 a line break in a value',
    send: [withField('x-test', 'a\r\nb')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2.1 whitespace around a value',
    send: [withField('x-test', ' a')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2.2 connection: keep-alive',
    send: [withField('connection', 'keep-alive')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.2.2 te: gzip',
    send: [withField('te', 'gzip')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3 a pseudo header nobody knows',
    send: [withField(':test', 'x')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3 a pseudo header of answers',
    send: [withField(':status', '200')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3 a pseudo header behind a header',
    send: [headers(1, whole, block(['x', 'y'], ...pseudo))],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3.1 :path twice',
    send: [withField(':path', '/b')],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3.1 an empty :path',
    send: [headers(1, whole, block([':method', 'GET'], [':scheme', 'http'], [':path', '']))],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '8.3.1 no :scheme',
    send: [headers(1, whole, block([':method', 'GET'], [':path', '/']))],
    want: `RST_STREAM 1 ${protocolError}`,
  },
  {
    name: '10.5.1 headers above SETTINGS_MAX_HEADER_LIST_SIZE',
    send: [
      headers(
        1,
        whole,
        Buffer.concat([head, ...Array.from({ length: 20 }, () => block(['x', 'y'.repeat(100)]))]),
      ),
    ],
    want: `RST_STREAM 1 ${enhanceYourCalm}`,
  },
]

/** What must not disturb a server; the request behind it is answered. */
const harmless: readonly { readonly name: string; readonly send: readonly Buffer[] }[] = [
  { name: '4.1 unknown frame types', send: [frame(0xfa, 0xff, 0, Buffer.alloc(9))] },
  { name: '4.1 undefined flags', send: [frame(6, 0xfe, 0, Buffer.alloc(8))] },
  { name: '5.1 PRIORITY on an idle stream', send: [priority(7, 3)] },
  { name: '5.1 RST_STREAM twice', send: [openRequest(1), rstStream(1, 8), rstStream(1, 8)] },
  {
    name: '5.1 WINDOW_UPDATE on a closed stream',
    send: [openRequest(1), rstStream(1, 8), windowUpdate(1, 9)],
  },
  {
    name: '5.1 frames on their way to a stream that was reset by the server',
    send: [
      headers(1, endHeaders, block([':method', 'POST'])),
      data(1, 0, 'x'),
      headers(1, whole, block(['x', 'y'])),
    ],
  },
  { name: '6.5.3 a SETTINGS ACK too many', send: [settingsAck, settingsAck] },
  { name: '6.7 a PING answer to no PING', send: [ping(1)] },
  { name: '7 an error code nobody knows', send: [openRequest(1), rstStream(1, 0xff)] },
]

suite('the server answers', () => {
  const limits = { streamWindowBytes: 1000, headerListBytesMax: 1024, streamsMax: 2 }
  const server = new EchoServer({ limits })
  // Answers on /later never come.
  const silent = new EchoServer({ limits, onRequest: () => undefined })
  let port = 0
  let silentPort = 0
  before(async () => {
    port = await server.listen()
    silentPort = await silent.listen()
  })
  after(() => Promise.all([server.close(), silent.close()]))

  const connect = async (to: number) => {
    const socket = net.connect(to, '127.0.0.1')
    await once(socket, 'connect')
    const peer = new RawPeer(socket)
    peer.send(preface, settings())
    await peer.next('SETTINGS')
    return peer
  }

  for (const { name, send, want } of rows) {
    test(`${name} → ${want}`, async () => {
      const peer = await connect(name.includes('before the answer') ? silentPort : port)
      await peer.next('SETTINGS ACK')
      peer.send(...send)
      await peer.next(want)
      if (want.startsWith('GOAWAY')) await peer.closed()
      else {
        // The connection lives.
        peer.send(ping())
        await peer.next('PING ACK')
      }
      await peer.destroy()
    })
  }

  for (const { name, send } of harmless) {
    test(`${name}: nothing`, async () => {
      const peer = await connect(port)
      peer.send(...send, headers(9, whole, head))
      await peer.next('HEADERS 9')
      await peer.next('HEADERS 9 END')
      assert.doesNotMatch(peer.summary, /GOAWAY/)
      await peer.destroy()
    })
  }
})

suite('at the beginning', () => {
  const rows: readonly { name: string; bytes: Buffer; want: string }[] = [
    {
      name: 'a wrong preface',
      bytes: Buffer.from('PRI * HTTP/2.0\r\n\r\nXX'),
      want: `GOAWAY ${protocolError}`,
    },
    { name: 'TLS', bytes: Buffer.from([22, 3, 1, 2, 0, 1]), want: `GOAWAY ${protocolError}` },
    {
      name: 'no SETTINGS',
      bytes: Buffer.concat([preface, ping()]),
      want: `GOAWAY ${protocolError}`,
    },
    {
      name: 'the client leaves',
      bytes: Buffer.concat([preface, settings(), goaway(0, 0)]),
      want: 'GOAWAY 0',
    },
  ]
  for (const { name, bytes, want } of rows) {
    test(name, async () => {
      const server = new EchoServer()
      const peer = new RawPeer(net.connect(await server.listen(), '127.0.0.1'))
      peer.send(bytes)
      await peer.next('SETTINGS')
      await peer.next(want)
      await peer.closed()
      await server.close()
    })
  }

  test('an HTTP/1 request gets an answer that its client understands', async () => {
    const server = new EchoServer()
    const port = await server.listen()
    for (const line of ['GET / HTTP/1.1', 'GET http://127.0.0.1/ HTTP/1.0']) {
      const socket = net.connect(port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
      })
      socket.write(`${line}\r\nhost: x\r\n\r\n`)
      await once(socket, 'close')
      const [head, body] = text.split('\r\n\r\n')
      assert.match(head ?? '', /^HTTP\/1\.1 505 /)
      assert.equal(body?.length, Number(/content-length: (\d+)/.exec(head ?? '')?.[1]))
    }
    await server.close()
  })

  test('the preface byte by byte', async () => {
    const server = new EchoServer()
    const socket = net.connect({ port: await server.listen(), host: '127.0.0.1', noDelay: true })
    const peer = new RawPeer(socket)
    const bytes = Buffer.concat([preface, settings(), request(1)])
    for (const byte of bytes) {
      await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve))
    }
    await peer.next('HEADERS 1 END')
    await peer.destroy()
    await server.close()
  })
})
