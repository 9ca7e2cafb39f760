import assert from 'node:assert/strict'
import { afterEach, suite, test } from 'node:test'
import grpc from '@grpc/grpc-js'
import * as v from 'valibot'
import { numberedLogs, numbersIn } from '../../../test/support/numbered-logs.ts'
import { testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { systemClock } from '../../component/clock.ts'
import type { DeliveryError } from '../../errors/delivery-error.ts'
import { encodeExportResponse } from '../../wire/otlp/response.ts'
import { otlpGrpc } from './definition.ts'
import { OtlpGrpcExporter } from './exporter.ts'
import { config } from './schema.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Handler = (message: Buffer, callback: grpc.sendUnaryData<Buffer>) => void

/** The reference implementation as a backend for logs. */
async function backend(handler: Handler, port = 0): Promise<{ server: grpc.Server; port: number }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 20_000 })
  const identity = (bytes: Buffer): Buffer => bytes
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
  const definition = {
    Export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  } as const
  server.addService(definition, {
    Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) =>
      handler(call.request, callback),
  })
  const credentials = grpc.ServerCredentials.createInsecure()
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, found) => {
      if (error === null) resolve(found)
      else reject(error)
    })
  })
  cleanups.push(() => server.forceShutdown())
  return { server, port: bound }
}

async function exporter(input: Partial<v.InferInput<typeof config>> & { endpoint: string }) {
  const parsed = v.parse(config, { tls: { insecure: true }, ...input })
  const settings = testSettings(parsed, { id: 'otlp', clock: systemClock })
  const made = new OtlpGrpcExporter(settings)
  await made.start()
  cleanups.push(() => made.stop(AbortSignal.abort()))
  return { made, settings }
}

const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }
const empty = Buffer.alloc(0)

suite('a request', () => {
  for (const compression of ['gzip', 'none'] as const) {
    test(`arrives with ${compression}`, async () => {
      const bodies: Buffer[] = []
      const { port } = await backend((message, callback) => {
        bodies.push(message)
        callback(null, empty)
      })
      const { made } = await exporter({ endpoint: `127.0.0.1:${port}`, compression, ...direct })
      const batch = numberedLogs(0, 500)
      await made.consume(batch, testContext())
      assert.deepEqual(bodies, [Buffer.from(batch.bytes())])
    })
  }

  test('with zstd is zstd', async () => {
    // The reference implementation knows no zstd and says so; that is an answer for good.
    const { port } = await backend((_, callback) => callback(null, empty))
    const { made } = await exporter({
      endpoint: `127.0.0.1:${port}`,
      compression: 'zstd',
      ...direct,
    })
    await assert.rejects(made.consume(numberedLogs(0, 5), testContext()), {
      code: 'backend_rejected',
      message: /UNIMPLEMENTED/,
    })
  })
})

test('partial success is counted', async () => {
  const { port } = await backend((_, callback) =>
    callback(null, Buffer.from(encodeExportResponse({ rejectedItems: 4, errorMessage: 'no' }))),
  )
  const { made, settings } = await exporter({ endpoint: `127.0.0.1:${port}`, ...direct })
  const context = testContext()
  await made.consume(numberedLogs(0, 10), context)
  const account = context.ledger.exporter('otlp')
  assert.deepEqual([account.delivered, [...account.droppedByReason]], [6, [['partial_success', 4]]])
  assert.equal(settings.logger.entries[0]?.fields['message'], 'no')
})

