/**
 * A gRPC message on the wire (grpc/grpc doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"):
 *
 *     ┌────────────────┬──────────────────────┬─────────┐
 *     │ compressed 0|1 │ length, 4 bytes, BE  │ message │
 *     └────────────────┴──────────────────────┴─────────┘
 */
export const prefixSizeBytes = 5

/** The 5 bytes that stand before a message of `messageSizeBytes`. */
export function createPrefix(messageSizeBytes: number, compressed: boolean): Uint8Array {
  const prefix = new Uint8Array(prefixSizeBytes)
  writePrefix(prefix, messageSizeBytes, compressed)
  return prefix
}

/** Writes the 5 bytes at the start of `target`. */
export function writePrefix(
  target: Uint8Array,
  messageSizeBytes: number,
  compressed: boolean,
): void {
  target[0] = compressed ? 1 : 0
  target[1] = messageSizeBytes >>> 24
  target[2] = messageSizeBytes >>> 16
  target[3] = messageSizeBytes >>> 8
  target[4] = messageSizeBytes
}

/** One buffer of prefix and message, for messages small enough that a copy costs less than a second write. */
export function frameMessage(message: Uint8Array, compressed: boolean): Uint8Array {
  const framed = new Uint8Array(prefixSizeBytes + message.byteLength)
  writePrefix(framed, message.byteLength, compressed)
  framed.set(message, prefixSizeBytes)
  return framed
}
