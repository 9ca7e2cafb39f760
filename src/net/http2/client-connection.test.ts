import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  block,
  continuation,
  data,
  frame,
  goaway,
  headers,
  ping,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
  word,
} from '../../../test/support/http2/frames.ts'
import {
  Answer,
  clientLimits,
  connectToRawServer,
  requestHeaders,
} from '../../../test/support/http2/raw-server.ts'
import { ErrorCode } from './protocol.ts'

const endStream = 1
const endHeaders = 4
const whole = endStream | endHeaders
const ok = block([':status', '200'], ['content-type', 'application/grpc'])
const status = block(['grpc-status', '0'])
const body = Buffer.from('hello')
const gone = -1

async function connect(options: Parameters<typeof connectToRawServer>[0] = {}) {
  const all = await connectToRawServer(options)
  await all.peer.next('SETTINGS')
  all.peer.send(settings(), settingsAck)
  await all.peer.next('SETTINGS ACK')
  return all
}

suite('the client hears', () => {
  const rows: readonly {
    name: string
    send: readonly Buffer[]
    calls: readonly string[]
    outcome: string
  }[] = [
    {
      name: 'headers, a body and trailers',
      send: [headers(1, endHeaders, ok), data(1, 0, 'abc'), headers(1, whole, status)],
      calls: ['headers', 'data', 'end'],
      outcome: 'end',
    },
    {
      name: 'a trailers-only answer',
      send: [headers(1, whole, ok)],
      calls: ['headers', 'end'],
      outcome: 'end',
    },
    {
      name: 'nothing of 1xx answers',
      send: [
        headers(1, endHeaders, block([':status', '103'])),
        headers(1, endHeaders, ok),
        data(1, endStream, 'abc'),
      ],
      calls: ['headers', 'data', 'end'],
      outcome: 'end',
    },
    {
      name: 'a refusal that is safe to send again',
      send: [rstStream(1, ErrorCode.refusedStream)],
      calls: ['abort'],
      outcome: `abort ${ErrorCode.refusedStream} reset by the peer`,
    },
    {
      name: 'a reset in the middle of the body',
      send: [headers(1, endHeaders, ok), data(1, 0, 'abc'), rstStream(1, ErrorCode.internalError)],
      calls: ['headers', 'data', 'abort'],
      outcome: `abort ${ErrorCode.internalError} reset by the peer`,
    },
    {
      name: 'GOAWAY below the request: not looked at',
      send: [goaway(0, 0)],
      calls: ['abort'],
      outcome: `abort ${ErrorCode.refusedStream} not looked at before GOAWAY`,
    },
    {
      name: 'an answer after GOAWAY that covers it',
      send: [goaway(0x7fff_ffff, 0), goaway(1, 0), headers(1, whole, ok)],
      calls: ['headers', 'end'],
      outcome: 'end',
    },
  ]
  for (const { name, send, calls, outcome } of rows) {
    test(name, async () => {
      const { client, peer } = await connect()
      const answer = new Answer()
      client.request(requestHeaders, [body], answer)
      await peer.next('DATA 1 5 END')
      peer.send(...send)
      assert.equal(await answer.outcome, outcome)
      assert.deepEqual(answer.calls, calls)
      assert.equal(client.streamCount, 0)
      await peer.destroy()
    })
  }
})

