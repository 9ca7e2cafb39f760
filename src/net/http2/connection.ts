import type { Duplex } from 'node:stream'
import { connectFailure } from '../connect-failure.ts'
import type { HeaderList } from '../header-list.ts'
import { type FrameHandler, FrameReader, readUint31, readUint32 } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { type HeaderBlock, HeaderBlockReader } from './header-block.ts'
import {
  ConnectionError,
  connectionGone,
  defaultMaxFrameSize,
  defaultWindow,
  ErrorCode,
  Flag,
  FrameType,
  maxStreamId,
  StreamError,
} from './protocol.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { Http2Stream } from './stream.ts'
import { type ConnectionLimits, StreamMachine } from './stream-machine.ts'
import { Cost } from './strikes.ts'

const noPayload = new Uint8Array(0)

/**
 * One HTTP/2 connection, either side (RFC 9113), for requests with bodies that fit in memory: what a server and a
 * client share. Bodies are handed on as they come and their windows given back at once, so the owner of a stream bounds
 * what it keeps. No push, no priorities (both allowed by the RFC), no Upgrade.
 *
 *     socket ─▶ FrameReader ─▶ Connection ─▶ listeners of streams, which answer with
 *     socket ◀─ FrameWriter ◀─ BodySender ◀─ respond or request
 *
 * No timers: the owner calls `tick` (server) or `keepalive` (client).
 */
export abstract class Connection extends StreamMachine implements FrameHandler {
  protected readonly socket: Duplex
  /** The highest stream that the peer has opened. */
  protected lastPeerStreamId = 0
  /** No new streams. */
  protected closing = false
  readonly #reader: FrameReader
  readonly #blocks: HeaderBlockReader
  readonly #receiveWindow: ReceiveWindow
  /** Between the beginning and the end of a DATA frame; undefined if its content is thrown away. */
  #dataStream: Http2Stream | undefined
  #dataStartBytes = 0
  #settingsReceived = false
  #goawayStreamId = maxStreamId
  #ended = false

