import type { Socket } from 'node:net'
import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { BudgetShare } from '../byte-budget.ts'
import { headerBytes } from '../header-list.ts'
import { ChunkedBody } from './chunked-body.ts'
import { Exchange, type ExchangeHost, exchangeOverheadBytes } from './exchange.ts'
import { parseRequestHead, RequestFault, type RequestHead } from './request-head.ts'
import { continueHead, responseHead } from './response-head.ts'

/** Milliseconds; 0 for none. */
export interface HttpTimeouts {
  /** From the first byte of a request to the end of its headers. */
  readonly headMs: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  /** From the end of a request to its answer. */
  readonly answerMs: number
  /** From an answer to the next request. */
  readonly idleMs: number
}

/** What connections need of their server. */
export interface ConnectionHost {
  readonly maxBodyBytes: number
  readonly maxHeadBytes: number
  readonly timeouts: HttpTimeouts
  /** Connections may be used again. */
  readonly keepAlive: boolean
  /** The line of the current date. */
  readonly dateLine: string
  onRequest(exchange: Exchange): void
  onTimeout(exchange: Exchange): void
  onRejected(code: Code, message: string): void
  onClose(connection: HttpConnection): void
}

/**
 * What the connection is doing: between requests; reading a head; waiting for the handler to want the body; reading the
 * body; reading the rest of a body that the handler did not want; waiting for the answer; said its last words.
 */
type State = 'idle' | 'head' | 'offered' | 'body' | 'discard' | 'answer' | 'over'

/** How long a peer may take to close after the last answer, and to read an answer that waits. */
const lastWordsMs = 1000
const answerTakenMs = 30_000
/** More unread answers than this, and nothing more is read from the peer. */
const backlogBytesMax = 64 * 1024
/** A body that nobody wants is read to its end if that is near: cheaper than another connection. */
const discardBytesMax = 256 * 1024

const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

/** The server's side of one connection: one request after the other, each answered before the next is read. */
export class HttpConnection implements ExchangeHost {
  readonly maxBodyBytes: number
  readonly #socket: Socket
  readonly #host: ConnectionHost
  readonly #share: BudgetShare
  #state: State = 'idle'
  /** The head as far as it has come, where one read did not bring all of it. */
  #partialHead: Buffer = nothing
  /** What came before it was asked for. */
  #ahead: Buffer = nothing
  /** The bytes of either, as counted in the budget. */
  #asideBytes = 0
  #taking = false
  #exchange: Exchange | undefined
  /** What is left of a body of known length. */
  #leftBytes = 0
  #chunks: ChunkedBody | undefined
  #discardedBytes = 0
  #peerEnded = false
  #closing = false
  /** The first tick in this state; and, of a request, the first since it began. −1 before it. */
  #stateSinceMs = -1
  #requestSinceMs = -1
  #backlogSinceMs = -1

