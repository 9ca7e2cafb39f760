import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { createDelivery, type Delivery } from '../../delivery/delivery.ts'
import { fullSuccess, type SendOutcome } from '../../delivery/send.ts'
import { Bug } from '../../errors/bug.ts'
import { compress } from '../../net/compress.ts'
import { GrpcClient, type GrpcMethod } from '../../net/grpc/client.ts'
import { type GrpcTarget, parseGrpcTarget } from '../../net/grpc/target.ts'
import { Credentials } from '../../net/tls.ts'
import { userAgent } from '../../net/user-agent.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import type { Signal } from '../../signal/signal.ts'
import { decodeExportResponse } from '../../wire/otlp/response.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { OtlpGrpcConfig } from './schema.ts'

const paths: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
}

/** Sends each request as one unary call. The bytes of a batch are the message: nothing is encoded. */
export class OtlpGrpcExporter implements Component, Consumer {
  readonly #settings: Settings<OtlpGrpcConfig>
  readonly #delivery: Delivery
  #credentials: Credentials | undefined
  #client: GrpcClient | undefined
  #methods: Readonly<Record<Signal, GrpcMethod>> | undefined

  constructor(settings: Settings<OtlpGrpcConfig>) {
    this.#settings = settings
    this.#delivery = createDelivery(settings, (batch, abort) => this.#send(batch, abort))
  }

  async start(abort?: AbortSignal): Promise<void> {
    const { config, clock, logger } = this.#settings
    const target = parseGrpcTarget(config.endpoint) as GrpcTarget
    const secure = target.secure ?? !config.tls.insecure
    if (secure) {
      this.#credentials = await Credentials.load(config.tls)
      // New connections take the present credentials; those that exist stay.
      this.#credentials.watch(clock, logger, () => {})
    }
    const { 'user-agent': ownUserAgent, ...metadata } = lowerCase(config.headers)
    const { time, timeout, permit_without_stream: permitWithoutStream } = config.keepalive
    const client = new GrpcClient({
      clock,
      connector: {
        target,
        tls: this.#credentials && { config: config.tls, credentials: this.#credentials },
      },
      authority: config.authority ?? target.authority,
      secure,
      userAgent: ownUserAgent?.reveal() ?? userAgent,
      metadata,
      keepalive: { timeMs: time, timeoutMs: timeout, permitWithoutStream },
      waitForReady: config.wait_for_ready,
      random: Math.random,
    })
    this.#client = client
    const encoding = config.compression === 'none' ? undefined : config.compression
    const retryable = new Set(config.retryable_status)
    const method = (signal: Signal) =>
      client.method(paths[signal], encoding, config.timeout, retryable)
    this.#methods = { logs: method('logs'), metrics: method('metrics'), traces: method('traces') }
    await this.#startDelivery(abort)
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    return this.#delivery.consume(batch, context)
  }

  async stop(abort: AbortSignal): Promise<void> {
    await this.#delivery.stop(abort)
    this.#client?.destroy()
    this.#credentials?.close()
  }

  /** Last, because what an earlier process left on the disk is sent at once. */
  async #startDelivery(abort?: AbortSignal): Promise<void> {
    try {
      await this.#delivery.start(abort)
    } catch (error) {
      await this.stop(AbortSignal.abort())
      throw error
    }
  }

  async #send(batch: Batch, abort: AbortSignal): Promise<SendOutcome> {
    if (this.#client === undefined || this.#methods === undefined) {
      throw new Bug('an exporter was given data before its start')
    }
    const { compression } = this.#settings.config
    const method = this.#methods[batch.signal]
    if (compression === 'none') {
      return outcomeOf(await this.#client.call(method, batch.segments, batch.sizeBytes, abort))
    }
    const message = await compress(compression, batch.bytes())
    return outcomeOf(await this.#client.call(method, [message], message.byteLength, abort))
  }
}

/** The status was OK, so the data is taken whatever the message says. */
function outcomeOf(message: Uint8Array): SendOutcome {
  // Fast path: a full success has no bytes.
  if (message.byteLength === 0) return fullSuccess
  try {
    const partial = decodeExportResponse(message)
    if (partial === undefined) return fullSuccess
    return { rejectedItems: partial.rejectedItems, message: partial.errorMessage }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { rejectedItems: 0, message: `the answer cannot be read: ${error.message}` }
  }
}

function lowerCase<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(record)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}
