import v8 from 'node:v8'
import type { Outputs, Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { must } from '../../errors/bug.ts'
import { ByteBudget } from '../../net/byte-budget.ts'
import { GrpcServer } from '../../net/grpc/server.ts'
import { HttpServer } from '../../net/http/server.ts'
import type { ServerKeepalive } from '../../net/http2/keepalive.ts'
import { parseAddress } from '../../net/listen.ts'
import { signals } from '../../signal/signal.ts'
import { Cors } from './cors.ts'
import { ExportIntake, type Transport } from './export-intake.ts'
import { createHandlers, unknownMethod } from './grpc-handlers.ts'
import { HttpRoutes } from './http-routes.ts'
import { Rejections } from './rejections.ts'
import type { GrpcConfig, HttpConfig, OtlpConfig } from './schema.ts'

const mib = 1024 * 1024
/** Request headers together; what SDKs send is below one. */
const headerBytesMax = 16 * 1024

/** The `otlp` receiver: one instance serves every signal over both protocols. */
export class OtlpReceiver implements Component {
  readonly #settings: Settings<OtlpConfig>
  readonly #outputs: Outputs
  readonly #budget: ByteBudget
  #grpc: GrpcServer | undefined
  #http: HttpServer | undefined

  constructor(settings: Settings<OtlpConfig>, outputs: Outputs) {
    this.#settings = settings
    this.#outputs = outputs
    this.#budget = new ByteBudget(budgetBytes(settings.config))
    settings.meter.gauge('remora_receiver_bytes_in_flight', {}, () => this.#budget.usedBytes)
  }

  /** Ports bound, for tests that listen on port 0. */
  get ports(): { readonly grpc: number | undefined; readonly http: number | undefined } {
    return { grpc: this.#grpc?.port, http: this.#http?.port }
  }

  async start(): Promise<void> {
    const { grpc, http } = this.#settings.config.protocols
    try {
      if (grpc !== undefined) await this.#startGrpc(grpc)
      if (http !== undefined) await this.#startHttp(http)
    } catch (error) {
      await this.stop(AbortSignal.abort())
      throw error
    }
  }

  async stop(abort: AbortSignal): Promise<void> {
    await Promise.all([this.#grpc?.close(abort), this.#http?.close(abort)])
  }

  async #startGrpc(config: GrpcConfig): Promise<void> {
    const { clock, logger, meter, id } = this.#settings
    const rejections = new Rejections('grpc', meter, logger)
    const server = new GrpcServer({
      handlers: createHandlers(this.#intakes('grpc'), config.include_metadata),
      unknownMethod,
      onRejected: (code, message) => rejections.add(code, message),
      onTlsFailure: () => rejections.tlsFailure(),
      maxMessageBytes: grpcMessageBytes(config),
      receiveTimeoutMs: orForever(config.read_timeout),
      streamsMax: config.max_concurrent_streams === 0 ? 100 : config.max_concurrent_streams,
      headerListBytesMax: headerBytesMax,
      keepsHeaders: config.include_metadata,
      budget: this.#budget,
      keepalive: keepaliveOf(config),
      tls: config.tls,
      clock,
      logger,
    })
    const address = parseAddress(config.endpoint, config.transport)
    must(address !== undefined, 'the schema has checked the endpoint')
    const { endpoint, max_connections: maxConnections } = config
    await server.listen(address, {
      what: `${id} grpc`,
      endpoint,
      maxConnections,
      onRefused: (code, message) => rejections.add(code, message),
    })
    this.#grpc = server
    logger.info('listening', { protocol: 'grpc', endpoint, tls: config.tls !== undefined })
  }

  async #startHttp(config: HttpConfig): Promise<void> {
    const { clock, logger, meter, id } = this.#settings
    const rejections = new Rejections('http', meter, logger)
    const routes = this.#createRoutes(config, rejections)
    const server = new HttpServer({
      onRequest: (exchange) => routes.handle(exchange),
      onTimeout: (exchange) => routes.timeout(exchange),
      onRejected: (code, message) => rejections.add(code, message),
      onTlsFailure: () => rejections.tlsFailure(),
      maxBodyBytes: httpBodyBytes(config),
      maxHeadBytes: headerBytesMax,
      timeouts: {
        headMs: config.read_header_timeout,
        requestMs: config.read_timeout,
        answerMs: config.write_timeout,
        idleMs: config.idle_timeout,
      },
      keepAlive: config.keep_alives_enabled,
      budget: this.#budget,
      tls: config.tls,
      clock,
      logger,
    })
    const address = parseAddress(config.endpoint, config.transport)
    must(address !== undefined, 'the schema has checked the endpoint')
    const { endpoint, max_connections: maxConnections } = config
    await server.listen(address, {
      what: `${id} http`,
      endpoint,
      maxConnections,
      onRefused: (code, message) => rejections.add(code, message),
    })
    this.#http = server
    logger.info('listening', { protocol: 'http', endpoint, tls: config.tls !== undefined })
  }

  #createRoutes(config: HttpConfig, rejections: Rejections): HttpRoutes {
    const paths = {
      logs: config.logs_url_path,
      metrics: config.metrics_url_path,
      traces: config.traces_url_path,
    }
    const intakes = new Map(this.#intakes('http').map((intake) => [intake.signal, intake]))
    const responseHeaders = Object.entries(config.response_headers).flatMap(([name, value]) => [
      name,
      value.reveal(),
    ])
    return new HttpRoutes({
      routes: new Map(signals.map((s) => [paths[s], { signal: s, intake: intakes.get(s) }])),
      encodings: new Set(config.compression_algorithms),
      includeMetadata: config.include_metadata,
      responseHeaders,
      cors: config.cors === undefined ? undefined : new Cors(config.cors),
      rejections,
    })
  }

  #intakes(transport: Transport): ExportIntake[] {
    const intakes: ExportIntake[] = []
    for (const signal of signals) {
      const next = this.#outputs[signal]
      if (next === undefined) continue
      intakes.push(new ExportIntake(signal, next, transport, this.#settings.meter))
    }
    return intakes
  }
}

function grpcMessageBytes(config: GrpcConfig): number {
  return (config.max_recv_msg_size_mib === 0 ? 4 : config.max_recv_msg_size_mib) * mib
}

function httpBodyBytes(config: HttpConfig): number {
  return config.max_request_body_size === 0 ? 20 * mib : config.max_request_body_size
}

/** Room for one compressed and decompressed request of the largest size at least, or it could never be taken. */
function budgetBytes(config: OtlpConfig): number {
  const { grpc, http } = config.protocols
  const largest = Math.max(grpc ? grpcMessageBytes(grpc) : 0, http ? httpBodyBytes(http) : 0)
  // What is counted lies partly in the heap of V8, whose limit may be far below that of the container.
  const memoryBytes = Math.min(process.constrainedMemory(), v8.getHeapStatistics().heap_size_limit)
  const wanted = config.max_bytes_in_flight ?? Math.min(64 * mib, memoryBytes / 4)
  return Math.max(wanted, largest + mib)
}

/** gRPC's defaults where the collector's 0 means them (gRFC A8 and A9). */
function keepaliveOf(config: GrpcConfig): ServerKeepalive {
  const { server_parameters: parameters, enforcement_policy: policy } = config.keepalive
  return {
    pingAfterMs: parameters.time === 0 ? 7_200_000 : parameters.time,
    pingTimeoutMs: parameters.timeout === 0 ? 20_000 : parameters.timeout,
    idleMs: orForever(parameters.max_connection_idle),
    ageMs: orForever(parameters.max_connection_age),
    ageGraceMs: orForever(parameters.max_connection_age_grace),
    peerPingMinMs: policy.min_time === 0 ? 300_000 : policy.min_time,
    peerPingWithoutStream: policy.permit_without_stream,
  }
}

function orForever(ms: number): number {
  return ms === 0 ? Number.POSITIVE_INFINITY : ms
}
