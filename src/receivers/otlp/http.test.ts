import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { suite, test } from 'node:test'
import zlib from 'node:zlib'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { startReceiver } from '../../../test/support/receiver.ts'
import { RecordingIntake } from '../../../test/support/recording-intake.ts'
import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { signals } from '../../signal/signal.ts'
import { fromJson } from '../../wire/otlp/from-json.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { decodeRpcStatus } from '../../wire/rpc-status.ts'

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../fixtures/wire/${name}`, import.meta.url))
const logs = fixture('logs.binpb')
const json = fixture('logs.json')
const protobufType = 'application/x-protobuf'

interface Request {
  readonly method?: string
  readonly path?: string
  readonly headers?: http.OutgoingHttpHeaders
  readonly body?: Uint8Array | string
}

interface Response {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** node:http, because fetch hides Origin and the other headers of browsers. */
function send(port: number, request: Request): Promise<Response> {
  const { method = 'POST', path = '/v1/logs', body = '' } = request
  const headers = { 'content-type': protobufType, ...request.headers }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent: false }
    const outgoing = http.request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response
        resolve({ status, headers: answered, body: Buffer.concat(chunks) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

suite('otlp over HTTP takes', () => {
  test('protobuf and JSON of every signal', async () => {
    await using started = await startReceiver({ grpc: null })
    for (const signal of signals) {
      const bytes = fixture(`${signal}.binpb`)
      const path = `/v1/${signal}`
      const protobuf = await send(started.httpPort, { path, body: bytes })
      assert.deepEqual([protobuf.status, protobuf.body.byteLength], [200, 0])
      assert.equal(protobuf.headers['content-type'], protobufType)
      assert.ok(bytes.equals(started.intake.calls.at(-1)?.batch.bytes() ?? Buffer.alloc(0)))

      const text = fixture(`${signal}.json`)
      const headers = { 'content-type': 'application/json; charset=utf-8' }
      const plain = await send(started.httpPort, { path, headers, body: text })
      assert.deepEqual([plain.status, plain.body.toString()], [200, '{}'])
      assert.equal(plain.headers['content-type'], 'application/json')
      const { batch } = started.intake.calls.at(-1) ?? assert.fail()
      assert.deepEqual(Buffer.from(batch.bytes()), Buffer.from(fromJson(signal, text.toString())))
    }
    const accepted = started.settings.meter.value('otelcol_receiver_accepted_log_records', {
      transport: 'http',
    })
    assert.equal(accepted, 2 * scanItems('logs', logs))
    assert.equal(started.bytesInFlight(), 0)
  })

  const encodings = {
    gzip: zlib.gzipSync(logs),
    GZIP: zlib.gzipSync(logs),
    zstd: zlib.zstdCompressSync(logs),
    deflate: zlib.deflateSync(logs),
    zlib: zlib.deflateSync(logs),
    identity: logs,
    Identity: logs,
    'identity, gzip': zlib.gzipSync(logs),
    ', gzip ,': zlib.gzipSync(logs),
  }
  for (const [encoding, body] of Object.entries(encodings)) {
    test(`content-encoding ${encoding}`, async () => {
      await using started = await startReceiver({ grpc: null })
      const headers = { 'content-encoding': encoding }
      assert.equal((await send(started.httpPort, { headers, body })).status, 200)
      assert.ok(logs.equals(started.intake.calls[0]?.batch.bytes() ?? Buffer.alloc(0)))
    })
  }

  test('a body without a length, in a buffer of its own size', async () => {
    await using started = await startReceiver({ grpc: null })
    const headers = { 'transfer-encoding': 'chunked' }
    assert.equal((await send(started.httpPort, { headers, body: logs })).status, 200)
    const bytes = started.intake.calls[0]?.batch.bytes() ?? Buffer.alloc(0)
    assert.equal(bytes.buffer.byteLength, logs.byteLength)
  })

  test('a body that waits for 100 Continue', async () => {
    await using started = await startReceiver({ grpc: null })
    const headers = { expect: '100-continue', 'content-length': logs.byteLength }
    assert.equal((await send(started.httpPort, { headers, body: logs })).status, 200)
  })

  test('custom paths, and a query', async () => {
    await using started = await startReceiver({ grpc: null, http: { logs_url_path: '/in' } })
    assert.equal(
      (await send(started.httpPort, { path: '/in?a=/v1/traces', body: logs })).status,
      200,
    )
    assert.equal((await send(started.httpPort, { body: logs })).status, 404)
  })

  test('nothing: no bytes are a valid protobuf request, {} a JSON one', async () => {
    await using started = await startReceiver({ grpc: null })
    assert.equal((await send(started.httpPort, {})).status, 200)
    const headers = { 'content-type': 'application/json' }
    assert.equal((await send(started.httpPort, { headers, body: '{}' })).status, 200)
    assert.equal((await send(started.httpPort, { headers })).status, 400)
    assert.equal(started.intake.calls.length, 0)
  })
})

suite('otlp over HTTP refuses', () => {
  const gzipTwice = zlib.gzipSync(zlib.gzipSync(logs))
  const type = (value: string) => ({ headers: { 'content-type': value } })
  const rows: readonly {
    readonly name: string
    readonly request: Request
    readonly status: number
    readonly message: RegExp
    readonly header?: readonly [name: string, value: string]
  }[] = [
    {
      name: 'another path',
      request: { path: '/v1/nope' },
      status: 404,
      message: /the paths are \/v1\/logs, \/v1\/metrics, \/v1\/traces/,
    },
    {
      name: 'a signal without a pipeline',
      request: { path: '/v1/traces' },
      status: 404,
      message: /no pipeline takes traces/,
    },
    {
      name: 'another method',
      request: { method: 'PUT' },
      status: 405,
      message: /POST/,
      header: ['allow', 'POST'],
    },
    { name: 'text', request: type('text/plain'), status: 415, message: /application\/x-protobuf/ },
    { name: 'no type', request: type(''), status: 415, message: /application\/json/ },
    {
      name: 'brotli',
      request: { headers: { 'content-encoding': 'br' } },
      status: 415,
      message: /identity, gzip, zstd/,
      header: ['accept-encoding', 'identity, gzip, zstd, zlib, deflate'],
    },
    {
      name: 'two codings',
      request: { headers: { 'content-encoding': 'gzip, gzip' }, body: gzipTwice },
      status: 415,
      message: /must be one of identity, gzip, zstd, zlib, deflate/,
      header: ['accept-encoding', 'identity, gzip, zstd, zlib, deflate'],
    },
    {
      name: 'two codings in two lines',
      request: { headers: { 'Content-Encoding': ['gzip', 'gzip'] }, body: gzipTwice },
      status: 415,
      message: /must be one of identity, gzip, zstd, zlib, deflate/,
    },
    {
      name: 'bytes that are no protobuf',
      request: { body: 'hello' },
      status: 400,
      message: /not an OTLP logs request/,
    },
    {
      name: 'text that is no JSON',
      request: { ...type('application/json'), body: '{"resourceLogs":[' },
      status: 400,
      message: /not an OTLP\/JSON logs request/,
    },
    {
      name: 'JSON that is no UTF-8',
      request: { ...type('application/json'), body: Uint8Array.of(0x7b, 0xff, 0x7d) },
      status: 400,
      message: /UTF-8/,
    },
    {
      name: 'damaged gzip',
      request: { headers: { 'content-encoding': 'gzip' }, body: 'hello' },
      status: 400,
      message: /cannot decompress the gzip body/,
    },
    {
      name: 'a body above the limit',
      request: { body: new Uint8Array(1025) },
      status: 413,
      message: /larger than max_request_body_size \(1024 bytes\)/,
    },
    {
      name: 'one above the limit that does not say so',
      request: { headers: { 'transfer-encoding': 'chunked' }, body: new Uint8Array(1025) },
      status: 413,
      message: /larger than max_request_body_size/,
    },
    {
      name: 'one above the limit only when unpacked',
      request: {
        headers: { 'content-encoding': 'gzip' },
        body: zlib.gzipSync(new Uint8Array(1025)),
      },
      status: 413,
      message: /larger than 1024 bytes when decompressed/,
    },
  ]
  for (const { name, request, status, message, header } of rows) {
    test(name, async () => {
      const http = { max_request_body_size: '1KiB' }
      await using started = await startReceiver({ grpc: null, http, signals: ['logs'] })
      const response = await send(started.httpPort, request)
      assert.equal(response.status, status)
      const asProtobuf = response.headers['content-type'] === protobufType
      const told = asProtobuf
        ? decodeRpcStatus(response.body)
        : (JSON.parse(response.body.toString()) as { message: string })
      assert.match(told.message, message)
      if (header !== undefined) assert.equal(response.headers[header[0]], header[1])
      assert.equal(response.headers['retry-after'], undefined)
      assert.equal(started.intake.calls.length, 0)
      assert.equal(started.bytesInFlight(), 0)
      const log = started.settings.logger.entries.find((e) => e.message === 'rejected a request')
      assert.equal(log?.fields['transport'], 'http')
      // A good request goes through on the same listener.
      assert.equal((await send(started.httpPort, { body: logs.subarray(0, 0) })).status, 200)
    })
  }
})

suite('otlp over HTTP answers a refusal of the pipeline', () => {
  const rows: readonly (readonly [code: Code, status: number, retryAfter: string | undefined])[] = [
    ['queue_full', 429, '1'],
    ['memory_limited', 429, '1'],
    ['unavailable', 503, '1'],
    ['stopping', 503, '1'],
    ['backend_rejected', 400, undefined],
    ['internal', 500, undefined],
  ]
  for (const [code, status, retryAfter] of rows) {
    test(`${code} with ${status}`, async () => {
      const intake = new RecordingIntake(new DeliveryError(code, 'because'))
      await using started = await startReceiver({ grpc: null, intake })
      const response = await send(started.httpPort, { body: logs })
      assert.equal(response.status, status)
      assert.equal(response.headers['retry-after'], retryAfter)
      const told = decodeRpcStatus(response.body)
      assert.equal(told.message, code === 'internal' ? 'internal error' : 'because')
      assert.equal(told.retryDelayMs, retryAfter === undefined ? undefined : 1000)

      const headers = { 'content-type': 'application/json' }
      const plain = await send(started.httpPort, { headers, body: json })
      assert.equal(plain.status, status)
      assert.equal(plain.headers['content-type'], 'application/json')
      assert.equal((JSON.parse(plain.body.toString()) as { code: number }).code, told.code)
    })
  }

  test('with the time that the pipeline asks for, rounded up', async () => {
    const error = new DeliveryError('throttled', 'slow down', { retryAfterMs: 2500 })
    await using started = await startReceiver({ grpc: null, intake: new RecordingIntake(error) })
    const response = await send(started.httpPort, { body: logs })
    assert.deepEqual([response.status, response.headers['retry-after']], [429, '3'])
  })

  test('that never comes with 503', async () => {
    const clock = new FakeClock()
    const intake = new RecordingIntake('hang')
    await using started = await startReceiver({ grpc: null, intake, clock })
    const pending = send(started.httpPort, { body: logs })
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(31_000)
    assert.equal((await pending).status, 503)
    intake.hanging[0]?.accept()
  })
})

suite('otlp over HTTP', () => {
  test('adds the response headers of the configuration to every answer', async () => {
    const http = { response_headers: { 'x-served-by': 'remora' } }
    await using started = await startReceiver({ grpc: null, http })
    for (const request of [{ body: logs }, { path: '/nope' }, { body: 'junk' }]) {
      const response = await send(started.httpPort, request)
      assert.equal(response.headers['x-served-by'], 'remora')
    }
  })

  test('hands the headers on when asked to', async () => {
    const http = { include_metadata: true }
    await using started = await startReceiver({ grpc: null, http })
    await send(started.httpPort, { headers: { 'X-Tenant': 'a' }, body: logs })
    assert.deepEqual(started.intake.calls[0]?.context.metadata?.get('x-tenant'), ['a'])
  })

  test('closes each connection without keep_alives_enabled', async () => {
    await using started = await startReceiver({ grpc: null, http: { keep_alives_enabled: false } })
    const headers = { connection: 'keep-alive' }
    const response = await send(started.httpPort, { headers, body: logs })
    assert.equal(response.headers.connection, 'close')
  })

  test('stops: waits for requests in flight, takes no new ones', async () => {
    const intake = new RecordingIntake('hang')
    const started = await startReceiver({ grpc: null, intake })
    const pending = send(started.httpPort, { body: logs })
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const stopped = started.receiver.stop(AbortSignal.timeout(10_000))
    intake.hanging[0]?.accept()
    assert.equal((await pending).status, 200)
    await stopped
    await assert.rejects(send(started.httpPort, { body: logs }), { code: 'ECONNREFUSED' })
  })

  test('stops at once when it must', async () => {
    const intake = new RecordingIntake('hang')
    const started = await startReceiver({ grpc: null, intake })
    const pending = send(started.httpPort, { body: logs })
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await started.receiver.stop(AbortSignal.abort())
    await assert.rejects(pending)
  })

  test('a body that breaks off gives its bytes back', async () => {
    await using started = await startReceiver({ grpc: null })
    const options = { port: started.httpPort, method: 'POST', path: '/v1/logs' }
    const headers = { 'content-type': protobufType, 'content-length': 1000 }
    const request = http.request({ ...options, headers })
    request.on('error', () => undefined)
    request.write('x')
    while (started.bytesInFlight() === 0) await new Promise((resolve) => setImmediate(resolve))
    request.destroy()
    while (started.bytesInFlight() > 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(started.intake.calls.length, 0)
  })
})
