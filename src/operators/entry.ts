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

/** A log record while operators work on it. One object is used again for every record; who keeps it keeps a copy. */
export class Entry {
  body: Value = ''
  attributes: Values = {}
  /** The attributes of the resource, or undefined while they are those of the receiver. */
  resource: Values | undefined
  /** Never changed; the same object as long as nothing differs. */
  baseResource: Readonly<Values> = {}
  scopeName = ''
  /** Nanoseconds since 1970; undefined without one. */
  timeUnixNano: bigint | undefined
  severityNumber = 0
  severityText = ''
  /** 16 and 8 bytes. */
  traceId: Uint8Array | undefined
  spanId: Uint8Array | undefined
  traceFlags = 0
  /** The path of the file it came from; empty without one. */
  path = ''
  /** Where it came from, for the one who made it; operators that hold entries back keep it. */
  origin: unknown

  reset(body: Value, attributes: Values, baseResource: Readonly<Values>): void {
    this.body = body
    this.attributes = attributes
    this.resource = undefined
    this.baseResource = baseResource
    this.scopeName = ''
    this.timeUnixNano = undefined
    this.severityNumber = 0
    this.severityText = ''
    this.traceId = undefined
    this.spanId = undefined
    this.traceFlags = 0
  }

  clone(): Entry {
    const copy = Object.assign(new Entry(), this)
    copy.body = copyValue(this.body)
    copy.attributes = copyValue(this.attributes)
    copy.resource = copyValue(this.resource)
    return copy
  }
}

/** A copy of which nothing is shared but values that never change. */
export function copyValue<V extends Value>(value: V): V {
  if (Array.isArray(value)) return value.map(copyValue) as unknown as V
  if (!isMap(value)) return value
  const copy: Values = {}
  for (const key of Object.keys(value)) setKey(copy, key, copyValue(value[key]))
  return copy as V
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
