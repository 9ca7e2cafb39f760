import { type Chain, errorAttribute, nestsTooDeep } from '../operators/chain.ts'
import type { DirectHost, DirectStage } from '../operators/direct/direct-path.ts'
import { bareHead } from '../operators/direct/line-head.ts'
import { copyValue, Entry, type Values } from '../operators/entry.ts'
import { Batch } from '../signal/batch.ts'
import { EncodedAttributes } from '../tail/encoded-attributes.ts'
import { type LineSource, noAttributes, type SourceAttributes } from '../tail/line-source.ts'
import { type LineTarget, type Progress, progressOf } from '../tail/line-target.ts'
import type { TailedFile } from '../tail/tailed-file.ts'
import { encodeResource, encodeScope, type LogWriter } from '../wire/otlp/log-writer.ts'
import { WireError } from '../wire/wire-error.ts'

export interface OperatorTargetSettings {
  readonly resource: Readonly<Record<string, string>>
  readonly includeRecordNumber: boolean
  readonly includeRecordOffset: boolean
}

/** Where a record came from, as long as an operator holds it: reading goes on at the beginning of its block. */
type Origin<S extends LineSource> = Progress<S>

/** Records that go through operators on their way. */
export class OperatorTarget<S extends LineSource = TailedFile> implements LineTarget<S> {
  readonly #writer: LogWriter
  readonly #chain: Chain
  readonly #settings: OperatorTargetSettings
  readonly #entry = new Entry()
  readonly #sink = (entry: Entry): void => this.#write(entry)
  #file: S | undefined
  #nowMs = 0
  #fileAttributes: SourceAttributes = noAttributes
  readonly #encoded = new EncodedAttributes()
  #fileEncoded: Uint8Array = noBytes
  /** The resource of records to which no operator gives another one. */
  #base: Readonly<Values>
  #fileKeys: readonly string[] = []
  #fileHasMaps = false
  /** Operators use attributes of the file, or keep records, so they must be in the entry. */
  #inEntry = false
  /** The short way of the chain, where it can be taken for this file. */
  #direct: DirectStage | undefined
  readonly #host: DirectHost
  /** That of the records that go a short way. */
  #directResource: Readonly<Values> = {}
  /** The line at hand, as text and as bytes. */
  #text: string | undefined
  #source: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #resource: OpenResource | undefined
  /** Files of which records are held back, and the oldest of each. */
  #held: ReadonlyMap<S, Origin<S>> = new Map()

