import { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { wireType } from '../wire-type.ts'
import { Writer } from '../writer.ts'
import {
  type AnyValue,
  type KeyValue,
  readAnyValue,
  readKeyValue,
  writeAnyView,
  writeKeyView,
} from './any-view.ts'
import { requestOf } from './fields.ts'
import { type Field, type Message, messageOf, messages } from './messages.ts'
import type { OtlpSignal } from './signal.ts'
import { appendUnknown } from './unknown-fields.ts'

/**
 * A message as an object: a property for each field by its JSON name. Numbers of 64 bits are bigint, ids and bytes are
 * Uint8Array views of the input, repeated fields are arrays. A field without presence that is absent has its default; an
 * optional field, a member of a oneof and a message are undefined. `unknown` holds the fields of a newer OTLP as they
 * stood on the wire.
 */
export type MessageView = Record<string, unknown> & { unknown: Uint8Array }

const noBytes = new Uint8Array(0)
const anyValue = messageOf('AnyValue')
const keyValue = messageOf('KeyValue')

/**
 * By message index: an object with the defaults of all fields. Copies of it share one shape. Made in one piece, because
 * an object that gets more than a dozen properties by name becomes a slow dictionary, and so would every copy.
 */
const templates: readonly MessageView[] = messages.map(({ fields }) =>
  Object.fromEntries([
    ['unknown', noBytes],
    ...fields.map((field) => [field.jsonName, defaultOf(field)] as const),
  ]),
) as MessageView[]

const repeatedOf: readonly (readonly string[])[] = messages.map(({ fields }) =>
  fields.filter((field) => field.repeated).map((field) => field.jsonName),
)

function defaultOf(field: Field): unknown {
  if (field.repeated || field.explicit || field.kind === 'message') return undefined
  switch (field.kind) {
    case 'string':
      return ''
    case 'bool':
      return false
    case 'bytes':
    case 'id':
      return noBytes
    case 'fixed64':
    case 'sfixed64':
    case 'int64':
    case 'uint64':
      return 0n
    default:
      return 0
  }
}

export function createView(message: Message): MessageView {
  const view = { ...(templates[message.index] as MessageView) }
  for (const name of repeatedOf[message.index] as readonly string[]) view[name] = []
  return view
}

/** Decodes one Export request into `view`; called again with the same view, it merges as protobuf does. */
export function readRequest(signal: OtlpSignal, bytes: Uint8Array, view: MessageView): void {
  readMessage(new Reader(bytes), messageOf(requestOf[signal]), view, 1)
}

/** Only attribute values contain themselves: they are what checks `depth`. */
function readMessage(reader: Reader, message: Message, view: MessageView, depth: number): void {
  while (reader.more()) {
    const start = reader.offset
    const tag = reader.tag()
    const field = message.byNumber[tag >>> 3]
    if (field === undefined) {
      reader.skip(tag)
      view.unknown = appendUnknown(view.unknown, reader.bytes.subarray(start, reader.offset))
    } else if (field.kind === 'message') {
      checkType(field, tag, start)
      const outer = reader.enter()
      readChild(reader, field, view, depth + 1)
      reader.leave(outer)
    } else if (!field.repeated) {
      checkType(field, tag, start)
      if (field.oneof !== undefined) clearOneof(message, field.oneof, view)
      view[field.jsonName] = readScalar(reader, field)
    } else if (field.packed && (tag & 7) === wireType.bytes) {
      const outer = reader.enter()
      const list = view[field.jsonName] as unknown[]
      while (reader.more()) list.push(readScalar(reader, field))
      reader.leave(outer)
    } else {
      checkType(field, tag, start)
      const list = view[field.jsonName] as unknown[]
      list.push(readScalar(reader, field))
    }
  }
}

/** Of the members of a oneof the last on the wire wins. */
function clearOneof(message: Message, oneof: string, view: MessageView): void {
  for (const field of message.fields) if (field.oneof === oneof) view[field.jsonName] = undefined
}

function checkType(field: Field, tag: number, offset: number): void {
  if (tag === field.tag) return
  const message = `${field.jsonName}: has wire type ${tag & 7} instead of ${field.wireType}`
  throw new WireError(message, offset)
}

function readChild(reader: Reader, field: Field, view: MessageView, depth: number): void {
  const { message, jsonName } = field
  if (message === keyValue) {
    const list = view[jsonName] as KeyValue[]
    list.push(readKeyValue(reader, depth))
    return
  }
  if (message === anyValue) {
    view[jsonName] = readAnyValue(reader, depth, view[jsonName] as AnyValue | undefined)
    return
  }
  const known = field.repeated ? undefined : (view[jsonName] as MessageView | undefined)
  const child = known ?? createView(message)
  if (field.repeated) {
    const list = view[jsonName] as MessageView[]
    list.push(child)
  } else view[jsonName] = child
  readMessage(reader, message, child, depth)
}

function readScalar(reader: Reader, field: Field): unknown {
  switch (field.kind) {
    case 'string':
      return reader.string()
    case 'bytes':
    case 'id':
      return reader.bytesView()
    case 'bool':
      return reader.varint32() !== 0
    case 'uint32':
      return reader.varint32()
    case 'int32':
    case 'enum':
      return reader.varint32() | 0
    case 'sint32':
      return reader.zigzag32()
    case 'uint64':
      return reader.varint64()
    case 'int64':
      return BigInt.asIntN(64, reader.varint64())
    case 'fixed32':
      return reader.fixed32()
    case 'fixed64':
      return reader.fixed64()
    case 'sfixed64':
      return BigInt.asIntN(64, reader.fixed64())
    default:
      return reader.double()
  }
}

/** The bytes of an Export request. */
export function writeRequest(signal: OtlpSignal, view: MessageView): Uint8Array {
  const writer = new Writer(16 * 1024)
  writeMessage(writer, messageOf(requestOf[signal]), view)
  return writer.finish()
}

function writeMessage(writer: Writer, message: Message, view: MessageView): void {
  for (const field of message.fields) {
    const value = view[field.jsonName]
    if (value === undefined) continue
    if (field.repeated) writeRepeated(writer, field, value as readonly unknown[])
    else if (field.kind === 'message') writeChild(writer, field, value)
    else if (field.explicit || !isDefault(value)) {
      writer.tag(field.tag)
      writeScalar(writer, field, value)
    }
  }
  if (view.unknown.byteLength > 0) writer.raw(view.unknown)
}

/** A double that is -0 is not the default: it is written. */
function isDefault(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return Object.is(value, 0)
    case 'bigint':
      return value === 0n
    case 'string':
      return value === ''
    case 'boolean':
      return !value
    default:
      return (value as Uint8Array).byteLength === 0
  }
}

