import { Reader } from '../reader.ts'
import { varintLength, Writer } from '../writer.ts'
import { type PlainValue, writeKeyValue } from './any-value.ts'

/**
 * Adds attributes to every resource of a request of any signal, on its bytes:
 *
 *     Export…ServiceRequest { 1: ResourceLogs | ResourceMetrics | ResourceSpans { 1: Resource { 1: KeyValue … }, 3: schema URL } }
 *
 * The three have these field numbers in common (opentelemetry-proto v1.8.0). What is no resource is copied and not looked at,
 * so the cost grows with the resources and not with the records.
 */
export interface ResourceMergerSettings {
  readonly attributes: Readonly<Record<string, PlainValue>>
  /** Whether they replace attributes of the same key; if not, those stay. */
  readonly override: boolean
  /** For those that have none. Empty for none. */
  readonly schemaUrl: string
}

/** Field 1 of the request, of ResourceLogs, of Resource and of KeyValue, each with a length. */
const firstTag = 10
const schemaUrlTag = 26
/** 256 KiB: a buffer for more than that is not kept for the next request. */
const keptBytesMax = 256 * 1024

export class ResourceMerger {
  readonly #override: boolean
  readonly #schemaUrl: string
  /** Key as latin1 → the KeyValue behind its tag. */
  readonly #added = new Map<string, Uint8Array>()
  readonly #addedBytes: number
  readonly #writer = new Writer()
  #reader = new Reader(new Uint8Array(0))

  constructor({ attributes, override, schemaUrl }: ResourceMergerSettings) {
    this.#override = override
    this.#schemaUrl = schemaUrl
    let addedBytes = 0
    for (const [key, value] of Object.entries(attributes)) {
      const writer = new Writer()
      writeKeyValue(writer, firstTag, key, value)
      const bytes = writer.finish()
      this.#added.set(Buffer.from(key).toString('latin1'), bytes)
      addedBytes += bytes.length
    }
    this.#addedBytes = addedBytes
  }

  /** A new request. The bytes must be well-formed; throws a WireError where they are not. */
  merge(request: Uint8Array): Uint8Array {
    const reader = new Reader(request)
    const writer = this.#writer
    this.#reader = reader
    // Whatever a broken request has left.
    writer.advanceTo(0)
    writer.reserve(request.length + this.#addedBytes)
    while (reader.more()) {
      const start = reader.offset
      const tag = reader.tag()
      if (tag === firstTag) {
        const outer = reader.enter()
        this.#mergeGroup()
        reader.leave(outer)
      } else {
        reader.skip(tag)
        this.#copy(start, reader.offset)
      }
    }
    return request.length > keptBytesMax ? writer.take() : writer.finish()
  }

  /** One ResourceLogs, ResourceMetrics or ResourceSpans. */
  #mergeGroup(): void {
    const reader = this.#reader
    const writer = this.#writer
    const start = reader.offset
    writer.tag(firstTag)
    const group = writer.fork(prefixOf(reader.end - start + this.#addedBytes))
    // A resource that is written in parts is the sum of them (protobuf, "last one wins" and concatenation), so one
    // that comes first takes all of them in.
    this.#mergeResource()
    reader.offset = start
    let hasSchema = false
    while (reader.more()) {
      const at = reader.offset
      const tag = reader.tag()
      reader.skip(tag)
      if (tag === firstTag) continue
      // An empty text is none, in protobuf as in OTLP.
      if (tag === schemaUrlTag) hasSchema = reader.offset - at > 2
      this.#copy(at, reader.offset)
    }
    if (!hasSchema && this.#schemaUrl !== '') {
      writer.tag(schemaUrlTag)
      writer.string(this.#schemaUrl)
    }
    writer.join(group)
  }

  #mergeResource(): void {
    const reader = this.#reader
    const writer = this.#writer
    writer.tag(firstTag)
    const resource = writer.fork(2)
    const kept = this.#override ? undefined : new Set<string>()
    while (reader.more()) {
      const tag = reader.tag()
      if (tag !== firstTag) reader.skip(tag)
      else {
        const outer = reader.enter()
        this.#copyResource(kept)
        reader.leave(outer)
      }
    }
    for (const [key, bytes] of this.#added) if (!kept?.has(key)) writer.raw(bytes)
    writer.join(resource)
  }

  /** Copies what stays of a resource; `kept` collects the keys that are not to be added. */
  #copyResource(kept: Set<string> | undefined): void {
    const reader = this.#reader
    while (reader.more()) {
      const start = reader.offset
      const tag = reader.tag()
      const from = reader.offset
      reader.skip(tag)
      const end = reader.offset
      if (tag === firstTag) {
        reader.offset = from
        const key = this.#keyOf()
        reader.offset = end
        if (this.#added.has(key)) {
          if (kept === undefined) continue
          kept.add(key)
        }
      }
      this.#copy(start, end)
    }
  }

  /** Of the KeyValue whose length comes next. */
  #keyOf(): string {
    const reader = this.#reader
    const outer = reader.enter()
    let key = ''
    while (reader.more()) {
      const tag = reader.tag()
      if (tag !== firstTag) reader.skip(tag)
      else {
        const end = reader.range()
        key = reader.bytes.toString('latin1', reader.offset, end)
        reader.offset = end
      }
    }
    reader.leave(outer)
    return key
  }

  #copy(start: number, end: number): void {
    this.#writer.rawRange(this.#reader.bytes, start, end)
  }
}

function prefixOf(sizeBytes: number): 1 | 2 | 3 | 4 {
  return Math.min(varintLength(sizeBytes), 4) as 1 | 2 | 3 | 4
}
