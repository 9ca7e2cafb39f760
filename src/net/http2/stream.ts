import type { HeaderList } from '../header-list.ts'
import type { OutgoingBody } from './outgoing-body.ts'
import type { ReceiveWindow } from './receive-window.ts'

/**
 * What the owner of a stream hears of the other side. No method may throw: an exception here is a bug of ours, and ends
 * the connection.
 */
export interface StreamListener {
  /** Of a client's stream, see ResponseListener. */
  onHeaders?(list: HeaderList): void
  /** A run of the body; valid only during the call. */
  onData(source: Uint8Array, start: number, end: number): void
  /** The other side has sent all. Called once, unless `onAbort` is. */
  onEnd(trailers: HeaderList | undefined): void
  /**
   * The stream ended before both sides were done; nothing is called after it. `code` is that of RST_STREAM, the peer's
   * or ours (`ErrorCode`), or `connectionGone`. With `ErrorCode.refusedStream` the peer has not looked at the request: it
   * is safe to send it again. `reason` is for a person.
   */
  onAbort(code: number, reason: string): void
}

/** One request and its answer (RFC 9113, section 5). State only; its connection does the work. */
export class Http2Stream {
  readonly id: number
  listener: StreamListener | undefined
  /** Bytes that may be sent; negative after the peer shrank its window. */
  sendWindow: number
  /** Stands in line for the window of the connection. */
  inLine = false
  readonly receiveWindow: ReceiveWindow
  /** We have sent END_STREAM. */
  localClosed = false
  /** The peer has sent END_STREAM. */
  remoteClosed = false
  /** From the peer's content-length, and what has come of it; −1 where it said none. */
  announcedBytes = -1
  bodyBytes = 0
  headersReceived = false
  /** Of a client's stream: 1xx answers so far. */
  interimAnswers = 0
  /** Of a server's stream: `respond` was called. */
  answered = false
  /** What waits for the peer's windows. */
  outgoing: OutgoingBody | undefined

  constructor(id: number, sendWindow: number, receiveWindow: ReceiveWindow) {
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
  }
}
