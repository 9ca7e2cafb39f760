import type { Duplex } from 'node:stream'
import { type FrameHandler, FrameReader, readUint31, readUint32 } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { type HeaderBlock, HeaderBlockReader } from './header-block.ts'
import type { HeaderList } from './hpack-decoder.ts'
import { PeerSettings } from './peer-settings.ts'
import {
  ConnectionError,
  defaultMaxFrameSize,
  defaultWindow,
  ErrorCode,
  Flag,
  FrameType,
  maxWindow,
  StreamError,
} from './protocol.ts'
import { Http2Stream, type OutgoingBody } from './stream.ts'

export interface ConnectionLimits {
  /** SETTINGS_INITIAL_WINDOW_SIZE that we announce: what one stream may send ahead. */
  readonly streamWindowBytes: number
  /** What all streams of the connection may send ahead. */
  readonly connectionWindowBytes: number
  /** SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly headerListBytesMax: number
  /** SETTINGS_MAX_CONCURRENT_STREAMS; counts only for a server. */
  readonly streamsMax: number
}

/**
 * What a peer may cost us between two calls of `tick`, in points: a frame that moves nothing forward costs 1, one that
 * must be answered or throws work away (PING, SETTINGS, RST_STREAM) costs 10. Above it the connection ends with
 * ENHANCE_YOUR_CALM (CVE-2019-9512 and following, CVE-2023-44487). 2,000 cancelled requests a tick are still fine.
 */
const strikesMax = 20_000
/** Above this the peer does not read our answers, and we read no more of its questions. */
const backlogBytesMax = 1_048_576
/** How many streams we reset lately are remembered, so that what was on its way is ignored. */
const resetMemory = 256

/**
 * One HTTP/2 connection, either side (RFC 9113), for requests with bodies that fit in memory: what a server and a
 * client share. Bodies are handed on as they come; windows are given back at once, so the owner of a stream bounds what
 * it keeps. No push, no priorities (both allowed by the RFC), no Upgrade.
 */
export abstract class Connection implements FrameHandler {
  protected readonly socket: Duplex
  protected readonly writer: FrameWriter
  protected readonly streams = new Map<number, Http2Stream>()
  protected readonly limits: ConnectionLimits
  /** The highest stream that the peer has opened. */
  protected lastPeerStreamId = 0
  protected readonly peer = new PeerSettings()
  protected closing = false
  #sendWindow = defaultWindow
  #receivedBytes = 0
  #receiveWindow: number
  readonly #reader: FrameReader
  readonly #blocks: HeaderBlockReader
  #dataStream: Http2Stream | undefined
  #settingsReceived = false
  #strikes = 0
  #ended = false
  readonly #resetByUs: number[] = []

