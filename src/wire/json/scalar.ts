import { hexDigit } from '../hex-digit.ts'
import type { Field } from '../otlp/messages.ts'
import type { Writer } from '../writer.ts'
import type { JsonReader } from './json-reader.ts'

/**
 * One value of proto3 JSON onto the wire, without its tag. False when it is the default of its kind, which needs not be
 * written. What is wrong with it comes as a `Problem`; the caller knows where.
 */
export function writeJsonScalar(json: JsonReader, writer: Writer, field: Field): boolean {
  switch (field.kind) {
    case 'string': {
      if (json.peek() !== quote) throw new Problem('must be a string')
      const text = json.string()
      writer.string(text)
      return text !== ''
    }
    case 'id':
      return writeHex(json, writer)
    case 'bytes':
      return writeBase64(json, writer)
    case 'bool':
      return writeBool(json, writer)
    case 'double':
      return writeDouble(json, writer)
    case 'fixed64':
    case 'uint64':
      return writeUnsigned64(json, writer, field.kind === 'fixed64')
    case 'sfixed64':
    case 'int64':
      return writeSigned64(json, writer, field.kind === 'sfixed64')
    case 'enum':
      return writeEnum(json, writer, field)
    default:
      return write32(json, writer, field)
  }
}

/** What a value must be. */
export class Problem extends Error {}

const quote = 0x22
const openBrace = 0x7b
const integerGrammar = /^-?\d+$/

/** Digits of a number, given as a number or a string; `1e3` and `5.0` are integers as well. */
function integerText(json: JsonReader): string | undefined {
  const text = json.peek() === quote ? json.string() : numberText(json)
  if (text === undefined || integerGrammar.test(text)) return text
  if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? String(value) : undefined
}

/** Undefined when the next value is no number at all. */
function numberText(json: JsonReader): string | undefined {
  const code = json.peek()
  const begins = code === 0x2d || (code >= 0x30 && code <= 0x39)
  return begins ? json.number() : undefined
}

function writeUnsigned64(json: JsonReader, writer: Writer, fixed: boolean): boolean {
  const text = integerText(json)
  const message = 'must be an unsigned 64-bit integer'
  if (text === undefined || text.startsWith('-') || text.length > 20) throw new Problem(message)
  // The last nine digits and the at most eleven before them, both exact as numbers; the product with 10^9 is made
  // in two steps, so that every intermediate result stays below 2^53.
  const lastDigits = Number(text.slice(-9))
  const firstDigits = text.length > 9 ? Number(text.slice(0, -9)) : 0
  const billion = 1_000_000_000
  const upper = Math.floor(firstDigits / 65536) * billion
  const sum = (upper % 65536) * 65536 + (firstDigits % 65536) * billion + lastDigits
  const high = Math.floor(upper / 65536) + Math.floor(sum / 2 ** 32)
  const low = sum % 2 ** 32
  if (high >= 2 ** 32) throw new Problem(message)
  if (fixed) writer.fixedHalves(low, high)
  else writer.varintHalves(low, high)
  return low !== 0 || high !== 0
}

function writeSigned64(json: JsonReader, writer: Writer, fixed: boolean): boolean {
  const text = integerText(json)
  const message = 'must be a signed 64-bit integer'
  if (text === undefined || text.length > 20) throw new Problem(message)
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value) throw new Problem(message)
  if (fixed) writer.fixed64(value)
  else writer.varint64(value)
  return value !== 0n
}

function write32(json: JsonReader, writer: Writer, field: Field): boolean {
  const text = integerText(json)
  const signed = field.kind === 'int32' || field.kind === 'sint32'
  const value = Number(text)
  const fits = signed ? value === (value | 0) : value === value >>> 0
  if (text === undefined || !fits) {
    throw new Problem(`must be ${signed ? 'a signed' : 'an unsigned'} 32-bit integer`)
  }
  if (field.kind === 'fixed32') writer.fixed32(value)
  else if (field.kind === 'sint32') writer.zigzag32(value)
  else writer.int32(value)
  return value !== 0
}

/** By number, also one that is not known here, or by name. */
function writeEnum(json: JsonReader, writer: Writer, field: Field): boolean {
  let value: number | undefined
  if (json.peek() === quote) {
    const text = json.string()
    value = field.names.get(text) ?? (integerGrammar.test(text) ? Number(text) : undefined)
  } else {
    const text = integerText(json)
    if (text !== undefined) value = Number(text)
  }
  if (value === undefined || value !== (value | 0)) {
    throw new Problem(`must be a number or a name such as ${[...field.names.keys()][1]}`)
  }
  writer.int32(value)
  return value !== 0
}

function writeBool(json: JsonReader, writer: Writer): boolean {
  const value = json.tryWord('true')
  if (!value && !json.tryWord('false')) throw new Problem('must be true or false')
  writer.byte(value ? 1 : 0)
  return value
}

function writeDouble(json: JsonReader, writer: Writer): boolean {
  const isText = json.peek() === quote
  const text = isText ? json.string() : numberText(json)
  const value =
    text === undefined || text.trim() !== text || text === '' ? Number.NaN : Number(text)
  const isWord = text === 'NaN' || text === 'Infinity' || text === '-Infinity'
  if (!isWord && !Number.isFinite(value)) throw new Problem('must be a number')
  writer.double(value)
  return !Object.is(value, 0)
}

function writeHex(json: JsonReader, writer: Writer): boolean {
  const text = json.peek() === quote ? json.string() : undefined
  if (text === undefined || text.length % 2 !== 0) throw new Problem('must be a hex string')
  const length = text.length / 2
  writer.varint32(length)
  for (let index = 0; index < text.length; index += 2) {
    const high = hexDigit(text.charCodeAt(index))
    const low = hexDigit(text.charCodeAt(index + 1))
    if (high < 0 || low < 0) throw new Problem('must be a hex string')
    writer.byte((high << 4) | low)
  }
  return length > 0
}

/** The standard or the URL alphabet, with or without padding. */
function writeBase64(json: JsonReader, writer: Writer): boolean {
  if (json.peek() === openBrace) return writeIndexedBytes(json, writer)
  const text = json.peek() === quote ? json.string() : undefined
  if (text === undefined || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) {
    throw new Problem('must be a base64 string')
  }
  const bytes = Buffer.from(text, 'base64')
  writer.bytes(bytes)
  return bytes.length > 0
}

/**
 * `{"0": 1, "1": 255}`: what `JSON.stringify` makes of a Uint8Array, and what the OpenTelemetry JS SDK therefore sends. No
 * proto3 JSON, but refusing it would cost the whole request.
 */
function writeIndexedBytes(json: JsonReader, writer: Writer): boolean {
  const message = 'must be a base64 string'
  const bytes: number[] = []
  json.take('{')
  for (let first = true; json.next(first, '}'); first = false) {
    const inOrder = json.key() === String(bytes.length)
    const value = inOrder ? Number(numberText(json)) : Number.NaN
    if (!Number.isInteger(value) || value < 0 || value > 255) throw new Problem(message)
    bytes.push(value)
  }
  writer.bytes(Uint8Array.from(bytes))
  return bytes.length > 0
}
