import type { ServerConnection } from '../http2/server-connection.ts'
import type { Http2Stream, StreamListener } from '../http2/stream.ts'
import type { CallHost, TimedCall } from './unary-call.ts'

export interface Refusal {
  readonly connection: ServerConnection
  readonly stream: Http2Stream
  /** The answer: header block, and what follows. */
  readonly headers: Uint8Array
  readonly body: Uint8Array | undefined
  readonly nowMs: number
}

/** A request whose rest is longer, or comes more slowly, than this is answered before its end. */
const restBytesMax = 64 * 1024
const restMs = 5000

/**
 * A request that was refused by its headers. It is answered when it has ended: a client that writes its request before it
 * reads would otherwise hear of a reset stream, and not of the reason.
 */
export class RefusedCall implements StreamListener, TimedCall {
  readonly #host: CallHost
  readonly #refusal: Refusal
  #restBytes = 0
  #over = false

  constructor(host: CallHost, refusal: Refusal) {
    this.#host = host
    this.#refusal = refusal
  }

  onData(_source: Uint8Array, start: number, end: number): void {
    this.#restBytes += end - start
    if (this.#restBytes > restBytesMax) this.#answer()
  }

  onEnd(): void {
    this.#answer()
  }

  onAbort(): void {
    this.#finish()
  }

  tick(nowMs: number): void {
    if (nowMs - this.#refusal.nowMs >= restMs) this.#answer()
  }

  #answer(): void {
    if (this.#over) return
    this.#finish()
    const { connection, stream, headers, body } = this.#refusal
    connection.refuse(stream, headers, body)
  }

  #finish(): void {
    this.#over = true
    this.#host.onOver(this)
  }
}
