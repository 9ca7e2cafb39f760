import type { GrpcStatus } from './status.ts'

/** What a handler throws to answer with a status other than OK. */
export class GrpcError extends Error {
  readonly status: GrpcStatus
  /** Becomes RetryInfo: the client may send the same request again after this long. */
  readonly retryDelayMs: number | undefined

  constructor(status: GrpcStatus, message: string, retryDelayMs?: number) {
    super(message)
    this.name = 'GrpcError'
    this.status = status
    this.retryDelayMs = retryDelayMs
  }
}
