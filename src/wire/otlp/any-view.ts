import type { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { nestingLimit } from '../wire-type.ts'
import type { Writer } from '../writer.ts'
import { appendUnknown } from './unknown-fields.ts'

/**
 * An attribute value or a log body, decoded. `empty` is the AnyValue without a value. `unknown` holds fields of a newer
 * OTLP as they stood on the wire, `listUnknown` those of the ArrayValue or KeyValueList inside.
 */
export type AnyValue = {
  unknown?: Uint8Array
  /** Something stood twice here or below, and the last counts: the bytes hold more than is here. */
  overwrote?: true
} & (
  | { kind: 'empty' }
  | { kind: 'string'; value: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int'; value: bigint }
  | { kind: 'double'; value: number }
  | { kind: 'array'; value: AnyValue[]; listUnknown?: Uint8Array }
  | { kind: 'map'; value: KeyValue[]; listUnknown?: Uint8Array }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'string_index'; value: number }
)

export interface KeyValue {
  key: string
  value: AnyValue | undefined
  /** Of profiles: the key by its place in a string table. */
  keyStrindex: number
  unknown?: Uint8Array
  /** As of an AnyValue; also where the key stood twice. */
  overwrote?: true
}

/** Tags of AnyValue, in the order of the .proto. */
const tags = {
  string: 10,
  bool: 16,
  int: 24,
  double: 33,
  array: 42,
  map: 50,
  bytes: 58,
  string_index: 64,
} as const

/**
 * Reads fields up to the end of the current message. `depth` counts this message. `before` is what stood in an earlier field
 * of the same number, which protobuf merges: it is what counts where this one is empty.
 */
export function readAnyValue(reader: Reader, depth: number, before?: AnyValue): AnyValue {
  if (depth > nestingLimit) throw tooDeep(reader)
  let value: AnyValue = before ?? { kind: 'empty' }
  let { unknown } = value
  let overwrote = value.overwrote ?? false
  while (reader.more()) {
    const start = reader.offset
    const tag = reader.tag()
    const earlier = value
    switch (tag) {
      case tags.string:
        value = { kind: 'string', value: reader.string() }
        break
      case tags.bool:
        value = { kind: 'bool', value: reader.varint32() !== 0 }
        break
      case tags.int:
        value = { kind: 'int', value: BigInt.asIntN(64, reader.varint64()) }
        break
      case tags.double:
        value = { kind: 'double', value: reader.double() }
        break
      case tags.array:
        value = readArray(reader, depth + 1, value)
        break
      case tags.map:
        value = readMap(reader, depth + 1, value)
        break
      case tags.bytes:
        value = { kind: 'bytes', value: reader.bytesView() }
        break
      case tags.string_index:
        value = { kind: 'string_index', value: reader.varint32() | 0 }
        break
      default:
        reader.skip(tag)
        unknown = appendUnknown(unknown, reader.bytes.subarray(start, reader.offset))
    }
    overwrote ||= value.overwrote === true || (value !== earlier && earlier.kind !== 'empty')
  }
  if (unknown !== undefined) value.unknown = unknown
  if (overwrote) value.overwrote = true
  return value
}

/** A list that stands twice in one message is one list: protobuf merges it. */
function readArray(reader: Reader, depth: number, before: AnyValue): AnyValue {
  const list: AnyValue = before.kind === 'array' ? before : { kind: 'array', value: [] }
  readList(reader, depth, list, list.value, readAnyValue)
  return list
}

function readMap(reader: Reader, depth: number, before: AnyValue): AnyValue {
  const list: AnyValue = before.kind === 'map' ? before : { kind: 'map', value: [] }
  readList(reader, depth, list, list.value, readKeyValue)
  return list
}

/** Both kinds have their values in field 1. */
function readList<Value extends { overwrote?: true }>(
  reader: Reader,
  depth: number,
  list: { listUnknown?: Uint8Array; overwrote?: true },
  values: Value[],
  readValue: (reader: Reader, depth: number) => Value,
): void {
  if (depth > nestingLimit) throw tooDeep(reader)
  const outer = reader.enter()
  while (reader.more()) {
    const start = reader.offset
    const tag = reader.tag()
    if (tag === 10) {
      const end = reader.enter()
      const value = readValue(reader, depth + 1)
      if (value.overwrote) list.overwrote = true
      values.push(value)
      reader.leave(end)
    } else {
      reader.skip(tag)
      const skipped = reader.bytes.subarray(start, reader.offset)
      list.listUnknown = appendUnknown(list.listUnknown, skipped)
    }
  }
  reader.leave(outer)
}

export function readKeyValue(reader: Reader, depth: number): KeyValue {
  if (depth > nestingLimit) throw tooDeep(reader)
  const pair: KeyValue = { key: '', value: undefined, keyStrindex: 0 }
  while (reader.more()) {
    const start = reader.offset
    const tag = reader.tag()
    if (tag === 10) {
      if (pair.key !== '') pair.overwrote = true
      pair.key = reader.string()
    } else if (tag === 18) {
      const end = reader.enter()
      pair.value = readAnyValue(reader, depth + 1, pair.value)
      if (pair.value.overwrote) pair.overwrote = true
      reader.leave(end)
    } else if (tag === 24) pair.keyStrindex = reader.varint32() | 0
    else {
      reader.skip(tag)
      pair.unknown = appendUnknown(pair.unknown, reader.bytes.subarray(start, reader.offset))
    }
  }
  return pair
}

function tooDeep(reader: Reader): WireError {
  return new WireError(`messages nest deeper than ${nestingLimit}`, reader.offset)
}

export function writeAnyView(writer: Writer, any: AnyValue): void {
  switch (any.kind) {
    case 'empty':
      break
    case 'string':
      writer.tag(tags.string)
      writer.string(any.value)
      break
    case 'bool':
      writer.tag(tags.bool)
      writer.byte(any.value ? 1 : 0)
      break
    case 'int':
      writer.tag(tags.int)
      writer.varint64(any.value)
      break
    case 'double':
      writer.tag(tags.double)
      writer.double(any.value)
      break
    case 'bytes':
      writer.tag(tags.bytes)
      writer.bytes(any.value)
      break
    case 'string_index':
      writer.tag(tags.string_index)
      writer.int32(any.value)
      break
    case 'array':
    case 'map':
      writeList(writer, any)
      break
  }
  if (any.unknown !== undefined) writer.raw(any.unknown)
}

function writeList(writer: Writer, list: Extract<AnyValue, { kind: 'array' | 'map' }>): void {
  writer.tag(tags[list.kind])
  const mark = writer.fork()
  if (list.kind === 'map') {
    for (const pair of list.value) writeKeyView(writer, 10, pair)
  } else {
    for (const element of list.value) {
      writer.tag(10)
      const inner = writer.fork()
      writeAnyView(writer, element)
      writer.join(inner)
    }
  }
  if (list.listUnknown !== undefined) writer.raw(list.listUnknown)
  writer.join(mark)
}

export function writeKeyView(writer: Writer, tag: number, pair: KeyValue): void {
  writer.tag(tag)
  const mark = writer.fork()
  if (pair.key !== '') {
    writer.tag(10)
    writer.string(pair.key)
  }
  if (pair.value !== undefined) {
    writer.tag(18)
    const inner = writer.fork()
    writeAnyView(writer, pair.value)
    writer.join(inner)
  }
  if (pair.keyStrindex !== 0) {
    writer.tag(24)
    writer.int32(pair.keyStrindex)
  }
  if (pair.unknown !== undefined) writer.raw(pair.unknown)
  writer.join(mark)
}
