import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { after, before, suite, test } from 'node:test'
import zlib from 'node:zlib'
import { scanItems } from '../../src/wire/otlp/scan.ts'
import { grpcPaths } from '../support/otlp-sink.ts'
import { ForeignClient, startReceiver } from '../support/receiver.ts'

/**
 * Bytes that an attacker or a broken sender may send to the otlp receiver, over real sockets. Of each: a clear answer,
 * the process lives, memory is bounded, and a good request at the same time succeeds.
 */

const mib = 1024 * 1024
const logs = readFileSync(new URL('../../fixtures/wire/logs.binpb', import.meta.url))

type Started = Awaited<ReturnType<typeof startReceiver>>
let started: Started
let client: ForeignClient
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })

before(async () => {
  started = await startReceiver()
  client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
})
after(async () => {
  client[Symbol.dispose]()
  agent.destroy()
  await started[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** `status` is 0 if the connection broke without an answer. */
function post(body: Uint8Array | string, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const request = http.request({
      ...{ host: '127.0.0.1', port: started.httpPort, method: 'POST', path: '/v1/logs', agent },
      headers: { 'content-type': 'application/x-protobuf', ...headers },
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })
      })
    })
    request.on('error', () => resolve({ status: 0, body: Buffer.alloc(0) }))
    request.end(body)
  })
}

const postJson = (text: string) => post(text, { 'content-type': 'application/json' })

/** Good requests on both protocols. */
async function assertServes(): Promise<void> {
  const [grpc, plain] = await Promise.all([client.export(logs), post(logs)])
  assert.deepEqual([grpc.code, plain.status], [0, 200])
}

/** Runs the attack with good requests before, during and after it; nothing of it stays in memory. */
async function withstand<T>(attack: () => Promise<T>): Promise<T> {
  const [outcome] = await Promise.all([attack(), assertServes()])
  await assertServes()
  assert.equal(started.bytesInFlight(), 0, 'the budget has lost bytes')
  return outcome
}

/** How much resident memory grew at the most while it ran. */
async function growthOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 5)
  await run()
  clearInterval(timer)
  return Math.max(peak, process.memoryUsage.rss()) - before
}

const isValid = (bytes: Uint8Array): boolean => {
  try {
    scanItems('logs', bytes)
    return true
  } catch {
    return false
  }
}

suite('protobuf that is not', () => {
  test('cut at every byte, in one connection', { timeout: 60_000 }, async () => {
    let refused = 0
    await withstand(async () => {
      for (let end = 0; end <= logs.byteLength; end++) {
        const part = logs.subarray(0, end)
        const [grpc, plain] = await Promise.all([client.export(part), post(part)])
        const want = isValid(part) ? [0, 200] : [3, 400]
        assert.deepEqual([grpc.code, plain.status], want, `cut at ${end}: ${grpc.message}`)
        if (want[0] !== 0) refused++
      }
    })
    assert.ok(refused > logs.byteLength * 0.9)
  })

  const lies: readonly (readonly [name: string, hex: string])[] = [
    ['a length beyond the end', '0a7f'],
    ['a length of 4 GiB', '0affffffff0f'],
    ['a length of 2^63', '0affffffffffffffffff01'],
    ['a varint without an end', '0affffffffffffffffffff'],
    ['a child longer than its parent', '0a0212ff'],
    ['field number 0', '0000'],
    ['a group', '0b'],
    ['an unknown wire type', '0f'],
    ['text', '68656c6c6f'],
  ]
  for (const [name, hex] of lies) {
    test(name, async () => {
      const bytes = Buffer.from(hex, 'hex')
      const got = await withstand(() => Promise.all([client.export(bytes), post(bytes)]))
      assert.deepEqual([got[0].code, got[1].status], [3, 400])
      assert.match(got[0].message, /not an OTLP logs request/)
    })
  }

  test('an AnyValue 10,000 deep', async () => {
    let value: Buffer = Buffer.from('1800', 'hex')
    const wrap = (tag: number, inner: Buffer): Buffer => {
      const size = inner.byteLength
      const length = [(size & 0x7f) | 0x80, ((size >>> 7) & 0x7f) | 0x80, size >>> 14]
      return Buffer.concat([Buffer.from([tag, ...length]), inner])
    }
    for (let depth = 0; depth < 10_000; depth++) value = wrap(0x2a, wrap(0x0a, value))
    const record = wrap(0x12, wrap(0x2a, value))
    const bytes = wrap(0x0a, wrap(0x12, record))
    const got = await withstand(() => Promise.all([client.export(bytes), post(bytes)]))
    assert.deepEqual([got[0].code, got[1].status], [3, 400])
    assert.match(got[0].message, /nest deeper/)
  })

  test('invalid UTF-8 in a string is no lie about lengths: it is handed on as it is', async () => {
    const bytes = Buffer.from('0a0a1208120 62a040a02fffe'.replace(' ', ''), 'hex')
    const got = await withstand(() => Promise.all([client.export(bytes), post(bytes)]))
    assert.deepEqual([got[0].code, got[1].status], [0, 200])
  })
})

