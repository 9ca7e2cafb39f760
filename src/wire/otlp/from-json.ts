import { JsonReader } from '../json/json-reader.ts'
import { Problem, writeJsonScalar } from '../json/scalar.ts'
import { WireError } from '../wire-error.ts'
import { makeTag, nestingLimit, wireType } from '../wire-type.ts'
import { Writer } from '../writer.ts'
import { requestOf } from './fields.ts'
import { type Field, type Message, messageOf } from './messages.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * The protobuf bytes of an Export request given as OTLP/JSON (OTLP specification, "JSON Protobuf Encoding"): names in
 * lowerCamelCase or as in the .proto, ids in hex of any case, other bytes in base64, enums by number or name, integers
 * as numbers or strings of any size, null for absent. Unknown names are skipped.
 *
 * Throws a WireError whose message says where: `resourceLogs[0].scopeLogs[0].logRecords[3].timeUnixNano: must be an
 * unsigned 64-bit integer`.
 */
export function fromJson(signal: OtlpSignal, text: string): Uint8Array {
  const slices = fromJsonInSlices(signal, text)
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
  }
}

/** The same in slices of some milliseconds, so that other work can be done between them. */
export function fromJsonInSlices(
  signal: OtlpSignal,
  text: string,
): Generator<void, Uint8Array, void> {
  return new Converter(text, itemDepths[signal]).convert(messageOf(requestOf[signal]))
}

/** Characters after which a slice ends, with the item there. */
const sliceLength = 128 * 1024

/** How deep items lie: request, resource, scope, item; data points below their metric and its kind. */
const itemDepths: Readonly<Record<OtlpSignal, number>> = { logs: 4, traces: 4, metrics: 6 }

class Converter {
  readonly #json: JsonReader
  readonly #writer: Writer
  readonly #itemDepth: number
  #sliceStart = 0
  /** Where the reader is: for each depth the field, and the index in it; read only when an error is made. */
  readonly #fields: (Field | undefined)[] = []
  readonly #indexes: number[] = []

  constructor(text: string, itemDepth: number) {
    this.#json = new JsonReader(text)
    this.#writer = new Writer(Math.max(256, text.length >> 1))
    this.#itemDepth = itemDepth
  }

  *convert(message: Message): Generator<void, Uint8Array, void> {
    try {
      yield* this.#container(message, 1)
      this.#fields[1] = undefined
      this.#json.end()
    } catch (error) {
      if (error instanceof Problem || error instanceof WireError) {
        throw new WireError(`${this.#path()}${error.message}`, this.#json.at)
      }
      throw error
    }
    return this.#writer.finish()
  }

  /** A message above the items: as `#message`, with pauses. */
  *#container(message: Message, depth: number): Generator<void, void, void> {
    this.#open(depth)
    const isAbove = depth + 1 < this.#itemDepth
    for (let first = true; this.#json.next(first, '}'); first = false) {
      const field = this.#takeField(message, depth)
      if (field === undefined) continue
      if (field.kind !== 'message') this.#content(field, depth)
      else if (field.repeated) yield* this.#containers(field, depth)
      else if (isAbove) {
        this.#indexes[depth] = -1
        yield* this.#nested(field, depth)
      } else this.#content(field, depth)
      this.#fields[depth] = undefined
    }
  }

  *#containers(field: Field, depth: number): Generator<void, void, void> {
    const json = this.#json
    const isAbove = depth + 1 < this.#itemDepth
    this.#indexes[depth] = -1
    if (!json.tryTake('[')) throw new Problem('must be an array')
    for (let index = 0; json.next(index === 0, ']'); index++) {
      this.#indexes[depth] = index
      if (isAbove) yield* this.#nested(field, depth)
      else this.#value(field, depth)
      if (json.at - this.#sliceStart < sliceLength) continue
      yield
      this.#sliceStart = json.at
    }
  }

  *#nested(field: Field, depth: number): Generator<void, void, void> {
    this.#writer.tag(field.tag)
    const mark = this.#writer.fork()
    yield* this.#container(field.message, depth + 1)
    this.#writer.join(mark)
  }

  #message(message: Message, depth: number): void {
    this.#open(depth)
    const start = this.#writer.length
    for (let first = true; this.#json.next(first, '}'); first = false) {
      const field = this.#takeField(message, depth)
      if (field === undefined) continue
      const from = this.#writer.length
      this.#content(field, depth)
      // Maps of some languages have no order. In protobuf keys stand in front, and masking tells them by what is behind them.
      if (from > start && message.name === 'KeyValue' && field.name === 'key') {
        this.#writer.putBefore(start, from)
      }
      this.#fields[depth] = undefined
    }
  }

  #open(depth: number): void {
    if (depth > nestingLimit) throw new Problem(`messages nest deeper than ${nestingLimit}`)
    this.#fields[depth] = undefined
    if (!this.#json.tryTake('{')) throw new Problem('must be an object')
  }

  /** The field whose key comes next; undefined, and its value taken, where there is nothing to write. */
  #takeField(message: Message, depth: number): Field | undefined {
    const json = this.#json
    const field = message.byName.get(json.key())
    this.#fields[depth] = field
    if (field === undefined) json.skipValue(depth)
    else if (!json.tryWord('null')) return field
    this.#fields[depth] = undefined
    return undefined
  }

  #content(field: Field, depth: number): void {
    if (field.repeated) {
      this.#repeated(field, depth)
      return
    }
    this.#indexes[depth] = -1
    this.#value(field, depth)
  }

  #repeated(field: Field, depth: number): void {
    const json = this.#json
    const writer = this.#writer
    this.#indexes[depth] = -1
    if (!json.tryTake('[')) throw new Problem('must be an array')
    const start = writer.length
    let mark = 0
    if (field.packed) {
      writer.tag(makeTag(field.number, wireType.bytes))
      mark = writer.fork()
    }
    let index = 0
    for (; json.next(index === 0, ']'); index++) {
      this.#indexes[depth] = index
      if (field.packed) writeJsonScalar(json, writer, field)
      else this.#value(field, depth)
    }
    if (!field.packed) return
    if (index === 0) writer.truncate(start)
    else writer.join(mark)
  }

  #value(field: Field, depth: number): void {
    const writer = this.#writer
    const start = writer.length
    writer.tag(field.tag)
    if (field.kind === 'message') {
      const mark = writer.fork()
      this.#message(field.message, depth + 1)
      writer.join(mark)
      return
    }
    const isSet = writeJsonScalar(this.#json, writer, field)
    if (!isSet && !field.explicit && !field.repeated) writer.truncate(start)
  }

  /** `resourceLogs[0].resource: `, or `request: ` at the top. */
  #path(): string {
    const steps: string[] = []
    for (let depth = 1; depth < this.#fields.length; depth++) {
      const field = this.#fields[depth]
      if (field === undefined) break
      const index = this.#indexes[depth] ?? -1
      steps.push(index < 0 ? field.jsonName : `${field.jsonName}[${index}]`)
    }
    if (steps.length > 16) steps.splice(8, steps.length - 12, '…')
    return steps.length === 0 ? 'request: ' : `${steps.join('.')}: `
  }
}