  constructor(socket: Duplex, limits: ConnectionLimits) {
    this.socket = socket
    this.limits = limits
    this.writer = new FrameWriter(socket)
    this.#reader = new FrameReader(this, defaultMaxFrameSize)
    this.#blocks = new HeaderBlockReader(limits.headerListBytesMax)
    this.#receiveWindow = limits.connectionWindowBytes
    socket.on('close', () => this.#end('the connection was closed'))
    socket.on('error', (error) => this.#end(error.message))
    socket.on('drain', () => socket.resume())
  }

  /** A header block that opened a stream, or answered ours, or ended it. */
  protected abstract onHeaders(
    stream: Http2Stream | undefined,
    streamId: number,
    list: HeaderList | undefined,
    endStream: boolean,
  ): void
  /** The peer takes no new streams; those above `lastStreamId` were not looked at. */
  protected abstract onGoaway(lastStreamId: number, code: number): void
  /** The connection is gone; every stream has been told. */
  protected abstract onEnded(reason: string): void
  protected abstract onPingAnswer(): void
  /** Whether a stream with this id can have been opened by now; frames on others break the protocol. */
  protected abstract isIdle(streamId: number): boolean
  protected abstract onStreamClosed(stream: Http2Stream): void
  /** Throws a StreamError for trailers that break a rule. */
  protected abstract checkTrailers(streamId: number, list: HeaderList): void

  get ended(): boolean {
    return this.#ended
  }

  get streamCount(): number {
    return this.streams.size
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

  /** Feeds bytes of the socket. Never throws: a peer's fault ends the stream or the connection. */
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
    if (this.writer.backlogBytes > backlogBytesMax) this.socket.pause()
  }

  /** Ends the connection with GOAWAY. */
  fail(code: number, reason: string): void {
    if (this.#ended) return
    this.sendGoaway(code, reason)
    this.writer.flush()
    this.socket.end()
    this.#end(reason)
    // A peer that neither reads nor closes must not keep the socket.
    setImmediate(() => this.socket.destroy())
  }

  /** Drops the connection without a word. */
  destroy(reason: string): void {
    this.socket.destroy()
    this.#end(reason)
  }

  protected sendGoaway(code: number, reason: string): void {
    const payload = Buffer.alloc(8 + Math.min(reason.length, 256))
    payload.writeUInt32BE(this.lastPeerStreamId, 0)
    payload.writeUInt32BE(code, 4)
    payload.write(reason, 8, 'latin1')
    this.writer.frame(FrameType.goaway, 0, 0, payload)
  }

  protected ping(): void {
    this.writer.frame(FrameType.ping, 0, 0, Buffer.alloc(8))
  }

  /** Forgets the strikes of the peer; called by the owner every few seconds. */
  protected calmDown(): void {
    this.#strikes = 0
  }

  protected strike(points: number): void {
    this.#strikes += points
    if (this.#strikes > strikesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many frames that move nothing')
    }
  }

  protected openStream(id: number): Http2Stream {
    const stream = new Http2Stream(id, this.peer.initialWindow, this.limits.streamWindowBytes)
    this.streams.set(id, stream)
    return stream
  }

  /** Ends one stream with RST_STREAM; its listener is told. */
  reset(streamId: number, code: number, reason: string): void {
    this.writer.word(FrameType.rstStream, streamId, code)
    this.#resetByUs.push(streamId)
    if (this.#resetByUs.length > resetMemory) this.#resetByUs.shift()
    const stream = this.streams.get(streamId)
    if (stream !== undefined) this.#abort(stream, code, reason)
  }

  protected sendHeaders(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    const end = endStream ? Flag.endStream : 0
    if (block.byteLength <= this.peer.frameSize) {
      this.writer.frame(FrameType.headers, Flag.endHeaders | end, stream.id, block)
    } else {
      const limit = this.peer.frameSize
      this.writer.frame(FrameType.headers, end, stream.id, block.subarray(0, limit))
      for (let offset = limit; offset < block.byteLength; offset += limit) {
        const last = offset + limit >= block.byteLength
        const part = block.subarray(offset, offset + limit)
        this.writer.frame(FrameType.continuation, last ? Flag.endHeaders : 0, stream.id, part)
      }
    }
    if (endStream) this.#closeLocal(stream)
  }

  /** Sends what the windows allow now and the rest as they open. */
  protected sendBody(stream: Http2Stream, body: OutgoingBody): void {
    stream.outgoing = body
    this.#pump(stream)
  }

  #pump(stream: Http2Stream): void {
    const body = stream.outgoing
    if (body === undefined) return
    while (body.segment < body.segments.length) {
      const segment = body.segments[body.segment] as Uint8Array
      const left = segment.byteLength - body.offset
      const take = Math.min(left, this.peer.frameSize, stream.sendWindow, this.#sendWindow)
      if (take <= 0 && left > 0) return
      const lastSegment = body.segment === body.segments.length - 1
      const endStream = take === left && lastSegment && body.trailers === undefined
      this.writer.data(stream.id, segment, body.offset, body.offset + take, endStream)
      stream.sendWindow -= take
      this.#sendWindow -= take
      body.offset += take
      if (take === left) {
        body.segment++
        body.offset = 0
      }
    }
    stream.outgoing = undefined
    if (body.trailers !== undefined) this.sendHeaders(stream, body.trailers, true)
    else this.#closeLocal(stream)
  }

  #pumpAll(): void {
    for (const stream of this.streams.values()) {
      if (this.#sendWindow <= 0) return
      if (stream.outgoing !== undefined) this.#pump(stream)
    }
  }

  #closeLocal(stream: Http2Stream): void {
    stream.localClosed = true
    if (stream.remoteClosed) this.#forget(stream)
  }

  #closeRemote(stream: Http2Stream, trailers: HeaderList | undefined): void {
    if (stream.announcedBytes >= 0 && stream.announcedBytes !== stream.bodyBytes) {
      throw new StreamError(
        stream.id,
        ErrorCode.protocolError,
        'the body is not as long as content-length says',
      )
    }
    stream.remoteClosed = true
    const { listener } = stream
    if (stream.localClosed) this.#forget(stream)
    listener?.onEnd(trailers)
  }

  #forget(stream: Http2Stream): void {
    this.streams.delete(stream.id)
    this.onStreamClosed(stream)
  }

  #abort(stream: Http2Stream, code: number, reason: string): void {
    const { listener } = stream
    stream.listener = undefined
    stream.outgoing = undefined
    this.#forget(stream)
    listener?.onAbort(code, reason)
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    for (const stream of [...this.streams.values()]) this.#abort(stream, ErrorCode.cancel, reason)
    this.onEnded(reason)
  }

