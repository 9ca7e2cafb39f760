import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import type { Code } from '../../errors/codes.ts'
import { Acceptor } from '../acceptor.ts'
import type { ByteBudget } from '../byte-budget.ts'
import { Connections } from '../connections.ts'
import type { Address, ListenOptions } from '../listen.ts'
import type { TlsServerConfig } from '../schema.ts'
import type { Exchange } from './exchange.ts'
import { dateLine } from './response-head.ts'
import { type ConnectionHost, HttpConnection, type HttpTimeouts } from './server-connection.ts'

export interface HttpServerSettings {
  /** Answers the exchange, now or later. What it rejects with is a bug, answered with 500. */
  readonly onRequest: (exchange: Exchange) => Promise<void>
  /** The answer took longer than `timeouts.answerMs`; to be answered now. */
  readonly onTimeout: (exchange: Exchange) => void
  /** A request that never became an exchange; the message holds nothing of what was sent. */
  readonly onRejected: (code: Code, message: string) => void
  readonly onTlsFailure: () => void
  /** Before and after decompression. */
  readonly maxBodyBytes: number
  /** More is answered with 431. */
  readonly maxHeadBytes: number
  readonly timeouts: HttpTimeouts
  readonly keepAlive: boolean
  readonly budget: ByteBudget
  readonly tls: TlsServerConfig | undefined
  readonly clock: Clock
  readonly logger: Logger
}

const tickMs = 1000

/** An HTTP/1.1 server (RFC 9112) with limits on everything. */
export class HttpServer implements ConnectionHost {
  readonly maxBodyBytes: number
  readonly maxHeadBytes: number
  readonly timeouts: HttpTimeouts
  readonly #settings: HttpServerSettings
  readonly #connections = new Connections<HttpConnection>()
  readonly #acceptor: Acceptor
  #dateLine: string
  #stopTicking: (() => void) | undefined
  #closing = false

  constructor(settings: HttpServerSettings) {
    const { clock, maxBodyBytes } = settings
    this.#settings = settings
    this.maxBodyBytes = maxBodyBytes
    this.maxHeadBytes = settings.maxHeadBytes
    this.timeouts = settings.timeouts
    this.#dateLine = dateLine(clock.nowMs())
    this.#acceptor = new Acceptor({
      ...settings,
      protocol: 'http/1.1',
      // A client may end its side when it has asked, and still wants the answer.
      allowHalfOpen: true,
      onSocket: (socket) => {
        const connection = new HttpConnection(socket, this, settings.budget.share(maxBodyBytes))
        this.#connections.add(connection)
      },
    })
  }

  get port(): number | undefined {
    return this.#acceptor.port
  }

  get keepAlive(): boolean {
    return this.#settings.keepAlive && !this.#closing
  }

  get dateLine(): string {
    return this.#dateLine
  }

  /** Rejects with an Error for a person; then nothing is left open. */
  async listen(address: Address, options: ListenOptions): Promise<void> {
    const { clock } = this.#settings
    await this.#acceptor.listen(address, options)
    this.#stopTicking = clock.every(tickMs, () => {
      this.#dateLine = dateLine(clock.nowMs())
      const nowMs = clock.monotonicMs()
      for (const connection of this.#connections) connection.tick(nowMs)
    })
  }

  /**
   * Accepts nothing new, waits for the exchanges in flight until `abort` fires, then cuts the rest off. Never rejects.
   */
  async close(abort: AbortSignal): Promise<void> {
    this.#closing = true
    await this.#acceptor.close()
    await this.#connections.close(abort, (connection) => connection.destroy())
    this.#stopTicking?.()
  }

  // What the connections say.

  onRequest(exchange: Exchange): void {
    void this.#run(exchange)
  }

  async #run(exchange: Exchange): Promise<void> {
    try {
      await this.#settings.onRequest(exchange)
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error)
      this.#settings.logger.error('BUG: an HTTP handler failed', { stack })
      this.#settings.onRejected('internal', '')
      exchange.respond(500, ['content-length', '0'], '')
    } finally {
      exchange.release()
    }
  }

  onTimeout(exchange: Exchange): void {
    this.#settings.onTimeout(exchange)
  }

  onRejected(code: Code, message: string): void {
    this.#settings.onRejected(code, message)
  }

  onClose(connection: HttpConnection): void {
    this.#connections.delete(connection)
  }
}
