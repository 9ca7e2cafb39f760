import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { ForeignClient, startReceiver } from '../../../test/support/receiver.ts'
import { RecordingIntake } from '../../../test/support/recording-intake.ts'
import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { signals } from '../../signal/signal.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { decodeRpcStatus } from '../../wire/rpc-status.ts'

const fixture = (signal: string): Buffer =>
  readFileSync(new URL(`../../../fixtures/wire/${signal}.binpb`, import.meta.url))
const logs = fixture('logs')

suite('otlp over gRPC', () => {
  test('hands on every signal byte by byte, and counts its items', async () => {
    await using started = await startReceiver({ http: null })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    for (const signal of signals) {
      const bytes = fixture(signal)
      const result = await client.export(bytes, { signal })
      assert.deepEqual([result.code, result.answer?.byteLength], [0, 0])
      const { batch, context } = started.intake.calls.at(-1) ?? assert.fail()
      assert.equal(batch.signal, signal)
      assert.ok(bytes.equals(batch.bytes()))
      assert.equal(batch.itemCount, scanItems(signal, bytes))
      assert.deepEqual(context, { until: 'accepted', onFull: 'refuse' })
    }
    const { meter } = started.settings
    const grpc = { transport: 'grpc' }
    const count = (name: string) => meter.value(`otelcol_receiver_accepted_${name}`, grpc)
    assert.equal(count('log_records'), scanItems('logs', logs))
    assert.equal(count('spans'), scanItems('traces', fixture('traces')))
    assert.equal(count('metric_points'), scanItems('metrics', fixture('metrics')))
    const outcome = { transport: 'grpc', outcome: 'success' }
    assert.equal(meter.value('otelcol_receiver_requests', outcome), 3)
    assert.equal(started.bytesInFlight(), 0)
  })

  test('an empty request is a success that nobody hears of', async () => {
    await using started = await startReceiver({ http: null })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    assert.equal((await client.export(new Uint8Array(0))).code, 0)
    assert.equal(started.intake.calls.length, 0)
  })

  test('unpacks gzip', async () => {
    await using started = await startReceiver({ http: null })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    assert.equal((await client.export(logs, { compression: 'gzip' })).code, 0)
    assert.ok(logs.equals(started.intake.calls[0]?.batch.bytes() ?? Buffer.alloc(0)))
  })

  test('says which pipeline is missing, and that a method is unknown', async () => {
    await using started = await startReceiver({ http: null, signals: ['logs'] })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const missing = await client.export(fixture('traces'), { signal: 'traces' })
    assert.equal(missing.code, 12)
    assert.match(missing.message, /no pipeline takes traces/)
    const unknown = await client.export(logs, { path: '/a.B/C' })
    assert.equal(unknown.code, 12)
    assert.equal(started.rejected('grpc', 'unsupported'), 2)
  })

  test('serves grpc.health.v1', async () => {
    await using started = await startReceiver({ http: null })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const health = await client.export(new Uint8Array(0), { path: '/grpc.health.v1.Health/Check' })
    assert.deepEqual([...(health.answer ?? [])], [8, 1])
  })

  test('refuses what is too large, and takes what is just not', async () => {
    await using started = await startReceiver({ http: null, grpc: { max_recv_msg_size_mib: 1 } })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const result = await client.export(new Uint8Array(1024 * 1024 + 1))
    assert.equal(result.code, 8)
    assert.equal(result.message, 'the message is larger than 1048576 bytes')
    assert.equal(result.details, undefined, 'RetryInfo would make the client try again')
    // One unknown field of exactly the rest: number 15, length 1048576 - 4.
    const full = Buffer.alloc(1024 * 1024)
    full.set([0x7a, 0xfc, 0xff, 0x3f])
    assert.equal((await client.export(full)).code, 0)
    assert.equal(started.rejected('grpc', 'too_large'), 1)
    assert.equal(started.bytesInFlight(), 0)
  })

  test('hands the headers on when asked to', async () => {
    await using started = await startReceiver({ http: null, grpc: { include_metadata: true } })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    await client.export(logs, { headers: { 'x-tenant': 'a' } })
    const { metadata } = started.intake.calls[0]?.context ?? {}
    assert.deepEqual(metadata?.get('x-tenant'), ['a'])
  })

  const refusals: readonly {
    readonly code: Code
    readonly grpc: number
    readonly retryDelayMs?: number
    readonly metric?: string
  }[] = [
    { code: 'queue_full', grpc: 8, retryDelayMs: 1000 },
    { code: 'memory_limited', grpc: 8, retryDelayMs: 1000 },
    { code: 'stopping', grpc: 14, retryDelayMs: 1000 },
    { code: 'unavailable', grpc: 14, retryDelayMs: 1000 },
    { code: 'backend_rejected', grpc: 3 },
    { code: 'internal', grpc: 13, metric: 'otelcol_receiver_failed_log_records' },
  ]
  for (const { code, grpc, retryDelayMs, metric } of refusals) {
    test(`answers ${code} with ${grpc}`, async () => {
      const intake = new RecordingIntake(new DeliveryError(code, 'because'))
      await using started = await startReceiver({ http: null, intake })
      using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
      const result = await client.export(logs)
      assert.equal(result.code, grpc)
      assert.equal(result.message, code === 'internal' ? 'internal error' : 'because')
      const details = result.details && decodeRpcStatus(result.details)
      assert.equal(details?.retryDelayMs, retryDelayMs)
      const name = metric ?? 'otelcol_receiver_refused_log_records'
      const counted = started.settings.meter.value(name, { transport: 'grpc' })
      assert.equal(counted, scanItems('logs', logs))
      assert.equal(started.bytesInFlight(), 0)
    })
  }

  test('tells how long the pipeline wants to wait', async () => {
    const error = new DeliveryError('throttled', 'slow down', { retryAfterMs: 2500 })
    await using started = await startReceiver({ http: null, intake: new RecordingIntake(error) })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const { code, details } = await client.export(logs)
    assert.equal(code, 8)
    assert.deepEqual(details && decodeRpcStatus(details), {
      code: 8,
      message: 'slow down',
      retryDelayMs: 2500,
    })
  })

  test('answers when the deadline of the client passes, and survives the late end', async () => {
    const clock = new FakeClock()
    const intake = new RecordingIntake('hang')
    await using started = await startReceiver({ http: null, intake, clock })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const pending = client.export(logs, { timeoutMs: 60_000 })
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(60_500)
    const result = await pending
    assert.equal(result.code, 4)
    assert.ok(started.bytesInFlight() > 0, 'the pipeline still has the message')
    intake.hanging[0]?.accept()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(started.bytesInFlight(), 0)
  })

  test('a call that the client cancels gives its bytes back', async () => {
    const intake = new RecordingIntake('hang')
    await using started = await startReceiver({ http: null, intake })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const result = await client.export(logs, { timeoutMs: 50 })
    assert.equal(result.code, 4)
    intake.hanging[0]?.accept()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(started.bytesInFlight(), 0)
  })

  test('stops: waits for calls in flight, takes no new ones', async () => {
    const intake = new RecordingIntake('hang')
    const started = await startReceiver({ http: null, intake })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const pending = client.export(logs)
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const stopped = started.receiver.stop(AbortSignal.timeout(10_000))
    intake.hanging[0]?.accept()
    assert.equal((await pending).code, 0)
    await stopped
    assert.equal((await client.export(logs, { timeoutMs: 300 })).code, 14)
    assert.equal(intake.calls.length, 1)
  })

  test('stops at once when it must', async () => {
    const intake = new RecordingIntake('hang')
    const started = await startReceiver({ http: null, intake })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    const pending = client.export(logs)
    while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await started.receiver.stop(AbortSignal.abort())
    assert.notEqual((await pending).code, 0)
  })

  test('counts the headers of a call only when it holds them', async () => {
    for (const include_metadata of [false, true]) {
      const intake = new RecordingIntake('hang')
      await using started = await startReceiver({ http: null, grpc: { include_metadata }, intake })
      using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
      const headers = { 'x-a': 'a'.repeat(4000), 'x-b': 'b'.repeat(4000) }
      const call = client.export(logs, { headers })
      while (intake.hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
      const overheadBytes = started.bytesInFlight() - logs.byteLength
      if (include_metadata) assert.ok(overheadBytes > 2048 + 8000, String(overheadBytes))
      else assert.equal(overheadBytes, 2048)
      for (const held of [...intake.hanging]) held.accept()
      assert.equal((await call).code, 0)
      assert.equal(started.bytesInFlight(), 0)
    }
  })

  test('leaves room for others while one connection holds its share', async () => {
    const intake = new RecordingIntake(...Array<'hang'>(7).fill('hang'))
    const grpc = { max_recv_msg_size_mib: 1 }
    const options = { http: null, grpc, intake, maxBytesInFlight: '8MiB' }
    await using started = await startReceiver(options)
    using greedy = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    using other = new ForeignClient(`[::ffff:127.0.0.1]:${started.grpcPort}`)
    const large = Buffer.concat([
      logs,
      Buffer.from([0x7a, 0x80, 0x80, 0x38]),
      Buffer.alloc(917_504),
    ])
    // Two of 0.9 MiB fit into the quarter of the connection.
    const waiting = [greedy.export(large), greedy.export(large)]
    while (intake.hanging.length < 2) await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await greedy.export(large)).code, 14)
    waiting.push(other.export(large))
    while (intake.hanging.length < 3) await new Promise((resolve) => setImmediate(resolve))
    for (const call of [...intake.hanging]) call.accept()
    for (const call of waiting) assert.equal((await call).code, 0)
    assert.equal(started.bytesInFlight(), 0)
  })

  test('refuses more than it may hold, and takes it later', async () => {
    const intake = new RecordingIntake('hang', 'hang', 'accept')
    const grpc = { max_recv_msg_size_mib: 1 }
    await using started = await startReceiver({
      http: null,
      grpc,
      intake,
      maxBytesInFlight: '2MiB',
    })
    using client = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    // An unknown field makes it 0.9 MiB, of which two fit.
    const large = Buffer.concat([
      logs,
      Buffer.from([0x7a, 0x80, 0x80, 0x38]),
      Buffer.alloc(917_504),
    ])
    const waiting = [client.export(large), client.export(large)]
    while (intake.hanging.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const refused = await client.export(large)
    assert.equal(refused.code, 14)
    assert.equal(refused.details && decodeRpcStatus(refused.details).retryDelayMs, 1000)
    for (const call of [...intake.hanging]) call.accept()
    for (const call of waiting) assert.equal((await call).code, 0)
    assert.equal((await client.export(large)).code, 0)
    assert.ok(started.rejected('grpc', 'receiver_busy') > 0)
    assert.equal(started.bytesInFlight(), 0)
  })
})
