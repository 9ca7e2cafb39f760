import type { DeliveryError } from '../../errors/delivery-error.ts'
import { GrpcError } from '../../net/grpc/grpc-error.ts'
import { type GrpcStatus, grpcStatus } from '../../net/grpc/status.ts'

/**
 * How a refusal is told to the sender (OTLP specification, "Failures", of OTLP/gRPC and OTLP/HTTP):
 *
 *     retry      code                                   gRPC                            HTTP
 *     backoff    queue_full, memory_limited, throttled, RESOURCE_EXHAUSTED + RetryInfo  429 + Retry-After
 *                receiver_busy
 *     backoff    slow_sender                            UNAVAILABLE + RetryInfo         408 + Retry-After
 *     backoff    other                                  UNAVAILABLE + RetryInfo         503 + Retry-After
 *     never      internal                               INTERNAL                        500
 *     never      too_large                              RESOURCE_EXHAUSTED              413
 *     never      unsupported                            UNIMPLEMENTED                   415
 *     never      other                                  INVALID_ARGUMENT                400
 */
const overload: ReadonlySet<string> = new Set([
  'queue_full',
  'memory_limited',
  'throttled',
  'receiver_busy',
])

/** When nobody says how long to wait: senders back off from there by themselves. */
const retryDelayMs = 1000

export interface Answer {
  readonly grpcStatus: GrpcStatus
  readonly httpStatus: number
  readonly message: string
  /** Only where the sender may try again. */
  readonly retryDelayMs: number | undefined
}

export function answerOf(error: DeliveryError): Answer {
  const { message } = error
  if (error.retry === 'backoff') {
    const overloaded = overload.has(error.code)
    return {
      grpcStatus: overloaded ? grpcStatus.RESOURCE_EXHAUSTED : grpcStatus.UNAVAILABLE,
      httpStatus: overloaded ? 429 : error.code === 'slow_sender' ? 408 : 503,
      message,
      retryDelayMs: error.retryAfterMs ?? retryDelayMs,
    }
  }
  const [grpc, http] = permanent(error)
  // What went wrong inside is for our log, not for the peer.
  const told = error.code === 'internal' ? 'internal error' : message
  return { grpcStatus: grpc, httpStatus: http, message: told, retryDelayMs: undefined }
}

function permanent(error: DeliveryError): readonly [GrpcStatus, number] {
  switch (error.code) {
    case 'internal':
      return [grpcStatus.INTERNAL, 500]
    case 'too_large':
      return [grpcStatus.RESOURCE_EXHAUSTED, 413]
    case 'unsupported':
      return [grpcStatus.UNIMPLEMENTED, 415]
    default:
      return [grpcStatus.INVALID_ARGUMENT, 400]
  }
}

export function grpcErrorOf(error: DeliveryError): GrpcError {
  const answer = answerOf(error)
  return new GrpcError(answer.grpcStatus, answer.message, answer.retryDelayMs)
}
