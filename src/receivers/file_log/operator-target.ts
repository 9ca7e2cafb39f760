import { type Chain, errorAttribute } from '../../operators/chain.ts'
import type { DirectChain } from '../../operators/direct/direct-chain.ts'
import { Entry, type Values } from '../../operators/entry.ts'
import { Batch } from '../../signal/batch.ts'
import { type FileAttributes, fileAttributesOf } from '../../tail/file-attributes.ts'
import type { LineTarget } from '../../tail/line-target.ts'
import type { TailedFile } from '../../tail/tailed-file.ts'
import { encodeResource, type LogWriter } from '../../wire/otlp/log-writer.ts'
import { WireError } from '../../wire/wire-error.ts'

export interface OperatorTargetSettings {
  readonly resource: Readonly<Record<string, string>>
  readonly includeRecordNumber: boolean
  readonly includeRecordOffset: boolean
}

/** Records that go through operators on their way. */
export class OperatorTarget implements LineTarget {
  readonly #writer: LogWriter
  readonly #chain: Chain
  readonly #settings: OperatorTargetSettings
  readonly #baseResource: Uint8Array
  readonly #entry = new Entry()
  #file: TailedFile | undefined
  #fileAttributes: FileAttributes = { values: {}, encoded: new Uint8Array(0) }
  #fileKeys: readonly string[] = []
  /** Operators use attributes of the file, so they must be in the entry. */
  #inEntry = false
  /** The short way of the chain, where it can be taken for this file. */
  #direct: DirectChain | undefined
  /** The resource of the open group as JSON; empty for the receiver's own, undefined before the first record. */
  #openResource: string | undefined

  constructor(writer: LogWriter, chain: Chain, settings: OperatorTargetSettings) {
    this.#writer = writer
    this.#chain = chain
    this.#settings = settings
    this.#baseResource = encodeResource(settings.resource)
  }

  begin(file: TailedFile, nowMs: number): void {
    this.#file = file
    this.#fileAttributes = fileAttributesOf(file)
    this.#fileKeys = Object.keys(this.#fileAttributes.values)
    this.#inEntry = this.#fileKeys.some((key) => this.#chain.reads(key))
    this.#writer.observedAt(nowMs)
    this.#openResource = undefined
    const { includeRecordNumber, includeRecordOffset } = this.#settings
    const plain = !this.#inEntry && !includeRecordNumber && !includeRecordOffset
    this.#direct = plain ? this.#chain.direct : undefined
    this.#direct?.reserve(this.#fileKeys)
  }

  line(source: Buffer, start: number, end: number, offset: number): void {
    if (this.#direct !== undefined && this.#writeDirect(this.#direct, source, start, end)) return
    this.#writeEntry(source, start, end, offset)
  }

  binary(source: Buffer, start: number, end: number, offset: number): void {
    this.#writeEntry(source, start, end, offset)
  }

  #writeDirect(direct: DirectChain, source: Buffer, start: number, end: number): boolean {
    const writer = this.#writer
    this.#switchResource(undefined)
    writer.beginRecord()
    writer.bodyBytes(source, start, end)
    writer.attributes(this.#fileAttributes.encoded)
    if (direct.write(source, start, end, writer)) {
      writer.endRecord()
      return true
    }
    writer.cancelRecord()
    return false
  }

  #writeEntry(source: Buffer, start: number, end: number, offset: number): void {
    const text = source.toString('utf8', start, end)
    const entry = this.#prepare(text, offset)
    if (!this.#chain.run(entry)) return
    this.#switchResource(entry.resource)
    this.#writer.beginRecord()
    try {
      this.#writeFields(entry)
      if (entry.body === text) this.#writer.bodyBytes(source, start, end)
      else if (entry.body !== undefined) this.#writer.body(entry.body)
      this.#writer.endRecord()
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      // What the operators made of it nests deeper than receivers allow: the line goes on as it was.
      this.#writer.cancelRecord()
      this.#writer.beginRecord()
      this.#writer.bodyBytes(source, start, end)
      this.#writer.attributes(this.#fileAttributes.encoded)
      this.#writer.attribute(errorAttribute, error.message)
      this.#writer.endRecord()
    }
  }

  finish(): Batch<'logs'> | undefined {
    const { bytes, itemCount } = this.#writer.finish()
    return itemCount === 0 ? undefined : new Batch('logs', [bytes], itemCount)
  }

  #prepare(text: string, offset: number): Entry {
    const attributes: Values = this.#inEntry ? { ...this.#fileAttributes.values } : {}
    if (this.#settings.includeRecordNumber && this.#file !== undefined) {
      attributes['log.file.record_number'] = ++this.#file.recordNumber
    }
    if (this.#settings.includeRecordOffset) attributes['log.file.record_offset'] = offset
    this.#entry.reset(text, attributes, this.#settings.resource)
    return this.#entry
  }

  #writeFields(entry: Entry): void {
    const writer = this.#writer
    if (entry.timeUnixNano !== undefined) writer.timeUnixNano(entry.timeUnixNano)
    if (entry.severityNumber !== 0 || entry.severityText !== '') {
      writer.severity(entry.severityNumber, entry.severityText)
    }
    if (!this.#inEntry) this.#writeFileAttributes(entry.attributes)
    for (const key in entry.attributes) writer.attribute(key, entry.attributes[key])
  }

  #writeFileAttributes(attributes: Values): void {
    const keys = this.#fileKeys
    let taken = false
    for (let index = 0; index < keys.length; index++) {
      taken ||= Object.hasOwn(attributes, keys[index] as string)
    }
    if (!taken) {
      this.#writer.attributes(this.#fileAttributes.encoded)
      return
    }
    // A parsed attribute has the same name: it stands, because no key may come twice.
    for (const key of keys) {
      if (!Object.hasOwn(attributes, key))
        this.#writer.attribute(key, this.#fileAttributes.values[key])
    }
  }

  #switchResource(resource: Values | undefined): void {
    if (resource === undefined && this.#openResource === '') return
    const wanted = resource === undefined ? '' : JSON.stringify(resource)
    if (wanted === this.#openResource) return
    this.#openResource = wanted
    this.#writer.beginResource(
      resource === undefined ? this.#baseResource : encodeResource(resource),
    )
  }
}
