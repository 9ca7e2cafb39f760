import { Double } from '../../wire/otlp/any-value.ts'
import { isMap, type Value, type Values } from '../entry.ts'
import type { Field } from '../field.ts'
import { OperatorError } from '../operator-error.ts'
import { type Embedded, Parser } from './parser.ts'

// A number that may be none of what JSON.parse makes of it: one of so many digits that a double does not hold it, a whole
// one that was written as a fraction, or a negative zero.
const unusualNumber = /\d{16}|\d(?:\.0|[eE][+-]?\d)|-0/

/** `wholeAsInts`: numbers without fraction and exponent become integers; otherwise all become doubles. */
function parseJson(text: string, wholeAsInts: boolean): Value {
  try {
    return parseStrictly(text, wholeAsInts)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  try {
    return parseStrictly(withEscapedControls(text), wholeAsInts)
  } catch (error) {
    if (error instanceof SyntaxError) throw new OperatorError('it is not JSON')
    throw error
  }
}

function parseStrictly(text: string, wholeAsInts: boolean): Value {
  if (!wholeAsInts) return JSON.parse(text, asDouble) as Value
  if (unusualNumber.test(text)) return JSON.parse(text, asWritten) as Value
  return JSON.parse(text) as Value
}

/** Tabs, ends of lines and the like inside of strings: JSON does not allow them, programs write them, the collector takes them. */
function withEscapedControls(text: string): string {
  let out = ''
  let copied = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) inString = !inString
    else if (inString && code === 0x5c) at++
    else if (inString && code < 0x20) {
      out += `${text.slice(copied, at)}\\u${code.toString(16).padStart(4, '0')}`
      copied = at + 1
    }
  }
  return out + text.slice(copied)
}

/** Throws an OperatorError for a text that is no object. `wholeAsInts` as in `JsonParser`. */
export function parseJsonObject(text: string, wholeAsInts: boolean): Values {
  const value = parseJson(text, wholeAsInts)
  if (!isMap(value)) throw new OperatorError('it is JSON, but not an object')
  return value
}

function asDouble(_key: string, value: Value): Value {
  return typeof value === 'number' ? new Double(finite(value)) : value
}

function asWritten(_key: string, value: Value, context?: { source?: string }): Value {
  const { source = '' } = context ?? {}
  if (typeof value !== 'number') return value
  if (!/^-?\d+$/.test(source)) return new Double(finite(value))
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  const whole = BigInt(source)
  return whole === BigInt.asIntN(64, whole) ? whole : new Double(finite(value))
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new OperatorError('it has a number that is too large')
  return value
}

export class JsonParser extends Parser {
  readonly wholeAsInts: boolean

  constructor(from: Field, to: Field, embedded: Embedded, wholeAsInts: boolean) {
    super(from, to, embedded)
    this.wholeAsInts = wholeAsInts
  }

  protected parse(text: string): Values {
    return parseJsonObject(text, this.wholeAsInts)
  }
}

export class JsonArrayParser extends Parser {
  readonly #header: readonly string[] | undefined

  /** With a header the items get its names; otherwise they stay a list. */
  constructor(from: Field, to: Field, embedded: Embedded, header: readonly string[] | undefined) {
    super(from, to, embedded)
    this.#header = header
  }

  protected parse(text: string): Value {
    const value = parseJson(text, true)
    if (!Array.isArray(value)) throw new OperatorError('it is JSON, but not a list')
    if (this.#header === undefined) return value
    if (value.length !== this.#header.length) {
      throw new OperatorError(`it has ${value.length} items for ${this.#header.length} names`)
    }
    return Object.fromEntries(this.#header.map((name, index) => [name, value[index]]))
  }
}