suite('retryable_status', () => {
  const { INTERNAL, NOT_FOUND, RESOURCE_EXHAUSTED } = grpc.status
  const rows = [
    { name: 'by name', retryable: ['INTERNAL'], codes: [INTERNAL, INTERNAL], want: 'ok', tries: 3 },
    { name: 'by number', retryable: [13], codes: [INTERNAL], want: 'ok', tries: 2 },
    {
      name: 'and no other',
      retryable: ['INTERNAL'],
      codes: [INTERNAL, NOT_FOUND],
      want: 'backend_rejected',
      tries: 2,
    },
    {
      name: 'also without RetryInfo',
      retryable: ['RESOURCE_EXHAUSTED'],
      codes: [RESOURCE_EXHAUSTED],
      want: 'ok',
      tries: 2,
    },
  ]
  for (const { name, retryable, codes, want, tries } of rows) {
    test(`is tried again, ${name}`, async () => {
      let calls = 0
      const { port } = await backend((_, callback) => {
        const code = codes[calls++]
        if (code === undefined) callback(null, empty)
        else callback({ code, details: 'quota' })
      })
      const { made } = await exporter({
        endpoint: `127.0.0.1:${port}`,
        retryable_status: retryable,
        sending_queue: { enabled: false },
        retry_on_failure: { initial_interval: '10ms' },
      })
      const outcome = await made.consume(numberedLogs(0, 3), testContext()).then(
        () => 'ok',
        (error: DeliveryError) => error.code,
      )
      assert.deepEqual([outcome, calls], [want, tries])
    })
  }

  test('refuses what is no status', () => {
    for (const status of ['OK', 'NOPE', 0, 17]) {
      const { issues } = v.safeParse(config, { endpoint: 'x:1', retryable_status: [status] })
      assert.match(issues?.[0]?.message ?? '', /^must be /, String(status))
    }
  })
})

test('what is too large for the backend goes out in halves, one poisonous record is dropped', async () => {
  const seen: number[] = []
  const { port } = await backend((message, callback) => {
    seen.push(...numbersIn(message))
    callback(null, empty)
  })
  const { made } = await exporter({
    endpoint: `127.0.0.1:${port}`,
    compression: 'none',
    sending_queue: { batch: { min_size: 1000, flush_timeout: '10ms' } },
  })
  const context = testContext('logs', { until: 'delivered' })
  const parts = [numberedLogs(0, 2000), numberedLogs(2000, 1, 30_000), numberedLogs(2001, 500)]
  await Promise.all(parts.map((part) => made.consume(part, context)))
  const account = context.ledger.exporter('otlp')
  assert.deepEqual([account.delivered, [...account.droppedByReason]], [2500, [['too_large', 1]]])
  assert.equal(new Set(seen).size, 2500)
})

test('a backend that is killed under load and comes back gets everything', async () => {
  const seen = new Map<number, number>()
  const handler: Handler = (message, callback) => {
    for (const number of numbersIn(message)) seen.set(number, (seen.get(number) ?? 0) + 1)
    callback(null, empty)
  }
  const first = await backend(handler)
  const { made, settings } = await exporter({
    endpoint: `127.0.0.1:${first.port}`,
    retry_on_failure: { initial_interval: '50ms', max_interval: '200ms' },
    sending_queue: { batch: { min_size: 50, flush_timeout: '10ms' } },
  })
  const context = testContext('logs', { until: 'delivered', onFull: 'wait' })
  context.ledger.received = 6000
  const answers: Promise<void>[] = []
  for (let round = 0; round < 60; round++) {
    if (round === 20) first.server.forceShutdown()
    if (round === 40) await backend(handler, first.port)
    for (let i = 0; i < 10; i++) {
      answers.push(made.consume(numberedLogs(round * 100 + i * 10, 10), context))
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(context.ledger.exporter('otlp').queued > 0, true)
  }
  await Promise.all(answers)
  assert.equal(seen.size, 6000)
  assert.ok(Math.max(...seen.values()) <= 2, 'at most twice')
  assert.equal(context.ledger.imbalance('otlp'), 0)
  assert.equal(context.ledger.exporter('otlp').delivered, 6000)
  const states = settings.statuses.map((status) => status.state)
  assert.deepEqual([states[0], states.at(-1)], ['recoverable_error', 'ok'])
})

suite('the configuration', () => {
  test('has the defaults of the collector', () => {
    const parsed = v.parse(config, { endpoint: 'localhost:4317' })
    assert.equal(parsed.compression, 'gzip')
    assert.equal(parsed.timeout, 5000)
    assert.equal(parsed.tls.insecure, false)
    assert.equal(parsed.sending_queue.batch, undefined)
    assert.deepEqual(parsed.retry_on_failure, {
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 300_000,
    })
  })

  test('refuses an endpoint that is none', () => {
    for (const endpoint of ['nonsense', 'ftp://x:1', 'http://h/path']) {
      assert.match(
        v.safeParse(config, { endpoint }).issues?.[0]?.message ?? '',
        /must be "host:port"/,
      )
    }
  })

  test('examples are valid', () => {
    for (const example of otlpGrpc.examples) v.parse(config, example.config)
  })
})
