import type { Clock } from '../component/clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { Send, SendOutcome } from './send.ts'

export interface AttemptOptions {
  readonly send: Send
  readonly clock: Clock
  /** 0: none. */
  readonly timeoutMs: number
}

/** One try to send one request, which ends by an answer, by a failure, or by its timeout: by the first of them. */
export class Attempt {
  readonly #controller = new AbortController()
  readonly #onEnd: (result: SendOutcome | DeliveryError) => void
  readonly #cancelTimer: (() => void) | undefined
  #over = false

  /** `onEnd` is called once, and never before the constructor is through. */
  constructor(
    batch: Batch,
    { send, clock, timeoutMs }: AttemptOptions,
    onEnd: (result: SendOutcome | DeliveryError) => void,
  ) {
    this.#onEnd = onEnd
    if (timeoutMs > 0) {
      this.#cancelTimer = clock.after(timeoutMs, () => {
        this.#controller.abort()
        this.#end(new DeliveryError('timeout', `no answer within ${timeoutMs} ms`))
      })
    }
    let outcome: Promise<SendOutcome>
    try {
      outcome = send(batch, this.#controller.signal)
    } catch (thrown) {
      outcome = Promise.reject(thrown)
    }
    outcome.then(
      (result) => this.#end(result),
      (thrown: unknown) => this.#end(DeliveryError.from(thrown)),
    )
  }

  /** What comes of it no longer counts. */
  abort(): void {
    this.#over = true
    this.#cancelTimer?.()
    this.#controller.abort()
  }

  #end(result: SendOutcome | DeliveryError): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer?.()
    this.#onEnd(result)
  }
}
