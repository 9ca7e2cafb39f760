import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { limitConnections } from './connection-limit.ts'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Answers a GET by its path, without the query; undefined where there is nothing. */
export type Route = (path: string) => Promise<Answer> | undefined

/** `createServer` of node:http, or something that adds TLS to it. */
export type CreateServer = (options: ServerOptions, listener: RequestListener) => Server

/** Probes are small and few: what is slower, larger or more than this is no probe. */
const limits = {
  headerBytes: 8192,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  keepAliveTimeoutMs: 5000,
  connections: 128,
} as const

/**
 * A small HTTP server for pages that a probe or a scraper reads: metrics, health. Nothing of a request is used but its
 * method and path; whatever else comes is answered or cut off, and never reaches the rest of the process.
 */
export class ProbeServer {
  readonly #endpoint: string
  readonly #server: Server

  /** `paths` are those that the answer to any other names; `create` makes the server where it must speak TLS. */
  constructor(
    endpoint: string,
    paths: readonly string[],
    route: Route,
    create: CreateServer = createServer,
  ) {
    this.#endpoint = endpoint
    const options = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.requestTimeoutMs,
      // Our answers to what is not HTTP; Node's own would do the same, but say less.
      requireHostHeader: false,
    }
    this.#server = create(options, (request, response) => respond(route, paths, request, response))
    limitConnections(this.#server, limits.connections)
    this.#server.on('clientError', refuse)
    this.#server.on('connect', (_request, socket: Socket) => refuse(undefined, socket))
    this.#server.on('upgrade', (_request, socket: Socket) => refuse(undefined, socket))
  }

  /** Rejects with a message that names the endpoint; then it does not listen. */
  start(): Promise<void> {
    const { host, port } = parseHostPort(this.#endpoint)
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        reject(
          new Error(`cannot listen on "${this.#endpoint}": ${explain(error)}`, { cause: error }),
        )
      }
      this.#server.once('error', failed)
      this.#server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', failed)
        // A failed accept (too many files) concerns that connection alone.
        this.#server.on('error', () => {})
        resolve()
      })
    })
  }

  /** `127.0.0.1:8888`, with the port that was really taken. */
  get address(): string {
    const bound = this.#server.address() as AddressInfo | null
    if (bound === null) return this.#endpoint
    return bound.family === 'IPv6'
      ? `[${bound.address}]:${bound.port}`
      : `${bound.address}:${bound.port}`
  }

  stop(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

function respond(
  route: Route,
  paths: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // Bodies are not read; a peer that sends one loses the connection.
  if (
    request.headers['content-length'] !== undefined ||
    request.headers['transfer-encoding'] !== undefined
  ) {
    response.shouldKeepAlive = false
  }
  request.resume()
  response.on('error', () => {})
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    send(response, text(405, 'only GET and HEAD'))
    return
  }
  const path = (request.url ?? '/').split('?', 1)[0] as string
  const answer = route(path)
  if (answer === undefined) {
    send(response, text(404, `not found; there is ${paths.join(', ')}`))
    return
  }
  answer.then(
    (found) => send(response, found),
    () => send(response, text(500, 'cannot make this page')),
  )
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` }
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function refuse(
  _error: Error | undefined,
  socket: {
    writable: boolean
    end(text: string): unknown
    destroy(): unknown
    on(event: 'error', ignore: () => void): unknown
  },
): void {
  socket.on('error', () => {})
  if (socket.writable)
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  else socket.destroy()
}

/** `localhost:8888`, `[::1]:8888`, `:8888`; the configuration has checked the form. */
export function parseHostPort(endpoint: string): { readonly host: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':')
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(endpoint.slice(colon + 1)) }
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'the address is already in use'
  if (error.code === 'EACCES') return 'this port needs more rights than the process has'
  if (error.code === 'EADDRNOTAVAIL') return 'this machine does not have the address'
  if (error.code === 'ENOTFOUND') return 'the host name is not known'
  return error.message
}