  constructor(socket: Duplex, limits: ConnectionLimits) {
    super(new FrameWriter(socket), limits)
    this.socket = socket
    this.#reader = new FrameReader(this, defaultMaxFrameSize)
    this.#blocks = new HeaderBlockReader(limits.headerListBytesMax)
    const windowBytes = Math.max(limits.connectionWindowBytes, defaultWindow)
    this.#receiveWindow = new ReceiveWindow(windowBytes, windowBytes)
    // A peer that closes its half gets no answers any more; nobody speaks HTTP/2 that way.
    socket.on('end', () => this.#hangUp('the peer closed the connection'))
    socket.on('close', () => this.#end('the connection was closed'))
    socket.on('error', (error) => this.#end(connectFailure(error)))
  }

  /** A header block that opened a stream, or answered ours; trailers do not come here. */
  protected abstract onHeaders(
    stream: Http2Stream | undefined,
    streamId: number,
    list: HeaderList | undefined,
    endStream: boolean,
  ): void
  /** Throws a StreamError for trailers that break a rule. */
  protected abstract checkTrailers(streamId: number, list: HeaderList): void
  /** Whether no stream with this id can have been opened by now; frames on it break the protocol. */
  protected abstract isIdle(streamId: number): boolean
  protected abstract onSettings(): void
  /** A PING of the peer, which was answered. */
  protected abstract onPing(): void
  protected abstract onPingAnswer(mark: number): void
  /** The peer takes no new streams; those above `lastStreamId` were not looked at. */
  protected abstract onGoaway(lastStreamId: number, code: number, debug: string): void
  /** Nothing more is sent or taken in; every stream has been told. The socket may still be open, see `fail`. */
  protected abstract onEnded(reason: string): void

  get ended(): boolean {
    return this.#ended
  }

  /**
   * Ends the connection with GOAWAY. The socket stays half open, and what comes is thrown away, until the peer closes it
   * or the owner destroys it: closing with unread bytes would make the system send a reset that overtakes the GOAWAY.
   */
  fail(code: number, reason: string): void {
    if (this.#ended) return
    this.sendGoaway(this.lastPeerStreamId, code, reason)
    this.#hangUp(reason)
  }

  /** Drops the connection without a word. */
  destroy(reason: string): void {
    this.socket.destroy()
    this.#end(reason)
  }

  /** Announces our settings; the first frame we send. */
  protected greet(settings: readonly (readonly [id: number, value: number])[]): void {
    const payload = Buffer.alloc(settings.length * 6)
    for (const [position, [id, value]] of settings.entries()) {
      payload.writeUInt16BE(id, position * 6)
      payload.writeUInt32BE(value, position * 6 + 2)
    }
    this.writer.frame(FrameType.settings, 0, 0, payload)
    const grant = this.limits.connectionWindowBytes - defaultWindow
    if (grant > 0) this.writer.word(FrameType.windowUpdate, 0, grant)
  }

  protected sendGoaway(lastStreamId: number, code: number, reason: string): void {
    // It may never rise again: the peer may have sent elsewhere what is above it.
    this.#goawayStreamId = Math.min(this.#goawayStreamId, lastStreamId)
    const payload = Buffer.alloc(8 + Math.min(reason.length, 256))
    payload.writeUInt32BE(this.#goawayStreamId, 0)
    payload.writeUInt32BE(code, 4)
    payload.write(reason, 8, 'latin1')
    this.writer.frame(FrameType.goaway, 0, 0, payload)
  }

  /** `mark`, one byte, comes back in `onPingAnswer`. */
  protected ping(mark: number): void {
    const payload = Buffer.alloc(8)
    payload[0] = mark
    this.writer.frame(FrameType.ping, 0, 0, payload)
  }

  /** Sends what is gathered and ends our half; see `fail`. */
  #hangUp(reason: string): void {
    if (this.#ended) return
    this.writer.flush()
    this.socket.end()
    this.#end(reason)
    this.socket.resume()
  }

  /** All streams are done: says goodbye and takes nothing more. */
  protected finish(): void {
    this.#hangUp('all requests are done')
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.closing = true
    for (const stream of this.streams.values()) this.abort(stream, connectionGone, reason)
    this.onEnded(reason)
  }

  // Frames of the peer.

  /** Feeds bytes of the socket. Never throws for what a peer sends: its faults end the stream or the connection. */
  protected receive(chunk: Uint8Array, start: number): void {
    if (this.#ended) return
    try {
      this.#reader.push(chunk, start)
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error.code, error.message)
      else {
        this.fail(ErrorCode.internalError, 'internal error')
        throw error
      }
    }
  }

  /** The stream whose header block has begun and not ended. */
  protected get openBlockStreamId(): number | undefined {
    return this.#blocks.openStreamId
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#ended) return
    this.#checkOrder(type, streamId)
    try {
      this.#dispatch(type, flags, streamId, source, start, end)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      this.streamFault(error.streamId, error.code, error.message)
    }
  }

  #checkOrder(type: number, streamId: number): void {
    if (!this.#settingsReceived && type !== FrameType.settings) {
      throw protocolError('the first frame is not SETTINGS')
    }
    const open = this.#blocks.openStreamId
    if (open !== undefined && (type !== FrameType.continuation || streamId !== open)) {
      throw protocolError('another frame inside a header block')
    }
  }

  #dispatch(
    type: number,
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case FrameType.headers:
        this.#onBlock(this.#blocks.headers(flags, streamId, source, start, end))
        break
      case FrameType.continuation:
        this.strikes.add(Cost.idle)
        this.#onBlock(this.#blocks.continuation(flags, source, start, end))
        break
      case FrameType.windowUpdate:
        this.#onWindowUpdate(streamId, source, start, end)
        break
      case FrameType.settings:
        this.#onSettingsFrame(flags, streamId, source, start, end)
        break
      case FrameType.ping:
        this.#onPingFrame(flags, streamId, source, start, end)
        break
      case FrameType.rstStream:
        this.#onRstStream(streamId, source, start, end)
        break
      case FrameType.goaway:
        this.#onGoawayFrame(streamId, source, start, end)
        break
      case FrameType.priority:
        this.#onPriority(streamId, source, start, end)
        break
      case FrameType.pushPromise:
        throw protocolError('PUSH_PROMISE was not allowed')
      default:
        // Unknown types are ignored (section 4.1).
        this.strikes.add(Cost.idle)
    }
  }

  #onBlock(block: HeaderBlock | undefined): void {
    if (block === undefined) return
    const { streamId, list, endStream } = block
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      const onItsWay = !this.isIdle(streamId) && this.recentResets.has(streamId)
      if (onItsWay) this.strikes.add(Cost.idle)
      else this.onHeaders(undefined, streamId, list, endStream)
      return
    }
    if (stream.remoteClosed) {
      throw new StreamError(streamId, ErrorCode.streamClosed, 'HEADERS after END_STREAM')
    }
    if (!stream.headersReceived) {
      this.onHeaders(stream, streamId, list, endStream)
      return
    }
    if (!endStream) {
      throw new StreamError(streamId, ErrorCode.protocolError, 'trailers without END_STREAM')
    }
    if (list === undefined) {
      throw new StreamError(streamId, ErrorCode.enhanceYourCalm, 'the trailers are too large')
    }
    this.checkTrailers(streamId, list)
    this.closeRemote(stream, list)
  }

