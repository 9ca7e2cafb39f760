/** A body to send, piece by piece as the windows allow, and what ends it. */
export class OutgoingBody {
  readonly segments: readonly Uint8Array[]
  /** Header block behind the body; without one the last DATA frame ends the stream. */
  readonly trailers: Uint8Array | undefined
  leftBytes = 0
  /** Position of the next byte to send. */
  segment = 0
  offset = 0
  /** When somebody first saw that it waits; −1 before. */
  waitingSinceMs = -1

  constructor(segments: readonly Uint8Array[], trailers: Uint8Array | undefined) {
    this.segments = segments
    this.trailers = trailers
    for (const segment of segments) this.leftBytes += segment.byteLength
  }
}
