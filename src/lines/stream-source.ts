import { noGuard } from '../tail/identity.ts'
import type { LineSource, SourceAttributes } from '../tail/line-source.ts'

/** A stream as a source of lines. It cannot be read again, so there is no position to keep. */
export class StreamSource implements LineSource {
  readonly path: string
  readonly guard = noGuard
  readonly generation = 0
  readonly attributes: SourceAttributes
  offset = 0
  skipping = false
  recordNumber = 0
  inFlight = 0

  constructor(path: string, attributes: SourceAttributes) {
    this.path = path
    this.attributes = attributes
  }

  commit(): void {
    // Nobody reads it again.
  }
}
