import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { scanItems } from '../../src/wire/otlp/scan.ts'
import { freePort } from '../support/free-port.ts'
import { GrpcSender } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora } from '../support/remora-process.ts'
import { oracleDecode, oracleEncode } from '../support/wire/oracle.ts'

const pipeline = readFileSync(
  new URL('../../pipelines/pii-safe-logs.yaml', import.meta.url),
  'utf8',
)

const canary = 'jane.doe@example.com paid with 4111 1111 1111 1111, password=hunter2secret'
const parts = ['jane.doe', '4111 1111', 'hunter2secret']

const attributes = [
  {
    key: 'note',
    value: {
      kvlistValue: {
        values: [{ key: 'deep', value: { arrayValue: { values: [{ stringValue: canary }] } } }],
      },
    },
  },
  { key: 'card', value: { intValue: '4111111111111111' } },
]
const resource = { attributes }
const scope = { name: 'app', attributes }
const point = {
  asInt: '1',
  attributes,
  exemplars: [{ asInt: '1', filteredAttributes: attributes }],
}
const documents = {
  logs: {
    resourceLogs: [
      {
        resource,
        scopeLogs: [{ scope, logRecords: [{ body: { stringValue: canary }, attributes }] }],
      },
    ],
  },
  metrics: {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [{ scope, metrics: [{ name: 'm', gauge: { dataPoints: [point] } }] }],
      },
    ],
  },
  traces: {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope,
            spans: [
              {
                name: canary,
                attributes,
                status: { message: canary },
                events: [{ name: canary, attributes }],
                links: [{ attributes }],
              },
            ],
          },
        ],
      },
    ],
  },
}

suite('pii-safe-logs.yaml', () => {
  test('lets no canary out: not to the backend, nor in logs and metrics of its own', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const grpcPort = await freePort()
    const ports: readonly (readonly [string, number])[] = [
      ['receivers.otlp.protocols.grpc.endpoint', grpcPort],
      ['receivers.otlp.protocols.http.endpoint', await freePort()],
      ['extensions.health_check.endpoint', await freePort()],
    ]
    const remora = await startRemora(t, pipeline, {
      args: ports.flatMap(([key, port]) => ['--set', `${key}=127.0.0.1:${port}`]),
      env: { BACKEND: `127.0.0.1:${sink.grpcPort}`, MASK_KEY: 'a key for this test' },
    })
    const sender = new GrpcSender(grpcPort)
    t.after(() => sender.close())
    for (const signal of ['logs', 'metrics', 'traces'] as const) {
      await sender.send(signal, oracleEncode(signal, documents[signal]))
    }
    await remora.stop()
    for (const signal of ['logs', 'metrics', 'traces'] as const) {
      const [request] = sink.of(signal)
      const bytes = request?.bytes ?? new Uint8Array()
      assert.equal(scanItems(signal, bytes), 1)
      const text = JSON.stringify(oracleDecode(signal, bytes))
      for (const part of [...parts, '4111111111111111']) assert.ok(!text.includes(part), text)
      assert.match(text, /<email:[0-9a-f]{16}>/)
    }
    for (const part of parts) assert.ok(!remora.stderr.includes(part))
  })
})
