import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../component/clock.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { connectFailure } from '../connect-failure.ts'
import type { TlsClientConfig } from '../schema.ts'
import { type Credentials, connectOptions } from '../tls.ts'

export interface HttpClientOptions {
  readonly clock: Clock
  /** `https://host:port`, without a path. */
  readonly origin: string
  /** Connect here instead of to the host of the origin. */
  readonly socketPath?: string
  readonly tls: { readonly config: TlsClientConfig; readonly credentials: Credentials } | undefined
  /** An HTTP proxy; its credentials may stand in the URL. */
  readonly proxyUrl?: string
  /** 0: no limit. */
  readonly connectionsMax: number
  /** A connection without a request is closed after this long. */
  readonly idleMs: number
}

export interface HttpRequest {
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Pieces of the body; joined on the wire, so that they need no copy. */
  readonly body: readonly Uint8Array[]
}

/** The answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string
  readonly retryAfter: string | undefined
  /** What was read of it before a limit. */
  readonly body: Uint8Array
}

/** An answer to an Export request is a few bytes; what comes after this is not read. */
const bodyBytesMax = 4 * 1024 * 1024
/** Of an error only the message counts. */
const errorBytesMax = 64 * 1024
/** Once the status is known it decides; a body that drips is not waited for. */
const bodyTimeoutMs = 2000
const connectTimeoutMs = 20_000
/** More interim answers (1xx) than this are no hints any more but a way to keep a request waiting for ever. */
const interimMax = 16

/**
 * Posts to one origin over a pool of connections (undici, loaded when it is needed first). Follows no redirects, so that
 * credentials go nowhere else, and decompresses nothing.
 */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #dispatcher: Dispatcher
  readonly #host: string

  private constructor(options: HttpClientOptions, dispatcher: Dispatcher) {
    this.#options = options
    this.#host = new URL(options.origin).host
    this.#dispatcher = dispatcher
  }

  /** Opens no connection yet. Rejects with an Error if the proxy's URL is none. */
  static async create(options: HttpClientOptions): Promise<HttpClient> {
    // `default`, because esbuild gives a CommonJS package that is loaded on demand no other names.
    const { Pool, ProxyAgent } = (await import('undici')).default
    const { origin, proxyUrl, connectionsMax, idleMs } = options
    const connect = connectorOf(options)
    const limits = {
      connections: connectionsMax === 0 ? null : connectionsMax,
      // The delivery path has the one timeout for all of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: Math.max(1, idleMs),
      keepAliveMaxTimeout: Math.max(1, idleMs),
    }
    if (proxyUrl === undefined) {
      return new HttpClient(options, new Pool(origin, { ...limits, connect }))
    }
    const proxy = new ProxyAgent({ ...limits, uri: proxyUrl, requestTls: connect })
    return new HttpClient(options, proxy)
  }

  /** Resolves with any final answer. Rejects with a retryable DeliveryError when there is none. */
  post(request: HttpRequest, abort: AbortSignal): Promise<HttpAnswer> {
    const { origin, clock } = this.#options
    return new Promise((resolve, reject) => {
      if (abort.aborted) {
        reject(new DeliveryError('unavailable', givenUp(this.#host)))
        return
      }
      const exchange = new Exchange(this.#host, clock, abort, resolve, reject)
      this.#dispatcher.dispatch(
        {
          origin,
          path: request.path,
          method: 'POST',
          headers: [...request.headers, 'content-length', String(sizeOf(request.body))],
          body: bodyOf(request.body),
        },
        exchange,
      )
    })
  }

  /** Lets requests under way end. */
  async close(): Promise<void> {
    await this.#dispatcher.close()
  }

  async destroy(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

function connectorOf({ tls, origin, socketPath }: HttpClientOptions) {
  const base = { timeout: connectTimeoutMs, ...(socketPath === undefined ? {} : { socketPath }) }
  if (tls === undefined) return base
  const { secureContext, rejectUnauthorized, servername } = connectOptions(
    tls.config,
    tls.credentials,
    new URL(origin).hostname.replace(/^\[|\]$/g, ''),
  )
  return {
    ...base,
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername === undefined ? {} : { servername }),
  }
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  /** For messages. */
  readonly #host: string
  readonly #clock: Clock
  readonly #abort: AbortSignal
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (error: DeliveryError) => void
  readonly #onAbort = (): void => this.#fail(givenUp(this.#host))
  #controller: Dispatcher.DispatchController | undefined
  #cancelTimer: (() => void) | undefined
  #interimAnswers = 0
  #status = 0
  #headers: Record<string, string | string[] | undefined> = {}
  readonly #chunks: Uint8Array[] = []
  #sizeBytes = 0
  #over = false

  constructor(
    host: string,
    clock: Clock,
    abort: AbortSignal,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: DeliveryError) => void,
  ) {
    this.#host = host
    this.#clock = clock
    this.#abort = abort
    this.#resolve = resolve
    this.#reject = reject
    abort.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('given up'))
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) {
      this.#interimAnswers++
      if (this.#interimAnswers > interimMax) this.#fail(`"${this.#host}" sends 1xx without end`)
      return
    }
    this.#status = status
    this.#headers = headers
    this.#cancelTimer = this.#clock.after(bodyTimeoutMs, () => this.#finish(true))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.byteLength
    const limit = this.#status < 300 ? bodyBytesMax : errorBytesMax
    if (this.#sizeBytes > limit) this.#finish(true)
  }

  onResponseEnd(): void {
    this.#finish(false)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    // The status says what became of the data, even if the rest of the answer is cut off.
    if (this.#status !== 0) this.#finish(true)
    else this.#fail(`cannot reach "${this.#host}": ${connectFailure(error)}`)
  }

  #fail(reason: string): void {
    if (this.#over) return
    this.#release()
    this.#controller?.abort(new Error('given up'))
    this.#reject(new DeliveryError('unavailable', reason))
  }

  /** `cut`: the rest of the answer is not wanted. */
  #finish(cut: boolean): void {
    if (this.#over) return
    this.#release()
    if (cut) this.#controller?.abort(new Error('enough'))
    this.#resolve({
      status: this.#status,
      contentType: first(this.#headers['content-type']) ?? '',
      contentEncoding: first(this.#headers['content-encoding']) ?? '',
      retryAfter: first(this.#headers['retry-after']),
      body: this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks),
    })
  }

  #release(): void {
    this.#over = true
    this.#cancelTimer?.()
    this.#abort.removeEventListener('abort', this.#onAbort)
  }
}

function givenUp(host: string): string {
  return `the request to "${host}" was given up`
}

/** undici takes any iterable of bytes, which its types do not say; a joined copy costs half as much CPU again. */
function bodyOf(pieces: readonly Uint8Array[]): Uint8Array | Readable {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : (pieces as unknown as Readable)
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let sizeBytes = 0
  for (const piece of pieces) sizeBytes += piece.byteLength
  return sizeBytes
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
