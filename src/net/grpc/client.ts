import type { Clock } from '../../component/clock.ts'
import type { Secret } from '../../component/secret.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { ClientConnection } from '../http2/client-connection.ts'
import { encodeHeaders } from '../http2/hpack-encoder.ts'
import { type CallOwner, ClientCall } from './client-call.ts'
import { type Connector, connect } from './connect.ts'
import { createPrefix } from './frame.ts'

export interface GrpcClientOptions {
  readonly clock: Clock
  readonly connector: Connector
  /** `:authority` of requests. */
  readonly authority: string
  readonly secure: boolean
  readonly userAgent: string
  readonly metadata: Readonly<Record<string, Secret>>
  readonly keepalive: ClientKeepalive | undefined
  /** Calls wait for a connection instead of failing when there is none. */
  readonly waitForReady: boolean
  /** From 0 up to 1; for the jitter between connection attempts. */
  readonly random: () => number
}

export interface ClientKeepalive {
  readonly timeMs: number
  readonly timeoutMs: number
  readonly permitWithoutStream: boolean
}

/** How often a call is sent when servers refuse it unseen (GOAWAY, REFUSED_STREAM). */
const sendsMax = 3
/**
 * Between connection attempts (gRPC's connection-backoff.md, but never as long as two minutes: the delivery path has
 * waits of its own, and a backend that is back should be found).
 */
const backoffFirstMs = 500
const backoffFactor = 1.6
const backoffMaxMs = 10_000
const backoffJitter = 0.2

const limits = {
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
  headerListBytesMax: 16_384,
  streamsMax: 0,
} as const

/** A method with the headers of its requests, encoded once. */
export interface GrpcMethod {
  readonly headers: Uint8Array
  readonly compressed: boolean
  /** Statuses that may be tried again, besides those that OTLP names. */
  readonly retryable: ReadonlySet<number>
}

/**
 * A unary gRPC client on one HTTP/2 connection, made when the first call needs it and again when it is gone.
 *
 *     idle ──call──▶ connecting ──▶ ready ──lost, GOAWAY──▶ idle
 *                        └─failed──▶ backing off: calls fail at once, or wait (`waitForReady`) ──▶ idle
 */
export class GrpcClient implements CallOwner {
  readonly #options: GrpcClientOptions
  #connection: ClientConnection | undefined
  /** Calls that wait for a connection or for a free stream. */
  readonly #waiting = new Set<ClientCall>()
  /** Connections that take nothing new but have calls under way. */
  readonly #leaving = new Set<ClientConnection>()
  #connecting: AbortController | undefined
  #failures = 0
  #lastFailure = ''
  #retryAtMs = 0
  #cancelRetry: (() => void) | undefined
  #stopKeepalive: (() => void) | undefined
  #closed = false

  constructor(options: GrpcClientOptions) {
    this.#options = options
  }

  /** `path`: `/package.Service/Method`. Throws a RangeError if metadata holds a character that no header may carry. */
  method(
    path: string,
    encoding: string | undefined,
    timeoutMs: number,
    retryable: ReadonlySet<number> = new Set(),
  ): GrpcMethod {
    const { authority, secure, userAgent, metadata } = this.#options
    const fields: (readonly [string, string])[] = [
      [':method', 'POST'],
      [':scheme', secure ? 'https' : 'http'],
      [':path', path],
      [':authority', authority],
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
      ['user-agent', userAgent],
      ['grpc-accept-encoding', 'identity,gzip'],
    ]
    if (encoding !== undefined) fields.push(['grpc-encoding', encoding])
    if (timeoutMs > 0) fields.push(['grpc-timeout', grpcTimeout(timeoutMs)])
    for (const [name, value] of Object.entries(metadata)) {
      fields.push(metadataField(name.toLowerCase(), value.reveal()))
    }
    return { headers: encodeHeaders(fields), compressed: encoding !== undefined, retryable }
  }

  get place(): string {
    return this.#options.connector.target.place
  }

  /**
   * Sends one message, in segments, and resolves with the message of an OK answer. Rejects with a DeliveryError. `abort`
   * cancels the call.
   */
  call(
    method: GrpcMethod,
    message: readonly Uint8Array[],
    sizeBytes: number,
    abort: AbortSignal,
  ): Promise<Uint8Array> {
    const prefix = createPrefix(sizeBytes, method.compressed)
    const call = new ClientCall(this, method, [prefix, ...message])
    const onAbort = (): void => {
      call.fail(new DeliveryError('timeout', `the call to "${this.place}" was given up`))
    }
    if (abort.aborted) onAbort()
    else {
      abort.addEventListener('abort', onAbort, { once: true })
      this.#dispatch(call)
    }
    return call.promise
  }

  /** Lets calls under way end; new ones fail. */
  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    this.#connecting?.abort()
    this.#stopKeepalive?.()
    this.#failWaiting('the client is closed')
    this.#connection?.close()
    for (const connection of this.#leaving) connection.close()
    this.#connection = undefined
  }

