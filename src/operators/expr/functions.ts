import { Double } from '../../wire/otlp/any-value.ts'
import type { Entry, Value } from '../entry.ts'
import { isMap } from '../entry.ts'
import { OperatorError } from '../operator-error.ts'
import { ExprError, type Token } from './lexer.ts'
import { member, numberOf, textOf, typeOf } from './values.ts'

type Argument = (entry: Entry) => Value

interface Known {
  readonly least: number
  readonly most: number
  readonly run: (args: readonly Value[]) => Value
}

const text = (run: (first: string, rest: readonly Value[]) => Value, least = 1, most = least) => ({
  least,
  most,
  run: (args: readonly Value[]) => run(textOf(args[0]), args.slice(1)),
})

const number = (run: (...numbers: number[]) => number, least = 1, most = least) => ({
  least,
  most,
  run: (args: readonly Value[]) => run(...args.map(numberOf)),
})

const any = (run: (value: Value) => Value) => ({
  least: 1,
  most: 1,
  run: (args: readonly Value[]) => run(args[0]),
})

/** By their names in expr. */
const functions: Readonly<Record<string, Known>> = {
  len: any(lengthOf),
  lower: text((s) => s.toLowerCase()),
  upper: text((s) => s.toUpperCase()),
  trim: text((s, [chars]) => (chars === undefined ? s.trim() : trimChars(s, textOf(chars))), 1, 2),
  trimPrefix: text((s, [p]) => (s.startsWith(textOf(p)) ? s.slice(textOf(p).length) : s), 2),
  trimSuffix: text(
    (s, [p]) => (s.endsWith(textOf(p)) ? s.slice(0, s.length - textOf(p).length) : s),
    2,
  ),
  hasPrefix: text((s, [p]) => s.startsWith(textOf(p)), 2),
  hasSuffix: text((s, [p]) => s.endsWith(textOf(p)), 2),
  indexOf: text((s, [p]) => s.indexOf(textOf(p)), 2),
  lastIndexOf: text((s, [p]) => s.lastIndexOf(textOf(p)), 2),
  split: text((s, [by]) => s.split(textOf(by)), 2),
  replace: text((s, [from, to]) => s.replaceAll(textOf(from), () => textOf(to)), 3),
  int: any((value) => Math.trunc(toNumber(value))),
  float: any(toNumber),
  string: any(toText),
  type: any(exprType),
  abs: number(Math.abs),
  floor: number(Math.floor),
  ceil: number(Math.ceil),
  // Half away from zero.
  round: number((n) => Math.sign(n) * Math.round(Math.abs(n))),
  min: extreme(Math.min),
  max: extreme(Math.max),
  keys: any((value) => (isMap(value) ? Object.keys(value) : [])),
  values: any((value) => (isMap(value) ? Object.values(value) : [])),
  first: any((value) => listOf(value)[0] ?? null),
  last: any((value) => listOf(value).at(-1) ?? null),
  join: {
    least: 1,
    most: 2,
    run: ([list, by = '']) => listOf(list).map(textOf).join(textOf(by)),
  },
  get: { least: 2, most: 2, run: ([from, key]) => member(from, key) },
}

function listOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value
  throw new OperatorError(`the expression needs a list and has a ${typeOf(value)}`)
}

/** Of several numbers, or of a list of them. */
function extreme(choose: (...numbers: number[]) => number): Known {
  return {
    least: 1,
    most: 16,
    run: (args) =>
      choose(...args.flatMap((arg) => (Array.isArray(arg) ? arg : [arg])).map(numberOf)),
  }
}

/** As expr names types: whole numbers are `int`. */
function exprType(value: Value): string {
  if (typeof value === 'bigint') return 'int'
  if (value instanceof Double) return 'float'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : typeOf(value)
}

function toText(value: Value): string {
  if (value === null || value === undefined) return 'nil'
  if (isMap(value) || Array.isArray(value)) {
    return JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? String(part) : part,
    )
  }
  return String(value)
}

/** A call; `args` are compiled. */
export function callable(name: Token, args: readonly Argument[]): Argument {
  if (name.text === 'env') return environment(name, args)
  const known = Object.hasOwn(functions, name.text) ? functions[name.text] : undefined
  if (known === undefined) {
    throw new ExprError(`unknown function "${name.text}"`, name.at)
  }
  if (args.length < known.least || args.length > known.most) {
    throw new ExprError(`wrong number of arguments for "${name.text}"`, name.at)
  }
  return (entry) => known.run(args.map((arg) => arg(entry)))
}

function environment(name: Token, args: readonly Argument[]): Argument {
  if (args.length !== 1) throw new ExprError('wrong number of arguments for "env"', name.at)
  const [arg] = args as readonly [Argument]
  return (entry) => process.env[textOf(arg(entry))] ?? ''
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  if (isMap(value)) return Object.keys(value).length
  throw new OperatorError(`the expression needs a length and has a ${typeOf(value)}`)
}

function toNumber(value: Value): number {
  const converted =
    typeof value === 'string' && value.trim() !== '' ? Number(value) : numberOf(value)
  if (Number.isNaN(converted)) throw new OperatorError('the expression converts what is no number')
  return converted
}

function trimChars(whole: string, chars: string): string {
  let start = 0
  let end = whole.length
  while (start < end && chars.includes(whole[start] as string)) start++
  while (end > start && chars.includes(whole[end - 1] as string)) end--
  return whole.slice(start, end)
}
