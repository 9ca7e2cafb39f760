import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { signals } from '../../src/signal/signal.ts'
import { freePort } from '../support/free-port.ts'
import { sum } from '../support/ledger-page.ts'
import { GrpcSender, sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, until } from '../support/remora-process.ts'
import { oracleDecode } from '../support/wire/oracle.ts'
import { wireFixture } from '../support/wire/wire-fixtures.ts'

/** OTLP in on both protocols; out by the exporter that is given as YAML. */
function configOf(grpcPort: number, httpPort: number, exporter: string): string {
  return `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: 127.0.0.1:${grpcPort} }
      http: { endpoint: 127.0.0.1:${httpPort} }
exporters:
  ${exporter}
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [out] }
    metrics: { receivers: [otlp], exporters: [out] }
    traces: { receivers: [otlp], exporters: [out] }
`.replaceAll('[out]', `[${exporter.split(':')[0]}]`)
}

const exporters = [
  {
    name: 'otlp_grpc',
    yaml: (sink: OtlpSink) =>
      `otlp_grpc: { endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true }, compression: none }`,
  },
  {
    name: 'otlp_grpc with gzip',
    yaml: (sink: OtlpSink) =>
      `otlp_grpc: { endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true }, compression: gzip }`,
  },
  {
    name: 'otlp_http with protobuf and gzip',
    yaml: (sink: OtlpSink) =>
      `otlp_http: { endpoint: "http://127.0.0.1:${sink.httpPort}", encoding: proto }`,
  },
  {
    name: 'otlp_http with JSON and zstd',
    yaml: (sink: OtlpSink) =>
      `otlp_http: { endpoint: "http://127.0.0.1:${sink.httpPort}", encoding: json, compression: zstd }`,
  },
]

suite('OTLP arrives field by field', () => {
  for (const { name, yaml } of exporters) {
    test(`through ${name}`, async (t) => {
      const sink = await OtlpSink.start()
      t.after(() => sink.kill())
      const [grpcPort, httpPort] = [await freePort(), await freePort()]
      const remora = await startRemora(t, configOf(grpcPort, httpPort, yaml(sink)))
      const sender = new GrpcSender(grpcPort)
      t.after(() => sender.close())
      for (const signal of signals) {
        const { bytes, text } = wireFixture(signal)
        const answer = await sender.send(signal, bytes)
        assert.equal(answer.byteLength, 0, 'the answer to a full success is empty')
        assert.equal((await sendHttp(httpPort, signal, bytes)).status, 200)
        assert.equal((await sendHttp(httpPort, signal, JSON.parse(text) as object)).status, 200)
      }
      await until('all requests', () => sink.received.length === 9)
      for (const signal of signals) {
        const want = oracleDecode(signal, wireFixture(signal).bytes)
        const got = sink.of(signal)
        assert.equal(got.length, 3)
        for (const one of got) assert.deepEqual(oracleDecode(signal, one.bytes), want)
      }
      await until('the ledger to settle', async () =>
        (await remora.accounts()).every((account) => account.queued === 0),
      )
      for (const account of await remora.stop()) {
        const signal = signals.find((one) => account.pipeline === one)
        assert.ok(signal !== undefined)
        assert.equal(account.delivered, sink.count(signal))
        assert.equal(account.received, account.delivered)
      }
    })
  }
})

suite('a partial success', () => {
  test('counts what the backend did not take, with the reason', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    sink.mode = 'partial'
    const [grpcPort, httpPort] = [await freePort(), await freePort()]
    const yaml = (exporters[0] as (typeof exporters)[number]).yaml(sink)
    const remora = await startRemora(t, configOf(grpcPort, httpPort, yaml))
    const { bytes, itemCount } = wireFixture('logs')
    assert.equal((await sendHttp(httpPort, 'logs', bytes)).status, 200)
    await until('the request', () => sink.received.length === 1)
    const [logs] = (await remora.stop()).filter(({ pipeline }) => pipeline === 'logs')
    assert.deepEqual(logs?.dropped, { partial_success: 1 })
    assert.equal(logs?.delivered, itemCount - 1)
    assert.equal(sum(logs?.rejected ?? {}), 0)
  })
})