  /** Ends everything at once. */
  destroy(): void {
    const connections = [this.#connection, ...this.#leaving]
    this.close()
    for (const connection of connections) connection?.destroy('the client is closed')
  }

  again(call: ClientCall): boolean {
    if (this.#closed || call.sends >= sendsMax) return false
    // Not at once: the connection is just about to say that it is leaving.
    queueMicrotask(() => this.#dispatch(call))
    return true
  }

  over(call: ClientCall): void {
    this.#waiting.delete(call)
    if (this.#waiting.size > 0) this.#serveWaiting()
  }

  #dispatch(call: ClientCall): void {
    // Fast path: there is a connection with a free stream.
    if (this.#connection?.available && this.#waiting.size === 0) {
      call.send(this.#connection)
      return
    }
    if (this.#closed) {
      call.fail(new DeliveryError('unavailable', 'the client is closed'))
      return
    }
    const backingOff = this.#options.clock.monotonicMs() < this.#retryAtMs
    if (this.#connection === undefined && backingOff && !this.#options.waitForReady) {
      call.fail(new DeliveryError('unavailable', this.#lastFailure))
      return
    }
    this.#waiting.add(call)
    if (this.#connection === undefined) this.#connectSoon()
  }

  #serveWaiting(): void {
    for (const call of this.#waiting) {
      if (!this.#connection?.available) return
      this.#waiting.delete(call)
      call.send(this.#connection)
    }
  }

  #connectSoon(): void {
    if (this.#connecting !== undefined || this.#cancelRetry !== undefined) return
    const waitMs = this.#retryAtMs - this.#options.clock.monotonicMs()
    if (waitMs <= 0) {
      void this.#connect()
      return
    }
    this.#cancelRetry = this.#options.clock.after(waitMs, () => {
      this.#cancelRetry = undefined
      void this.#connect()
    })
  }

  async #connect(): Promise<void> {
    const controller = new AbortController()
    this.#connecting = controller
    const outcome = await connect(this.#options.connector, this.#options.clock, controller.signal)
    this.#connecting = undefined
    if (typeof outcome === 'string') {
      this.#connectFailed(outcome)
      return
    }
    if (this.#closed) {
      outcome.destroy()
      return
    }
    this.#failures = 0
    this.#retryAtMs = 0
    const connection: ClientConnection = new ClientConnection(outcome, {
      limits,
      onClosed: (reason) => this.#onClosed(connection, reason),
      onAvailable: () => this.#serveWaiting(),
    })
    this.#connection = connection
    this.#watch(connection)
    this.#serveWaiting()
  }

  #connectFailed(reason: string): void {
    const { clock, random, waitForReady } = this.#options
    const baseMs = Math.min(backoffFirstMs * backoffFactor ** this.#failures, backoffMaxMs)
    this.#failures++
    this.#lastFailure = reason
    this.#retryAtMs = clock.monotonicMs() + baseMs * (1 + backoffJitter * (2 * random() - 1))
    if (!waitForReady) this.#failWaiting(reason)
    else if (this.#waiting.size > 0 && !this.#closed) this.#connectSoon()
  }

  #failWaiting(reason: string): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const call of waiting) call.fail(new DeliveryError('unavailable', reason))
  }

  /** The connection takes nothing new: it is gone, or ends when its calls have. */
  #onClosed(connection: ClientConnection, reason: string): void {
    this.#lastFailure = reason
    if (this.#connection === connection) {
      this.#connection = undefined
      this.#stopKeepalive?.()
      this.#stopKeepalive = undefined
    }
    if (connection.ended) this.#leaving.delete(connection)
    else this.#leaving.add(connection)
    if (this.#waiting.size > 0 && !this.#closed) this.#connectSoon()
  }

  #watch(connection: ClientConnection): void {
    const { keepalive, clock } = this.#options
    for (const old of this.#leaving) if (old.ended) this.#leaving.delete(old)
    if (keepalive === undefined || keepalive.timeMs <= 0) return
    const { timeMs, timeoutMs, permitWithoutStream } = keepalive
    this.#stopKeepalive = clock.every(timeMs, () => {
      if (connection.streamCount === 0 && !permitWithoutStream) return
      if (connection.keepalive()) return
      clock.after(Math.max(0, timeoutMs - timeMs), () => {
        if (!connection.keepalive()) connection.destroy('no answer to a keepalive ping')
      })
    })
  }
}

/** Names that end in `-bin` carry bytes, in base64 (grpc/grpc doc/PROTOCOL-HTTP2.md, "Custom-Metadata"). */
function metadataField(name: string, value: string): readonly [string, string] {
  if (!name.endsWith('-bin')) return [name, value]
  return [name, Buffer.from(value, 'utf8').toString('base64').replace(/=+$/, '')]
}

/** `5000m`: at most eight digits (grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout"). */
function grpcTimeout(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs))
  return ms <= 99_999_999 ? `${ms}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`
}
