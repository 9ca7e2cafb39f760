import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { BudgetShare } from '../byte-budget.ts'
import { type ContentEncoding, decompress } from '../decompress.ts'
import type { HeaderList } from '../header-list.ts'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Http2Stream, StreamListener } from '../http2/stream.ts'
import { emptyMessage, okTrailers, responseHeaders, statusOnly } from './answers.ts'
import { frameMessage } from './frame.ts'
import { GrpcError } from './grpc-error.ts'
import { type AssemblyFault, MessageAssembler } from './message-assembler.ts'
import { grpcStatus } from './status.ts'

/**
 * Answers one call. The message is the handler's own, in a buffer of exactly its length. A GrpcError thrown is the
 * answer. A DeliveryError says that the message itself is wrong: it is answered as INVALID_ARGUMENT and told to
 * `onRejected`. Anything else is a bug and answered as INTERNAL.
 */
export type UnaryHandler = (message: Uint8Array, headers: HeaderList) => Promise<Uint8Array>

/** What has deadlines to be looked at. */
export interface TimedCall {
  tick(nowMs: number): void
}

/** What calls need of their server. */
export interface CallHost {
  /** Before and after decompression. */
  readonly maxMessageBytes: number
  /** From the headers to the end of the message. */
  readonly receiveTimeoutMs: number
  /** A request whose message came to nothing; `message` holds nothing of its payload. */
  onRejected(code: Code, message: string): void
  /** A handler threw what it may not. */
  onBug(error: unknown): void
  /** The call needs no more ticks. */
  onOver(call: TimedCall): void
}

/** What the server knows of a call when its headers have come. */
export interface CallStart {
  readonly connection: ServerConnection
  readonly stream: Http2Stream
  readonly handler: UnaryHandler
  /** What the handler gets. */
  readonly headers: HeaderList
  /** Undefined for identity. */
  readonly encoding: ContentEncoding | undefined
  /** What the call holds beside its message; taken from the budget already. */
  readonly overheadBytes: number
  /** What the connection may hold. */
  readonly share: BudgetShare
  readonly nowMs: number
  /** What the client gives us, from its headers on. */
  readonly timeoutMs: number
}

/** What a call holds beside its message and headers: stream, promises. So the budget bounds the number of calls too. */
export const callOverheadBytes = 2048

/** What only a wrong sender causes; a flood of it costs the connection. Being late or too many is no fault of one call. */
const faultsOfTheSender: ReadonlySet<Code> = new Set(['invalid_data', 'too_large', 'unsupported'])

/** One unary call: gathers the message, runs the handler, answers. One answer leaves, or none after a reset. */
export class UnaryCall implements StreamListener, TimedCall {
  readonly #host: CallHost
  readonly #start: CallStart
  readonly #assembler: MessageAssembler
  #heldBytes: number
  #running = false
  #over = false

  /** The caller has taken `overheadBytes` from the budget; the call gives all back. */
  constructor(host: CallHost, start: CallStart) {
    this.#host = host
    this.#start = start
    this.#heldBytes = start.overheadBytes
    this.#assembler = new MessageAssembler(host.maxMessageBytes)
  }

