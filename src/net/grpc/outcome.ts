import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { decodeRpcStatus, type RpcStatus } from '../../wire/rpc-status.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { HeaderList } from '../header-list.ts'
import {
  decodeGrpcMessage,
  grpcStatus,
  grpcStatusName,
  grpcStatusOfHttp,
  isRetryableGrpcStatus,
  parseGrpcStatus,
} from './status.ts'

/** How servers say that a message is too large; there is no code for it, and each library has its own words. */
const tooLargeWords = /larger than max|too large|exceeds? (?:the )?(?:max|limit)|message size/i
/** A code of our own kind may stand at the beginning of the message: remora's receivers write it. */
const tooLargeCode = /^too_large\b/
/** Longer messages of a peer are cut. */
const messageLengthMax = 1024

/**
 * What the end of a call means: undefined for OK, else the error. `trailers` are the trailers, or the headers of a
 * trailers-only answer; `headers` those at the beginning. `place` is who answered, for the message.
 */
export function grpcOutcome(
  headers: HeaderList,
  trailers: HeaderList,
  place: string,
  retryable: ReadonlySet<number>,
): DeliveryError | undefined {
  const statusText = field(trailers, 'grpc-status') ?? field(headers, 'grpc-status')
  const httpStatus = Number(field(headers, ':status'))
  if (statusText === undefined && httpStatus !== 200) return httpError(httpStatus, place)
  const code = parseGrpcStatus(statusText)
  if (code === grpcStatus.OK) return undefined
  const message = decodeGrpcMessage(field(trailers, 'grpc-message') ?? '').slice(
    0,
    messageLengthMax,
  )
  const details = readDetails(field(trailers, 'grpc-status-details-bin'))
  const error = grpcError(code, message, place, details?.retryDelayMs)
  if (!retryable.has(code) || error.code === 'too_large') return error
  return asRetryable(error, details?.retryDelayMs)
}

/** The configuration says that this status passes, whatever OTLP says. */
function asRetryable(error: DeliveryError, retryAfterMs: number | undefined): DeliveryError {
  const code = error.code === 'backend_rejected' ? 'unavailable' : error.code
  return new DeliveryError(code, error.message, {
    retry: 'backoff',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** An answer with a status that is not OK (OTLP specification, "Failures"). */
function grpcError(
  code: number,
  message: string,
  place: string,
  retryAfterMs?: number,
): DeliveryError {
  const said = message === '' ? '' : `: ${message}`
  const text = `${grpcStatusName(code)} from "${place}"${said}`
  if (code === grpcStatus.RESOURCE_EXHAUSTED && retryAfterMs === undefined) {
    const tooLarge = tooLargeWords.test(message) || tooLargeCode.test(message)
    return new DeliveryError(tooLarge ? 'too_large' : 'backend_rejected', text)
  }
  const retry = isRetryableGrpcStatus(code, retryAfterMs !== undefined) ? 'backoff' : 'never'
  return new DeliveryError(codeOf(code, retry), text, {
    retry,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

function codeOf(code: number, retry: 'backoff' | 'never'): Code {
  switch (code) {
    case grpcStatus.RESOURCE_EXHAUSTED:
      return 'throttled'
    case grpcStatus.DEADLINE_EXCEEDED:
      return 'timeout'
    case grpcStatus.UNAUTHENTICATED:
    case grpcStatus.PERMISSION_DENIED:
      return 'unauthenticated'
    default:
      return retry === 'backoff' ? 'unavailable' : 'backend_rejected'
  }
}

/** Something that is no gRPC server answered: a proxy, a load balancer. */
function httpError(status: number, place: string): DeliveryError {
  const message = `HTTP status ${status} instead of gRPC`
  const code = grpcStatusOfHttp(status)
  if (status !== 413) return grpcError(code, message, place)
  return new DeliveryError('too_large', `${grpcStatusName(code)} from "${place}": ${message}`)
}

/** The value of a header; the first one if there are several. */
export function field(list: HeaderList, name: string): string | undefined {
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] === name) return list[index + 1]
  }
  return undefined
}

/** Details are an extra: where they are broken, the status alone counts. */
function readDetails(base64: string | undefined): RpcStatus | undefined {
  if (base64 === undefined) return undefined
  try {
    return decodeRpcStatus(Buffer.from(base64, 'base64'))
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
