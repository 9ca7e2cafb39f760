import type { Signal } from './signal.ts'

/**
 * An immutable run of OTLP wire bytes of one signal.
 *
 * Each segment is a complete Export*ServiceRequest. Protobuf merges concatenated messages, so the segments in order
 * are one valid request: batching, queueing and fan-out decode and copy nothing. A batch never changes, so it is
 * shared freely; a component that edits data makes a new one. Nobody writes into `segments`.
 *
 * The bytes are well-formed OTLP: receivers check them (`scanItems`) before they make a batch, and nobody after them
 * checks again.
 */
export class Batch<S extends Signal = Signal> {
  readonly signal: S
  readonly segments: readonly Uint8Array[]
  /** Log records, data points or spans. */
  readonly itemCount: number
  /** Sum of the segments. */
  readonly sizeBytes: number

  constructor(signal: S, segments: readonly Uint8Array[], itemCount: number) {
    this.signal = signal
    this.segments = segments
    this.itemCount = itemCount
    let sizeBytes = 0
    for (const segment of segments) sizeBytes += segment.byteLength
    this.sizeBytes = sizeBytes
  }

  /** One batch of several of the same signal; joins the segment lists, copies no bytes. */
  static concat<S extends Signal>(signal: S, batches: readonly Batch<S>[]): Batch<S> {
    const segments: Uint8Array[] = []
    let itemCount = 0
    for (const batch of batches) {
      for (const segment of batch.segments) segments.push(segment)
      itemCount += batch.itemCount
    }
    return new Batch(signal, segments, itemCount)
  }

  /** The whole as one request; copies unless there is a single segment. */
  bytes(): Uint8Array {
    if (this.segments.length === 1) return this.segments[0] as Uint8Array
    const whole = Buffer.allocUnsafeSlow(this.sizeBytes)
    let offset = 0
    for (const segment of this.segments) {
      whole.set(segment, offset)
      offset += segment.byteLength
    }
    return whole
  }
}
