import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import type { Code } from '../../errors/codes.ts'
import { Acceptor } from '../acceptor.ts'
import type { BudgetShare, ByteBudget } from '../byte-budget.ts'
import { Connections } from '../connections.ts'
import { type ContentEncoding, isContentEncoding } from '../decompress.ts'
import { findHeader, type HeaderList, headerBytes, joinHeader } from '../header-list.ts'
import type { ServerKeepalive } from '../http2/keepalive.ts'
import type { RequestHead } from '../http2/request-head.ts'
import {
  type RequestHandler,
  ServerConnection,
  type ServerConnectionOptions,
} from '../http2/server-connection.ts'
import type { Http2Stream, StreamListener } from '../http2/stream.ts'
import type { Address, ListenOptions } from '../listen.ts'
import type { TlsServerConfig } from '../schema.ts'
import { httpError, statusOnly } from './answers.ts'
import { GrpcError } from './grpc-error.ts'
import { RefusedCall } from './refused-call.ts'
import { grpcStatus } from './status.ts'
import { parseGrpcTimeoutMs } from './timeout.ts'
import {
  busy,
  type CallHost,
  callOverheadBytes,
  type TimedCall,
  UnaryCall,
  type UnaryHandler,
} from './unary-call.ts'

export interface GrpcServerSettings {
  /** By path: `/package.Service/Method`. */
  readonly handlers: ReadonlyMap<string, UnaryHandler>
  /** The message for a path without a handler. */
  readonly unknownMethod: (path: string) => string
  /** A request whose message came to nothing; the message holds nothing of its payload. */
  readonly onRejected: (code: Code, message: string) => void
  readonly onTlsFailure: () => void
  /** Before and after decompression. */
  readonly maxMessageBytes: number
  /** From the headers of a call to the end of its message; Infinity waits for ever. */
  readonly receiveTimeoutMs: number
  readonly streamsMax: number
  readonly headerListBytesMax: number
  /** Handlers get the headers of their call; else an empty list, and none are held. */
  readonly keepsHeaders: boolean
  readonly budget: ByteBudget
  readonly keepalive: ServerKeepalive
  readonly tls: TlsServerConfig | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** How often the deadlines of calls are looked at: one timer for all of them. */
const callTickMs = 250
const connectionTickMs = 1000
/** A client that has not said the preface after this long is none. */
const prefaceTimeoutMs = 10_000

/**
 * Windows: a message of the usual size needs no WINDOW_UPDATE before it is complete. They are what a client may send
 * ahead, not what lies in memory: every byte is taken in at once, and the budget counts it.
 */
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 4 * 1024 * 1024

const noHeaders: HeaderList = []

/** Listens to the rest of a request that has its answer already. */
const deaf: StreamListener = {
  onData: () => undefined,
  onEnd: () => undefined,
  onAbort: () => undefined,
}

/**
 * A gRPC server for unary calls: plain (HTTP/2 with prior knowledge) or with TLS, on TCP or a unix socket.
 * Protocol: grpc/grpc doc/PROTOCOL-HTTP2.md.
 */
export class GrpcServer implements RequestHandler, CallHost {
  readonly maxMessageBytes: number
  readonly receiveTimeoutMs: number
  readonly #settings: GrpcServerSettings
  readonly #connectionOptions: ServerConnectionOptions
  readonly #acceptor: Acceptor
  readonly #connections = new Connections<ServerConnection>()
  /** What each connection may take of the budget. */
  readonly #shares = new WeakMap<ServerConnection, BudgetShare>()
  readonly #calls = new Set<TimedCall>()
  readonly #stopTicking: (() => void)[] = []