  onData(source: Uint8Array, start: number, end: number): void {
    if (this.#over) return
    const fault = this.#assembler.push(source, start, end)
    if (fault !== undefined) this.#onFault(fault)
    else if (this.#assembler.capacityBytes > this.#heldBytes - this.#start.overheadBytes) {
      this.#hold(this.#assembler.capacityBytes)
    }
  }

  onEnd(): void {
    if (this.#over) return
    if (this.#assembler.done) {
      this.#running = true
      void this.#run()
      return
    }
    const message = this.#assembler.untouched
      ? 'the call has no message'
      : 'the stream ends before the message does'
    this.#reject('invalid_data', new GrpcError(grpcStatus.INVALID_ARGUMENT, message))
  }

  onAbort(): void {
    // A running handler still holds the message; it gives the bytes back when it is done.
    this.#end()
  }

  /** Looks at the deadlines. */
  tick(nowMs: number): void {
    if (this.#over) return
    const { DEADLINE_EXCEEDED } = grpcStatus
    const passedMs = nowMs - this.#start.nowMs
    if (passedMs >= this.#start.timeoutMs) {
      const error = new GrpcError(DEADLINE_EXCEEDED, 'the timeout of the client has passed')
      if (this.#running) this.#refuse(error)
      else this.#reject('slow_sender', error)
    } else if (!this.#running && passedMs >= this.#host.receiveTimeoutMs) {
      const message = `the message did not arrive within ${this.#host.receiveTimeoutMs} ms`
      this.#reject('slow_sender', new GrpcError(DEADLINE_EXCEEDED, message))
    }
  }

  async #run(): Promise<void> {
    try {
      let message = this.#assembler.message
      if (this.#assembler.compressed) {
        const plain = this.#decompress(message)
        message = plain instanceof Uint8Array ? plain : await plain
        this.#hold(message.byteLength)
        if (this.#over) return
      }
      const reply = await this.#start.handler(message, this.#start.headers)
      if (this.#over) return
      this.#finish()
      const { connection, stream } = this.#start
      const framed = reply.byteLength === 0 ? emptyMessage : frameMessage(reply, false)
      connection.respond(stream, responseHeaders, framed, okTrailers)
    } catch (error) {
      this.#refuseThrown(error)
    } finally {
      this.#running = false
      this.#release()
    }
  }

  #decompress(message: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { encoding } = this.#start
    if (encoding === undefined) {
      throw new DeliveryError('invalid_data', 'a compressed message without grpc-encoding')
    }
    return decompress(encoding, message, this.#host.maxMessageBytes)
  }

  #refuseThrown(error: unknown): void {
    if (error instanceof GrpcError) this.#refuse(error)
    else if (error instanceof DeliveryError) {
      const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED } = grpcStatus
      const status = error.code === 'too_large' ? RESOURCE_EXHAUSTED : INVALID_ARGUMENT
      this.#reject(error.code, new GrpcError(status, error.message))
    } else {
      this.#host.onBug(error)
      this.#reject('internal', new GrpcError(grpcStatus.INTERNAL, 'internal error'))
    }
  }

  #onFault(fault: AssemblyFault): void {
    if (fault === 'too_large') {
      const message = `the message is larger than ${this.#host.maxMessageBytes} bytes`
      this.#reject('too_large', new GrpcError(grpcStatus.RESOURCE_EXHAUSTED, message))
    } else {
      const message =
        fault === 'bad_prefix'
          ? 'the compressed flag of the message is neither 0 nor 1'
          : 'the stream goes on behind its one message'
      this.#reject('invalid_data', new GrpcError(grpcStatus.INVALID_ARGUMENT, message))
    }
  }

  /** Takes what a message of this size costs from the budget, or refuses the call. */
  #hold(messageBytes: number): void {
    const moreBytes = messageBytes + this.#start.overheadBytes - this.#heldBytes
    if (moreBytes > 0 && !this.#start.share.tryTake(moreBytes)) {
      this.#reject('receiver_busy', busy())
      return
    }
    if (moreBytes < 0) this.#start.share.giveBack(-moreBytes)
    this.#heldBytes += moreBytes
  }

  #reject(code: Code, error: GrpcError): void {
    if (this.#over) return
    this.#host.onRejected(code, error.message)
    this.#end()
    const { connection, stream } = this.#start
    if (faultsOfTheSender.has(code)) connection.refuse(stream, statusOnly(error))
    else connection.respond(stream, statusOnly(error), undefined, undefined)
  }

  #refuse(error: GrpcError): void {
    if (this.#over) return
    this.#end()
    const { connection, stream } = this.#start
    connection.respond(stream, statusOnly(error), undefined, undefined)
  }

  #end(): void {
    this.#finish()
    if (!this.#running) this.#release()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#host.onOver(this)
  }

  #release(): void {
    this.#start.share.giveBack(this.#heldBytes)
    this.#heldBytes = 0
  }
}

/** Over the budget: a second is about what the requests in flight need to leave. */
export function busy(): GrpcError {
  return new GrpcError(
    grpcStatus.UNAVAILABLE,
    'the requests being received hold as many bytes as they may',
    1000,
  )
}
