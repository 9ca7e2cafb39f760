import { lstat, unlink } from 'node:fs/promises'
import net from 'node:net'
import type { Claim } from '../component/claim.ts'
import { descriptorOf, highestDescriptor } from './descriptors.ts'

/** Where to listen: a TCP host and port, or the path of a unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * The address that `endpoint` names: `localhost:4317`, `[::1]:4317`, `:4317` (all interfaces), `unix:///run/x.sock`, or
 * a bare path with `transport: unix`. Undefined if it is none.
 */
export function parseAddress(endpoint: string, transport: string): Address | undefined {
  if (endpoint.startsWith('unix:')) return { path: endpoint.replace(/^unix:(?:\/\/)?/, '') }
  if (transport === 'unix') return { path: endpoint }
  const match = /^(?:\[([^\]]+)\]|([^:/]*)):(\d{1,5})$/.exec(endpoint)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) return undefined
  return { host: hostOf(match[1] ?? match[2] ?? '', transport), port }
}

/** What a listener there takes from others; nothing for port 0. */
export function listenClaims(
  endpoint: string,
  transport: string,
  option: readonly string[],
): readonly Claim[] {
  const address = parseAddress(endpoint, transport)
  if (address === undefined) return []
  if ('path' in address) return [{ kind: 'socket', path: address.path, option }]
  return address.port === 0 ? [] : [{ kind: 'address', ...address, option }]
}

/** `tcp4` and `tcp6` narrow a host that has addresses of both families. */
function hostOf(host: string, transport: string): string {
  if (transport === 'tcp4')
    return host === '' ? '0.0.0.0' : host.replace(/^localhost$/, '127.0.0.1')
  if (transport === 'tcp6') return host === '' ? '::' : host.replace(/^localhost$/, '::1')
  return host
}

export interface Listening {
  /** The port bound, for port 0; undefined for a unix socket. */
  readonly port: number | undefined
  /** Accepts nothing new; what is open stays open. Never rejects. */
  close(): Promise<void>
}

export interface ListenOptions {
  /** For the message: `otlp grpc`. */
  readonly what: string
  /** As the user wrote it, for the message. */
  readonly endpoint: string
  /** More connections than this are closed at once. */
  readonly maxConnections: number
  /** A connection was closed at once, or could not be accepted; the message says why. */
  readonly onRefused?: (code: RefusedConnection, message: string) => void
}

export type RefusedConnection = 'too_many_connections' | 'accept_failed'

/**
 * Binds `server`. `localhost` binds 127.0.0.1 and, where the machine has it, ::1: clients resolve the name either way.
 *
 * Rejects with an Error for a person, and then nothing is left open: `cannot listen on "localhost:4317" (otlp grpc): the
 * address is already in use`.
 */
export async function listen(
  server: net.Server,
  address: Address,
  options: ListenOptions,
): Promise<Listening> {
  limitConnections(server, options, await highestDescriptor())
  const onError = ({ code, message }: NodeJS.ErrnoException): void => {
    options.onRefused?.('accept_failed', `cannot accept a connection: ${code ?? message}`)
  }
  const open: net.Server[] = []
  try {
    if ('path' in address) {
      await removeStaleSocket(address.path)
      await bind(server, { path: address.path }, onError)
      open.push(server)
    } else {
      for (const host of hostsOf(address.host)) {
        const target = open.length === 0 ? server : forwarder(server)
        const port = portOf(open[0]) ?? address.port
        if (await bindHost(target, host, port, open.length > 0, onError)) open.push(target)
      }
    }
  } catch (error) {
    await Promise.all(open.map(closeServer))
    const reason = reasonOf(error)
    const { endpoint, what } = options
    throw new Error(`cannot listen on "${endpoint}" (${what}): ${reason}`, { cause: error })
  }
  return {
    port: portOf(open[0]),
    close: async () => {
      await Promise.all(open.map(closeServer))
    },
  }
}

/** The empty host is every interface, of both families where IPv6 is there. */
function hostsOf(host: string): readonly (string | undefined)[] {
  if (host === 'localhost') return ['127.0.0.1', '::1']
  return [host === '' ? undefined : host]
}

/** Accepts for another address and hands the connections to the main server. */
function forwarder(main: net.Server): net.Server {
  const { pauseOnConnect = false, allowHalfOpen = false } = main as net.ServerOpts
  const options = { noDelay: true, pauseOnConnect, allowHalfOpen }
  return net.createServer(options, (socket) => main.emit('connection', socket))
}

/** False if an address that need not exist does not. */
async function bindHost(
  server: net.Server,
  host: string | undefined,
  port: number,
  mayBeAbsent: boolean,
  onError: (error: Error) => void,
): Promise<boolean> {
  try {
    await bind(server, host === undefined ? { port } : { host, port }, onError)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (mayBeAbsent && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return false
    throw error
  }
}

function bind(
  server: net.Server,
  where: net.ListenOptions,
  onError: (error: Error) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      // An accept that fails concerns that connection alone: the listener goes on.
      server.on('error', onError)
      resolve()
    })
  })
}

function closeServer(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    // `close` waits for the open connections; the listening socket itself is closed when the call returns.
    if (server.listening) server.close()
    resolve()
  })
}

function portOf(server: net.Server | undefined): number | undefined {
  const address = server?.address()
  return address !== null && typeof address === 'object' ? address.port : undefined
}

/**
 * Steps before what listens for connections: who takes the handle of a socket over, as `shareReadBuffer` does, must not
 * be given one that is closed already. Node's own `maxConnections` counts for each of our listening sockets apart.
 */
function limitConnections(
  server: net.Server,
  { maxConnections, onRefused }: ListenOptions,
  descriptorMax: number,
): void {
  const listeners = server.listeners('connection')
  const tooMany = `more than max_connections (${maxConnections}) connections`
  const noDescriptor = 'nearly as many files and connections are open as the process may have'
  let count = 0
  server.removeAllListeners('connection')
  server.on('connection', (socket: net.Socket) => {
    const isAbove = count >= maxConnections
    if (isAbove || descriptorOf(socket) > descriptorMax) {
      socket.destroy()
      if (isAbove) onRefused?.('too_many_connections', tooMany)
      else onRefused?.('accept_failed', noDescriptor)
      return
    }
    count++
    socket.once('close', () => {
      count--
    })
    for (const listener of listeners) listener.call(server, socket)
  })
}

/** A socket file that nobody answers on is what a killed process left behind. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (stats === undefined) return
  if (!stats.isSocket()) throw new Error('the path exists and is not a socket')
  if (await answers(path)) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
  await unlink(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // ECONNREFUSED: nobody listens. Anything else (no permission) is decided by the bind that follows.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved',
  ENOENT: 'the directory does not exist',
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? message
}
