import { Double } from '../wire/otlp/any-value.ts'

/** Values of a log entry: what JSON.parse gives, and numbers of which the type matters. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Double
  | readonly Value[]
  | Values
export type Values = { [key: string]: Value }

/** A log record while operators work on it. One object is used again for every record. */
export class Entry {
  body: Value = ''
  attributes: Values = {}
  /** The attributes of the resource, or undefined while they are those of the receiver. */
  resource: Values | undefined
  baseResource: Readonly<Values> = {}
  /** Nanoseconds since 1970; undefined without one. */
  timeUnixNano: bigint | undefined
  severityNumber = 0
  severityText = ''

  reset(body: Value, attributes: Values, baseResource: Readonly<Values>): void {
    this.body = body
    this.attributes = attributes
    this.resource = undefined
    this.baseResource = baseResource
    this.timeUnixNano = undefined
    this.severityNumber = 0
    this.severityText = ''
  }
}

/** Sets a key that may come from outside: `__proto__` is a key like any other. */
export function setKey(target: Values, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else {
    target[key] = value
  }
}

export function isMap(value: Value): value is Values {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Double)
  )
}
