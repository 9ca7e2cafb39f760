import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import type { Code } from '../../errors/codes.ts'
import type { ByteBudget } from '../byte-budget.ts'
import { handshakeFailure } from '../connect-failure.ts'
import { headerBytes } from '../header-bytes.ts'
import { type Address, type Listening, type ListenOptions, listen } from '../listen.ts'
import type { TlsServerConfig } from '../schema.ts'
import { Credentials, serverOptions } from '../tls.ts'
import { Exchange, type ExchangeHost, exchangeOverheadBytes } from './exchange.ts'

export interface HttpServerSettings {
  /** Answers the exchange, now or later. What it rejects with is a bug, answered with 500. */
  readonly onRequest: (exchange: Exchange) => Promise<void>
  /** The exchange took longer than `writeTimeoutMs` since its headers; to be answered now. */
  readonly onTimeout: (exchange: Exchange) => void
  /** A request that never became an exchange; the message holds nothing of what was sent. */
  readonly onRejected: (code: Code, message: string) => void
  readonly onTlsFailure: () => void
  /** Before and after decompression. */
  readonly maxBodyBytes: number
  /** More is answered with 431. */
  readonly maxHeaderBytes: number
  /** 0 for none, as in the collector. */
  readonly readHeaderTimeoutMs: number
  readonly readTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly keepAlive: boolean
  readonly budget: ByteBudget
  readonly tls: TlsServerConfig | undefined
  readonly clock: Clock
  readonly logger: Logger
}

const tickMs = 1000
const handshakeTimeoutMs = 10_000

/** An HTTP/1.1 server with limits on everything, over node:http. */
export class HttpServer implements ExchangeHost {
  readonly budget: ByteBudget
  readonly maxBodyBytes: number
  readonly #settings: HttpServerSettings
  readonly #exchanges = new Set<Exchange>()
  #server: http.Server | undefined
  #listening: Listening | undefined
  #credentials: Credentials | undefined
  #stopTicking: (() => void) | undefined
  #closing = false
  #whenEmpty: (() => void) | undefined

  constructor(settings: HttpServerSettings) {
    this.#settings = settings
    this.budget = settings.budget
    this.maxBodyBytes = settings.maxBodyBytes
  }

  get port(): number | undefined {
    return this.#listening?.port
  }

  get keepAlive(): boolean {
    return this.#settings.keepAlive && !this.#closing
  }

  /** Rejects with an Error for a person; then nothing is left open. */
  async listen(address: Address, options: ListenOptions): Promise<void> {
    const { clock, writeTimeoutMs, onTimeout } = this.#settings
    const server = await this.#createServer()
    this.#server = server
    server.on('request', (request, response) => this.#onRequest(request, response))
    // By listening to these the default of node is switched off: `100 Continue` before the length was looked at.
    server.on('checkContinue', (request, response) => this.#onRequest(request, response))
    server.on('connect', (_request, socket) => this.#refuseConnect(socket))
    server.on('clientError', (error, socket) => this.#onClientError(error, socket))
    try {
      this.#listening = await listen(server, address, options)
    } catch (error) {
      this.#credentials?.close()
      throw error
    }
    if (writeTimeoutMs <= 0) return
    this.#stopTicking = clock.every(tickMs, () => {
      const nowMs = clock.monotonicMs()
      for (const exchange of this.#exchanges) {
        if (!exchange.answered && nowMs - exchange.startMs >= writeTimeoutMs) onTimeout(exchange)
      }
    })
  }

  async #createServer(): Promise<http.Server> {
    const settings = this.#settings
    const { readHeaderTimeoutMs, readTimeoutMs, idleTimeoutMs } = settings
    const options: http.ServerOptions = {
      maxHeaderSize: settings.maxHeaderBytes,
      requestTimeout: readTimeoutMs,
      // Node refuses a header timeout above that of the whole request; the collector takes the lower one too.
      headersTimeout:
        readTimeoutMs > 0 ? Math.min(readHeaderTimeoutMs, readTimeoutMs) : readHeaderTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: tickMs,
      noDelay: true,
    }
    if (settings.tls === undefined) return http.createServer(options)
    const credentials = await Credentials.load(settings.tls)
    const server = https.createServer({
      ...options,
      ...credentials.options,
      ...serverOptions(settings.tls),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: handshakeTimeoutMs,
    })
    server.on('tlsClientError', (error, socket) => {
      settings.logger.debug('TLS handshake failed', { message: handshakeFailure(error) })
      settings.onTlsFailure()
      socket.destroy()
    })
    credentials.watch(settings.clock, settings.logger, (changed) => {
      server.setSecureContext(changed)
    })
    this.#credentials = credentials
    return server
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const overheadBytes = exchangeOverheadBytes + headerBytes(request.rawHeaders)
    if (!this.budget.tryTake(overheadBytes)) {
      this.#settings.onRejected('receiver_busy', '')
      response.writeHead(429, { 'retry-after': '1', 'content-length': '0' })
      response.end()
      return
    }
    const startMs = this.#settings.clock.monotonicMs()
    const exchange = new Exchange(this, request, response, startMs, overheadBytes)
    this.#exchanges.add(exchange)
    this.#settings
      .onRequest(exchange)
      .catch((error: unknown) => {
        const stack = error instanceof Error ? error.stack : String(error)
        this.#settings.logger.error('BUG: an HTTP handler failed', { stack })
        this.#settings.onRejected('internal', '')
        exchange.respond(500, ['content-length', '0'], '')
      })
      .finally(() => exchange.release())
  }

  onOver(exchange: Exchange): void {
    this.#exchanges.delete(exchange)
    if (this.#exchanges.size === 0) this.#whenEmpty?.()
  }

  #refuseConnect(socket: Duplex): void {
    this.#settings.onRejected('unsupported', 'method CONNECT')
    answerRaw(this.#settings.clock, socket, 405, 'Method Not Allowed')
  }

  /** What node's parser refuses, and what came too slowly. */
  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const { code } = error
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
    } else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      this.#settings.onRejected('slow_sender', 'the request did not arrive in time')
      answerRaw(this.#settings.clock, socket, 408, 'Request Timeout')
    } else if (code === 'HPE_HEADER_OVERFLOW') {
      this.#settings.onRejected('too_large', 'the headers are too large')
      answerRaw(this.#settings.clock, socket, 431, 'Request Header Fields Too Large')
    } else {
      this.#settings.onRejected('invalid_data', `not HTTP/1.1: ${code ?? 'unknown'}`)
      answerRaw(this.#settings.clock, socket, 400, 'Bad Request')
    }
  }

  /**
   * Accepts nothing new, waits for the exchanges in flight until `abort` fires, then cuts the rest off. Never rejects.
   */
  async close(abort: AbortSignal): Promise<void> {
    this.#closing = true
    this.#credentials?.close()
    await this.#listening?.close()
    this.#server?.closeIdleConnections()
    if (this.#exchanges.size > 0 && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve
        abort.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    this.#server?.closeAllConnections()
    this.#stopTicking?.()
  }
}

/** How long a peer may take to read such an answer and close. */
const lastWordsMs = 1000

/** An answer to a socket whose request node could not read. */
function answerRaw(clock: Clock, socket: Duplex, status: number, reason: string): void {
  socket.on('error', () => undefined)
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  // What else comes is read and thrown away: closing with unread bytes would take the answer back.
  socket.resume()
  const cancel = clock.after(lastWordsMs, () => socket.destroy())
  socket.once('close', cancel)
}
