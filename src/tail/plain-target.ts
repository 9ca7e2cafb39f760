import { Batch } from '../signal/batch.ts'
import type { LogWriter } from '../wire/otlp/log-writer.ts'
import { EncodedAttributes } from './encoded-attributes.ts'
import { type LineSource, noAttributes } from './line-source.ts'
import { type LineTarget, type Progress, progressOf } from './line-target.ts'
import type { TailedFile } from './tailed-file.ts'

export interface PlainTargetSettings {
  /** A Resource message. */
  readonly resource: Uint8Array
  readonly includeRecordNumber: boolean
  readonly includeRecordOffset: boolean
}

/** Records whose body is the line: from bytes to bytes, no string and no object a line. */
export class PlainTarget<S extends LineSource = TailedFile> implements LineTarget<S> {
  readonly #writer: LogWriter
  readonly #settings: PlainTargetSettings
  readonly #numbered: boolean
  readonly #encoded = new EncodedAttributes()
  #file: S | undefined
  #attributes: Uint8Array = new Uint8Array(0)

  constructor(writer: LogWriter, settings: PlainTargetSettings) {
    this.#writer = writer
    this.#settings = settings
    this.#numbered = settings.includeRecordNumber || settings.includeRecordOffset
  }

  begin(file: S, nowMs: number): void {
    this.#file = file
    const attributes = file.attributes ?? noAttributes
    this.#attributes = this.#encoded.of(attributes)
    const { resource } = attributes
    this.#writer.observedAt(nowMs)
    this.#writer.useResource(resource?.encoded ?? this.#settings.resource)
  }

  line(source: Buffer, start: number, end: number, offset: number): void {
    if (!this.#numbered) {
      this.#writer.line(source, start, end, this.#attributes)
      return
    }
    this.#writer.beginRecord()
    this.#writer.bodyBytes(source, start, end)
    this.#writeRest(offset)
  }

  binary(source: Buffer, start: number, end: number, offset: number): void {
    this.#writer.beginRecord()
    this.#writer.body(source.subarray(start, end))
    this.#writeRest(offset)
  }

  blank(): void {
    if (this.#settings.includeRecordNumber && this.#file !== undefined) this.#file.recordNumber++
  }

  get holds(): boolean {
    return false
  }

  flush(): void {
    // Nothing is held back.
  }

  end(): void {
    // All is written.
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes
  }

  progress(files: readonly S[]): readonly Progress<S>[] {
    return files.map(progressOf)
  }

  finish(): Batch<'logs'> | undefined {
    const { bytes, itemCount } = this.#writer.finish()
    return itemCount === 0 ? undefined : new Batch('logs', [bytes], itemCount)
  }

  #writeRest(offset: number): void {
    this.#writer.attributes(this.#attributes)
    if (this.#settings.includeRecordNumber && this.#file !== undefined) {
      this.#writer.attribute('log.file.record_number', ++this.#file.recordNumber)
    }
    if (this.#settings.includeRecordOffset) this.#writer.attribute('log.file.record_offset', offset)
    this.#writer.endRecord()
  }
}
