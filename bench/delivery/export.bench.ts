/**
 * CPU of the way out, per batch of 100 logs and per MB: the delivery path alone (a backend that says yes at once), and
 * with the clients, against a sink in a process of its own. Only this process is counted.
 *
 *     node bench/delivery/export.bench.ts [rounds of 984 batches, default 20]
 */
import * as v from 'valibot'
import { systemClock } from '../../src/component/clock.ts'
import type { Component } from '../../src/component/lifecycle.ts'
import { createDelivery } from '../../src/delivery/delivery.ts'
import { deliveryOptions } from '../../src/delivery/schema.ts'
import { fullSuccess } from '../../src/delivery/send.ts'
import { otlpGrpc } from '../../src/exporters/otlp_grpc/definition.ts'
import { otlpHttp } from '../../src/exporters/otlp_http/definition.ts'
import { Batch } from '../../src/signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../src/signal/consumer.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import { RecordingMeter, testSettings } from '../../test/support/settings.ts'
import { Child } from '../e2e/child.ts'
import { samplePayload } from '../wire/payload.ts'

const rounds = Number(process.argv[2] ?? 20)
/** A multiple of the 82 batches that fill a request, so that no round waits for a timeout. */
const batchesPerRound = 984
const bytes = samplePayload('logs', 100)
const batch = new Batch('logs', [bytes], 100)
const ledger = new PipelineLedger('logs', 'logs')
const context: ConsumeContext = { until: 'accepted', onFull: 'wait', ledger }
const joined = { sizer: 'items', queue_size: 1_000_000, batch: { min_size: 8192 } } as const

/** A histogram that keeps every value would be the bench. */
class QuietMeter extends RecordingMeter {
  override histogram(name: string): ReturnType<RecordingMeter['histogram']> {
    const cell = super.histogram(name)
    cell.record = () => {}
    return cell
  }
}

async function measure(name: string, exporter: Consumer & Partial<Component>): Promise<void> {
  for (let warmup = 0; warmup < 3; warmup++) await round(exporter)
  const before = process.cpuUsage()
  const startMs = performance.now()
  for (let i = 0; i < rounds; i++) await round(exporter)
  const { user, system } = process.cpuUsage(before)
  const wallMs = performance.now() - startMs
  const batches = rounds * batchesPerRound
  const perBatch = (user + system) / batches
  const perMb = (user + system) / ((batches * bytes.byteLength) / 1e6)
  const line = `${name.padEnd(34)} ${perBatch.toFixed(2).padStart(8)} µs CPU a batch ${perMb.toFixed(0).padStart(7)} µs a MB`
  process.stdout.write(`${line}   ${(wallMs / rounds).toFixed(0)} ms a round\n`)
  await exporter.stop?.(AbortSignal.timeout(5000))
}

/** The last batch waits for its delivery, and so the round for nearly all. */
async function round(exporter: Consumer): Promise<void> {
  for (let i = 1; i < batchesPerRound; i++) await exporter.consume(batch, context)
  await exporter.consume(batch, { ...context, until: 'delivered' })
}

function settings<C>(config: C) {
  return { ...testSettings(config, { id: 'bench', clock: systemClock }), meter: new QuietMeter() }
}

async function started<T extends Component & Consumer>(exporter: T): Promise<T> {
  await exporter.start()
  return exporter
}

const sink = new Child('sink.ts')
const { grpcPort, httpPort } = await sink.next<{ grpcPort: number; httpPort: number }>()
const schema = v.strictObject(deliveryOptions('5s'))
process.stdout.write(`a batch is 100 logs, ${bytes.byteLength} bytes\n`)

for (const [name, queue] of [
  ['each batch a request', {}],
  ['joined to 8192', joined],
] as const) {
  const alone = settings(v.parse(schema, { sending_queue: queue }))
  await measure(
    `delivery alone, ${name}`,
    createDelivery(alone, () => Promise.resolve(fullSuccess)),
  )
  const grpc = { endpoint: `http://127.0.0.1:${grpcPort}`, sending_queue: queue }
  const http = { endpoint: `http://127.0.0.1:${httpPort}`, sending_queue: queue }
  const grpcConfig = v.parse(otlpGrpc.config, { ...grpc, compression: 'none' })
  await measure(`gRPC, ${name}`, await started(otlpGrpc.create(settings(grpcConfig))))
  const httpConfig = v.parse(otlpHttp.config, { ...http, compression: 'none' })
  await measure(`HTTP, ${name}`, await started(otlpHttp.create(settings(httpConfig))))
}
sink.stop()
