/**
 * gRPC status codes and how `grpc-message` is written.
 * Source: grpc/grpc doc/statuscodes.md and doc/PROTOCOL-HTTP2.md, "Status-Message".
 */
export const grpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus]

const names = Object.keys(grpcStatus)

/** `UNAVAILABLE` of 14; a code that gRPC does not know is named by its number. */
export function grpcStatusName(code: number): string {
  return names[code] ?? `code ${code}`
}

/** The value of a `grpc-status` trailer. What is missing or no code of gRPC is UNKNOWN. */
export function parseGrpcStatus(text: string | undefined): GrpcStatus {
  if (text === undefined || !/^\d{1,2}$/.test(text)) return grpcStatus.UNKNOWN
  const code = Number(text)
  return code < names.length ? (code as GrpcStatus) : grpcStatus.UNKNOWN
}

const alwaysRetryable: ReadonlySet<number> = new Set([
  grpcStatus.CANCELLED,
  grpcStatus.DEADLINE_EXCEEDED,
  grpcStatus.ABORTED,
  grpcStatus.OUT_OF_RANGE,
  grpcStatus.UNAVAILABLE,
  grpcStatus.DATA_LOSS,
])

/**
 * Whether an OTLP client may send the same request again (OTLP specification, "Failures": RESOURCE_EXHAUSTED only
 * when the server says with RetryInfo that it can recover).
 */
export function isRetryableGrpcStatus(code: number, hasRetryInfo: boolean): boolean {
  return alwaysRetryable.has(code) || (code === grpcStatus.RESOURCE_EXHAUSTED && hasRetryInfo)
}

/**
 * The status of an answer that carries no `grpc-status`, e.g. from a proxy.
 * Source: grpc/grpc doc/http-grpc-status-mapping.md.
 */
export function grpcStatusOfHttp(status: number): GrpcStatus {
  switch (status) {
    case 400:
      return grpcStatus.INTERNAL
    case 401:
      return grpcStatus.UNAUTHENTICATED
    case 403:
      return grpcStatus.PERMISSION_DENIED
    case 404:
      return grpcStatus.UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcStatus.UNAVAILABLE
    default:
      return grpcStatus.UNKNOWN
  }
}

/** A status message longer than this is cut: the peer's header list limit is usually 8 or 16 KiB. */
const messageBytesMax = 2048

/** Percent-encodes the UTF-8 of `text`: bytes outside 0x20–0x7E and `%` itself. */
export function encodeGrpcMessage(text: string): string {
  // Fast path: our own messages are short plain ASCII.
  if (text.length <= messageBytesMax && /^[ -$&-~]*$/.test(text)) return text
  const bytes = Buffer.from(text, 'utf8')
  let encoded = ''
  for (let i = 0; i < bytes.length && i < messageBytesMax; i++) {
    const byte = bytes[i] as number
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** The reverse, lenient as the protocol asks: a wrong escape stays as it is, wrong UTF-8 becomes U+FFFD. */
export function decodeGrpcMessage(text: string): string {
  if (!text.includes('%')) return text
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
