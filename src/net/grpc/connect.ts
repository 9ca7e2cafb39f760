import net from 'node:net'
import tls from 'node:tls'
import type { Clock } from '../../component/clock.ts'
import { connectFailure } from '../connect-failure.ts'
import type { TlsClientConfig } from '../schema.ts'
import { type Credentials, connectOptions } from '../tls.ts'
import type { GrpcTarget } from './target.ts'

export interface Connector {
  readonly target: GrpcTarget
  /** Undefined: without TLS. */
  readonly tls: { readonly config: TlsClientConfig; readonly credentials: Credentials } | undefined
}

/** As long as gRPC gives a connection at least (doc/connection-backoff.md). */
const connectTimeoutMs = 20_000

/** A connected socket that is ready for HTTP/2, or the reason why there is none. Never rejects. */
export function connect(
  connector: Connector,
  clock: Clock,
  abort: AbortSignal,
): Promise<net.Socket | string> {
  const { place } = connector.target
  return new Promise((resolve) => {
    const socket = open(connector)
    const settle = (reason: string | undefined): void => {
      cancelTimeout()
      abort.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
      socket.removeListener('close', onClose)
      if (reason === undefined) {
        resolve(socket)
        return
      }
      // What comes after the first error is of no interest.
      socket.on('error', () => {})
      socket.destroy()
      resolve(`cannot connect to "${place}": ${reason}`)
    }
    const onError = (error: Error): void => settle(connectFailure(error))
    const onClose = (): void => settle('the connection was closed')
    const onAbort = (): void => settle('the client is closed')
    const cancelTimeout = clock.after(connectTimeoutMs, () => {
      settle(`no connection within ${connectTimeoutMs} ms`)
    })
    socket.on('error', onError)
    socket.on('close', onClose)
    abort.addEventListener('abort', onAbort)
    socket.once(connector.tls === undefined ? 'connect' : 'secureConnect', () => {
      const http2 = !(socket instanceof tls.TLSSocket) || socket.alpnProtocol === 'h2'
      settle(http2 ? undefined : 'the server does not offer HTTP/2 (ALPN h2)')
    })
  })
}

function open({ target, tls: secure }: Connector): net.Socket {
  const { address, host } = target
  if (secure === undefined) {
    const socket = net.connect({ ...address })
    socket.setNoDelay(true)
    return socket
  }
  const options = connectOptions(secure.config, secure.credentials, host)
  const socket = tls.connect({ ...options, ...address, ALPNProtocols: ['h2'] })
  socket.setNoDelay(true)
  return socket
}
