import type { Duplex } from 'node:stream'
import type { HeaderList } from '../header-list.ts'
import { Connection } from './connection.ts'
import { KeepaliveWatch, type ServerKeepalive } from './keepalive.ts'
import {
  ConnectionError,
  ErrorCode,
  maxStreamId,
  preface,
  Setting,
  StreamError,
} from './protocol.ts'
import { checkTrailers, parseRequestHead, type RequestHead } from './request-head.ts'
import type { Http2Stream, StreamListener } from './stream.ts'
import type { ConnectionLimits } from './stream-machine.ts'
import { Cost } from './strikes.ts'

/** What answers the requests of a connection. */
export interface RequestHandler {
  /**
   * Takes a request whose headers have come. Returns what hears its body; answers, now or later, with
   * `connection.respond` exactly once, unless the listener hears `onAbort`.
   */
  onRequest(connection: ServerConnection, stream: Http2Stream, head: RequestHead): StreamListener
  /** The socket is closed. Until then the connection wants its ticks, also when `ended`. Called once. */
  onClose(connection: ServerConnection): void
}

export interface ServerConnectionOptions {
  readonly limits: ConnectionLimits
  readonly keepalive: ServerKeepalive
  readonly nowMs: () => number
  /** From 0 up to 1; for the jitter of the age of connections. */
  readonly random: () => number
  /** From the first byte to the end of the connection preface; and from the first to the last frame of a header block. */
  readonly prefaceTimeoutMs: number
}

const wrongProtocol =
  'HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\ncontent-type: text/plain\r\n' +
  'content-length: 45\r\n\r\nThis port speaks gRPC (HTTP/2) and only that.'

/**
 * Above this many bytes of answers that the peer has not taken, no more of its questions are read. So the memory of a
 * connection whose peer does not read is bounded by this plus one answer for each of its `streamsMax` streams.
 */
const backlogBytesMax = 262_144
/**
 * A peer has this long to take an answer: to open the window of its stream, or to read what the socket holds. An answer
 * that waits keeps its stream, so what waits is bounded by `streamsMax` answers.
 */
const answerTimeoutMs = 30_000
/** The answer to the last PING of `drain` may take this long. */
const drainNoticeMs = 1000

/** What our PINGs carry. */
const keepaliveMark = 0
const drainMark = 1

const noBody = new Uint8Array(0)

/** The server's side of one connection. */
export class ServerConnection extends Connection {
  readonly #handler: RequestHandler
  readonly #options: ServerConnectionOptions
  readonly #watch: KeepaliveWatch
  readonly #openedMs: number
  #prefaceBytes = 0
  /** When `drain` was called. */
  #drainMs: number | undefined
  /** Since when nothing is read, because answers pile up. */
  #pausedMs: number | undefined
  /** The header block that was open at the last tick. */
  #openBlock: { readonly streamId: number; readonly sinceMs: number } | undefined
  /** The first tick after the end. */
  #lingerMs: number | undefined

  constructor(socket: Duplex, handler: RequestHandler, options: ServerConnectionOptions) {
    super(socket, options.limits)
    this.#handler = handler
    this.#options = options
    this.#openedMs = options.nowMs()
    this.#watch = new KeepaliveWatch(options.keepalive, this.#openedMs, options.random())
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('drain', () => this.#resume())
    socket.on('close', () => handler.onClose(this))
  }

  #onChunk(chunk: Buffer): void {
    if (this.ended) return
    if (this.#prefaceBytes === preface.byteLength) {
      this.#watch.heard()
      this.receive(chunk, 0)
      if (this.writer.backlogBytes > backlogBytesMax && !this.ended) this.#pause()
    } else this.#onPreface(chunk)
  }

