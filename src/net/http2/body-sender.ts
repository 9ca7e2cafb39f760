import type { FrameWriter } from './frame-writer.ts'
import type { OutgoingBody } from './outgoing-body.ts'
import type { PeerSettings } from './peer-settings.ts'
import { ConnectionError, defaultWindow, ErrorCode, maxWindow, StreamError } from './protocol.ts'
import type { Http2Stream } from './stream.ts'

/**
 * Sends bodies as far as the peer's windows allow (RFC 9113, section 5.2).
 *
 *     send ──▶ nothing in line and the connection's window open ──▶ as much as the stream's window allows
 *          └─▶ else: into the line ──WINDOW_UPDATE of the connection──▶ one frame a turn, round robin
 *
 * A stream whose own window is shut stands nowhere; its WINDOW_UPDATE brings it back. After each call the line is empty or
 * the window of the connection is shut. One large body thus never keeps small ones waiting for longer than one frame
 * each.
 */
export class BodySender {
  readonly #writer: FrameWriter
  readonly #peer: PeerSettings
  readonly #onSent: (stream: Http2Stream, trailers: Uint8Array | undefined) => void
  /** The window of the connection. */
  #window = defaultWindow
  readonly #line: Http2Stream[] = []
  #framesUnanswered = 0

  /** `onSent`: all of a body is written; END_STREAM stood on its last frame unless there are trailers to send. */
  constructor(
    writer: FrameWriter,
    peer: PeerSettings,
    onSent: (stream: Http2Stream, trailers: Uint8Array | undefined) => void,
  ) {
    this.#writer = writer
    this.#peer = peer
    this.#onSent = onSent
  }

  /** Sends a body that fits into one frame and all windows; false if it does not, and then nothing was sent. */
  trySendWhole(stream: Http2Stream, body: Uint8Array, endStream: boolean): boolean {
    const { byteLength } = body
    if (byteLength > this.#peer.frameSize || byteLength > stream.sendWindow) return false
    if (byteLength > this.#window) return false
    this.#count(stream, byteLength)
    this.#writer.dataHeader(stream.id, byteLength, endStream)
    this.#writer.payload(body, 0, byteLength)
    return true
  }

  /** Takes a body of at least one byte; its segments are immutable until it is sent or the stream is over. */
  send(stream: Http2Stream, body: OutgoingBody): void {
    stream.outgoing = body
    this.#sendOrWait(stream)
  }

  /** The stream is over: what it waits with is forgotten, and it leaves the line at once. */
  drop(stream: Http2Stream): void {
    stream.outgoing = undefined
    if (!stream.inLine) return
    stream.inLine = false
    this.#line.splice(this.#line.indexOf(stream), 1)
  }

  /** WINDOW_UPDATE of a stream. Throws a StreamError for a window above 2^31 − 1. */
  openStream(stream: Http2Stream, increment: number): void {
    stream.sendWindow += increment
    if (stream.sendWindow > maxWindow) {
      throw new StreamError(stream.id, ErrorCode.flowControlError, 'the window is above 2^31-1')
    }
    this.#sendOrWait(stream)
  }

  /** WINDOW_UPDATE of the connection. Throws a ConnectionError for a window above 2^31 − 1. */
  openConnection(increment: number): void {
    this.#window += increment
    if (this.#window > maxWindow) throw windowTooLarge()
    while (this.#window > 0) {
      const stream = this.#line.shift()
      if (stream === undefined) return
      stream.inLine = false
      if (stream.outgoing === undefined || stream.sendWindow <= 0) continue
      this.#sendFrame(stream, stream.outgoing)
      if (stream.outgoing !== undefined && stream.sendWindow > 0) this.#enterLine(stream)
    }
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE changed: open streams follow (section 6.9.2). Throws a ConnectionError as above. */
  shiftWindows(streams: Iterable<Http2Stream>, change: number): void {
    if (change === 0) return
    for (const stream of streams) {
      stream.sendWindow += change
      if (stream.sendWindow > maxWindow) throw windowTooLarge()
      this.#sendOrWait(stream)
    }
  }

  /**
   * Whether a WINDOW_UPDATE answers DATA of ours. An honest peer sends at most two for a frame: of the stream and of the
   * connection.
   */
  tryExpectUpdate(): boolean {
    if (this.#framesUnanswered <= 0) return false
    this.#framesUnanswered -= 0.5
    return true
  }

  #sendOrWait(stream: Http2Stream): void {
    while (stream.outgoing !== undefined && stream.sendWindow > 0) {
      if (this.#window <= 0) {
        this.#enterLine(stream)
        return
      }
      this.#sendFrame(stream, stream.outgoing)
    }
  }

  #enterLine(stream: Http2Stream): void {
    if (stream.inLine) return
    stream.inLine = true
    this.#line.push(stream)
  }

  /** One DATA frame, of as many segments as fit. Needs open windows. */
  #sendFrame(stream: Http2Stream, body: OutgoingBody): void {
    const allowed = Math.min(this.#peer.frameSize, stream.sendWindow, this.#window)
    let left = Math.min(body.leftBytes, allowed)
    body.leftBytes -= left
    this.#count(stream, left)
    const done = body.leftBytes === 0
    this.#writer.dataHeader(stream.id, left, done && body.trailers === undefined)
    while (left > 0) {
      const segment = body.segments[body.segment] as Uint8Array
      const take = Math.min(segment.byteLength - body.offset, left)
      if (take > 0) this.#writer.payload(segment, body.offset, body.offset + take)
      left -= take
      body.offset += take
      if (body.offset < segment.byteLength) continue
      body.segment++
      body.offset = 0
    }
    if (!done) return
    stream.outgoing = undefined
    this.#onSent(stream, body.trailers)
  }

  #count(stream: Http2Stream, bytes: number): void {
    stream.sendWindow -= bytes
    this.#window -= bytes
    this.#framesUnanswered++
  }
}

function windowTooLarge(): ConnectionError {
  return new ConnectionError(ErrorCode.flowControlError, 'the window is above 2^31-1')
}