suite('the client ends', () => {
  const { protocolError, enhanceYourCalm, flowControlError, frameSizeError } = ErrorCode
  /** `stream`: RST_STREAM 1 with the code; otherwise GOAWAY. */
  const rows: readonly {
    name: string
    send: readonly Buffer[]
    code: number
    stream?: true
  }[] = [
    {
      name: 'an answer without :status',
      send: [headers(1, whole, status)],
      code: protocolError,
      stream: true,
    },
    {
      name: 'a :status that is none',
      send: [headers(1, whole, block([':status', '2000']))],
      code: protocolError,
      stream: true,
    },
    {
      name: 'nothing but a 1xx answer',
      send: [headers(1, whole, block([':status', '103']))],
      code: protocolError,
      stream: true,
    },
    {
      name: 'a line break in a value',
      send: [headers(1, whole, Buffer.concat([ok, block(['grpc-message', 'a\nb'])]))],
      code: protocolError,
      stream: true,
    },
    {
      name: 'headers twice',
      send: [headers(1, endHeaders, ok), headers(1, endHeaders, ok)],
      code: protocolError,
      stream: true,
    },
    {
      name: 'headers that are too large',
      send: [headers(1, endHeaders, Buffer.alloc(9000, 0x88))],
      code: enhanceYourCalm,
      stream: true,
    },
    {
      name: 'trailers that are too large',
      send: [headers(1, endHeaders, ok), headers(1, whole, Buffer.alloc(9000, 0x88))],
      code: enhanceYourCalm,
      stream: true,
    },
    { name: 'DATA before HEADERS', send: [data(1, 0, 'x')], code: protocolError },
    { name: 'an answer to no request', send: [headers(3, whole, ok)], code: protocolError },
    { name: 'a stream of the server', send: [headers(2, whole, ok)], code: protocolError },
    {
      name: 'PUSH_PROMISE',
      send: [frame(5, endHeaders, 1, Buffer.concat([word(2), ok]))],
      code: protocolError,
    },
    {
      name: 'a window above 2^31-1',
      send: [windowUpdate(0, 0x7fff_ffff)],
      code: flowControlError,
    },
    { name: 'PING of 4 bytes', send: [frame(6, 0, 0, word(1))], code: frameSizeError },
    {
      name: 'CONTINUATION without end',
      send: [headers(1, 0, ok), ...Array.from({ length: 40 }, () => continuation(1, 0, ok))],
      code: enhanceYourCalm,
    },
    {
      name: 'a flood of PING',
      send: Array.from({ length: 2100 }, () => ping()),
      code: enhanceYourCalm,
    },
    {
      name: '1xx answers without end',
      send: Array.from({ length: 2100 }, () => headers(1, endHeaders, block([':status', '103']))),
      code: enhanceYourCalm,
      stream: true,
    },
  ]
  for (const { name, send, code, stream } of rows) {
    test(name, async () => {
      const { client, peer, closedReasons } = await connect()
      const answer = new Answer()
      client.request(requestHeaders, [body], answer)
      await peer.next('DATA 1 5 END')
      peer.send(...send)
      await peer.next(stream ? `RST_STREAM 1 ${code}` : `GOAWAY ${code}`)
      assert.match(await answer.outcome, new RegExp(`^abort ${stream ? code : gone} `))
      if (stream) {
        assert.equal(client.available, true)
        assert.deepEqual(closedReasons, [])
        const next = new Answer()
        client.request(requestHeaders, [body], next)
        peer.send(headers(3, whole, ok))
        assert.equal(await next.outcome, 'end')
      } else {
        await peer.closed()
        assert.equal(client.ended, true)
        assert.equal(closedReasons.length, 1)
      }
      assert.equal(client.streamCount, 0)
      await peer.destroy()
    })
  }
})

