import type { IncomingMessage, ServerResponse } from 'node:http'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { ByteBudget } from '../byte-budget.ts'
import { type ContentEncoding, decompress } from '../decompress.ts'
import { BodyBuffer } from './body-buffer.ts'

/** What a request holds beside its body and headers, so that the budget bounds the number of requests too. */
export const exchangeOverheadBytes = 4096

/** What exchanges need of their server. */
export interface ExchangeHost {
  readonly budget: ByteBudget
  /** Before and after decompression. */
  readonly maxBodyBytes: number
  /** Responses ask the client to use the connection again. */
  readonly keepAlive: boolean
  onOver(exchange: Exchange): void
}

/** One request and its response. Holds its bytes in the budget until it is over. */
export class Exchange {
  readonly request: IncomingMessage
  /** Without query; of an absolute-form target only what follows the authority. */
  readonly path: string
  /** When the request came, on the monotonic clock. */
  readonly startMs: number
  readonly #host: ExchangeHost
  readonly #response: ServerResponse
  readonly #overheadBytes: number
  #heldBytes: number
  #running = true
  #gone = false

  /** The caller has taken `overheadBytes` from the budget; the exchange gives all back. */
  constructor(
    host: ExchangeHost,
    request: IncomingMessage,
    response: ServerResponse,
    startMs: number,
    overheadBytes: number,
  ) {
    this.#overheadBytes = overheadBytes
    this.#heldBytes = overheadBytes
    this.#host = host
    this.request = request
    this.#response = response
    this.path = pathOf(request.url ?? '')
    this.startMs = startMs
    response.on('close', () => {
      this.#gone = true
      host.onOver(this)
    })
    // What a broken connection throws at either side is told by `close`.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
  }

  get answered(): boolean {
    return this.#response.headersSent
  }

  /** The handler is done with the body: the bytes go back. */
  release(): void {
    if (!this.#running) return
    this.#running = false
    this.#host.budget.giveBack(this.#heldBytes)
    this.#heldBytes = 0
  }

  /** `headers` are names and values in turn. Does nothing if there is an answer already, or nobody to hear it. */
  respond(status: number, headers: readonly string[], body: string | Uint8Array): void {
    const response = this.#response
    if (response.headersSent || this.#gone) return
    if (!this.#host.keepAlive) response.shouldKeepAlive = false
    response.writeHead(status, headers as string[])
    response.end(body)
  }

  /**
   * The body, decompressed, in a buffer of its own. Rejects with a DeliveryError: `too_large`, `invalid_data` (damaged,
   * or the client went away), `receiver_busy`.
   */
  async readBody(encoding: ContentEncoding | undefined): Promise<Uint8Array> {
    const body = await this.#receive()
    if (encoding === undefined) return body
    const decompressed = decompress(encoding, body, this.#host.maxBodyBytes)
    const plain = decompressed instanceof Uint8Array ? decompressed : await decompressed
    this.#hold(plain.byteLength)
    return plain
  }

  async #receive(): Promise<Uint8Array> {
    const { request } = this
    const announcedBytes = Number(request.headers['content-length'] ?? -1)
    if (announcedBytes > this.#host.maxBodyBytes) throw this.#tooLarge()
    const expects = request.headers.expect?.toLowerCase() === '100-continue'
    if (expects) this.#response.writeContinue()
    const buffer = new BodyBuffer(announcedBytes, this.#host.maxBodyBytes)
    this.#hold(buffer.capacityBytes)
    return new Promise((resolve, reject) => {
      const fail = (error: DeliveryError): void => {
        // The rest flows into nothing; node bounds it by the request timeout.
        request.off('data', onData)
        request.resume()
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        if (!buffer.push(chunk)) {
          fail(this.#tooLarge())
          return
        }
        try {
          this.#hold(buffer.capacityBytes)
        } catch (error) {
          fail(DeliveryError.from(error))
        }
      }
      request.on('data', onData)
      request.on('end', () => resolve(buffer.finish()))
      request.on('close', () => {
        if (!request.complete) fail(new DeliveryError('invalid_data', 'the request ends early'))
      })
    })
  }

  #tooLarge(): DeliveryError {
    const message = `the body is larger than max_request_body_size (${this.#host.maxBodyBytes} bytes)`
    return new DeliveryError('too_large', message)
  }

  /** Throws a DeliveryError if the budget has no room for a body of this size. */
  #hold(bodyBytes: number): void {
    const moreBytes = bodyBytes + this.#overheadBytes - this.#heldBytes
    if (moreBytes === 0) return
    if (moreBytes > 0 && !this.#host.budget.tryTake(moreBytes)) throw busy()
    if (moreBytes < 0) this.#host.budget.giveBack(-moreBytes)
    this.#heldBytes += moreBytes
  }
}

export function busy(): DeliveryError {
  const message = 'the requests being received hold as many bytes as they may'
  return new DeliveryError('receiver_busy', message, { retryAfterMs: 1000 })
}

/** `/v1/logs` of `/v1/logs?x=1` and of `http://host/v1/logs`. A target that has no path is the root. */
export function pathOf(target: string): string {
  let start = 0
  if (target.charCodeAt(0) !== 0x2f) {
    const authority = /^[a-z][a-z0-9+.-]*:\/\//i.exec(target)?.[0].length ?? 0
    start = target.indexOf('/', authority)
    if (start < 0) return target === '*' ? '*' : '/'
  }
  const query = target.indexOf('?', start)
  return query < 0 ? target.slice(start) : target.slice(start, query)
}
