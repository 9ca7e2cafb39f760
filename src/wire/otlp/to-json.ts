import { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { nestingLimit, wireType } from '../wire-type.ts'
import { Writer } from '../writer.ts'
import { requestOf } from './fields.ts'
import { type Field, type Message, messageOf, messages } from './messages.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * An Export request (one or several segments of a batch in one buffer) as one line of OTLP/JSON: lowerCamelCase, ids in
 * hex, other bytes in base64, enums as numbers, 64-bit integers as strings, fields in the order of the .proto. Bytes that are not
 * UTF-8 become U+FFFD; unknown fields have no name and are left out.
 *
 * The input was checked by `scanItems` before; anything else throws a WireError.
 */
export function toJson(signal: OtlpSignal, bytes: Uint8Array): string {
  return renderMessage(new Reader(bytes), messageOf(requestOf[signal]), 1)
}

/** By message index and position of the field: `"name":` as it stands in the text. */
const labels: readonly (readonly string[])[] = messages.map(({ fields }) =>
  fields.map((field) => `"${field.jsonName}":`),
)

/** By message index: position of a field by its number. */
const positions: readonly (readonly (number | undefined)[])[] = messages.map(({ fields }) => {
  const byNumber: (number | undefined)[] = []
  for (const [position, field] of fields.entries()) byNumber[field.number] = position
  return byNumber
})

/** In place of a value that is rendered once the whole message was seen. No JSON is empty. */
const standsTwice = ''

function renderMessage(reader: Reader, message: Message, depth: number): string {
  if (depth > nestingLimit) {
    throw new WireError(`messages nest deeper than ${nestingLimit}`, reader.offset)
  }
  const { fields } = message
  const position = positions[message.index] as readonly (number | undefined)[]
  const values: (string | undefined)[] = new Array(fields.length)
  const start = reader.offset
  let hasTwice = false
  while (reader.more()) {
    const tag = reader.tag()
    const at = position[tag >>> 3]
    if (at === undefined) {
      reader.skip(tag)
      continue
    }
    const field = fields[at] as Field
    const before = values[at]
    const isPackedRun = field.packed && (tag & 7) === wireType.bytes
    if (tag !== field.tag && !isPackedRun) throw wrongType(field, tag, reader.offset)
    if (field.repeated) {
      const value = isPackedRun ? renderPacked(reader, field) : renderValue(reader, field, depth)
      if (value !== '') values[at] = before === undefined ? value : `${before},${value}`
    } else if (before !== undefined && field.kind === 'message') {
      reader.offset = reader.range()
      values[at] = standsTwice
      hasTwice = true
    } else {
      if (field.oneof !== undefined) clearOneof(fields, field.oneof, values)
      values[at] = renderValue(reader, field, depth)
    }
  }
  if (hasTwice) {
    for (const [at, value] of values.entries()) {
      if (value !== standsTwice) continue
      values[at] = renderMerged(reader, fields[at] as Field, start, depth)
    }
  }
  return joinFields(fields, labels[message.index] as readonly string[], values)
}

function joinFields(
  fields: readonly Field[],
  names: readonly string[],
  values: readonly (string | undefined)[],
): string {
  let text = '{'
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (value === undefined) continue
    if (text.length > 1) text += ','
    text += names[at] as string
    text += (fields[at] as Field).repeated ? `[${value}]` : value
  }
  return `${text}}`
}

/** Of the members of a oneof the last on the wire wins. */
function clearOneof(fields: readonly Field[], oneof: string, values: (string | undefined)[]): void {
  for (let at = 0; at < fields.length; at++) {
    if ((fields[at] as Field).oneof === oneof) values[at] = undefined
  }
}

function renderValue(reader: Reader, field: Field, depth: number): string {
  if (field.kind !== 'message') return renderScalar(reader, field)
  const outer = reader.enter()
  const text = renderMessage(reader, field.message, depth + 1)
  reader.leave(outer)
  return text
}

function renderPacked(reader: Reader, field: Field): string {
  const outer = reader.enter()
  let text = ''
  while (reader.more())
    text += text === '' ? renderScalar(reader, field) : `,${renderScalar(reader, field)}`
  reader.leave(outer)
  return text
}

/** Slow path: a message that stands twice in its parent is one message, the contents one behind the other. */
function renderMerged(reader: Reader, field: Field, start: number, depth: number): string {
  const parent = new Reader(reader.bytes, start, reader.offset)
  const content = new Writer(reader.offset - start)
  while (parent.more()) {
    const tag = parent.tag()
    if (tag === field.tag) content.raw(parent.bytesView())
    else parent.skip(tag)
  }
  return renderMessage(new Reader(content.finish()), field.message, depth + 1)
}

function wrongType(field: Field, tag: number, offset: number): WireError {
  const message = `${field.jsonName}: has wire type ${tag & 7} instead of ${field.wireType}`
  return new WireError(message, offset)
}

function renderScalar(reader: Reader, field: Field): string {
  switch (field.kind) {
    case 'string':
      return JSON.stringify(reader.string())
    case 'id':
      return renderBytes(reader, 'hex')
    case 'bytes':
      return renderBytes(reader, 'base64')
    case 'bool':
      return reader.varint32() === 0 ? 'false' : 'true'
    case 'uint32':
      return String(reader.varint32())
    case 'int32':
    case 'enum':
      return String(reader.varint32() | 0)
    case 'sint32':
      return String(reader.zigzag32())
    case 'fixed32':
      return String(reader.fixed32())
    case 'uint64':
      return `"${reader.varint64()}"`
    case 'int64':
      return `"${BigInt.asIntN(64, reader.varint64())}"`
    case 'fixed64':
      return `"${reader.fixed64()}"`
    case 'sfixed64':
      return `"${BigInt.asIntN(64, reader.fixed64())}"`
    default:
      return renderDouble(reader.double())
  }
}

function renderBytes(reader: Reader, encoding: 'hex' | 'base64'): string {
  const end = reader.range()
  const text = reader.bytes.toString(encoding, reader.offset, end)
  reader.offset = end
  return `"${text}"`
}

/** JSON has no word for the three special values, and `String` drops the sign of -0. */
function renderDouble(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0' : String(value)
}
