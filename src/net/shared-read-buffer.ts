import net from 'node:net'

/**
 * What one read of a socket brings at most. All sockets of the process share the buffer: node hands its bytes on at once,
 * and whoever listens copies what it keeps.
 */
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

interface WithHandle {
  _handle: unknown
}

/**
 * The same connection as a socket that reads into one shared buffer. Its `data` events carry bytes that are valid only
 * during the call.
 *
 * Node otherwise allocates 64 KiB for each read, and the collections this brings cost a third of a request. The option
 * `onread` that does it is documented for sockets made by hand only, so the handle moves over to one; `accepted` must come
 * from a server with `pauseOnConnect`. Without a handle (a future node) the accepted socket is used as it is.
 */
export function shareReadBuffer(accepted: net.Socket): net.Socket {
  const { _handle: handle } = accepted as unknown as WithHandle
  if (handle === null || handle === undefined) return resumed(accepted)
  const socket = new net.Socket({
    handle,
    allowHalfOpen: accepted.allowHalfOpen,
    onread: {
      buffer,
      callback: (sizeBytes: number, bytes: Uint8Array) => {
        socket.emit('data', bytes.subarray(0, sizeBytes))
        return true
      },
    },
  } as unknown as net.SocketConstructorOpts)
  // The server counts its connections by the sockets that it made.
  socket.once('close', () => {
    ;(accepted as unknown as WithHandle)._handle = null
    accepted.destroy()
  })
  return resumed(socket)
}

function resumed(socket: net.Socket): net.Socket {
  socket.resume()
  return socket
}
