import { DeliveryError } from '../../errors/delivery-error.ts'
import type { BudgetShare } from '../byte-budget.ts'
import { type ContentEncoding, decompress } from '../decompress.ts'
import { findHeader, joinHeader } from '../header-list.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { RequestHead } from './request-head.ts'

/** What a request holds beside its body and headers, so that the budget bounds the number of requests too. */
export const exchangeOverheadBytes = 4096

/** What exchanges need of their connection. */
export interface ExchangeHost {
  /** Before and after decompression. */
  readonly maxBodyBytes: number
  /** The handler wants the body. */
  onWanted(): void
  onAnswer(status: number, headers: readonly string[], body: string | Uint8Array): void
}

/** One request and its answer. Holds its bytes in the budget until it is over. */
export class Exchange {
  readonly head: RequestHead
  readonly #host: ExchangeHost
  readonly #share: BudgetShare
  readonly #overheadBytes: number
  #heldBytes: number
  #buffer: BodyBuffer | undefined
  #resolve: ((body: Uint8Array) => void) | undefined
  #reject: ((error: DeliveryError) => void) | undefined
  #failure: DeliveryError | undefined
  /** The body has come to its end. */
  #whole = false
  /** There is an answer, or nobody to hear one. */
  #answered = false

  /** The caller has taken `overheadBytes` from the budget; the exchange gives all back. */
  constructor(host: ExchangeHost, head: RequestHead, share: BudgetShare, overheadBytes: number) {
    this.head = head
    this.#host = host
    this.#share = share
    this.#overheadBytes = overheadBytes
    this.#heldBytes = overheadBytes
  }

  /** The first value of a header; the name in lower case. */
  header(name: string): string | undefined {
    return findHeader(this.head.fields, name)
  }

  /** The value of a header that is a list, of all its lines; the name in lower case. */
  listHeader(name: string): string | undefined {
    return joinHeader(this.head.fields, name)
  }

  /** Throws a DeliveryError if nobody waits for the outcome any more: work that is not done yet need not be done. */
  throwIfAbandoned(): void {
    if (this.#answered) throw this.#failure ?? abandoned('it was answered after waiting too long')
  }

  /** The handler is done with the body: the bytes go back. */
  release(): void {
    this.#share.giveBack(this.#heldBytes)
    this.#heldBytes = 0
  }

  /** `headers` are names and values in turn. Does nothing if there is an answer already, or nobody to hear it. */
  respond(status: number, headers: readonly string[], body: string | Uint8Array): void {
    if (this.#answered) return
    this.#answered = true
    this.#host.onAnswer(status, headers, body)
  }

  /**
   * The body, decompressed, in a buffer of its own. To be called once. Rejects with a DeliveryError: `too_large`,
   * `invalid_data` (damaged, or the client went away), `slow_sender`, `receiver_busy`.
   */
  readBody(encoding: ContentEncoding | undefined): Promise<Uint8Array> {
    const body = this.#receive()
    return encoding === undefined ? body : this.#decompressed(encoding, body)
  }

  #receive(): Promise<Uint8Array> {
    const { bodyBytes } = this.head
    if (bodyBytes > this.#host.maxBodyBytes) return Promise.reject(this.#tooLarge())
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      this.#resolve = resolve
      this.#reject = reject
      this.#buffer = new BodyBuffer(bodyBytes, this.#host.maxBodyBytes)
      this.#host.onWanted()
    })
  }

  async #decompressed(encoding: ContentEncoding, body: Promise<Uint8Array>): Promise<Uint8Array> {
    const onTurn = (): void => this.throwIfAbandoned()
    const plain = await decompress(encoding, await body, this.#host.maxBodyBytes, onTurn)
    const busy = this.#hold(plain.byteLength)
    if (busy !== undefined) throw busy
    return plain
  }

  // What the connection says.

  /** A part of the body. Valid during the call only. */
  onData(source: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer
    if (buffer === undefined) return
    if (!buffer.push(source, start, end)) {
      this.onFailure(this.#tooLarge())
      return
    }
    const busy = this.#hold(buffer.capacityBytes)
    if (busy !== undefined) this.onFailure(busy)
  }

  /** The body is complete. */
  onEnd(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    this.#whole = true
    if (buffer !== undefined) this.#resolve?.(buffer.finish())
  }

  /** The rest of the body is not taken, or does not come. */
  onFailure(error: DeliveryError): void {
    this.#failure = error
    this.#buffer = undefined
    this.#reject?.(error)
  }

  /** The connection is closed. */
  onGone(): void {
    this.#answered = true
    this.onFailure(
      this.#whole
        ? abandoned('the client is gone')
        : new DeliveryError('invalid_data', 'the request ends early'),
    )
  }

  #tooLarge(): DeliveryError {
    const message = `the body is larger than max_request_body_size (${this.#host.maxBodyBytes} bytes)`
    return new DeliveryError('too_large', message)
  }

  /** Holds this much for the body. Returns the refusal if the budget has no room for it. */
  #hold(bodyBytes: number): DeliveryError | undefined {
    const moreBytes = bodyBytes + this.#overheadBytes - this.#heldBytes
    if (moreBytes > 0 && !this.#share.tryTake(moreBytes)) return busy()
    if (moreBytes < 0) this.#share.giveBack(-moreBytes)
    this.#heldBytes += moreBytes
    return undefined
  }
}

function abandoned(message: string): DeliveryError {
  return new DeliveryError('abandoned', message)
}

function busy(): DeliveryError {
  const message = 'the requests being received hold as many bytes as they may'
  return new DeliveryError('receiver_busy', message, { retryAfterMs: 1000 })
}
