import { WireError } from '../wire-error.ts'
import { nestingLimit } from '../wire-type.ts'
import { Writer } from '../writer.ts'

/** A number that is written as a double also where it is whole. */
export class Double {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  toString(): string {
    return String(this.value)
  }

  toJSON(): number {
    return this.value
  }
}

/**
 * Values as JSON.parse gives them, and three more: bigint, bytes and Double. A number without a fraction that a double holds
 * exactly becomes an int, any other a double; null becomes the empty AnyValue.
 */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | Double
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

/** Messages above an attribute value of a log record: request, resource logs, scope logs, record, pair, value. */
const attributeDepth = 6

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

/**
 * The bytes of an AnyValue message. Throws a WireError when the value nests so deep that receivers would refuse it.
 *
 * @public `writeAnyValue` on its own; tests check values with it.
 */
export function encodeAnyValue(value: PlainValue): Uint8Array {
  const writer = new Writer(128)
  writeAnyValue(writer, value)
  return writer.finish()
}

/** One KeyValue behind `tag`, e.g. 50 for an attribute of a log record. */
export function writeKeyValue(
  writer: Writer,
  tag: number,
  key: string,
  value: PlainValue,
  depth = attributeDepth,
): void {
  writer.tag(tag)
  const pair = writer.fork()
  writer.tag(10)
  writer.string(key)
  writer.tag(18)
  const mark = writer.fork()
  writeAnyValue(writer, value, depth)
  writer.join(mark)
  writer.join(pair)
}

/** The fields of an AnyValue, without its length. `depth` is that of the AnyValue in its request. */
export function writeAnyValue(writer: Writer, value: PlainValue, depth = attributeDepth): void {
  switch (typeof value) {
    case 'string':
      writer.tag(10)
      writer.string(value)
      return
    case 'number':
      writeNumber(writer, value)
      return
    case 'boolean':
      writer.tag(16)
      writer.byte(value ? 1 : 0)
      return
    case 'bigint':
      writeBigInt(writer, value)
      return
    case 'object':
      if (value !== null) writeObject(writer, value, depth)
      return
    default:
      return
  }
}

function writeNumber(writer: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writer.tag(24)
    if (value >= 0) writer.varintHalves(value >>> 0, Math.floor(value / 2 ** 32))
    else writer.varint64(BigInt(value))
    return
  }
  writer.tag(33)
  writer.double(value)
}

function writeBigInt(writer: Writer, value: bigint): void {
  if (value < minInt64 || value > maxInt64) {
    writeNumber(writer, Number(value))
    return
  }
  writer.tag(24)
  writer.varint64(value)
}

function writeObject(
  writer: Writer,
  value: Uint8Array | Double | readonly PlainValue[] | { readonly [key: string]: PlainValue },
  depth: number,
): void {
  if (value instanceof Double) {
    writer.tag(33)
    writer.double(value.value)
    return
  }
  if (value instanceof Uint8Array) {
    writer.tag(58)
    writer.bytes(value)
    return
  }
  if (isArray(value)) {
    if (depth + 2 > nestingLimit) throw tooDeep()
    writer.tag(42)
    const list = writer.fork()
    for (const element of value) {
      writer.tag(10)
      const mark = writer.fork()
      writeAnyValue(writer, element, depth + 2)
      writer.join(mark)
    }
    writer.join(list)
    return
  }
  if (depth + 3 > nestingLimit) throw tooDeep()
  writer.tag(50)
  const list = writer.fork()
  for (const key of Object.keys(value)) {
    writeKeyValue(writer, 10, key, value[key], depth + 3)
  }
  writer.join(list)
}

function isArray(value: object): value is readonly PlainValue[] {
  return Array.isArray(value)
}

function tooDeep(): WireError {
  return new WireError(`value nests too deep for OTLP (${nestingLimit} messages)`, 0)
}