function writeRepeated(writer: Writer, field: Field, values: readonly unknown[]): void {
  if (field.packed) {
    if (values.length === 0) return
    writer.tag(((field.number << 3) | wireType.bytes) >>> 0)
    const mark = writer.fork()
    for (const value of values) writeScalar(writer, field, value)
    writer.join(mark)
    return
  }
  for (const value of values) {
    if (field.kind === 'message') writeChild(writer, field, value)
    else {
      writer.tag(field.tag)
      writeScalar(writer, field, value)
    }
  }
}

function writeChild(writer: Writer, field: Field, value: unknown): void {
  if (field.message === keyValue) {
    writeKeyView(writer, field.tag, value as KeyValue)
    return
  }
  writer.tag(field.tag)
  const mark = writer.fork(2)
  if (field.message === anyValue) writeAnyView(writer, value as AnyValue)
  else writeMessage(writer, field.message, value as MessageView)
  writer.join(mark)
}

function writeScalar(writer: Writer, field: Field, value: unknown): void {
  switch (field.kind) {
    case 'string':
      writer.string(value as string)
      break
    case 'bytes':
    case 'id':
      writer.bytes(value as Uint8Array)
      break
    case 'bool':
      writer.byte(value ? 1 : 0)
      break
    case 'uint32':
      writer.varint32(value as number)
      break
    case 'int32':
    case 'enum':
      writer.int32(value as number)
      break
    case 'sint32':
      writer.zigzag32(value as number)
      break
    case 'uint64':
    case 'int64':
      writer.varint64(value as bigint)
      break
    case 'fixed32':
      writer.fixed32(value as number)
      break
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64(value as bigint)
      break
    default:
      writer.double(value as number)
  }
}