  #onPreface(chunk: Buffer): void {
    const wanted = preface.byteLength - this.#prefaceBytes
    const taken = Math.min(wanted, chunk.byteLength)
    const expected = preface.subarray(this.#prefaceBytes, this.#prefaceBytes + taken)
    if (!chunk.subarray(0, taken).equals(expected)) {
      // Nothing was sent yet, so that an HTTP/1 client gets an answer it understands.
      const start = chunk.toString('latin1', 0, 2048)
      if (this.#prefaceBytes > 0 || !/^[A-Z]+ \S+ HTTP\/1\./.test(start)) {
        this.#greet()
        this.fail(ErrorCode.protocolError, 'the connection preface is wrong')
      } else {
        this.socket.write(wrongProtocol)
        this.finish()
      }
      return
    }
    this.#prefaceBytes += taken
    if (taken < wanted) return
    this.#greet()
    if (taken < chunk.byteLength) this.receive(chunk, taken)
  }

  #greet(): void {
    const { limits } = this
    this.greet([
      [Setting.maxConcurrentStreams, limits.streamsMax],
      [Setting.initialWindowSize, limits.streamWindowBytes],
      [Setting.maxHeaderListSize, limits.headerListBytesMax],
    ])
  }

  #pause(): void {
    this.#pausedMs ??= this.#options.nowMs()
    this.socket.pause()
  }

  #resume(): void {
    if (this.#pausedMs === undefined) return
    this.#pausedMs = undefined
    this.socket.resume()
  }

  /**
   * Answers a request: headers, then the body, then the trailers. Each block is encoded by `encodeHeaders`. Without a body
   * and trailers the headers end the stream. A request whose body is still coming is told to stop. The listener of the
   * request hears nothing any more, except `onAbort` if the answer does not get out. Does nothing if the stream is over.
   */
  respond(
    stream: Http2Stream,
    headers: Uint8Array,
    body: Uint8Array | undefined,
    trailers: Uint8Array | undefined,
  ): void {
    if (this.streams.get(stream.id) !== stream || stream.answered) return
    stream.answered = true
    this.#watch.answered()
    this.sendMessage(stream, headers, body ?? noBody, trailers)
  }

  /**
   * Answers a request that the peer should not have sent: an unknown method, broken data. One is an
   * answer like any other; a flood of them ends the connection as other floods do, so that it may cost its neighbours
   * nothing.
   */
  refuse(stream: Http2Stream, headers: Uint8Array, body?: Uint8Array): void {
    this.respond(stream, headers, body, undefined)
    if (this.strikes.tryAdd(Cost.work)) return
    this.fail(ErrorCode.enhanceYourCalm, 'too many requests that can only be refused')
  }

  /**
   * Takes no new requests, lets those under way end, then closes. First comes a notice, then, when the peer has answered
   * a PING or a second later, the GOAWAY that names the last request taken: so none that is on its way is lost (RFC 9113,
   * section 6.8).
   */
  drain(): void {
    if (this.#drainMs !== undefined || this.closing) return
    if (this.#prefaceBytes < preface.byteLength) {
      this.destroy('shutting down')
      return
    }
    this.#drainMs = this.#options.nowMs()
    this.sendGoaway(maxStreamId, ErrorCode.noError, 'shutting down')
    this.ping(drainMark)
  }

  #takeNoMore(): void {
    if (this.closing) return
    this.closing = true
    this.sendGoaway(this.lastPeerStreamId, ErrorCode.noError, 'shutting down')
    if (this.streams.size === 0) this.finish()
  }

  /** Once a second: pings, ages, deadlines. */
  tick(): void {
    const nowMs = this.#options.nowMs()
    if (this.ended) {
      this.#linger(nowMs)
      return
    }
    this.strikes.calm()
    const overdue = this.#overdue(nowMs)
    if (overdue !== undefined) {
      this.destroy(overdue)
      return
    }
    this.#dropStalled(nowMs)
    if (this.#drainMs !== undefined && nowMs - this.#drainMs >= drainNoticeMs) this.#takeNoMore()
    if (this.ended) return
    const action = this.#watch.tick(nowMs, this.streams.size)
    if (action === 'ping') this.ping(keepaliveMark)
    else if (action === 'drain') this.drain()
    else if (action === 'close') this.destroy('no answer to a keepalive ping, or too old')
  }

  /** After the end: a whole period for the last bytes to arrive, see `fail`, or longer while they are on their way. */
  #linger(nowMs: number): void {
    if (this.#lingerMs === undefined) this.#lingerMs = nowMs
    else if (this.socket.writableLength === 0 || nowMs - this.#lingerMs >= answerTimeoutMs) {
      this.socket.destroy()
    }
  }

  /** Why the peer has used up its time, if it has. */
  #overdue(nowMs: number): string | undefined {
    const { prefaceTimeoutMs } = this.#options
    const noPreface = this.#prefaceBytes < preface.byteLength
    if (noPreface && nowMs - this.#openedMs >= prefaceTimeoutMs) return 'no HTTP/2 preface in time'
    const streamId = this.openBlockStreamId
    if (streamId === undefined) this.#openBlock = undefined
    else if (this.#openBlock?.streamId !== streamId) this.#openBlock = { streamId, sinceMs: nowMs }
    else if (nowMs - this.#openBlock.sinceMs >= prefaceTimeoutMs)
      return 'a header block without end'
    if (this.#pausedMs === undefined) return undefined
    if (this.writer.backlogBytes <= backlogBytesMax / 2) this.#resume()
    else if (nowMs - this.#pausedMs >= answerTimeoutMs) return 'the peer does not read its answers'
    return undefined
  }

  /** Answers whose peer does not open its window for them (CVE-2019-9517). */
  #dropStalled(nowMs: number): void {
    for (const { id, outgoing } of this.streams.values()) {
      if (outgoing === undefined) continue
      if (outgoing.waitingSinceMs < 0) outgoing.waitingSinceMs = nowMs
      else if (nowMs - outgoing.waitingSinceMs >= answerTimeoutMs) {
        this.reset(id, ErrorCode.cancel, 'the peer did not take the answer in time')
      }
    }
  }

  protected override onHeaders(
    _stream: Http2Stream | undefined,
    streamId: number,
    list: HeaderList | undefined,
    endStream: boolean,
  ): void {
    if (streamId % 2 === 0) {
      throw new ConnectionError(ErrorCode.protocolError, 'a client opens odd streams only')
    }
    if (streamId <= this.lastPeerStreamId) {
      throw new ConnectionError(ErrorCode.streamClosed, 'HEADERS on a closed stream')
    }
    this.lastPeerStreamId = streamId
    if (this.closing) {
      throw new StreamError(streamId, ErrorCode.refusedStream, 'the connection is closing')
    }
    if (this.streams.size >= this.limits.streamsMax) {
      throw new StreamError(streamId, ErrorCode.refusedStream, 'too many requests at once')
    }
    if (list === undefined) {
      throw new StreamError(streamId, ErrorCode.enhanceYourCalm, 'the headers are too large')
    }
    const head = parseRequestHead(streamId, list)
    const opened = this.openStream(streamId)
    opened.headersReceived = true
    opened.announcedBytes = head.contentLength
    // Known before the handler answers: a request that is complete need not be told to stop.
    opened.remoteClosed = endStream
    const listener = this.#handler.onRequest(this, opened, head)
    if (this.streams.get(streamId) !== opened) return
    opened.listener = listener
    if (endStream) this.closeRemote(opened, undefined)
  }

  protected override checkTrailers(streamId: number, list: HeaderList): void {
    checkTrailers(streamId, list)
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.lastPeerStreamId
  }

  protected override onHalfClosed(stream: Http2Stream): void {
    // Answered before the request ended: the client need not send the rest (section 8.1).
    if (stream.localClosed) this.abandon(stream, ErrorCode.noError)
  }

  protected override onStreamClosed(): void {
    if (this.closing && this.streams.size === 0 && !this.ended) this.finish()
  }

  protected override onSettings(): void {
    // What the client allows matters where it is used.
  }

  protected override onPing(): void {
    if (this.#watch.peerPing(this.#options.nowMs(), this.streams.size)) return
    throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too_many_pings')
  }

  protected override onPingAnswer(mark: number): void {
    if (mark === drainMark && this.#drainMs !== undefined) this.#takeNoMore()
  }

  protected override onGoaway(): void {
    this.#takeNoMore()
  }

  protected override onEnded(): void {
    // The owner hears of it when the socket is closed; until then it ticks.
  }
}
