import { once } from 'node:events'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { encodeHeaders } from '../../../src/net/http2/hpack-encoder.ts'
import type { ServerKeepalive } from '../../../src/net/http2/keepalive.ts'
import type { RequestHead } from '../../../src/net/http2/request-head.ts'
import { ServerConnection } from '../../../src/net/http2/server-connection.ts'
import type { Http2Stream } from '../../../src/net/http2/stream.ts'
import type { ConnectionLimits } from '../../../src/net/http2/stream-machine.ts'

export const patientKeepalive: ServerKeepalive = {
  pingAfterMs: Number.POSITIVE_INFINITY,
  pingTimeoutMs: 20_000,
  idleMs: Number.POSITIVE_INFINITY,
  ageMs: Number.POSITIVE_INFINITY,
  ageGraceMs: 5_000,
  peerPingMinMs: 0,
  peerPingWithoutStream: true,
}

export const serverLimits: ConnectionLimits = {
  streamWindowBytes: 262_144,
  connectionWindowBytes: 1_048_576,
  headerListBytesMax: 16_384,
  streamsMax: 100,
}

export interface EchoOptions {
  readonly limits?: Partial<ConnectionLimits>
  readonly keepalive?: Partial<ServerKeepalive>
  readonly tls?: tls.TlsOptions
  /** The body of every answer, instead of the echo and without trailers. */
  readonly answer?: Buffer
  /** Answers by hand instead. */
  readonly onRequest?: (
    connection: ServerConnection,
    stream: Http2Stream,
    head: RequestHead,
  ) => void
}

const answerHeaders = encodeHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
])
const answerTrailers = encodeHeaders([['grpc-status', '0']])

/** Our server side on a real socket, answering each request with its own body. Time moves only by `advance`. */
export class EchoServer {
  readonly connections = new Set<ServerConnection>()
  /** Of every request, in the order they came. */
  readonly heads: RequestHead[] = []
  readonly aborts: { readonly code: number; readonly reason: string }[] = []
  /** Requests that neither ended nor were aborted yet. */
  open = 0
  closedCount = 0
  #nowMs = 0
  readonly #server: net.Server

  constructor(options: EchoOptions = {}) {
    const limits = { ...serverLimits, ...options.limits }
    const keepalive = { ...patientKeepalive, ...options.keepalive }
    const onSocket = (socket: Duplex) => {
      const connection = new ServerConnection(
        socket,
        {
          onRequest: (from, stream, head) => this.#onRequest(from, stream, head, options),
          onClose: (from) => {
            this.closedCount++
            this.connections.delete(from)
          },
        },
        {
          limits,
          keepalive,
          nowMs: () => this.#nowMs,
          random: () => 0.5,
          prefaceTimeoutMs: 10_000,
        },
      )
      this.connections.add(connection)
    }
    this.#server =
      options.tls === undefined
        ? net.createServer({ noDelay: true }, onSocket)
        : tls.createServer({ ...options.tls, ALPNProtocols: ['h2'] }, onSocket)
  }

  #onRequest(
    connection: ServerConnection,
    stream: Http2Stream,
    head: RequestHead,
    options: EchoOptions,
  ) {
    const chunks: Buffer[] = []
    this.heads.push(head)
    this.open++
    options.onRequest?.(connection, stream, head)
    return {
      onData: (source: Uint8Array, start: number, end: number) => {
        chunks.push(Buffer.from(source.subarray(start, end)))
      },
      onEnd: () => {
        this.open--
        if (options.onRequest !== undefined) return
        const { answer } = options
        if (answer !== undefined) connection.respond(stream, answerHeaders, answer, undefined)
        else connection.respond(stream, answerHeaders, Buffer.concat(chunks), answerTrailers)
      },
      onAbort: (code: number, reason: string) => {
        if (!stream.remoteClosed) this.open--
        this.aborts.push({ code, reason })
      },
    }
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as net.AddressInfo).port
  }

  /** Time passes, and every connection ticks once. */
  advance(ms: number): void {
    this.#nowMs += ms
    for (const connection of this.connections) connection.tick()
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const connection of this.connections) connection.destroy('the test is over')
    await once(this.#server, 'close')
  }
}