  onDataBegin(streamId: number, flowBytes: number): void {
    if (this.#ended) return
    this.#checkOrder(FrameType.data, streamId)
    if (streamId === 0) throw protocolError('DATA on stream 0')
    this.#takeConnectionWindow(flowBytes)
    const stream = this.streams.get(streamId)
    this.#dataStream = undefined
    if (stream === undefined || stream.remoteClosed) {
      if (this.isIdle(streamId)) throw protocolError('DATA on a stream that was never opened')
      if (this.recentResets.has(streamId)) this.strikes.add(Cost.idle)
      else this.streamFault(streamId, ErrorCode.streamClosed, 'DATA on a closed stream')
      return
    }
    if (!stream.headersReceived) throw protocolError('DATA before HEADERS')
    if (!stream.receiveWindow.tryTake(flowBytes)) {
      const reason = 'more DATA than the window allows'
      this.streamFault(streamId, ErrorCode.flowControlError, reason)
      return
    }
    this.#dataStream = stream
    this.#dataStartBytes = stream.bodyBytes
  }

  onData(source: Uint8Array, start: number, end: number): void {
    const stream = this.#dataStream
    if (stream === undefined) return
    stream.bodyBytes += end - start
    stream.listener?.onData(source, start, end)
  }

  onDataEnd(endStream: boolean): void {
    const stream = this.#dataStream
    this.#dataStream = undefined
    // The listener may have ended the stream.
    if (stream === undefined || !this.streams.has(stream.id)) return
    if (endStream) {
      this.closeRemote(stream, undefined)
      return
    }
    // Empty, or nothing but padding.
    if (stream.bodyBytes === this.#dataStartBytes) this.strikes.add(Cost.idle)
    const refill = stream.receiveWindow.refill()
    if (refill > 0) this.writer.word(FrameType.windowUpdate, stream.id, refill)
  }

  #takeConnectionWindow(flowBytes: number): void {
    if (!this.#receiveWindow.tryTake(flowBytes)) {
      const reason = 'more DATA than the connection window allows'
      throw new ConnectionError(ErrorCode.flowControlError, reason)
    }
    const refill = this.#receiveWindow.refill()
    if (refill > 0) this.writer.word(FrameType.windowUpdate, 0, refill)
  }

  #onWindowUpdate(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('WINDOW_UPDATE')
    const increment = readUint31(source, start)
    if (!this.sender.tryExpectUpdate()) this.strikes.add(Cost.idle)
    if (streamId === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE of 0')
      this.sender.openConnection(increment)
      return
    }
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      if (this.isIdle(streamId)) throw protocolError('WINDOW_UPDATE on an idle stream')
      return
    }
    if (increment === 0) {
      throw new StreamError(streamId, ErrorCode.protocolError, 'WINDOW_UPDATE of 0')
    }
    this.sender.openStream(stream, increment)
  }

  #onSettingsFrame(
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw protocolError('SETTINGS on a stream')
    if ((flags & Flag.ack) !== 0) {
      if (start !== end) throw frameSizeError('SETTINGS with ACK')
      this.settingsAcknowledged = true
      this.strikes.add(Cost.idle)
      return
    }
    if ((end - start) % 6 !== 0) throw frameSizeError('SETTINGS')
    this.#settingsReceived = true
    this.strikes.add(Cost.work)
    const before = this.peer.initialWindow
    this.peer.apply(source, start, end)
    this.writer.frame(FrameType.settings, Flag.ack, 0, noPayload)
    this.sender.shiftWindows(this.streams.values(), this.peer.initialWindow - before)
    this.onSettings()
  }

  #onPingFrame(
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw protocolError('PING on a stream')
    if (end - start !== 8) throw frameSizeError('PING')
    if ((flags & Flag.ack) !== 0) {
      this.strikes.add(Cost.idle)
      this.onPingAnswer(source[start] as number)
      return
    }
    this.strikes.add(Cost.work)
    this.writer.frame(FrameType.ping, Flag.ack, 0, source.subarray(start, end))
    this.onPing()
  }

  #onRstStream(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('RST_STREAM')
    if (streamId === 0 || this.isIdle(streamId)) {
      throw protocolError('RST_STREAM on a stream that was never opened')
    }
    this.strikes.add(Cost.work)
    const stream = this.streams.get(streamId)
    if (stream !== undefined) this.abort(stream, readUint32(source, start), 'reset by the peer')
  }

  #onGoawayFrame(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('GOAWAY on a stream')
    if (end - start < 8) throw frameSizeError('GOAWAY')
    this.strikes.add(Cost.work)
    const debug = Buffer.from(source.subarray(start + 8, Math.min(end, start + 264)))
    const text = debug.toString('latin1').replace(/[^\x20-\x7e]/g, '?')
    this.onGoaway(readUint31(source, start), readUint32(source, start + 4), text)
  }

  #onPriority(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (streamId === 0) throw protocolError('PRIORITY on stream 0')
    if (end - start !== 5) {
      throw new StreamError(streamId, ErrorCode.frameSizeError, 'PRIORITY is not 5 bytes')
    }
    this.strikes.add(Cost.idle)
    // Priorities are ignored, but a stream that depends on itself is an error (RFC 7540, section 5.3.1).
    if (readUint31(source, start) === streamId) {
      throw new StreamError(streamId, ErrorCode.protocolError, 'a stream depends on itself')
    }
  }
}

function protocolError(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.protocolError, message)
}

function frameSizeError(frame: string): ConnectionError {
  return new ConnectionError(ErrorCode.frameSizeError, `${frame} has the wrong length`)
}
