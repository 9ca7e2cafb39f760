import { DeliveryError } from '../../errors/delivery-error.ts'
import { decompress, isContentEncoding } from '../decompress.ts'
import type { HeaderList } from '../header-list.ts'
import type { ClientConnection, ResponseListener } from '../http2/client-connection.ts'
import { connectionGone, ErrorCode, errorName } from '../http2/protocol.ts'
import type { Http2Stream } from '../http2/stream.ts'
import { MessageAssembler } from './message-assembler.ts'
import { field, grpcOutcome } from './outcome.ts'

/** What a call needs of its channel. */
export interface CallOwner {
  /** The server, for messages. */
  readonly place: string
  /** The server did not look at the request: send it again on another connection. False: do not. */
  again(call: ClientCall): boolean
  over(call: ClientCall): void
}

const noHeaders: HeaderList = []
const empty = new Uint8Array(0)
/** The cap on an answer: gRPC's usual message limit. An Export response is a few bytes. */
const responseBytesMax = 4 * 1024 * 1024

/** One unary call of a client, over one connection or, when that one refuses it unseen, the next. */
export class ClientCall implements ResponseListener {
  readonly headers: Uint8Array
  readonly segments: readonly Uint8Array[]
  /** How often it was sent. */
  sends = 0
  readonly promise: Promise<Uint8Array>
  readonly #owner: CallOwner
  readonly #retryable: ReadonlySet<number>
  readonly #resolve: (message: Uint8Array) => void
  readonly #reject: (error: DeliveryError) => void
  #connection: ClientConnection | undefined
  #stream: Http2Stream | undefined
  #answerHeaders = noHeaders
  #assembler: MessageAssembler | undefined
  #over = false

  constructor(
    owner: CallOwner,
    { headers, retryable }: { headers: Uint8Array; retryable: ReadonlySet<number> },
    segments: readonly Uint8Array[],
  ) {
    this.#owner = owner
    this.headers = headers
    this.#retryable = retryable
    this.segments = segments
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  send(connection: ClientConnection): void {
    this.sends++
    this.#connection = connection
    this.#answerHeaders = noHeaders
    this.#assembler = undefined
    this.#stream = connection.request(this.headers, this.segments, this)
  }

  /** Ends the call from our side. */
  fail(error: DeliveryError): void {
    if (this.#over) return
    this.#finish()
    this.#reject(error)
  }

  onHeaders(list: HeaderList): void {
    this.#answerHeaders = list
  }

  onData(source: Uint8Array, start: number, end: number): void {
    if (this.#over) return
    this.#assembler ??= new MessageAssembler(responseBytesMax)
    const fault = this.#assembler.push(source, start, end)
    // A body that is no gRPC message can come with an HTTP error of a proxy; only the status counts then.
    if (fault === undefined || field(this.#answerHeaders, ':status') !== '200') return
    const message = `the answer of "${this.#owner.place}" is not usable: ${fault}`
    this.fail(new DeliveryError('backend_rejected', message))
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#over) return
    const headers = this.#answerHeaders
    const error = grpcOutcome(headers, trailers ?? headers, this.#owner.place, this.#retryable)
    if (error !== undefined) {
      this.fail(error)
      return
    }
    this.#succeed()
  }

  onAbort(code: number, reason: string): void {
    if (this.#over) return
    this.#stream = undefined
    if (code === ErrorCode.refusedStream && this.#owner.again(this)) return
    // No status came, so nobody knows what became of the request: it may be sent again.
    const named = code === connectionGone ? '' : ` (${errorName(code)})`
    const message = `the request to "${this.#owner.place}" was cut off: ${reason}${named}`
    this.fail(new DeliveryError('unavailable', message))
  }

  #succeed(): void {
    const assembler = this.#assembler
    // An answer without a message breaks gRPC, but the status says that the data is taken.
    if (assembler === undefined || !assembler.done) {
      this.#finish()
      this.#resolve(empty)
      return
    }
    this.#finish()
    if (assembler.compressed) this.#decompress(assembler.message)
    else this.#resolve(assembler.message)
  }

  /** The data is taken whatever the message holds; one that cannot be read says nothing. */
  #decompress(message: Uint8Array): void {
    const encoding = field(this.#answerHeaders, 'grpc-encoding') ?? ''
    if (!isContentEncoding(encoding)) {
      this.#resolve(empty)
      return
    }
    void (async () => decompress(encoding, message, responseBytesMax))().then(this.#resolve, () =>
      this.#resolve(empty),
    )
  }

  #finish(): void {
    this.#over = true
    // A server may answer before it has read the whole request.
    if (this.#stream !== undefined) this.#connection?.cancel(this.#stream)
    this.#stream = undefined
    this.#owner.over(this)
  }
}
