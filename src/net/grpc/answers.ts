import { encodeRpcStatus } from '../../wire/rpc-status.ts'
import { encodeHeaders } from '../http2/hpack-encoder.ts'
import type { GrpcError } from './grpc-error.ts'
import { encodeGrpcMessage, grpcStatus } from './status.ts'

/** Header blocks of answers. Our encoder keeps no table, so a block can be made once and sent on any stream. */

type Fields = (readonly [name: string, value: string])[]

const ok: Fields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-accept-encoding', 'identity,gzip,zstd,deflate'],
]

/** Before a message. */
export const responseHeaders = encodeHeaders(ok)

/** Behind a message. */
export const okTrailers = encodeHeaders([['grpc-status', '0']])

/** The message of no bytes, framed: the answer to nearly every export. */
export const emptyMessage = new Uint8Array(5)

/** An answer without a message ("Trailers-Only"). */
export function statusOnly(error: GrpcError): Uint8Array {
  const fields: Fields = [...ok, ['grpc-status', String(error.status)]]
  if (error.message !== '') fields.push(['grpc-message', encodeGrpcMessage(error.message)])
  if (error.retryDelayMs !== undefined) {
    const { status: code, message, retryDelayMs } = error
    const details = Buffer.from(encodeRpcStatus({ code, message, retryDelayMs }))
    // Binary headers are base64, and senders leave the padding out ("Custom-Metadata").
    fields.push(['grpc-status-details-bin', details.toString('base64').replace(/=+$/, '')])
  }
  return encodeHeaders(fields)
}

/** To what is not gRPC at all: an HTTP status besides, before the message as text, so that HTTP tools show it too. */
export function httpError(httpStatus: number, message: string): Uint8Array {
  return encodeHeaders([
    [':status', String(httpStatus)],
    ['content-type', 'text/plain'],
    ['grpc-status', String(grpcStatus.INTERNAL)],
    ['grpc-message', encodeGrpcMessage(message)],
  ])
}
