import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps the connections of a server within `max`. Where one more comes, that which has been silent longest makes room:
 * whoever holds many connections open and asks nothing (or never ends its request) cannot keep a probe out. Connections
 * whose request is being answered stay; only if all are such, the new one is closed.
 */
export function limitConnections(server: Server, max: number): void {
  const open = new Set<Socket>()
  /** Those without a request to answer, the longest silent first. By peer: with TLS a request knows another socket. */
  const silent = new Map<string, Socket>()

  const makeRoom = (): boolean => {
    for (const [peer, socket] of silent) {
      silent.delete(peer)
      open.delete(socket)
      socket.destroy()
      return true
    }
    return false
  }

  server.on('connection', (socket) => {
    if (open.size >= max && !makeRoom()) {
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    open.add(socket)
    silent.set(peer, socket)
    socket.once('close', () => {
      open.delete(socket)
      if (silent.get(peer) === socket) silent.delete(peer)
    })
  })
  server.on('request', ({ socket }, response) => {
    const peer = peerOf(socket)
    const asking = silent.get(peer)
    silent.delete(peer)
    response.once('close', () => {
      if (asking !== undefined && open.has(asking)) silent.set(peer, asking)
    })
  })
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