suite('a client with an early answer', () => {
  test('delivers it, stops sending and is done with the stream', async () => {
    const { client, peer } = await connect()
    const answer = new Answer()
    client.request(requestHeaders, [Buffer.alloc(200_000)], answer)
    await peer.next('DATA 1 16383')
    // What grpc servers do: trailers only, then a reset that says that nothing is wrong.
    peer.send(headers(1, whole, ok), rstStream(1, ErrorCode.noError))
    assert.equal(await answer.outcome, 'end')
    assert.deepEqual(answer.calls, ['headers', 'end'])
    assert.equal(client.streamCount, 0)
    await peer.next(`RST_STREAM 1 ${ErrorCode.noError}`)
    // The windows open, but nobody wants the rest.
    peer.send(windowUpdate(1, 500_000), windowUpdate(0, 500_000), ping())
    await peer.next('PING ACK')
    const sent = peer.received.filter((frame) => frame.type === 0)
    assert.equal(
      sent.reduce((sum, frame) => sum + frame.payload.byteLength, 0),
      65_535,
    )
    await peer.destroy()
  })

  test('hears a reset without an answer as an abort', async () => {
    const { client, peer } = await connect()
    const answer = new Answer()
    client.request(requestHeaders, [Buffer.alloc(200_000)], answer)
    peer.send(rstStream(1, ErrorCode.noError))
    assert.equal(await answer.outcome, `abort ${ErrorCode.noError} reset by the peer`)
    await peer.destroy()
  })

  test('may cancel in the middle of an answer; what comes later is ignored', async () => {
    const { client, peer } = await connect()
    const answer = new Answer()
    const stream = client.request(requestHeaders, [body], answer)
    const cancelling = Object.assign(answer, { onData: () => client.cancel(stream) })
    peer.send(headers(1, endHeaders, ok), data(1, 0, 'abc'), data(1, 0, 'def'))
    await peer.next(`RST_STREAM 1 ${ErrorCode.cancel}`)
    peer.send(data(1, 0, 'late'), headers(1, whole, status), ping())
    await peer.next('PING ACK')
    assert.deepEqual(cancelling.calls, ['headers'])
    assert.equal(client.streamCount, 0)
    client.cancel(stream)
    await peer.destroy()
  })
})

suite('a client and its windows', () => {
  test('a small body does not wait for a large one', async () => {
    const { client, peer } = await connect()
    const large = new Answer()
    peer.send(settings([4, 10_000_000]), settingsAck)
    await peer.next('SETTINGS ACK')
    client.request(requestHeaders, [Buffer.alloc(2_000_000)], large)
    await peer.next(/^DATA 1 /)
    client.request(requestHeaders, [body], new Answer())
    client.request(requestHeaders, [body], new Answer())
    await peer.next('HEADERS 5')
    peer.send(windowUpdate(0, 20_000))
    await peer.next('DATA 3 5 END')
    await peer.next('DATA 5 5 END')
    assert.equal(client.streamCount, 3)
    await peer.destroy()
  })

  test('one frame holds as many segments as fit', async () => {
    const { client, peer } = await connect()
    const segments = [body, Buffer.alloc(0), Buffer.alloc(3000, 1), Buffer.alloc(20_000, 2), body]
    client.request(requestHeaders, segments, new Answer())
    const first = await peer.next('DATA 1 16384')
    const second = await peer.next('DATA 1 6626 END')
    assert.deepEqual(Buffer.concat([first.payload, second.payload]), Buffer.concat(segments))
    await peer.destroy()
  })

  for (const segments of [[], [Buffer.alloc(0)]]) {
    test(`${segments.length} segments without bytes end the request with its headers`, async () => {
      const { client, peer } = await connect()
      client.request(requestHeaders, segments, new Answer())
      await peer.next('HEADERS 1 END')
      await peer.destroy()
    })
  }

  test('a window that SETTINGS makes negative', async () => {
    const { client, peer } = await connect()
    client.request(requestHeaders, [Buffer.alloc(65_000)], new Answer())
    client.request(requestHeaders, [Buffer.alloc(1000)], new Answer())
    await peer.next('DATA 3 535')
    peer.send(windowUpdate(0, 100_000), settings([4, 1000]))
    await peer.next('DATA 3 465 END')
    await peer.next('SETTINGS ACK')
    client.request(requestHeaders, [Buffer.alloc(2000)], new Answer())
    await peer.next('DATA 5 1000')
    peer.send(settings([4, 0]), ping())
    await peer.next('PING ACK')
    peer.send(windowUpdate(5, 1000), ping())
    await peer.next('PING ACK')
    peer.send(settings([4, 1000]))
    await peer.next('DATA 5 1000 END')
    await peer.destroy()
  })

  test('more DATA than the window', async () => {
    const { client, peer } = await connect({ limits: { ...clientLimits, streamWindowBytes: 100 } })
    const answer = new Answer()
    client.request(requestHeaders, [body], answer)
    await peer.next('DATA 1 5 END')
    peer.send(headers(1, endHeaders, ok), data(1, 0, Buffer.alloc(101)))
    await peer.next(`RST_STREAM 1 ${ErrorCode.flowControlError}`)
    assert.match(await answer.outcome, /^abort 3 /)
    await peer.destroy()
  })
})

