import net from 'node:net'
import tls from 'node:tls'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { handshakeFailure } from './connect-failure.ts'
import { type Address, type Listening, type ListenOptions, listen } from './listen.ts'
import type { TlsServerConfig } from './schema.ts'
import { shareReadBuffer } from './shared-read-buffer.ts'
import { Credentials, serverOptions } from './tls.ts'

export interface AcceptorSettings {
  /** By ALPN. */
  readonly protocol: 'h2' | 'http/1.1'
  /** The peer may end its side and still be answered. */
  readonly allowHalfOpen: boolean
  /** A connection; of TLS, after the handshake. Its `data` events carry bytes that are valid only during the call. */
  readonly onSocket: (socket: net.Socket) => void
  readonly onTlsFailure: () => void
  readonly tls: TlsServerConfig | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** A client that has not finished its TLS handshake after this long is none. */
const handshakeTimeoutMs = 10_000

/** Accepts connections, in plain text or with TLS whose certificates are renewed while it runs. */
export class Acceptor {
  readonly #settings: AcceptorSettings
  #listening: Listening | undefined
  #credentials: Credentials | undefined
  #closed = false

  constructor(settings: AcceptorSettings) {
    this.#settings = settings
  }

  get port(): number | undefined {
    return this.#listening?.port
  }

  /** Rejects with an Error for a person; then nothing is left open. */
  async listen(address: Address, options: ListenOptions): Promise<void> {
    const server = await this.#createServer()
    try {
      this.#listening = await listen(server, address, options)
    } catch (error) {
      this.#credentials?.close()
      throw error
    }
  }

  async #createServer(): Promise<net.Server> {
    const { tls: config, allowHalfOpen, onSocket } = this.#settings
    const options = { noDelay: true, allowHalfOpen }
    if (config === undefined) {
      return net.createServer({ ...options, pauseOnConnect: true }, (accepted) => {
        onSocket(shareReadBuffer(accepted))
      })
    }
    const { clock, logger, protocol, onTlsFailure } = this.#settings
    const credentials = await Credentials.load(config)
    const secure = { ...credentials.options, ...serverOptions(config) }
    const handshake = { ALPNProtocols: [protocol], handshakeTimeout: handshakeTimeoutMs }
    const server = tls.createServer({ ...options, ...secure, ...handshake }, (socket) => {
      // The handshake may end after `close`.
      if (this.#closed) socket.destroy()
      else onSocket(socket)
    })
    server.on('tlsClientError', (error, socket) => {
      logger.debug('TLS handshake failed', { message: handshakeFailure(error) })
      onTlsFailure()
      socket.destroy()
    })
    credentials.watch(clock, logger, (changed) => server.setSecureContext(changed))
    this.#credentials = credentials
    return server
  }

  /** Accepts nothing new; what is open stays open. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    this.#credentials?.close()
    await this.#listening?.close()
  }
}
