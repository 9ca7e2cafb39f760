import type { Pattern } from '../regex/pattern.ts'
import { Double } from '../wire/otlp/any-value.ts'
import { type Entry, isMap, setKey, type Value, type Values } from './entry.ts'
import type { Field } from './field.ts'
import { type FieldReader, type Operator, OperatorError } from './operator.ts'

/** Steps that come with a parser: `timestamp:` and `severity:`. */
export interface Embedded {
  readonly timestamp: FieldReader | undefined
  readonly severity: FieldReader | undefined
}

abstract class Parser implements Operator {
  readonly fields: readonly Field[]
  readonly from: Field
  readonly to: Field
  readonly embedded: Embedded

  constructor(from: Field, to: Field, embedded: Embedded) {
    this.from = from
    this.to = to
    this.embedded = embedded
    this.fields = [
      from,
      to,
      ...(embedded.timestamp?.fields ?? []),
      ...(embedded.severity?.fields ?? []),
    ]
  }

  process(entry: Entry): void {
    const value = this.from.get(entry)
    if (typeof value !== 'string') {
      throw new OperatorError(
        value === undefined
          ? `${this.from.text} is not there`
          : `${this.from.text} is not a string`,
      )
    }
    const parsed = this.parse(value)
    if (this.to.root === 'attributes' && this.to.keys.length === 0 && isEmpty(entry.attributes)) {
      // Fast path: nothing to merge with.
      entry.attributes = parsed
    } else {
      this.to.set(entry, parsed)
    }
    this.embedded.timestamp?.process(entry)
    this.embedded.severity?.process(entry)
  }

  protected abstract parse(text: string): Values
}

function isEmpty(values: Values): boolean {
  for (const _ in values) return false
  return true
}

// Only with so many digits may a number be one that a double does not hold.
const manyDigits = /\d{16}/

export class JsonParser extends Parser {
  /** Whole numbers become integers; otherwise all numbers become doubles. */
  readonly wholeAsInts: boolean

  constructor(from: Field, to: Field, embedded: Embedded, wholeAsInts: boolean) {
    super(from, to, embedded)
    this.wholeAsInts = wholeAsInts
  }

  protected parse(text: string): Values {
    let value: Value
    try {
      if (!this.wholeAsInts) value = JSON.parse(text, asDouble) as Value
      else if (manyDigits.test(text)) value = JSON.parse(text, asExactInt) as Value
      else value = JSON.parse(text) as Value
    } catch (error) {
      if (error instanceof SyntaxError) throw new OperatorError('it is not JSON')
      throw error
    }
    if (!isMap(value)) throw new OperatorError('it is JSON, but not an object')
    return value
  }
}

function asDouble(_key: string, value: Value): Value {
  return typeof value === 'number' ? new Double(value) : value
}

function asExactInt(_key: string, value: Value, context?: { source?: string }): Value {
  const { source = '' } = context ?? {}
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(source))
    return value
  const whole = BigInt(source)
  return whole === BigInt.asIntN(64, whole) ? whole : value
}

export class RegexParser extends Parser {
  readonly pattern: Pattern
  readonly #groups: readonly number[]
  readonly #names: readonly string[]

  constructor(pattern: Pattern, from: Field, to: Field, embedded: Embedded) {
    super(from, to, embedded)
    this.pattern = pattern
    const groups: number[] = []
    const names: string[] = []
    for (const [index, name] of pattern.groupNames.entries()) {
      if (name === undefined) continue
      groups.push(index)
      names.push(name)
    }
    this.#groups = groups
    this.#names = names
  }

  protected parse(text: string): Values {
    const match = this.pattern.exec(text)
    if (match === null) throw new OperatorError('the pattern does not match')
    const values: Values = {}
    const groups = this.#groups
    for (let index = 0; index < groups.length; index++) {
      // A group that took no part is an empty string, as in the collector.
      setKey(values, this.#names[index] as string, match[groups[index] as number] ?? '')
    }
    return values
  }
}
