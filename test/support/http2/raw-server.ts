import { once } from 'node:events'
import net from 'node:net'
import type { HeaderList } from '../../../src/net/header-list.ts'
import {
  ClientConnection,
  type ClientConnectionOptions,
  type ResponseListener,
} from '../../../src/net/http2/client-connection.ts'
import { encodeHeaders } from '../../../src/net/http2/hpack-encoder.ts'
import type { ConnectionLimits } from '../../../src/net/http2/stream-machine.ts'
import { preface } from './frames.ts'
import { RawPeer } from './raw-peer.ts'

export const clientLimits: ConnectionLimits = {
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
  headerListBytesMax: 16_384,
  streamsMax: 0,
}

/** Our client on a real socket, and behind it a server that speaks in raw frames. */
export async function connectToRawServer(
  options: Partial<ClientConnectionOptions> = {},
): Promise<{ client: ClientConnection; peer: RawPeer; closedReasons: string[] }> {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const { port } = server.address() as net.AddressInfo
  const closedReasons: string[] = []
  const client = new ClientConnection(net.connect({ port, host: '127.0.0.1', noDelay: true }), {
    limits: clientLimits,
    onClosed: (reason) => closedReasons.push(reason),
    ...options,
  })
  const [socket] = (await accepted) as [net.Socket]
  server.close()
  return { client, peer: new RawPeer(socket, preface.byteLength), closedReasons }
}

export const requestHeaders = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/echo.Echo/Echo'],
  [':authority', 'localhost'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
])

/** One answer, gathered. */
export class Answer implements ResponseListener {
  headers: HeaderList | undefined
  trailers: HeaderList | undefined
  /** `onHeaders`, `onEnd` and so on, in order; runs of data are one. */
  readonly calls: string[] = []
  readonly #chunks: Buffer[] = []
  readonly #resolve: (outcome: string) => void
  /** `end`, or `abort CODE REASON`. */
  readonly outcome: Promise<string>

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.outcome = promise
    this.#resolve = resolve
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  onHeaders(list: HeaderList): void {
    this.calls.push('headers')
    this.headers = list
  }

  onData(source: Uint8Array, start: number, end: number): void {
    if (this.calls.at(-1) !== 'data') this.calls.push('data')
    this.#chunks.push(Buffer.from(source.subarray(start, end)))
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.calls.push('end')
    this.trailers = trailers
    this.#resolve('end')
  }

  onAbort(code: number, reason: string): void {
    this.calls.push('abort')
    this.#resolve(`abort ${code} ${reason}`)
  }
}
