const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/**
 * Milliseconds of a `grpc-timeout` header: at most 8 digits and a unit (grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout").
 * Undefined if it is none.
 */
export function parseGrpcTimeoutMs(text: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text)
  return match === null ? undefined : Number(match[1]) * (unitMs[match[2] as string] as number)
}