suite('a client whose server', () => {
  test('allows fewer streams than are open finishes those and opens none', async () => {
    let toldAvailable = 0
    const { client, peer } = await connect({ onAvailable: () => toldAvailable++ })
    const answers = [new Answer(), new Answer()]
    for (const answer of answers) client.request(requestHeaders, [body], answer)
    peer.send(settings([3, 1]))
    await peer.next('SETTINGS ACK')
    assert.equal(client.available, false)
    assert.throws(() => client.request(requestHeaders, [body], new Answer()), /BUG/)
    peer.send(headers(1, whole, ok))
    assert.equal(await answers[0]?.outcome, 'end')
    assert.equal(client.available, false)
    peer.send(headers(3, whole, ok))
    assert.equal(await answers[1]?.outcome, 'end')
    assert.equal(client.available, true)
    assert.equal(toldAvailable, 1)
    await peer.destroy()
  })

  test('says goodbye is told apart: what it said is in the reason', async () => {
    const { client, peer, closedReasons } = await connect()
    const answer = new Answer()
    client.request(requestHeaders, [body], answer)
    peer.send(goaway(1, ErrorCode.enhanceYourCalm, 'too_many_pings\n'))
    peer.send(headers(1, whole, ok))
    assert.equal(await answer.outcome, 'end')
    const said = 'the server sent GOAWAY ENHANCE_YOUR_CALM: too_many_pings?'
    assert.deepEqual(closedReasons, [said])
    await peer.next('GOAWAY 0')
    await peer.closed()
  })

  for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
    test(`leaves by ${how}: every request hears it`, async () => {
      const { client, peer, closedReasons } = await connect()
      const answers = [new Answer(), new Answer()]
      for (const answer of answers) client.request(requestHeaders, [body], answer)
      await peer.next('DATA 3 5 END')
      peer.socket[how]()
      for (const answer of answers) assert.match(await answer.outcome, /^abort -1 /)
      assert.equal(closedReasons.length, 1)
      assert.equal(client.available, false)
      await peer.destroy()
    })
  }

  test('wants a smaller HPACK table is told once that there is none', async () => {
    const { client, peer } = await connect()
    peer.send(settings([1, 0]))
    await peer.next('SETTINGS ACK')
    client.request(requestHeaders, [body], new Answer())
    client.request(requestHeaders, [body], new Answer())
    const first = await peer.next('HEADERS 1')
    const second = await peer.next('HEADERS 3')
    assert.deepEqual(first.payload, Buffer.concat([Buffer.from([0x20]), second.payload]))
    await peer.destroy()
  })

  test('falls silent is found by keepalive', async () => {
    const { client, peer } = await connect()
    assert.equal(client.keepalive(), true)
    assert.equal(client.keepalive(), true)
    await peer.next('PING')
    assert.equal(client.keepalive(), false)
    peer.send(frame(6, 1, 0, Buffer.alloc(8)))
    // Whatever comes shows that it lives.
    client.request(requestHeaders, [body], new Answer())
    peer.send(headers(1, whole, ok), ping())
    await peer.next('PING ACK')
    assert.equal(client.keepalive(), true)
    client.destroy('over')
    await peer.closed()
  })
})

suite('a client that closes', () => {
  test('waits for its requests, says goodbye and hangs up', async () => {
    const { client, peer, closedReasons } = await connect()
    const answer = new Answer()
    client.request(requestHeaders, [body], answer)
    client.close()
    assert.deepEqual(closedReasons, ['closed'])
    assert.equal(client.available, false)
    peer.send(headers(1, whole, ok))
    assert.equal(await answer.outcome, 'end')
    await peer.next('GOAWAY 0')
    await peer.closed()
    client.close()
    assert.deepEqual(closedReasons, ['closed'])
  })
})
