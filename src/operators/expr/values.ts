import { Double } from '../../wire/otlp/any-value.ts'
import { isMap, type Value } from '../entry.ts'
import { OperatorError } from '../operator-error.ts'

/** What expressions do with values. A value of the wrong type is an OperatorError, as the collector reports it. */

export function typeOf(value: Value): string {
  if (value === null || value === undefined) return 'nil'
  if (typeof value === 'bigint' || value instanceof Double) return 'number'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : typeof value
}

function wrong(wanted: string, value: Value): OperatorError {
  return new OperatorError(`the expression needs a ${wanted} and has a ${typeOf(value)}`)
}

export function truth(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrong('bool', value)
  return value
}

export function textOf(value: Value): string {
  if (typeof value !== 'string') throw wrong('string', value)
  return value
}

export function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Double) return value.value
  throw wrong('number', value)
}

function isNumber(value: Value): value is number | bigint | Double {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double
}

const equalDepthMax = 64

export function equal(a: Value, b: Value, depth = 0): boolean {
  if (isNumber(a) && isNumber(b)) return compare(a, b) === 0
  if ((a ?? null) === (b ?? null)) return true
  if (depth > equalDepthMax)
    throw new OperatorError('the expression compares values that nest too deep')
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index], depth + 1))
  }
  if (!isMap(a) || !isMap(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key], depth + 1))
  )
}

function plain(value: number | bigint | Double): number | bigint {
  return value instanceof Double ? value.value : value
}

/** Below, at or above zero; numbers with numbers and strings with strings. */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) {
    const left = plain(a)
    const right = plain(b)
    return left < right ? -1 : left > right ? 1 : 0
  }
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new OperatorError(`the expression compares a ${typeOf(a)} with a ${typeOf(b)}`)
}

export function concat(a: Value, b: Value): Value {
  return typeof a === 'string' && typeof b === 'string' ? a + b : numberOf(a) + numberOf(b)
}

export function contains(whole: Value, part: Value): boolean {
  return textOf(whole).includes(textOf(part))
}

/** `in`: an element of a list or a key of a map. */
export function includes(whole: Value, part: Value): boolean {
  if (Array.isArray(whole)) return whole.some((item) => equal(item, part))
  if (isMap(whole)) return Object.hasOwn(whole, textOf(part))
  if (whole === null || whole === undefined) return false
  throw wrong('list or map', whole)
}

/** Nil where there is no such member. */
export function member(value: Value, key: Value): Value {
  if (isMap(value)) {
    const name = textOf(key)
    return Object.hasOwn(value, name) ? value[name] : null
  }
  if (Array.isArray(value)) {
    const index = numberOf(key)
    return value.at(index) ?? null
  }
  if (value === null || value === undefined) return null
  throw wrong('map', value)
}

// The language allows a million, for each record. Nobody writes down more than the ports of a host or the days of a year.
const rangeMax = 10_000

/** `first..last`: whole numbers, with both; none where the first is the greater. */
export function numbersFrom(first: Value, last: Value): readonly number[] {
  const from = Math.trunc(numberOf(first))
  const length = Math.max(0, Math.trunc(numberOf(last)) - from + 1)
  if (!(length <= rangeMax)) {
    throw new OperatorError(`the expression makes a range of more than ${rangeMax} numbers`)
  }
  return Array.from({ length }, (_, index) => from + index)
}

/** Whether `numbersFrom(first, last)` has the value. */
export function isWithin(value: Value, first: Value, last: Value): boolean {
  const from = Math.trunc(numberOf(first))
  const to = Math.trunc(numberOf(last))
  if (!isNumber(value)) return false
  const number = plain(value)
  const isWhole = typeof number === 'bigint' || Number.isInteger(number)
  return isWhole && number >= from && number <= to
}

/**
 * `whole[from:to]` of a text or list: behind `from` and in front of `to`, from the end where they are negative, as much of
 * it as there is. Positions in a text are characters, as those that `len` counts.
 */
export function part(whole: Value, from: Value, to: Value): Value {
  const start = from === undefined ? 0 : Math.trunc(numberOf(from))
  const end = to === undefined ? Number.POSITIVE_INFINITY : Math.trunc(numberOf(to))
  if (Array.isArray(whole)) return whole.slice(start, end)
  if (typeof whole !== 'string') throw wrong('string or list', whole)
  // Fast path: each character is one unit of the string.
  if (!surrogate.test(whole)) return whole.slice(start, end)
  return [...whole].slice(start, end).join('')
}

const surrogate = /[\ud800-\udfff]/
