import type { Duplex } from 'node:stream'
import { must } from '../../errors/bug.ts'
import type { HeaderList } from '../header-list.ts'
import { Connection } from './connection.ts'
import { ConnectionError, ErrorCode, errorName, preface, Setting, StreamError } from './protocol.ts'
import { checkTrailers, parseResponseStatus } from './request-head.ts'
import type { Http2Stream, StreamListener } from './stream.ts'
import type { ConnectionLimits } from './stream-machine.ts'
import { Cost } from './strikes.ts'

/** What a client hears of an answer. */
export interface ResponseListener extends StreamListener {
  /**
   * The final headers of the answer; 1xx ones are skipped. With a trailers-only answer `onEnd(undefined)` follows at once.
   * An answer may come before the request is sent: then the rest of the request is not sent any more.
   */
  onHeaders(list: HeaderList): void
}

export interface ClientConnectionOptions {
  readonly limits: ConnectionLimits
  /**
   * The connection is gone (`ended`), or takes no more requests; those under way are told by their listeners. Called
   * once. `reason` is for a person, and holds what the server said with its GOAWAY.
   */
  readonly onClosed: (reason: string) => void
  /** SETTINGS of the server came, and `available` is true, maybe anew, without any request having ended. */
  readonly onAvailable?: () => void
}

/** Ids are used up at 2^31; a little before that the connection is replaced. */
const streamIdMax = 0x7fff_fff0
/** More interim answers (1xx) than this to one request are no hints any more but a way to keep it waiting for ever. */
const interimMax = 16
/** A server that ends requests may ping and open windows meanwhile. */
const streamWorth = 10 * Cost.work

/**
 * The client's side of one connection. A request whose server never opens its window waits until its owner cancels it, so
 * owners give requests a deadline.
 */
export class ClientConnection extends Connection {
  readonly #options: ClientConnectionOptions
  #nextStreamId = 1
  #toldClosed = false
  #pingPending = false
  #heard = true

  /** `socket` is connected, or connecting: what is sent before it is connected waits in it. With TLS: ALPN was `h2`. */
  constructor(socket: Duplex, options: ClientConnectionOptions) {
    super(socket, options.limits)
    this.#options = options
    this.writer.payload(preface, 0, preface.byteLength)
    this.greet([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, options.limits.streamWindowBytes],
      [Setting.maxHeaderListSize, options.limits.headerListBytesMax],
    ])
    socket.once('data', (chunk: Buffer) => {
      if (isHttp1(chunk)) this.destroy('the other side does not speak HTTP/2, but HTTP/1')
    })
    socket.on('data', (chunk: Buffer) => {
      this.#heard = true
      this.receive(chunk, 0)
    })
  }

  /** Whether `request` may be called: the peer allows another stream and the connection is not closing. */
  get available(): boolean {
    return !this.closing && this.streams.size < this.peer.streamsMax
  }

  /**
   * Sends a request whose header block is encoded by `encodeHeaders`. Needs `available`. The segments are not copied: they
   * stay as they are until the listener hears the end.
   */
  request(
    headers: Uint8Array,
    segments: readonly Uint8Array[],
    listener: ResponseListener,
  ): Http2Stream {
    must(this.available, 'a request on a connection that is not available')
    const stream = this.openStream(this.#nextStreamId)
    this.#nextStreamId += 2
    stream.listener = listener
    this.sendSegments(stream, headers, segments)
    if (this.#nextStreamId > streamIdMax) this.#takeNoMore('the stream ids are used up')
    return stream
  }

  /** Gives a request up; its listener is not called again. Does nothing for one that is over. */
  cancel(stream: Http2Stream): void {
    if (this.streams.get(stream.id) === stream) this.abandon(stream, ErrorCode.cancel)
  }

  /** Lets requests under way end, then closes. */
  close(): void {
    this.#takeNoMore('closed')
    this.#finishIfDone()
  }

  /**
   * Keepalive (gRPC proposal A8): called every `time`; pings if nothing was heard since. False: the ping before had no
   * answer, and the caller destroys the connection after its timeout.
   */
  keepalive(): boolean {
    this.strikes.calm()
    if (this.#heard) {
      this.#heard = false
      this.#pingPending = false
      return true
    }
    if (this.#pingPending) return false
    this.#pingPending = true
    this.ping(0)
    return true
  }

  #takeNoMore(reason: string): void {
    this.closing = true
    if (this.#toldClosed) return
    this.#toldClosed = true
    this.#options.onClosed(reason)
  }

  #finishIfDone(): void {
    if (!this.closing || this.streams.size > 0 || this.ended) return
    this.sendGoaway(0, ErrorCode.noError, '')
    this.finish()
  }

  protected override onHeaders(
    stream: Http2Stream | undefined,
    streamId: number,
    list: HeaderList | undefined,
    endStream: boolean,
  ): void {
    if (stream === undefined) {
      if (this.isIdle(streamId)) {
        throw new ConnectionError(ErrorCode.protocolError, 'an answer to no request')
      }
      this.strikes.add(Cost.idle)
      return
    }
    if (list === undefined) {
      const reason = 'the headers of the answer are too large'
      throw new StreamError(streamId, ErrorCode.enhanceYourCalm, reason)
    }
    const status = parseResponseStatus(streamId, list)
    if (status.startsWith('1')) {
      if (endStream) throw new StreamError(streamId, ErrorCode.protocolError, 'only a 1xx answer')
      stream.interimAnswers++
      if (stream.interimAnswers > interimMax) {
        throw new StreamError(streamId, ErrorCode.enhanceYourCalm, '1xx answers without end')
      }
      this.strikes.add(Cost.work)
      return
    }
    stream.headersReceived = true
    stream.listener?.onHeaders?.(list)
    if (endStream && this.streams.has(streamId)) this.closeRemote(stream, undefined)
  }

  protected override checkTrailers(streamId: number, list: HeaderList): void {
    checkTrailers(streamId, list)
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.#nextStreamId
  }

  protected override onHalfClosed(stream: Http2Stream): void {
    // The answer is complete: nobody wants the rest of the request (section 8.1).
    if (stream.remoteClosed) this.abandon(stream, ErrorCode.noError)
  }

  protected override onStreamClosed(): void {
    this.strikes.forgive(streamWorth)
    this.#finishIfDone()
  }

  protected override onSettings(): void {
    if (this.available) this.#options.onAvailable?.()
  }

  protected override onPing(): void {
    // A client has no policy for pings; floods are counted as strikes.
  }

  protected override onGoaway(lastStreamId: number, code: number, debug: string): void {
    const said = debug === '' ? '' : `: ${debug}`
    this.#takeNoMore(`the server sent GOAWAY ${errorName(code)}${said}`)
    // Streams above were not looked at: they may be sent again (section 6.8).
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStreamId) continue
      this.abort(stream, ErrorCode.refusedStream, 'not looked at before GOAWAY')
    }
    this.#finishIfDone()
  }

  protected override onPingAnswer(): void {
    this.#pingPending = false
  }

  protected override onEnded(reason: string): void {
    this.#takeNoMore(reason)
    // Nothing is expected any more. What was written is with the system by now, or will never be read.
    setImmediate(() => this.socket.destroy())
  }
}

/** How every answer of HTTP/1 begins; no frame of HTTP/2 that may come first does. */
function isHttp1(chunk: Buffer): boolean {
  return chunk.subarray(0, 5).toString('latin1') === 'HTTP/'
}
