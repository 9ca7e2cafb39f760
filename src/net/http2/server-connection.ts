import type { Duplex } from 'node:stream'
import { Connection, type ConnectionLimits } from './connection.ts'
import type { HeaderList } from './hpack-decoder.ts'
import { KeepaliveWatch, type ServerKeepalive } from './keepalive.ts'
import { ConnectionError, ErrorCode, preface, Setting, StreamError } from './protocol.ts'
import { checkTrailers, parseRequestHead, type RequestHead } from './request-head.ts'
import type { Http2Stream, StreamListener } from './stream.ts'

/** What answers the requests of a connection. */
export interface RequestHandler {
  /**
   * Takes a request whose headers have come. Returns what hears its body; answers, now or later, with
   * `connection.respond` exactly once, unless the listener hears `onAbort`.
   */
  onRequest(connection: ServerConnection, stream: Http2Stream, head: RequestHead): StreamListener
  /** The connection is gone. */
  onClose(connection: ServerConnection): void
}

export interface ServerConnectionOptions {
  readonly limits: ConnectionLimits
  readonly keepalive: ServerKeepalive
  readonly nowMs: () => number
  /** From the first byte to the end of the connection preface. */
  readonly prefaceTimeoutMs: number
}

const wrongProtocol =
  'HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\ncontent-type: text/plain\r\n' +
  'content-length: 45\r\n\r\nThis port speaks gRPC (HTTP/2) and only that.'

/** The server's side of one connection. */
export class ServerConnection extends Connection {
  readonly #handler: RequestHandler
  readonly #options: ServerConnectionOptions
  readonly #watch: KeepaliveWatch
  readonly #openedMs: number
  #prefaceBytes = 0

  constructor(socket: Duplex, handler: RequestHandler, options: ServerConnectionOptions) {
    super(socket, options.limits)
    this.#handler = handler
    this.#options = options
    this.#openedMs = options.nowMs()
    this.#watch = new KeepaliveWatch(options.keepalive, this.#openedMs)
    this.greet([
      [Setting.maxConcurrentStreams, options.limits.streamsMax],
      [Setting.initialWindowSize, options.limits.streamWindowBytes],
      [Setting.maxHeaderListSize, options.limits.headerListBytesMax],
    ])
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
  }

  #onChunk(chunk: Buffer): void {
    if (this.#prefaceBytes === preface.byteLength) {
      this.#watch.heard(this.#options.nowMs())
      this.receive(chunk, 0)
      return
    }
    const wanted = preface.byteLength - this.#prefaceBytes
    const taken = Math.min(wanted, chunk.byteLength)
    const expected = preface.subarray(this.#prefaceBytes, this.#prefaceBytes + taken)
    if (chunk.subarray(0, taken).equals(expected)) {
      this.#prefaceBytes += taken
      if (taken < chunk.byteLength) this.receive(chunk, taken)
      return
    }
    if (
      this.#prefaceBytes === 0 &&
      /^[A-Z]+ \S+ HTTP\/1\./.test(chunk.toString('latin1', 0, 2048))
    ) {
      this.socket.end(wrongProtocol)
      this.#destroySoon('not HTTP/2')
    } else {
      this.fail(ErrorCode.protocolError, 'the connection preface is wrong')
    }
  }

  /** Ends once what was written is out, or at the next tick. */
  #destroySoon(reason: string): void {
    setImmediate(() => this.destroy(reason))
  }

  /**
   * Answers a request: headers, then the body, then the trailers. Each block is encoded by `encodeHeaders`. Without a body
   * and trailers the headers end the stream. A request whose body is still coming is told to stop.
   */
  respond(
    stream: Http2Stream,
    headers: Uint8Array,
    body: Uint8Array | undefined,
    trailers: Uint8Array | undefined,
  ): void {
    if (!this.streams.has(stream.id) || stream.localClosed) return
    this.#watch.answered()
    const only = body === undefined && trailers === undefined
    this.sendHeaders(stream, headers, only)
    if (!only) {
      const segments = body === undefined ? [] : [body]
      this.sendBody(stream, { segments, segment: 0, offset: 0, trailers })
    }
    if (stream.localClosed && !stream.remoteClosed) {
      stream.listener = undefined
      this.reset(stream.id, ErrorCode.noError, 'answered before the request ended')
    }
  }

  /** Takes no new requests, lets those under way end, then closes. */
  drain(): void {
    if (this.closing || this.ended) return
    this.closing = true
    this.sendGoaway(ErrorCode.noError, 'shutting down')
    this.#closeIfDone()
  }

  /** Once a second: pings, ages, deadlines. */
  tick(): void {
    const nowMs = this.#options.nowMs()
    this.calmDown()
    if (
      this.#prefaceBytes < preface.byteLength &&
      nowMs - this.#openedMs >= this.#options.prefaceTimeoutMs
    ) {
      this.destroy('no HTTP/2 preface in time')
      return
    }
    const action = this.#watch.tick(nowMs, this.streams.size)
    if (action === 'ping') this.ping()
    else if (action === 'drain') this.drain()
    else if (action === 'close') this.destroy('no answer to a keepalive ping, or too old')
  }

  #closeIfDone(): void {
    if (!this.closing || this.streams.size > 0 || this.ended) return
    this.writer.flush()
    this.socket.end()
  }

  protected override onHeaders(
    stream: Http2Stream | undefined,
    streamId: number,
    list: HeaderList | undefined,
    endStream: boolean,
  ): void {
    if (stream !== undefined) {
      throw new StreamError(streamId, ErrorCode.protocolError, 'trailers without END_STREAM')
    }
    if (streamId % 2 === 0) {
      throw new ConnectionError(ErrorCode.protocolError, 'a client opens odd streams only')
    }
    if (streamId <= this.lastPeerStreamId) {
      throw new ConnectionError(ErrorCode.streamClosed, 'HEADERS on a closed stream')
    }
    this.lastPeerStreamId = streamId
    if (this.closing || this.streams.size >= this.limits.streamsMax) {
      throw new StreamError(streamId, ErrorCode.refusedStream, 'too many requests at once')
    }
    if (list === undefined) {
      throw new StreamError(streamId, ErrorCode.enhanceYourCalm, 'the headers are too large')
    }
    const head = parseRequestHead(streamId, list)
    const opened = this.openStream(streamId)
    opened.headersReceived = true
    opened.announcedBytes = head.contentLength
    opened.listener = this.#handler.onRequest(this, opened, head)
    if (endStream && this.streams.has(streamId)) this.endRemote(opened)
  }

  protected override onPing(): void {
    if (this.#watch.peerPing(this.#options.nowMs(), this.streams.size)) return
    throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too_many_pings')
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.lastPeerStreamId
  }

  protected override onStreamClosed(): void {
    if (this.closing) this.#closeIfDone()
  }

  protected override checkTrailers(streamId: number, list: HeaderList): void {
    checkTrailers(streamId, list)
  }

  protected override onGoaway(): void {
    this.drain()
  }

  protected override onPingAnswer(): void {
    // `heard` has already noted that the peer lives.
  }

  protected override onEnded(): void {
    this.#handler.onClose(this)
  }
}
