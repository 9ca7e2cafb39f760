import { encodeLogAttributes } from '../wire/otlp/log-writer.ts'
import type { SourceAttributes } from './line-source.ts'

/** The attributes of the file at hand as they stand in its records. Made for each turn: a quiet file has no use for them. */
export class EncodedAttributes {
  #of: SourceAttributes | undefined
  #bytes: Uint8Array = new Uint8Array(0)

  /** Attribute fields of a LogRecord. */
  of(attributes: SourceAttributes): Uint8Array {
    if (attributes !== this.#of) {
      this.#of = attributes
      this.#bytes = encodeLogAttributes(attributes.values)
    }
    return this.#bytes
  }
}
