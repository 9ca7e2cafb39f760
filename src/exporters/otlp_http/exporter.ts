import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { createDelivery, type Delivery } from '../../delivery/delivery.ts'
import { fullSuccess, type SendOutcome } from '../../delivery/send.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { compress, contentEncodingOf } from '../../net/compress.ts'
import { type HttpAnswer, HttpClient } from '../../net/http/client.ts'
import { httpOutcome } from '../../net/http/outcome.ts'
import { Credentials } from '../../net/tls.ts'
import { userAgent } from '../../net/user-agent.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import type { Signal } from '../../signal/signal.ts'
import {
  decodeExportResponse,
  exportResponseFromJson,
  type PartialSuccess,
} from '../../wire/otlp/response.ts'
import { toJson } from '../../wire/otlp/to-json.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { OtlpHttpConfig } from './schema.ts'

/** Sends each request as one POST. With protobuf the bytes of a batch are the body: nothing is encoded. */
export class OtlpHttpExporter implements Component, Consumer {
  readonly #settings: Settings<OtlpHttpConfig>
  readonly #delivery: Delivery
  readonly #urls: Readonly<Record<Signal, URL | undefined>>
  readonly #headers: readonly string[]
  readonly #retryable: ReadonlySet<number>
  readonly #clients = new Map<string, HttpClient>()
  #credentials: Credentials | undefined

  constructor(settings: Settings<OtlpHttpConfig>) {
    const { config } = settings
    this.#settings = settings
    this.#urls = {
      logs: urlOf(config.logs_endpoint, config.endpoint, 'logs'),
      metrics: urlOf(config.metrics_endpoint, config.endpoint, 'metrics'),
      traces: urlOf(config.traces_endpoint, config.endpoint, 'traces'),
    }
    this.#headers = headersOf(config)
    this.#retryable = new Set(config.retryable_status)
    this.#delivery = createDelivery(settings, (batch, abort) => this.#send(batch, abort))
  }

  async start(abort?: AbortSignal): Promise<void> {
    const { config, clock, logger } = this.#settings
    if (this.#origins.some((origin) => origin.startsWith('https:'))) {
      this.#credentials = await Credentials.load(config.tls)
      this.#credentials.watch(clock, logger, () => void this.#replaceClients())
    }
    await this.#createClients()
    await this.#startDelivery(abort)
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    return this.#delivery.consume(batch, context)
  }

  async stop(abort: AbortSignal): Promise<void> {
    await this.#delivery.stop(abort)
    this.#credentials?.close()
    await Promise.all([...this.#clients.values()].map((client) => client.destroy()))
    this.#clients.clear()
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

  get #origins(): string[] {
    const urls = Object.values(this.#urls).filter((url) => url !== undefined)
    return [...new Set(urls.map((url) => url.origin))]
  }

  async #createClients(): Promise<void> {
    const { config, clock } = this.#settings
    const proxyUrl = config.proxy_url?.reveal()
    for (const origin of this.#origins) {
      const tls = this.#credentials && { config: config.tls, credentials: this.#credentials }
      const client = await HttpClient.create({
        clock,
        origin,
        tls: origin.startsWith('https:') ? tls : undefined,
        connectionsMax: config.max_conns_per_host,
        idleMs: config.idle_conn_timeout,
        ...(proxyUrl === undefined ? {} : { proxyUrl }),
      })
      this.#clients.set(origin, client)
    }
  }

  /** The certificates have changed: new requests go over new connections, those under way end on the old. */
  async #replaceClients(): Promise<void> {
    const old = [...this.#clients.values()]
    await this.#createClients()
    await Promise.all(old.map((client) => client.close()))
  }

  async #send(batch: Batch, abort: AbortSignal): Promise<SendOutcome> {
    const url = this.#urls[batch.signal]
    const client = url && this.#clients.get(url.origin)
    if (url === undefined || client === undefined) {
      throw new DeliveryError('unsupported', `there is no endpoint for ${batch.signal}`)
    }
    const body = await this.#encode(batch)
    const path = `${url.pathname}${url.search}`
    const answer = await client.post({ path, headers: this.#headers, body }, abort)
    const error = httpOutcome(answer, url.host, this.#settings.clock.nowMs(), this.#retryable)
    if (error !== undefined) throw error
    return outcomeOf(batch.signal, answer)
  }

  async #encode(batch: Batch): Promise<readonly Uint8Array[]> {
    const { encoding, compression, compression_params: params } = this.#settings.config
    // Fast path: nothing to encode, nothing to copy.
    if (encoding === 'proto' && compression === 'none') return batch.segments
    const bytes = batch.bytes()
    const plain = encoding === 'proto' ? bytes : Buffer.from(toJson(batch.signal, bytes))
    return [compression === 'none' ? plain : await compress(compression, plain, params.level)]
  }
}

function urlOf(own: string | undefined, base: string | undefined, signal: Signal): URL | undefined {
  if (own !== undefined) return new URL(own)
  if (base === undefined) return undefined
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`
  return url
}

function headersOf(config: OtlpHttpConfig): string[] {
  const headers = new Map([
    ['content-type', config.encoding === 'proto' ? 'application/x-protobuf' : 'application/json'],
    ['user-agent', userAgent],
  ])
  const contentEncoding = contentEncodingOf(config.compression)
  if (contentEncoding !== undefined) headers.set('content-encoding', contentEncoding)
  for (const [name, value] of Object.entries(config.headers)) {
    headers.set(name.toLowerCase(), value.reveal())
  }
  return [...headers].flat()
}

/** The status says that the data is taken, whatever the body is. */
function outcomeOf(
  signal: Signal,
  { contentType, contentEncoding, body }: HttpAnswer,
): SendOutcome {
  if (body.byteLength === 0 || contentEncoding !== '') return fullSuccess
  try {
    const partial = readResponse(signal, contentType, body)
    if (partial === undefined) return fullSuccess
    return { rejectedItems: partial.rejectedItems, message: partial.errorMessage }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { rejectedItems: 0, message: `the answer cannot be read: ${error.message}` }
  }
}

/** Backends answer with the type of the request; other bodies (`OK`) say nothing. */
function readResponse(
  signal: Signal,
  contentType: string,
  body: Uint8Array,
): PartialSuccess | undefined {
  if (contentType.startsWith('application/x-protobuf')) return decodeExportResponse(body)
  if (!contentType.startsWith('application/json')) return undefined
  return exportResponseFromJson(signal, Buffer.from(body).toString('utf8'))
}
