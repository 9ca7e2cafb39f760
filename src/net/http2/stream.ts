import type { HeaderList } from './hpack-decoder.ts'

/** What the owner of a stream hears of the other side. */
export interface StreamListener {
  /** A run of the body; valid only during the call. */
  onData(source: Uint8Array, start: number, end: number): void
  /** The other side has sent all. Called once, unless `onAbort` is. */
  onEnd(trailers: HeaderList | undefined): void
  /** The stream was reset, or its connection is gone, before both sides were done. Nothing is called after it. */
  onAbort(code: number, reason: string): void
}

/** A body to send, piece by piece as the windows allow, and what ends it. */
export interface OutgoingBody {
  readonly segments: readonly Uint8Array[]
  /** Position of the next byte to send. */
  segment: number
  offset: number
  /** Header block behind the body; without one the last DATA frame ends the stream. */
  readonly trailers: Uint8Array | undefined
}

/** One request and its answer (RFC 9113, section 5). State only; its connection does the work. */
export class Http2Stream {
  readonly id: number
  listener: StreamListener | undefined
  /** Bytes that may be sent; negative after the peer shrank its window. */
  sendWindow: number
  /** Bytes received since the last WINDOW_UPDATE of this stream. */
  receivedBytes = 0
  /** What the peer may still send. */
  receiveWindow: number
  /** We have sent END_STREAM. */
  localClosed = false
  /** The peer has sent END_STREAM. */
  remoteClosed = false
  /** From the peer's content-length, and what has come of it; −1 where it said none. */
  announcedBytes = -1
  bodyBytes = 0
  headersReceived = false
  outgoing: OutgoingBody | undefined

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
  }
}
