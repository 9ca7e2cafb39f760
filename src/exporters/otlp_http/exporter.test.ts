import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, suite, test } from 'node:test'
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import * as v from 'valibot'
import { numberedLogs, numbersIn } from '../../../test/support/numbered-logs.ts'
import { testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { systemClock } from '../../component/clock.ts'
import { encodeExportResponse } from '../../wire/otlp/response.ts'
import { otlpHttp } from './definition.ts'
import { OtlpHttpExporter } from './exporter.ts'
import { config } from './schema.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Received {
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

type Answer = (response: http.ServerResponse, received: Received) => void

async function backend(answer: Answer): Promise<{ base: string; received: Received[] }> {
  const received: Received[] = []
  const server = http.createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { url = '', headers } = request
      const one = { url, headers, body: Buffer.concat(chunks) }
      received.push(one)
      answer(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

async function exporter(input: v.InferInput<typeof config>) {
  const settings = testSettings(v.parse(config, input), { id: 'otlp_http', clock: systemClock })
  const made = new OtlpHttpExporter(settings)
  await made.start()
  cleanups.push(() => made.stop(AbortSignal.abort()))
  return { made, settings }
}

const ok: Answer = (response) => response.end()
/** The caller hears the result. */
const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }

suite('a request', () => {
  const decoders = {
    gzip: gunzipSync,
    zstd: zstdDecompressSync,
    deflate: inflateSync,
    zlib: inflateSync,
    none: (bytes: Buffer) => bytes,
  } as const
  for (const [compression, decode] of Object.entries(decoders)) {
    test(`arrives with ${compression}`, async () => {
      const { base, received } = await backend(ok)
      const { made } = await exporter({
        endpoint: `${base}/base/`,
        compression: compression as keyof typeof decoders,
        headers: { Authorization: 'Bearer x' },
        ...direct,
      })
      for (const items of [3, 2000]) {
        const batch = numberedLogs(0, items)
        await made.consume(batch, testContext())
        const { url, headers, body } = received.at(-1) as Received
        assert.equal(url, '/base/v1/logs')
        assert.equal(headers['content-type'], 'application/x-protobuf')
        assert.equal(headers.authorization, 'Bearer x')
        assert.match(headers['user-agent'] ?? '', /^remora\//)
        assert.deepEqual(decode(body), Buffer.from(batch.bytes()))
      }
    })
  }

  test('is JSON if asked for, at its own endpoint', async () => {
    const { base, received } = await backend(ok)
    const { made } = await exporter({
      logs_endpoint: `${base}/in?tenant=1`,
      encoding: 'json',
      compression: 'none',
      ...direct,
    })
    await made.consume(numberedLogs(5, 2), testContext())
    const { url, headers, body } = received[0] as Received
    assert.deepEqual([url, headers['content-type']], ['/in?tenant=1', 'application/json'])
    assert.deepEqual(numbersIn(body), [5, 6])
    assert.ok(Array.isArray(JSON.parse(body.toString()).resourceLogs))
  })
})

suite('an answer', () => {
  const rows: readonly { name: string; answer: Answer; want: string; dropped?: object }[] = [
    { name: 'success', answer: ok, want: 'ok' },
    { name: 'success with a body that says nothing', answer: (r) => r.end('OK'), want: 'ok' },
    {
      name: 'partial success',
      answer: (r) => {
        r.setHeader('content-type', 'application/x-protobuf')
        r.end(encodeExportResponse({ rejectedItems: 2, errorMessage: 'no' }))
      },
      want: 'ok',
      dropped: { partial_success: 2 },
    },
    {
      name: 'partial success in JSON',
      answer: (r) => {
        r.setHeader('content-type', 'application/json')
        r.end('{"partialSuccess":{"rejectedLogRecords":"3"}}')
      },
      want: 'ok',
      dropped: { partial_success: 3 },
    },
    {
      name: 'success that cannot be read',
      answer: (r) => r.setHeader('content-type', 'application/x-protobuf').end(Buffer.from([255])),
      want: 'ok',
    },
    { name: '400', answer: (r) => r.writeHead(400).end(), want: 'backend_rejected' },
    { name: '401', answer: (r) => r.writeHead(401).end(), want: 'unauthenticated' },
    { name: '503', answer: (r) => r.writeHead(503).end(), want: 'unavailable' },
    {
      name: 'a redirect',
      answer: (r) => r.writeHead(301, { location: '/x' }).end(),
      want: 'backend_rejected',
    },
    {
      name: '413 until it is small enough',
      answer: (r, { body }) => r.writeHead(numbersIn(body).length > 2 ? 413 : 200).end(),
      want: 'ok',
    },
    { name: 'none: the connection breaks', answer: (r) => r.destroy(), want: 'unavailable' },
  ]
  for (const { name, answer, want, dropped } of rows) {
    test(name, async () => {
      const { base } = await backend(answer)
      const { made } = await exporter({ endpoint: base, compression: 'none', ...direct })
      const context = testContext()
      const outcome = await made.consume(numberedLogs(0, 10), context).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      )
      assert.equal(outcome, want)
      const account = context.ledger.exporter('otlp_http')
      assert.deepEqual(Object.fromEntries(account.droppedByReason), dropped ?? {})
      assert.equal(account.queued, 0)
    })
  }

  test('of a backend that is killed and comes back under load', async () => {
    const seen = new Map<number, number>()
    let down = false
    const { base } = await backend((response, { body }) => {
      if (down) {
        response.destroy()
        return
      }
      for (const number of numbersIn(gunzipSync(body)))
        seen.set(number, (seen.get(number) ?? 0) + 1)
      response.end()
    })
    const { made } = await exporter({
      endpoint: base,
      retry_on_failure: { initial_interval: '20ms', max_interval: '50ms' },
      sending_queue: { batch: { min_size: 50, flush_timeout: '10ms' } },
    })
    const context = testContext('logs', { until: 'delivered', onFull: 'wait' })
    context.ledger.received = 3000
    const answers: Promise<void>[] = []
    for (let round = 0; round < 30; round++) {
      down = round >= 10 && round < 20
      for (let i = 0; i < 10; i++) {
        answers.push(made.consume(numberedLogs(round * 100 + i * 10, 10), context))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    down = false
    await Promise.all(answers)
    assert.equal(seen.size, 3000)
    assert.equal(context.ledger.imbalance('otlp_http'), 0)
    assert.equal(context.ledger.exporter('otlp_http').delivered, 3000)
  })
})

test('an answer named in retryable_status is tried again, no other', async () => {
  const answers = [500, 404]
  const { base, received } = await backend((response) => {
    response.statusCode = answers.shift() ?? 200
    response.end()
  })
  const { made } = await exporter({
    endpoint: base,
    retryable_status: [500],
    sending_queue: { enabled: false },
    retry_on_failure: { initial_interval: '10ms' },
  })
  await assert.rejects(made.consume(numberedLogs(0, 3), testContext()), {
    code: 'backend_rejected',
    message: `HTTP 404 from "${new URL(base).host}"`,
  })
  assert.equal(received.length, 2)
})

suite('the configuration', () => {
  const rows: readonly { name: string; input: unknown; want: RegExp }[] = [
    { name: 'without any endpoint', input: {}, want: /needs an endpoint/ },
    {
      name: 'with a password in the URL',
      input: { endpoint: 'http://u:p@h' },
      want: /must not hold a password/,
    },
    { name: 'with host:port', input: { endpoint: 'localhost:4318' }, want: /must be a URL/ },
    {
      name: 'with a port out of range',
      input: { endpoint: 'http://h:99999' },
      want: /the port must be from 0 to 65535/,
    },
    { name: 'with another scheme', input: { endpoint: 'unix:///x.sock' }, want: /must be a URL/ },
    { name: 'without a host', input: { logs_endpoint: 'http://' }, want: /must be a URL/ },
    ...['proxy:3128', '::', 'socks5://proxy:1080', 'http://proxy:99999', ''].map((proxy_url) => ({
      name: `with the proxy "${proxy_url}"`,
      input: { endpoint: 'http://h', proxy_url },
      want: /must be the URL of an HTTP proxy/,
    })),
    {
      name: 'with a header of its own',
      input: { endpoint: 'http://h', headers: { 'Content-Type': 'text/plain' } },
      want: /cannot be set here: `encoding` sets it/,
    },
    {
      name: 'with gzip level 12',
      input: { endpoint: 'http://h', compression_params: { level: 12 } },
      want: /at most 9/,
    },
    {
      name: 'with an unknown key',
      input: { endpoint: 'http://h', endpoints: 1 },
      want: /endpoints/,
    },
  ]
  for (const { name, input, want } of rows) {
    test(`${name} is refused`, () => {
      const result = v.safeParse(config, input)
      assert.match(JSON.stringify(result.issues?.map((issue) => issue.message)), want)
    })
  }

  test('examples are valid', () => {
    for (const example of otlpHttp.examples) v.parse(config, example.config)
  })

  test('secrets do not print', () => {
    const parsed = v.parse(config, { endpoint: 'http://h', headers: { a: 's3cret' } })
    assert.ok(!JSON.stringify(parsed).includes('s3cret'))
  })
})
