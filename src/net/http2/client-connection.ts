import type { Duplex } from 'node:stream'
import { Connection, type ConnectionLimits } from './connection.ts'
import type { HeaderList } from './hpack-decoder.ts'
import { ConnectionError, ErrorCode, preface, Setting } from './protocol.ts'
import type { Http2Stream, StreamListener } from './stream.ts'

export interface ResponseListener extends StreamListener {
  /** The final headers of the answer; 1xx ones are skipped. With a trailers-only answer `onEnd` follows at once. */
  onHeaders(list: HeaderList): void
}

export interface ClientConnectionOptions {
  readonly limits: ConnectionLimits
  /** The connection is gone, or takes no more requests; those under way are told by their listeners. */
  readonly onClosed: (reason: string) => void
}

/** Ids are used up at 2^31; long before that the connection is replaced. */
const streamIdMax = 0x7fff_fff0

/** The client's side of one connection. */
export class ClientConnection extends Connection {
  readonly #options: ClientConnectionOptions
  readonly #listeners = new Map<number, ResponseListener>()
  #nextStreamId = 1
  #toldClosed = false
  #pingPending = false
  #heard = true

  /** `socket` is connected, or connecting: what is sent before it is connected waits in it. */
  constructor(socket: Duplex, options: ClientConnectionOptions) {
    super(socket, options.limits)
    this.#options = options
    this.writer.raw(preface)
    this.greet([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, options.limits.streamWindowBytes],
      [Setting.maxHeaderListSize, options.limits.headerListBytesMax],
    ])
    socket.on('data', (chunk: Buffer) => {
      this.#heard = true
      this.receive(chunk, 0)
    })
  }

  /** Whether `request` may be called: the peer allows another stream and the connection is not closing. */
  get available(): boolean {
    return !this.closing && !this.ended && this.streams.size < this.peer.streamsMax
  }

  /** Sends a request whose header block is encoded by `encodeHeaders`. Needs `available`. */
  request(
    headers: Uint8Array,
    segments: readonly Uint8Array[],
    listener: ResponseListener,
  ): Http2Stream {
    const stream = this.openStream(this.#nextStreamId)
    this.#nextStreamId += 2
    if (this.#nextStreamId > streamIdMax) this.#takeNoMore('stream ids are used up')
    stream.listener = listener
    this.#listeners.set(stream.id, listener)
    this.sendHeaders(stream, headers, false)
    this.sendBody(stream, { segments, segment: 0, offset: 0, trailers: undefined })
    return stream
  }

  /** Gives a request up; its listener is not called again. */
  cancel(stream: Http2Stream): void {
    if (!this.streams.has(stream.id)) return
    stream.listener = undefined
    this.reset(stream.id, ErrorCode.cancel, 'cancelled')
  }

  /** Lets requests under way end, then closes. */
  close(): void {
    if (this.ended) return
    this.#takeNoMore('closed')
    if (this.streams.size === 0) this.#hangUp()
  }

  /**
   * Keepalive (gRPC proposal A8): called every `time`; pings if nothing was heard since. False: the ping before had no
   * answer, and the caller destroys the connection after its timeout.
   */
  keepalive(): boolean {
    if (this.#heard) {
      this.#heard = false
      this.#pingPending = false
      return true
    }
    if (this.#pingPending) return false
    this.#pingPending = true
    this.calmDown()
    this.ping()
    return true
  }

  #takeNoMore(reason: string): void {
    this.closing = true
    if (this.#toldClosed) return
    this.#toldClosed = true
    this.#options.onClosed(reason)
  }

  #hangUp(): void {
    this.sendGoaway(ErrorCode.noError, '')
    this.writer.flush()
    this.socket.end()
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
      return
    }
    if (list === undefined) {
      this.reset(streamId, ErrorCode.enhanceYourCalm, 'the headers of the answer are too large')
      return
    }
    const status = list[0] === ':status' ? list[1] : undefined
    if (!endStream && status?.startsWith('1')) return
    stream.headersReceived = true
    this.#listeners.get(streamId)?.onHeaders(list)
    if (endStream && this.streams.has(streamId)) this.endRemote(stream)
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.#nextStreamId
  }

  protected override onStreamClosed(stream: Http2Stream): void {
    this.#listeners.delete(stream.id)
    // A busy server pings and opens windows all the time; it is calm as long as requests end.
    this.calmDown()
    if (this.closing && this.streams.size === 0 && !this.ended) this.#hangUp()
  }

  protected override checkTrailers(): void {
    // What a server says in its trailers is read by name; anything else in them does no harm.
  }

  protected override onGoaway(lastStreamId: number): void {
    this.#takeNoMore('the peer says goodbye')
    // Streams above were not looked at: they may be sent again (RFC 9113, section 6.8).
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastStreamId) continue
      this.reset(stream.id, ErrorCode.refusedStream, 'not looked at before GOAWAY')
    }
    if (this.streams.size === 0) this.#hangUp()
  }

  protected override onPingAnswer(): void {
    this.#pingPending = false
  }

  protected override onEnded(reason: string): void {
    this.#takeNoMore(reason)
  }
}
