import type { HeaderList } from '../header-list.ts'
import { BodySender } from './body-sender.ts'
import type { FrameWriter } from './frame-writer.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { PeerSettings } from './peer-settings.ts'
import { defaultWindow, ErrorCode, Flag, FrameType } from './protocol.ts'
import { ReceiveWindow } from './receive-window.ts'
import { RecentResets } from './recent-resets.ts'
import { Http2Stream } from './stream.ts'
import { Cost, Strikes } from './strikes.ts'

export interface ConnectionLimits {
  /** SETTINGS_INITIAL_WINDOW_SIZE that we announce: what one stream may send ahead. */
  readonly streamWindowBytes: number
  /** What all streams of the connection may send ahead; at least 65,535, which is where every connection starts. */
  readonly connectionWindowBytes: number
  /** SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly headerListBytesMax: number
  /** SETTINGS_MAX_CONCURRENT_STREAMS; counts only for a server. */
  readonly streamsMax: number
}

/** As many as there are streams at once on a busy connection; 4 KiB. */
const recentResetsMax = 1024
/** HPACK's dynamic table size update to 0 (RFC 7541, section 6.3). */
const tableSizeZero = Buffer.from([0x20])

/**
 * The streams of one connection: how they open, send and end (RFC 9113, section 5.1). Everything that ends a stream goes
 * through `#forget`, so that none is left behind.
 *
 *     open ──END_STREAM sent──▶ half closed (local) ──END_STREAM received──▶ closed
 *      │  └──END_STREAM received──▶ half closed (remote) ──END_STREAM sent──▶ closed
 *      └──RST_STREAM either way, or the connection ends──▶ closed
 */
export abstract class StreamMachine {
  protected readonly writer: FrameWriter
  protected readonly limits: ConnectionLimits
  protected readonly streams = new Map<number, Http2Stream>()
  protected readonly peer = new PeerSettings()
  protected readonly strikes = new Strikes()
  protected readonly sender: BodySender
  protected readonly recentResets: RecentResets
  protected settingsAcknowledged = false
  #tableShut = false

  constructor(writer: FrameWriter, limits: ConnectionLimits) {
    this.writer = writer
    this.limits = limits
    this.recentResets = new RecentResets(recentResetsMax)
    this.sender = new BodySender(writer, this.peer, (stream, trailers) => {
      if (trailers === undefined) this.#closeLocal(stream)
      else this.#sendHeaders(stream, trailers, true)
    })
  }

  /** One side of a stream has sent all while the other has not. */
  protected abstract onHalfClosed(stream: Http2Stream): void
  /** A stream is over, and no longer in `streams`. */
  protected abstract onStreamClosed(stream: Http2Stream): void

  get streamCount(): number {
    return this.streams.size
  }

  /** Ends one stream with RST_STREAM; its listener is told. */
  reset(streamId: number, code: number, reason: string): void {
    this.#sendReset(streamId, code)
    const stream = this.streams.get(streamId)
    if (stream !== undefined) this.abort(stream, code, reason)
  }

  /** Ends one stream with RST_STREAM; its listener is not called again. */
  protected abandon(stream: Http2Stream, code: number): void {
    this.#sendReset(stream.id, code)
    stream.listener = undefined
    this.#forget(stream)
  }

  /** Ends one stream without a frame; its listener is told. */
  protected abort(stream: Http2Stream, code: number, reason: string): void {
    const { listener } = stream
    stream.listener = undefined
    this.#forget(stream)
    listener?.onAbort(code, reason)
  }

  #sendReset(streamId: number, code: number): void {
    this.writer.word(FrameType.rstStream, streamId, code)
    this.recentResets.add(streamId)
  }

  protected openStream(id: number): Http2Stream {
    const { streamWindowBytes } = this.limits
    // Before the peer has read our SETTINGS it goes by the default window (section 6.9.3).
    const leftBytes = this.settingsAcknowledged
      ? streamWindowBytes
      : Math.max(streamWindowBytes, defaultWindow)
    const window = new ReceiveWindow(streamWindowBytes, leftBytes)
    const stream = new Http2Stream(id, this.peer.initialWindow, window)
    this.streams.set(id, stream)
    return stream
  }

  /** Headers, a body of one piece and trailers; END_STREAM stands on the last of them. */
  protected sendMessage(
    stream: Http2Stream,
    headers: Uint8Array,
    body: Uint8Array,
    trailers: Uint8Array | undefined,
  ): void {
    if (body.byteLength === 0) {
      this.#sendEmpty(stream, headers, trailers)
      return
    }
    this.#sendHeaders(stream, headers, false)
    // Fast path: nearly every answer is small.
    if (!this.sender.trySendWhole(stream, body, trailers === undefined)) {
      this.sender.send(stream, new OutgoingBody([body], trailers))
    } else if (trailers === undefined) this.#closeLocal(stream)
    else this.#sendHeaders(stream, trailers, true)
  }

  /** Headers and a body of many pieces, sent as the windows allow. */
  protected sendSegments(
    stream: Http2Stream,
    headers: Uint8Array,
    segments: readonly Uint8Array[],
  ): void {
    const body = new OutgoingBody(segments, undefined)
    this.#sendHeaders(stream, headers, body.leftBytes === 0)
    if (body.leftBytes > 0) this.sender.send(stream, body)
  }

  #sendEmpty(stream: Http2Stream, headers: Uint8Array, trailers: Uint8Array | undefined): void {
    this.#sendHeaders(stream, headers, trailers === undefined)
    if (trailers !== undefined) this.#sendHeaders(stream, trailers, true)
  }

  #sendHeaders(stream: Http2Stream, fields: Uint8Array, endStream: boolean): void {
    let block = fields
    if (this.peer.wantsSmallerTable && !this.#tableShut) {
      this.#tableShut = true
      block = Buffer.concat([tableSizeZero, fields])
    }
    const end = endStream ? Flag.endStream : 0
    const limit = this.peer.frameSize
    if (block.byteLength <= limit) {
      this.writer.frame(FrameType.headers, Flag.endHeaders | end, stream.id, block)
    } else {
      this.writer.frame(FrameType.headers, end, stream.id, block.subarray(0, limit))
      for (let offset = limit; offset < block.byteLength; offset += limit) {
        const last = offset + limit >= block.byteLength
        const part = block.subarray(offset, offset + limit)
        this.writer.frame(FrameType.continuation, last ? Flag.endHeaders : 0, stream.id, part)
      }
    }
    if (endStream) this.#closeLocal(stream)
  }

  #closeLocal(stream: Http2Stream): void {
    stream.localClosed = true
    if (stream.remoteClosed) this.#forget(stream)
    else this.onHalfClosed(stream)
  }

  /** The peer has sent END_STREAM. */
  protected closeRemote(stream: Http2Stream, trailers: HeaderList | undefined): void {
    if (stream.announcedBytes >= 0 && stream.announcedBytes !== stream.bodyBytes) {
      const reason = 'the body is not as long as content-length says'
      this.streamFault(stream.id, ErrorCode.protocolError, reason)
      return
    }
    const { listener } = stream
    stream.remoteClosed = true
    if (stream.localClosed) this.#forget(stream)
    else this.onHalfClosed(stream)
    listener?.onEnd(trailers)
  }

  #forget(stream: Http2Stream): void {
    this.streams.delete(stream.id)
    this.sender.drop(stream)
    this.onStreamClosed(stream)
  }

  /** The peer broke a rule of one stream. That must cost it: it makes us throw work away. */
  protected streamFault(streamId: number, code: number, reason: string): void {
    this.strikes.add(Cost.work)
    this.reset(streamId, code, reason)
  }
}