  constructor(socket: Socket, host: ConnectionHost, share: BudgetShare) {
    this.maxBodyBytes = host.maxBodyBytes
    this.#socket = socket
    this.#host = host
    this.#share = share
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#readOn())
    socket.on('close', () => this.#onClose())
    // What breaks a connection is told by `close`.
    socket.on('error', () => undefined)
  }

  /** Takes no more requests; one under way is answered. */
  drain(): void {
    this.#closing = true
    if (this.#state === 'idle' || this.#state === 'head') this.#socket.destroy()
    else if (this.#state === 'discard') this.#end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Once a second: looks at the deadlines. */
  tick(nowMs: number): void {
    if (this.#stateSinceMs < 0) this.#stateSinceMs = nowMs
    if (this.#requestSinceMs < 0) this.#requestSinceMs = nowMs
    const stateMs = nowMs - this.#stateSinceMs
    const requestMs = nowMs - this.#requestSinceMs
    const { headMs, requestMs: wholeMs, answerMs, idleMs } = this.#host.timeouts
    switch (this.#state) {
      case 'idle':
        if (passed(stateMs, idleMs)) this.#socket.destroy()
        break
      case 'head':
        if (passed(requestMs, headMs) || passed(requestMs, wholeMs)) this.#refuse(slow)
        break
      case 'over':
        if (stateMs >= lastWordsMs) this.#socket.destroy()
        break
      case 'body':
      case 'discard':
        if (passed(requestMs, wholeMs)) this.#fail(slow)
        break
      default:
        if (this.#exchange !== undefined && passed(stateMs, answerMs)) {
          this.#host.onTimeout(this.#exchange)
        } else if (this.#peerEnded) this.#askWhoIsThere()
    }
    this.#dropDeaf(nowMs)
  }

  #dropDeaf(nowMs: number): void {
    if (this.#socket.writableLength === 0) this.#backlogSinceMs = -1
    else if (this.#backlogSinceMs < 0) this.#backlogSinceMs = nowMs
    else if (nowMs - this.#backlogSinceMs >= answerTakenMs) this.#socket.destroy()
  }

  #enter(state: State): void {
    this.#state = state
    this.#stateSinceMs = -1
  }

  // What comes in.

  #onChunk(chunk: Buffer): void {
    const at = this.#take(chunk)
    if (at === chunk.byteLength) return
    // The bytes are valid during the call only, and nothing more is read until these are taken: one read at most waits.
    this.#socket.pause()
    if (this.#holdAside(chunk.byteLength - at)) this.#ahead = Buffer.from(chunk.subarray(at))
  }

  /** What waited, then what the socket has. */
  #readOn(): void {
    if (this.#taking) return
    const ahead = this.#ahead
    if (ahead.byteLength > 0) {
      this.#ahead = nothing
      const at = this.#take(ahead)
      if (at < ahead.byteLength) {
        this.#ahead = ahead.subarray(at)
        return
      }
      this.#holdAside(this.#partialHead.byteLength)
    }
    if (this.#peerEnded) this.#onEnd()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** Counts what waits in the budget. False if there is no room for it; then the connection is over. */
  #holdAside(bytes: number): boolean {
    const moreBytes = bytes - this.#asideBytes
    if (moreBytes > 0 && !this.#share.tryTake(moreBytes)) {
      this.#host.onRejected('receiver_busy', '')
      this.#socket.destroy()
      return false
    }
    if (moreBytes < 0) this.#share.giveBack(-moreBytes)
    this.#asideBytes = bytes
    return true
  }

  /** Reads as far as may be read now. Returns where it stopped. */
  #take(chunk: Buffer): number {
    this.#taking = true
    const at = this.#takeStates(chunk)
    this.#taking = false
    return at
  }

  #takeStates(chunk: Buffer): number {
    let at = 0
    while (at < chunk.byteLength) {
      switch (this.#state) {
        case 'idle':
          if (this.#socket.writableLength > backlogBytesMax) return at
          at = this.#begin(chunk, at)
          break
        case 'head':
          at = this.#takeHead(chunk, at)
          break
        case 'body':
        case 'discard':
          at = this.#takeBody(chunk, at)
          break
        case 'over':
          return chunk.byteLength
        default:
          return at
      }
    }
    return at
  }

  /** Empty lines before a request are ignored (RFC 9112, section 2.2). */
  #begin(chunk: Buffer, start: number): number {
    let at = start
    while (chunk[at] === 0x0d || chunk[at] === 0x0a) at++
    if (at === chunk.byteLength) return at
    this.#requestSinceMs = -1
    this.#enter('head')
    return at
  }

  #takeHead(chunk: Buffer, start: number): number {
    const before = this.#partialHead.byteLength
    const text = before === 0 ? chunk : Buffer.concat([this.#partialHead, chunk.subarray(start)])
    const from = before === 0 ? start : 0
    const end = text.indexOf(headEnd, Math.max(from, before - headEnd.byteLength + 1))
    const headBytes = (end < 0 ? text.byteLength : end + headEnd.byteLength) - from
    if (headBytes > this.#host.maxHeadBytes) this.#refuse(headTooLarge)
    else if (end < 0) this.#keepHead(text, from)
    else {
      this.#keepNoHead()
      this.#onHead(parseRequestHead(text.toString('latin1', from, end + 2)))
      return start + headBytes - before
    }
    return chunk.byteLength
  }

  #keepHead(text: Buffer, from: number): void {
    // What is no request at all need not be waited for, nor an end that this client says in another way.
    const lf = text.lastIndexOf(0x0a)
    if (!isTokenByte(text[from] as number) || (lf >= from && text[lf - 1] !== 0x0d)) {
      this.#refuse(noRequest)
    } else if (this.#holdAside(text.byteLength - from)) {
      // The second part is a copy already.
      const copied = this.#partialHead.byteLength > 0
      this.#partialHead = copied ? text : Buffer.from(text.subarray(from))
    }
  }

  #keepNoHead(): void {
    if (this.#partialHead.byteLength === 0) return
    this.#partialHead = nothing
    this.#holdAside(0)
  }

  #onHead(head: RequestHead | RequestFault): void {
    if (head instanceof RequestFault) {
      this.#refuse(head)
      return
    }
    if (head.method === 'CONNECT') {
      this.#refuse(noTunnel)
      return
    }
    const overheadBytes = exchangeOverheadBytes + headerBytes(head.fields)
    if (!this.#share.tryTake(overheadBytes)) {
      this.#refuse(noRoom, ['retry-after', '1'])
      return
    }
    this.#leftBytes = head.bodyBytes
    this.#chunks = head.bodyBytes < 0 ? new ChunkedBody() : undefined
    this.#enter('offered')
    const exchange = new Exchange(this, head, this.#share, overheadBytes)
    this.#exchange = exchange
    this.#host.onRequest(exchange)
  }

  #takeBody(chunk: Buffer, start: number): number {
    if (this.#chunks !== undefined) return this.#takeChunks(this.#chunks, chunk, start)
    const end = Math.min(chunk.byteLength, start + this.#leftBytes)
    this.#leftBytes -= end - start
    this.#onData(chunk, start, end)
    if (this.#leftBytes === 0) this.#onBodyEnd()
    return end
  }

  #takeChunks(chunks: ChunkedBody, chunk: Buffer, start: number): number {
    const at = chunks.push(chunk, start, this.#onData)
    if (at instanceof RequestFault) {
      this.#fail(at)
      return chunk.byteLength
    }
    if (chunks.done) this.#onBodyEnd()
    return at
  }

  readonly #onData = (source: Buffer, start: number, end: number): void => {
    if (this.#state === 'body') this.#exchange?.onData(source, start, end)
    else {
      this.#discardedBytes += end - start
      if (this.#discardedBytes > discardBytesMax) this.#end()
    }
  }

  #onBodyEnd(): void {
    const discarded = this.#state === 'discard'
    if (this.#state !== 'over') this.#enter(discarded ? 'idle' : 'answer')
    if (!discarded) this.#exchange?.onEnd()
  }

  /** The peer says no more, and may still listen. */
  #onEnd(): void {
    this.#peerEnded = true
    if (this.#ahead.byteLength > 0 || this.#state === 'offered') return
    if (this.#state === 'answer') this.#askWhoIsThere()
    else if (this.#state === 'head') this.#refuse(endsEarly)
    else if (this.#state === 'idle') this.#end()
    else this.#fail(endsEarly)
  }

  /**
   * A peer that has ended its side may listen still or be gone: only what is sent to it can tell. An interim answer, which
   * clients of HTTP/1.1 pass over (RFC 9110, section 15.2), is reset where nobody is, and the next one finds that out.
   */
  #askWhoIsThere(): void {
    if (this.#exchange?.head.minorVersion === 1) this.#socket.write(continueHead, 'latin1')
  }

  #onClose(): void {
    this.#enter('over')
    this.#holdAside(0)
    this.#exchange?.onGone()
    this.#exchange = undefined
    this.#host.onClose(this)
  }

  // What goes out.

  onWanted(): void {
    if (this.#state !== 'offered') return
    const { head } = this.#exchange as Exchange
    this.#enter('body')
    if (head.bodyBytes === 0) {
      this.#onBodyEnd()
      return
    }
    if (head.expectsContinue) this.#socket.write(continueHead, 'latin1')
    this.#readOn()
  }

  onAnswer(status: number, headers: readonly string[], body: string | Uint8Array): void {
    const { head } = this.#exchange as Exchange
    this.#exchange = undefined
    const next = this.#afterAnswer(head)
    this.#write(status, headers, head.method === 'HEAD' ? '' : body, next === 'over', head)
    this.#enter(next)
    if (next === 'over') this.#end()
    else this.#readOn()
  }

  /** What follows an answer, which may come before the end of the request. */
  #afterAnswer(head: RequestHead): State {
    if (this.#closing || this.#peerEnded || !head.keepAlive || !this.#host.keepAlive) return 'over'
    if (this.#state === 'answer' || head.bodyBytes === 0) return 'idle'
    // A client that waits for 100 Continue may send the body all the same, or not: nobody can tell what comes next.
    if (this.#leftBytes > discardBytesMax || head.expectsContinue) return 'over'
    this.#discardedBytes = 0
    return 'discard'
  }

  #write(
    status: number,
    headers: readonly string[],
    body: string | Uint8Array,
    last: boolean,
    head: RequestHead | undefined,
  ): void {
    let text = responseHead(status, headers) + this.#host.dateLine
    if (last) text += 'connection: close\r\n'
    else if (head?.minorVersion === 0) text += 'connection: keep-alive\r\n'
    text += '\r\n'
    if (body.length === 0) this.#socket.write(text, 'latin1')
    else {
      this.#socket.cork()
      this.#socket.write(text, 'latin1')
      this.#socket.write(body)
      this.#socket.uncork()
    }
  }

  /** Answers what never became an exchange, and reads no more. */
  #refuse(fault: RequestFault, headers: readonly string[] = []): void {
    this.#host.onRejected(fault.code, fault.message)
    this.#write(fault.status, ['content-length', '0', ...headers], '', true, undefined)
    this.#end()
  }

  /** The body of a request cannot be read to its end. */
  #fail(fault: RequestFault): void {
    this.#closing = true
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#end()
      return
    }
    this.#enter('answer')
    exchange.onFailure(new DeliveryError(fault.code, fault.message))
  }

  /** No more is read or written. The peer gets a moment: closing with unread bytes would take the last answer back. */
  #end(): void {
    this.#enter('over')
    this.#partialHead = nothing
    this.#ahead = nothing
    this.#holdAside(0)
    this.#socket.end()
    this.#socket.resume()
  }
}

const slow = new RequestFault(408, 'slow_sender', 'the request did not arrive in time')
const headTooLarge = new RequestFault(431, 'too_large', 'the headers are too large')
const noRequest = new RequestFault(400, 'invalid_data', 'not HTTP/1.1')
const noTunnel = new RequestFault(405, 'unsupported', 'method CONNECT')
const noRoom = new RequestFault(429, 'receiver_busy', '')
const endsEarly = new RequestFault(400, 'invalid_data', 'the request ends early')

function passed(elapsedMs: number, limitMs: number): boolean {
  return limitMs > 0 && elapsedMs >= limitMs
}

/** A method begins with a letter, or another character of a token (RFC 9110, section 5.6.2). */
function isTokenByte(byte: number): boolean {
  return /[!#$%&'*+\-.^_`|~\dA-Za-z]/.test(String.fromCharCode(byte))
}