  constructor(settings: GrpcServerSettings) {
    this.#settings = settings
    this.maxMessageBytes = settings.maxMessageBytes
    this.receiveTimeoutMs = settings.receiveTimeoutMs
    this.#connectionOptions = {
      limits: {
        streamWindowBytes,
        connectionWindowBytes,
        headerListBytesMax: settings.headerListBytesMax,
        streamsMax: settings.streamsMax,
      },
      keepalive: settings.keepalive,
      nowMs: () => settings.clock.monotonicMs(),
      random: Math.random,
      prefaceTimeoutMs,
    }
    this.#acceptor = new Acceptor({
      ...settings,
      protocol: 'h2',
      allowHalfOpen: false,
      onSocket: (socket) => {
        const connection = new ServerConnection(socket, this, this.#connectionOptions)
        this.#connections.add(connection)
        this.#shares.set(connection, settings.budget.share(settings.maxMessageBytes))
      },
    })
  }

  get port(): number | undefined {
    return this.#acceptor.port
  }

  get connectionCount(): number {
    return this.#connections.count
  }

  /** Rejects with an Error for a person; then nothing is left open. */
  async listen(address: Address, options: ListenOptions): Promise<void> {
    const { clock } = this.#settings
    await this.#acceptor.listen(address, options)
    this.#stopTicking.push(
      clock.every(callTickMs, () => {
        const nowMs = clock.monotonicMs()
        for (const call of this.#calls) call.tick(nowMs)
      }),
      clock.every(connectionTickMs, () => {
        for (const connection of this.#connections) connection.tick()
      }),
    )
  }

  /**
   * Accepts nothing new, tells the clients, waits for the calls in flight until `abort` fires, then cuts the rest off.
   * Never rejects.
   */
  async close(abort: AbortSignal): Promise<void> {
    await this.#acceptor.close()
    await this.#connections.close(abort, (connection) => connection.destroy('stopping'))
    for (const stop of this.#stopTicking) stop()
  }

  // What the connections say.

  onRequest(connection: ServerConnection, stream: Http2Stream, head: RequestHead): StreamListener {
    const contentType = findHeader(head.fields, 'content-type') ?? ''
    if (head.method !== 'POST') {
      return this.#refuseHttp(connection, stream, 405, `method ${head.method}: gRPC is always POST`)
    }
    if (!/^application\/grpc(?:$|[;+])/.test(contentType)) {
      const message = 'the content-type must be application/grpc'
      return this.#refuseHttp(connection, stream, 415, message)
    }
    const handler = this.#settings.handlers.get(head.path)
    if (handler === undefined) {
      return this.#unsupported(connection, stream, this.#settings.unknownMethod(head.path))
    }
    if (/^application\/grpc\+(?!proto(?:$|;))/.test(contentType)) {
      return this.#unsupported(connection, stream, 'the only message format is proto')
    }
    const name = joinHeader(head.fields, 'grpc-encoding') ?? 'identity'
    if (name !== 'identity' && !isContentEncoding(name)) {
      const message = 'grpc-encoding must be gzip, zstd, deflate or identity'
      return this.#unsupported(connection, stream, message)
    }
    const headers = this.#settings.keepsHeaders ? head.fields : noHeaders
    const overheadBytes = callOverheadBytes + headerBytes(headers)
    const share = this.#shares.get(connection)
    if (share?.tryTake(overheadBytes) !== true) {
      this.onRejected('receiver_busy', '')
      connection.respond(stream, statusOnly(busy()), undefined, undefined)
      return deaf
    }
    const encoding = name === 'identity' ? undefined : (name as ContentEncoding)
    const timeout = findHeader(head.fields, 'grpc-timeout')
    const timeoutMs = timeout === undefined ? undefined : parseGrpcTimeoutMs(timeout)
    const call = new UnaryCall(this, {
      connection,
      stream,
      handler,
      headers,
      encoding,
      overheadBytes,
      share,
      nowMs: this.#settings.clock.monotonicMs(),
      timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY,
    })
    this.#calls.add(call)
    return call
  }

  #refuseHttp(
    connection: ServerConnection,
    stream: Http2Stream,
    httpStatus: number,
    message: string,
  ): StreamListener {
    const body = Buffer.from(`${message}\n`)
    return this.#refuse(connection, stream, message, httpError(httpStatus, message), body)
  }

  #unsupported(connection: ServerConnection, stream: Http2Stream, message: string): StreamListener {
    const headers = statusOnly(new GrpcError(grpcStatus.UNIMPLEMENTED, message))
    return this.#refuse(connection, stream, message, headers, undefined)
  }

  #refuse(
    connection: ServerConnection,
    stream: Http2Stream,
    message: string,
    headers: Uint8Array,
    body: Uint8Array | undefined,
  ): StreamListener {
    this.onRejected('unsupported', message)
    const nowMs = this.#settings.clock.monotonicMs()
    const call = new RefusedCall(this, { connection, stream, headers, body, nowMs })
    this.#calls.add(call)
    return call
  }

  onClose(connection: ServerConnection): void {
    this.#connections.delete(connection)
  }

  // What the calls say.

  onRejected(code: Code, message: string): void {
    this.#settings.onRejected(code, message)
  }

  onBug(error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error)
    this.#settings.logger.error('BUG: a gRPC handler failed', { stack })
  }

  onOver(call: TimedCall): void {
    this.#calls.delete(call)
  }
}
