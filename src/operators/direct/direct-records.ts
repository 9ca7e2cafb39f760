import type { Values } from '../entry.ts'
import type { DirectHost, DirectSource, DirectStage, RecordWriter } from './direct-path.ts'
import type { LineHead } from './line-head.ts'

/** The last stage: a record for each text. */
export class DirectRecords implements DirectStage {
  readonly #record: RecordWriter | undefined
  #host: DirectHost | undefined

  /** Without a `record` the text is the body. */
  constructor(record: RecordWriter | undefined) {
    this.#record = record
  }

  begin({ resource, reserved }: DirectSource, host: DirectHost): Readonly<Values> {
    this.#host = host
    this.#record?.reserve(reserved)
    return resource
  }

  take(bytes: Buffer, start: number, end: number, head: Readonly<LineHead>): boolean {
    const host = this.#host as DirectHost
    const writer = host.open()
    writer.attributes(head.label.encoded)
    if (this.#record === undefined) writer.bodyBytes(bytes, start, end)
    else if (!this.#record.write(bytes, start, end, writer)) {
      host.cancel()
      return false
    }
    head.writeTime(writer)
    host.end()
    return true
  }

  settle(): void {
    // It holds nothing.
  }
}
