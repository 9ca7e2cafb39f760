import type { AnyValue } from '../../wire/otlp/any-view.ts'

/**
 * A value as the collector writes it where it needs a text (`Value.AsString` of pdata): strings as they are, bytes in
 * base64, lists and maps as JSON with sorted keys.
 */
export function textOf(value: AnyValue | undefined): string {
  if (value === undefined) return ''
  switch (value.kind) {
    case 'string':
      return value.value
    case 'bool':
    case 'int':
      return String(value.value)
    case 'double':
      return doubleText(value.value)
    case 'bytes':
      return Buffer.from(value.value).toString('base64')
    case 'array':
    case 'map':
      return jsonOf(value) ?? ''
    case 'empty':
    case 'string_index':
      return ''
  }
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'json: unsupported value: NaN'
  if (!Number.isFinite(value)) return `json: unsupported value: ${value < 0 ? '-' : '+'}Inf`
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Undefined where it has no JSON: a NaN in it. */
function jsonOf(value: AnyValue | undefined): string | undefined {
  switch (value?.kind) {
    case 'double':
      return Number.isFinite(value.value) ? doubleText(value.value) : undefined
    case 'string':
    case 'bytes':
      return quote(textOf(value))
    case 'array': {
      const parts = value.value.map(jsonOf)
      return parts.includes(undefined) ? undefined : `[${parts.join()}]`
    }
    case 'map': {
      const parts = new Map(value.value.map((pair) => [pair.key, jsonOf(pair.value)]))
      const keys = [...parts.keys()].sort(byBytes)
      if ([...parts.values()].includes(undefined)) return undefined
      return `{${keys.map((key) => `${quote(key)}:${parts.get(key)}`).join()}}`
    }
    case 'bool':
    case 'int':
      return String(value.value)
    default:
      return 'null'
  }
}

/** As Go's encoder without escapes for HTML. */
function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029')
}

/** In the order of their UTF-8. */
export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