  // Frames of the peer.

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
      this.strike(10)
      this.reset(error.streamId, error.code, error.message)
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
        this.strike(1)
        this.#onBlock(this.#blocks.continuation(flags, source, start, end))
        break
      case FrameType.windowUpdate:
        this.#onWindowUpdate(streamId, source, start, end)
        break
      case FrameType.settings:
        this.#onSettings(flags, streamId, source, start, end)
        break
      case FrameType.ping:
        this.#onPing(flags, streamId, source, start, end)
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
        this.strike(1)
    }
  }

  #onBlock(block: HeaderBlock | undefined): void {
    if (block === undefined) return
    const { streamId, list, endStream } = block
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      if (this.#resetByUs.includes(streamId)) return
      this.onHeaders(undefined, streamId, list, endStream)
      return
    }
    if (stream.remoteClosed) {
      throw new StreamError(streamId, ErrorCode.streamClosed, 'HEADERS after END_STREAM')
    }
    if (stream.headersReceived && endStream) {
      if (list !== undefined) this.checkTrailers(streamId, list)
      this.#closeRemote(stream, list)
      return
    }
    this.onHeaders(stream, streamId, list, endStream)
  }

  /** The peer's headers came with END_STREAM: there is no body. */
  protected endRemote(stream: Http2Stream, trailers?: HeaderList): void {
    this.#closeRemote(stream, trailers)
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
      this.strike(1)
      if (!this.#resetByUs.includes(streamId)) {
        this.reset(streamId, ErrorCode.streamClosed, 'DATA on a closed stream')
      }
      return
    }
    if (!stream.headersReceived) throw protocolError('DATA before HEADERS')
    if (flowBytes === 0) this.strike(1)
    stream.receiveWindow -= flowBytes
    if (stream.receiveWindow < 0) {
      this.reset(streamId, ErrorCode.flowControlError, 'more DATA than the window allows')
      return
    }
    stream.receivedBytes += flowBytes
    this.#dataStream = stream
  }

  onData(source: Uint8Array, start: number, end: number): void {
    const stream = this.#dataStream
    if (stream === undefined) return
    stream.bodyBytes += end - start
    stream.listener?.onData(source, start, end)
  }

  onDataEnd(endStream: boolean): void {
    const stream = this.#dataStream
    if (stream === undefined || !this.streams.has(stream.id)) return
    this.#dataStream = undefined
    if (endStream) {
      try {
        this.#closeRemote(stream, undefined)
      } catch (error) {
        if (!(error instanceof StreamError)) throw error
        this.reset(error.streamId, error.code, error.message)
      }
      return
    }
    // Half is given back at a time: a WINDOW_UPDATE a frame would double the frames.
    if (stream.receivedBytes * 2 >= this.limits.streamWindowBytes) {
      this.writer.word(FrameType.windowUpdate, stream.id, stream.receivedBytes)
      stream.receiveWindow += stream.receivedBytes
      stream.receivedBytes = 0
    }
  }

  #takeConnectionWindow(flowBytes: number): void {
    this.#receiveWindow -= flowBytes
    if (this.#receiveWindow < 0) {
      throw new ConnectionError(
        ErrorCode.flowControlError,
        'more DATA than the connection window allows',
      )
    }
    this.#receivedBytes += flowBytes
    if (this.#receivedBytes * 2 >= this.limits.connectionWindowBytes) {
      this.writer.word(FrameType.windowUpdate, 0, this.#receivedBytes)
      this.#receiveWindow += this.#receivedBytes
      this.#receivedBytes = 0
    }
  }

  #onWindowUpdate(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('WINDOW_UPDATE')
    const increment = readUint31(source, start)
    if (streamId === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE of 0')
      this.#sendWindow += increment
      if (this.#sendWindow > maxWindow) {
        throw new ConnectionError(ErrorCode.flowControlError, 'the window is above 2^31-1')
      }
      this.strike(1)
      this.#pumpAll()
      return
    }
    const stream = this.streams.get(streamId)
    if (stream?.outgoing === undefined) this.strike(1)
    if (stream === undefined) {
      if (this.isIdle(streamId)) throw protocolError('WINDOW_UPDATE on an idle stream')
      return
    }
    if (increment === 0) {
      throw new StreamError(streamId, ErrorCode.protocolError, 'WINDOW_UPDATE of 0')
    }
    stream.sendWindow += increment
    if (stream.sendWindow > maxWindow) {
      throw new StreamError(streamId, ErrorCode.flowControlError, 'the window is above 2^31-1')
    }
    this.#pump(stream)
  }

  #onSettings(
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw protocolError('SETTINGS on a stream')
    if ((flags & Flag.ack) !== 0) {
      if (start !== end) throw frameSizeError('SETTINGS with ACK')
      return
    }
    if ((end - start) % 6 !== 0) throw frameSizeError('SETTINGS')
    this.#settingsReceived = true
    this.strike(10)
    const before = this.peer.initialWindow
    this.peer.apply(source, start, end)
    this.#shiftWindows(this.peer.initialWindow - before)
    this.writer.frame(FrameType.settings, Flag.ack, 0, new Uint8Array(0))
    this.#pumpAll()
  }

  /** A new initial window changes the windows of open streams too (section 6.9.2). */
  #shiftWindows(change: number): void {
    if (change === 0) return
    for (const stream of this.streams.values()) {
      stream.sendWindow += change
      if (stream.sendWindow > maxWindow) {
        throw new ConnectionError(ErrorCode.flowControlError, 'the window is above 2^31-1')
      }
    }
  }

  #onPing(flags: number, streamId: number, source: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('PING on a stream')
    if (end - start !== 8) throw frameSizeError('PING')
    if ((flags & Flag.ack) !== 0) {
      this.onPingAnswer()
      return
    }
    this.strike(10)
    this.writer.frame(FrameType.ping, Flag.ack, 0, source.slice(start, end))
    this.onPing()
  }

  /** A keepalive of the peer was answered. */
  protected onPing(): void {
    // Only a server with an enforcement policy cares.
  }

  #onRstStream(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('RST_STREAM')
    if (streamId === 0 || this.isIdle(streamId)) {
      throw protocolError('RST_STREAM on a stream that was never opened')
    }
    this.strike(10)
    const stream = this.streams.get(streamId)
    if (stream !== undefined) this.#abort(stream, readUint32(source, start), 'reset by the peer')
  }

  #onGoawayFrame(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('GOAWAY on a stream')
    if (end - start < 8) throw frameSizeError('GOAWAY')
    this.onGoaway(readUint31(source, start), readUint32(source, start + 4))
  }

  #onPriority(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (streamId === 0) throw protocolError('PRIORITY on stream 0')
    if (end - start !== 5) {
      throw new StreamError(streamId, ErrorCode.frameSizeError, 'PRIORITY is not 5 bytes')
    }
    this.strike(1)
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