suite('JSON that is not', () => {
  const rows: readonly (readonly [name: string, text: string, status: number])[] = [
    ['an open bracket, 10,000 times', `{"resourceLogs":${'['.repeat(10_000)}`, 400],
    [
      'an AnyValue 10,000 deep',
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${'{"arrayValue":{"values":['.repeat(10_000)}{}${']}}'.repeat(10_000)}}]}]}]}`,
      400,
    ],
    ['an unknown field 10,000 deep', `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400],
    ['a list where an object belongs', '[]', 400],
    ['null', 'null', 400],
    ['a number for a list', '{"resourceLogs":5}', 400],
    ['two documents', '{}{}', 400],
    ['nothing', '', 400],
    ['null fields', '{"resourceLogs":[{"resource":null,"scopeLogs":null}]}', 200],
  ]
  for (const [name, text, status] of rows) {
    test(name, async () => {
      assert.equal((await withstand(() => postJson(text))).status, status)
    })
  }

  test('__proto__ and constructor as keys change nothing', async () => {
    const record =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},' +
      '"attributes":[{"key":"__proto__","value":{"stringValue":"x"}}]}'
    const text = `{"__proto__":{"polluted":1},"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`
    assert.equal((await withstand(() => postJson(text))).status, 200)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })
})

suite('bombs', { timeout: 60_000 }, () => {
  const zeros = Buffer.alloc(1024 * mib)
  const bombs = { gzip: zlib.gzipSync(zeros), zstd: zlib.zstdCompressSync(zeros) }

  for (const encoding of ['gzip', 'zstd'] as const) {
    test(`${encoding} of 1 GiB over HTTP, 30 at once`, async () => {
      const growth = await growthOf(() =>
        withstand(async () => {
          const sent = Array.from({ length: 30 }, () =>
            post(bombs[encoding], { 'content-encoding': encoding }),
          )
          for (const { status } of await Promise.all(sent)) {
            assert.ok(status === 413 || status === 429, String(status))
          }
        }),
      )
      assert.ok(growth < 256 * mib, `${growth / mib} MiB`)
    })

    test(`${encoding} of 1 GiB over gRPC, 30 at once`, async () => {
      const growth = await growthOf(() =>
        withstand(async () => {
          const sent = Array.from({ length: 30 }, () => exportRaw(bombs[encoding], encoding, true))
          for (const status of await Promise.all(sent)) {
            assert.ok(status === 8 || status === 14, String(status))
          }
        }),
      )
      assert.ok(growth < 256 * mib, `${growth / mib} MiB`)
    })
  }

  test('damaged streams', async () => {
    for (const encoding of ['gzip', 'zstd'] as const) {
      const body = Buffer.from(
        encoding === 'gzip' ? zlib.gzipSync(logs) : zlib.zstdCompressSync(logs),
      )
      body.fill(0xff, body.byteLength >> 1)
      const status = await withstand(() => exportRaw(body, encoding, true))
      assert.equal(status, 3)
      assert.equal((await post(body, { 'content-encoding': encoding })).status, 400)
    }
  })

  test('a compressed message that does not say how', async () => {
    assert.equal(await withstand(() => exportRaw(zlib.gzipSync(logs), 'identity', true)), 3)
  })

  test('an encoding that is not here', async () => {
    assert.equal(await withstand(() => exportRaw(logs, 'snappy', true)), 12)
  })
})

/** One call by node:http2, which lets the test lie; resolves with `grpc-status`, or the HTTP status without one. */
async function exportRaw(
  message: Uint8Array,
  encoding: string,
  compressed: boolean,
  over: { lengthBytes?: number; headers?: http2.OutgoingHttpHeaders } = {},
): Promise<number | string> {
  const session = http2.connect(`http://127.0.0.1:${started.grpcPort}`)
  session.on('error', () => undefined)
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed ? 1 : 0
  prefix.writeUInt32BE(over.lengthBytes ?? message.byteLength, 1)
  try {
    return await new Promise((resolve) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': grpcPaths.logs,
        'content-type': 'application/grpc',
        'grpc-encoding': encoding,
        te: 'trailers',
        ...over.headers,
      })
      let httpStatus = 0
      const look = (headers: http2.IncomingHttpHeaders) => {
        httpStatus = headers[':status'] ? Number(headers[':status']) : httpStatus
        const status = headers['grpc-status']
        if (httpStatus >= 400) resolve(`http ${httpStatus}`)
        else if (status !== undefined) resolve(Number(status))
      }
      stream.on('response', look)
      stream.on('trailers', look)
      stream.on('error', (error) => resolve(error.message))
      stream.on('close', () => resolve(`reset ${stream.rstCode}`))
      stream.resume()
      stream.end(Buffer.concat([prefix, message]))
    })
  } finally {
    session.destroy()
  }
}

