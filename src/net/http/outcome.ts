import type { Code } from '../../errors/codes.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { decodeRpcStatus, type RpcStatus, rpcStatusFromJson } from '../../wire/rpc-status.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { HttpAnswer } from './client.ts'

/** Of a body that is no Status, this much goes into the message. */
const excerptLengthMax = 200
const messageLengthMax = 1024

const none: ReadonlySet<number> = new Set()

/**
 * What an answer means: undefined for success, else the error. Only 429, 502, 503 and 504 are tried again
 * (OTLP specification, "Failures"), and what `retryable` names besides. Redirects are not followed.
 * `host` is for the message.
 */
export function httpOutcome(
  answer: HttpAnswer,
  host: string,
  nowMs: number,
  retryable = none,
): DeliveryError | undefined {
  const { status } = answer
  if (status >= 200 && status < 300) return undefined
  const code = retryable.has(status) ? retryableCodeOf(status) : codeOf(status)
  const rpcStatus = readStatus(answer)
  const words = rpcStatus?.message ?? excerpt(answer)
  const said = words === '' ? '' : `: ${words}`
  const message = `HTTP ${status} from "${host}"${said}`.slice(0, messageLengthMax)
  if (code !== 'throttled' && code !== 'unavailable') return new DeliveryError(code, message)
  // OTLP knows only the header, so that is what counts; a status that came through a gRPC gateway has RetryInfo instead.
  const retryAfterMs = parseRetryAfterMs(answer.retryAfter, nowMs) ?? rpcStatus?.retryDelayMs
  return new DeliveryError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** A request that is too large stays so: it is sent in halves. */
function retryableCodeOf(status: number): Code {
  return status === 413 || status === 429 ? codeOf(status) : 'unavailable'
}

function codeOf(status: number): Code {
  switch (status) {
    case 429:
      return 'throttled'
    case 502:
    case 503:
    case 504:
      return 'unavailable'
    case 413:
      return 'too_large'
    case 401:
    case 403:
      return 'unauthenticated'
    default:
      return 'backend_rejected'
  }
}

/** Milliseconds of a Retry-After header: seconds, or an HTTP date (RFC 9110, section 10.2.3). */
export function parseRetryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\s*\d{1,10}\s*$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

/** google.rpc.Status, which OTLP asks for as the body of an error. */
function readStatus({ contentType, contentEncoding, body }: HttpAnswer): RpcStatus | undefined {
  if (contentEncoding !== '' && contentEncoding !== 'identity') return undefined
  if (contentType.startsWith('application/x-protobuf')) return readBinary(body)
  if (contentType.startsWith('application/json')) return readJson(body)
  return undefined
}

function readBinary(body: Uint8Array): RpcStatus | undefined {
  try {
    return decodeRpcStatus(body)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

function readJson(body: Uint8Array): RpcStatus | undefined {
  try {
    return rpcStatusFromJson(JSON.parse(Buffer.from(body).toString('utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The beginning of a text; a proxy's error page says at least who answered. */
function excerpt({ contentType, contentEncoding, body }: HttpAnswer): string {
  if (!contentType.startsWith('text/') || contentEncoding !== '') return ''
  const text = Buffer.from(body.subarray(0, excerptLengthMax * 4)).toString('utf8')
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, excerptLengthMax)
}
