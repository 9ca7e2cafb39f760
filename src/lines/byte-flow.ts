import { close, fstat, read, type Stats } from 'node:fs'
import net from 'node:net'
import tty from 'node:tty'
import { promisify } from 'node:util'

/** Takes the bytes of a stream. */
export interface ByteSink {
  /** Free space for the next bytes, never empty. It stays as it is until they have come. */
  room(): Buffer
  /** The first `count` bytes of the last `room` were filled. False: nothing more until `ByteFlow.resume`. */
  filled(count: number): boolean
  /** Nothing more will come. */
  end(error?: Error): void
}

export interface ByteFlow {
  /** Goes on after `filled` said no. */
  resume(): void
  /** Stops reading and lets go of the stream; `end` is not called any more. */
  close(): void
}

/**
 * Reads what a descriptor is: pipe, socket, terminal, file or device. Nothing comes before the first `resume`. Rejects
 * with an Error for a person where there is nothing to read.
 */
export async function openByteFlow(fd: number, sink: ByteSink): Promise<ByteFlow> {
  const stats = await promisify<number, Stats>(fstat)(fd)
  if (stats.isDirectory()) throw new Error('it is a directory')
  if (stats.isFIFO() || stats.isSocket()) return new SocketFlow(fd, sink)
  if (tty.isatty(fd)) return new EventFlow(new tty.ReadStream(fd), sink)
  return new FileFlow(fd, sink)
}

/** Pipes and sockets, straight into the room of the sink: node would allocate 64 KiB for each read. */
class SocketFlow implements ByteFlow {
  readonly #socket: net.Socket

  constructor(fd: number, sink: ByteSink) {
    this.#socket = new net.Socket({
      fd,
      readable: true,
      writable: false,
      onread: { buffer: () => sink.room(), callback: (count) => sink.filled(count) },
    })
    reportEnd(this.#socket, sink)
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.removeAllListeners('end')
    this.#socket.destroy()
  }
}

/** What node makes a stream of by itself: terminals, and the output of children where there are no pipes. */
export class EventFlow implements ByteFlow {
  readonly #stream: net.Socket

  constructor(stream: net.Socket, sink: ByteSink) {
    this.#stream = stream
    stream.pause()
    stream.on('data', (bytes: Buffer) => {
      let goOn = true
      for (let at = 0; at < bytes.length; ) {
        const copied = bytes.copy(sink.room(), 0, at)
        goOn = sink.filled(copied)
        at += copied
      }
      if (!goOn) stream.pause()
    })
    reportEnd(stream, sink)
  }

  resume(): void {
    this.#stream.resume()
  }

  close(): void {
    this.#stream.removeAllListeners('end').removeAllListeners('data')
    this.#stream.destroy()
  }
}

function reportEnd(stream: net.Socket, sink: ByteSink): void {
  stream.on('end', () => {
    sink.end()
    stream.destroy()
  })
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that is gone, and a peer that was killed, are ends like others.
    if (error.code === 'EIO' || error.code === 'ECONNRESET') sink.end()
    else sink.end(error)
  })
}

const readFd = promisify(read) as (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: null,
) => Promise<{ bytesRead: number }>

/** Files and devices, from where they stand. */
class FileFlow implements ByteFlow {
  readonly #fd: number
  readonly #sink: ByteSink
  #reading = false
  #wanted = false
  #closed = false

  constructor(fd: number, sink: ByteSink) {
    this.#fd = fd
    this.#sink = sink
  }

  resume(): void {
    this.#wanted = true
    if (!this.#reading) void this.#run()
  }

  close(): void {
    this.#closed = true
    if (!this.#reading) this.#release()
  }

  async #run(): Promise<void> {
    this.#reading = true
    try {
      while (this.#wanted && !this.#closed) {
        const room = this.#sink.room()
        const { bytesRead } = await readFd(this.#fd, room, 0, room.length, null)
        if (this.#closed) break
        if (bytesRead === 0) {
          this.#sink.end()
          this.#closed = true
        } else if (!this.#sink.filled(bytesRead)) this.#wanted = false
      }
    } catch (error) {
      this.#sink.end(error as Error)
      this.#closed = true
    }
    this.#reading = false
    if (this.#closed) this.#release()
  }

  #release(): void {
    // The standard streams stay open: node and libraries know them by number, and the next file must not get it.
    if (this.#fd > 2) close(this.#fd, () => undefined)
  }
}