  constructor(writer: LogWriter, chain: Chain, settings: OperatorTargetSettings) {
    this.#writer = writer
    this.#chain = chain
    this.#settings = settings
    this.#base = settings.resource
    this.#host = {
      open: () => this.#openRecord(),
      end: () => writer.endRecord(),
      cancel: () => writer.cancelRecord(),
      entry: (body, head) => {
        const entry = new Entry()
        entry.path = this.#entry.path
        entry.origin = this.#entry.origin
        const attributes = { ...this.#attributesOfFile(), ...head.label.values }
        entry.reset(body, attributes, this.#directResource)
        entry.timeUnixNano = head.timeUnixNano
        return entry
      },
      release: (entry, operator) => chain.released(operator, entry, this.#nowMs, this.#sink),
    }
  }

  get holds(): boolean {
    return this.#chain.joins
  }

  begin(file: S, nowMs: number): void {
    this.#file = file
    this.#nowMs = nowMs
    this.#fileAttributes = file.attributes ?? noAttributes
    this.#fileEncoded = this.#encoded.of(this.#fileAttributes)
    this.#base = this.#fileAttributes.resource?.values ?? this.#settings.resource
    const { values } = this.#fileAttributes
    this.#fileKeys = Object.keys(values)
    this.#fileHasMaps = Object.values(values).some((value) => typeof value === 'object')
    const isRead = this.#fileKeys.some((key) => this.#chain.reads(key))
    this.#inEntry = isRead || this.#chain.joins
    this.#writer.observedAt(nowMs)
    this.#entry.path = file.path
    this.#entry.origin = this.#chain.joins ? progressOf(file) : undefined
    const { includeRecordNumber, includeRecordOffset } = this.#settings
    this.#beginDirect(!isRead && !includeRecordNumber && !includeRecordOffset, nowMs)
  }

  line(source: Buffer, start: number, end: number, offset: number): void {
    if (this.#direct !== undefined) {
      if (this.#direct.take(source, start, end, bareHead)) return
      this.#direct.settle()
    }
    this.#run(source, start, end, offset)
  }

  binary(source: Buffer, start: number, end: number, offset: number): void {
    this.#direct?.settle()
    this.#run(source, start, end, offset)
  }

  blank(): void {
    if (this.#settings.includeRecordNumber && this.#file !== undefined) this.#file.recordNumber++
  }

  end(): void {
    this.#direct?.settle()
    this.#direct = undefined
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes
  }

  finish(): Batch<'logs'> | undefined {
    this.#resource = undefined
    const { bytes, itemCount } = this.#writer.finish()
    return itemCount === 0 ? undefined : new Batch('logs', [bytes], itemCount)
  }

  flush(nowMs: number, everything: boolean): void {
    this.#writer.observedAt(nowMs)
    this.#inEntry = true
    this.#chain.flush(nowMs, everything, this.#sink)
  }

  progress(files: readonly S[]): readonly Progress<S>[] {
    if (!this.#chain.joins) return files.map(progressOf)
    const held = new Map<S, Origin<S>>()
    for (const { origin } of this.#chain.held()) {
      const place = origin as Origin<S>
      const known = held.get(place.file)
      if (known === undefined || place.offset < known.offset) held.set(place.file, place)
    }
    const moved = new Set([...this.#held.keys(), ...files])
    this.#held = held
    return [...moved].map((one) => {
      const place = held.get(one)
      // What was held of content that is gone holds nothing back.
      return place !== undefined && place.generation === one.generation ? place : progressOf(one)
    })
  }

  #beginDirect(isPossible: boolean, nowMs: number): void {
    this.#direct = undefined
    const { direct } = this.#chain
    if (!isPossible || direct === undefined) return
    const source = {
      path: this.#entry.path,
      attributes: this.#fileAttributes.values,
      resource: this.#base,
      reserved: this.#fileKeys,
    }
    const resource = direct.begin(source, this.#host, nowMs)
    if (resource === undefined) return
    this.#direct = direct
    this.#directResource = resource
  }

  /** A record on a short way. */
  #openRecord(): LogWriter {
    const writer = this.#writer
    if (!this.#isOpen(this.#directResource))
      this.#switchResource(undefined, this.#directResource, '')
    writer.beginRecord()
    writer.attributes(this.#fileEncoded)
    return writer
  }

  #run(source: Buffer, start: number, end: number, offset: number): void {
    const text = source.toString('utf8', start, end)
    this.#text = text
    this.#source = source
    this.#start = start
    this.#end = end
    const attributes = this.#attributesOfFile()
    if (this.#settings.includeRecordNumber && this.#file !== undefined) {
      attributes['log.file.record_number'] = ++this.#file.recordNumber
    }
    if (this.#settings.includeRecordOffset) attributes['log.file.record_offset'] = offset
    this.#entry.reset(text, attributes, this.#base)
    try {
      this.#chain.run(this.#entry, this.#nowMs, this.#sink)
    } catch (error) {
      // The stack is full: a value of the line nests thousands of levels deep.
      if (!(error instanceof RangeError)) throw error
      this.#writeAsItWas(nestsTooDeep)
    }
    this.#text = undefined
  }

  #attributesOfFile(): Values {
    if (!this.#inEntry) return {}
    const { values } = this.#fileAttributes
    // Maps and lists come of headers only; operators may write into them.
    return this.#fileHasMaps ? copyValue<Values>(values) : { ...values }
  }

  #write(entry: Entry): void {
    this.#switchResource(entry.resource, entry.baseResource, entry.scopeName)
    this.#writer.beginRecord()
    try {
      this.#writeFields(entry)
      this.#writeBody(entry)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      // What the operators made of it nests deeper than receivers allow.
      this.#writer.cancelRecord()
      this.#writeAsItWas(error.message, entry)
      return
    }
    this.#writer.endRecord()
  }

  /** The line, or what is held of it, without what the operators made of it. */
  #writeAsItWas(reason: string, held?: Entry): void {
    if (this.#resource === undefined) this.#switchResource(undefined, this.#base, '')
    this.#writer.beginRecord()
    if (this.#text !== undefined) this.#writer.bodyBytes(this.#source, this.#start, this.#end)
    else if (typeof held?.body === 'string') this.#writer.body(held.body)
    this.#writer.attributes(this.#fileEncoded)
    this.#writer.attribute(errorAttribute, reason)
    this.#writer.endRecord()
  }

  #writeBody({ body }: Entry): void {
    if (body === this.#text && body !== undefined) {
      this.#writer.bodyBytes(this.#source, this.#start, this.#end)
    } else if (body !== undefined) this.#writer.body(body)
  }

  #writeFields(entry: Entry): void {
    const writer = this.#writer
    if (entry.timeUnixNano !== undefined) writer.timeUnixNano(entry.timeUnixNano)
    if (entry.severityNumber !== 0 || entry.severityText !== '') {
      writer.severity(entry.severityNumber, entry.severityText)
    }
    if (entry.traceId !== undefined || entry.spanId !== undefined || entry.traceFlags !== 0) {
      writer.traceContext(entry.traceId ?? noBytes, entry.spanId ?? noBytes, entry.traceFlags)
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
      this.#writer.attributes(this.#fileEncoded)
      return
    }
    // A parsed attribute has the same name: it stands, because no key may come twice.
    for (const key of keys) {
      if (!Object.hasOwn(attributes, key))
        this.#writer.attribute(key, this.#fileAttributes.values[key])
    }
  }

  /** Records that follow each other with the same resource and scope share a group. */
  #switchResource(own: Values | undefined, base: Readonly<Values>, scopeName: string): void {
    const text = own === undefined ? '' : JSON.stringify(own, bigintAsText)
    if (this.#isOpen(base, text, scopeName)) return
    this.#resource = { base, text, scopeName }
    this.#writer.beginResource(
      encodeResource(own ?? base),
      scopeName === '' ? undefined : encodeScope(scopeName),
    )
  }

  #isOpen(base: Readonly<Values>, text = '', scopeName = ''): boolean {
    const open = this.#resource
    return open?.base === base && open.text === text && open.scopeName === scopeName
  }
}

/** The group that records are written into: its resource, as JSON where it is not the common one. */
interface OpenResource {
  readonly base: Readonly<Values>
  readonly text: string
  readonly scopeName: string
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

const noBytes = new Uint8Array(0)