suite('gRPC that is not', () => {
  const lie = (message: Uint8Array, over: Parameters<typeof exportRaw>[3]) => () =>
    exportRaw(message, 'identity', false, over)
  const rows: readonly (readonly [string, () => Promise<number | string>, number | string])[] = [
    ['a length larger than the message', lie(logs, { lengthBytes: logs.byteLength + 1 }), 3],
    ['a length smaller than the message', lie(logs, { lengthBytes: 1 }), 3],
    ['a length of 4 GiB', lie(logs, { lengthBytes: 0xffff_ffff }), 8],
    ['another content-type', lie(logs, { headers: { 'content-type': 'text/plain' } }), 'http 415'],
    ['JSON messages', lie(logs, { headers: { 'content-type': 'application/grpc+json' } }), 12],
    ['another method', lie(logs, { headers: { ':method': 'PUT' } }), 'http 405'],
    ['an empty content-type', lie(logs, { headers: { 'content-type': '' } }), 'http 415'],
    ['a method called __proto__', lie(logs, { headers: { ':path': '/__proto__' } }), 12],
  ]
  for (const [name, attack, want] of rows) {
    test(name, async () => {
      assert.equal(await withstand(attack), want)
    })
  }

  test('headers of 100 kB', async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`x-${i}`, 'v'.repeat(4000)]),
    )
    const status = await withstand(() => exportRaw(logs, 'identity', false, { headers }))
    assert.match(String(status), /reset|closed|Stream|8/)
  })
})

suite('raw sockets', () => {
  const ok = 'HTTP/1.1 200'
  const bad = 'HTTP/1.1 400'
  const rows: readonly (readonly [name: string, text: string, want: string])[] = [
    ['GET http://', 'GET http:// HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1 404'],
    ['GET http:// without Host', 'GET http:// HTTP/1.1\r\n\r\n', bad],
    ['GET //', 'GET // HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1 404'],
    ['GET %', 'GET /% HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1 404'],
    ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n', bad],
    [
      'absolute form',
      'POST http://h/v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n',
      ok,
    ],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1 404'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1 405'],
    ['a bad Host', 'GET / HTTP/1.1\r\nhost: \u0001[::\r\n\r\n', bad],
    [
      'a header called __proto__',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\n__proto__: x\r\nconstructor: y\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n',
      ok,
    ],
    [
      'a header of 100 kB',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
      'HTTP/1.1 431',
    ],
    [
      'two lengths',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
      bad,
    ],
    [
      'length and chunks',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      bad,
    ],
    ['a negative length', 'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n', bad],
    [
      'a length of 10 GB',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 10000000000\r\n\r\n',
      'HTTP/1.1 413',
    ],
    [
      'a chunk of nonsense',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      bad,
    ],
    ['HTTP/0.9', 'GET /\r\n\r\n', bad],
    ['HTTP/2 on the HTTP/1 port', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/1.1 505'],
    ['noise', '\u0000\u0001\u0002\u0003\r\n\r\n', bad],
  ]
  for (const [name, text, want] of rows) {
    test(`HTTP: ${name}`, async () => {
      const answer = await withstand(() => rawAnswer(started.httpPort, text))
      assert.equal(answer.slice(0, want.length), want)
    })
  }

  const grpcRows: readonly (readonly [name: string, text: string, want: RegExp])[] = [
    ['HTTP/1.1', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', /^HTTP\/1\.1 \d+.*gRPC/s],
    ['GET http://', 'GET http:// HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 \d+/],
    ['noise', '\u0000\u0001\u0002\u0003\r\n\r\n', /^(?!HTTP)/],
    ['a preface that goes wrong', 'PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n', /^(?!HTTP)/],
    [
      'a preface and then noise',
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'z'.repeat(1000)}`,
      /^(?!HTTP)/,
    ],
  ]
  for (const [name, text, want] of grpcRows) {
    test(`gRPC: ${name}`, async () => {
      assert.match(await withstand(() => rawAnswer(started.grpcPort, text)), want)
    })
  }
})

/** What comes back until the other side closes, or has answered and keeps the connection. */
function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')))
    const done = () => {
      resolve(answer)
      socket.destroy()
    }
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (/^HTTP.*\r\n\r\n/s.test(answer)) setImmediate(done)
    })
    socket.on('error', done)
    socket.on('close', done)
  })
}
