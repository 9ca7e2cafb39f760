import type { Scalar } from './node.ts'

/**
 * What a plain (unquoted) scalar means. The rules are those of the collector's YAML library (go.yaml.in/yaml/v3,
 * resolve.go), so that its files mean the same here:
 *
 *     null   "" ~ null Null NULL
 *     bool   true True TRUE false False FALSE       (on, off, yes, no and y are strings)
 *     int    12 -12 +12 0x1f 0o17 017 0b11 1_000    (a leading 0 is octal)
 *     float  1.5 .5 1e3 .inf -.Inf .nan
 */
const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
])

const radixInt = /^([-+]?)(0x[0-9a-f]+|0o?[0-7]+|0b[01]+)$/i
const decimal = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

export function resolvePlainScalar(source: string): Scalar {
  const word = words.get(source)
  if (word !== undefined) return word
  if (!/^[-+.\d]/.test(source)) return source
  const digits = source.replaceAll('_', '')
  const radix = radixInt.exec(digits)
  if (radix !== null) {
    const body = (radix[2] as string).toLowerCase()
    const magnitude = /^0\d/.test(body) ? Number(`0o${body.slice(1)}`) : Number(body)
    return radix[1] === '-' ? -magnitude : magnitude
  }
  return decimal.test(digits) ? Number(digits) : source
}
