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
  return new Converter(text).convert(messageOf(requestOf[signal]))
}

class Converter {
  readonly #json: JsonReader
  readonly #writer: Writer
  /** Where the reader is: for each depth the field, and the index in it; read only when an error is made. */
  readonly #fields: (Field | undefined)[] = []
  readonly #indexes: number[] = []

  constructor(text: string) {
    this.#json = new JsonReader(text)
    this.#writer = new Writer(Math.max(256, text.length >> 1))
  }

  convert(message: Message): Uint8Array {
    try {
      this.#message(message, 1)
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

  #message(message: Message, depth: number): void {
    if (depth > nestingLimit) throw new Problem(`messages nest deeper than ${nestingLimit}`)
    const json = this.#json
    this.#fields[depth] = undefined
    if (!json.tryTake('{')) throw new Problem('must be an object')
    for (let first = true; json.next(first, '}'); first = false) {
      const field = message.byName.get(json.key())
      this.#fields[depth] = field
      if (field === undefined) json.skipValue(depth)
      else if (json.tryWord('null')) continue
      else if (field.repeated) this.#repeated(field, depth)
      else {
        this.#indexes[depth] = -1
        this.#value(field, depth)
      }
      this.#fields[depth] = undefined
    }
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
