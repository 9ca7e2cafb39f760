import type { Pattern } from '../regex/pattern.ts'
import { type Entry, isMap, setKey, type Value, type Values } from './entry.ts'
import type { Field } from './field.ts'
import { type Operator, OperatorError } from './operator.ts'

/** Steps that come with a parser: `timestamp:` and `severity:`. */
export interface Embedded {
  readonly timestamp: Operator | undefined
  readonly severity: Operator | undefined
}

abstract class Parser implements Operator {
  readonly fields: readonly Field[]
  readonly #from: Field
  readonly #to: Field
  readonly #embedded: Embedded

  constructor(from: Field, to: Field, embedded: Embedded) {
    this.#from = from
    this.#to = to
    this.#embedded = embedded
    this.fields = [
      from,
      to,
      ...(embedded.timestamp?.fields ?? []),
      ...(embedded.severity?.fields ?? []),
    ]
  }

  process(entry: Entry): void {
    const value = this.#from.get(entry)
    if (typeof value !== 'string') {
      throw new OperatorError(
        value === undefined
          ? `${this.#from.text} is not there`
          : `${this.#from.text} is not a string`,
      )
    }
    const parsed = this.parse(value)
    if (this.#to.root === 'attributes' && this.#to.keys.length === 0 && isEmpty(entry.attributes)) {
      // Fast path: nothing to merge with.
      entry.attributes = parsed
    } else {
      this.#to.set(entry, parsed)
    }
    this.#embedded.timestamp?.process(entry)
    this.#embedded.severity?.process(entry)
  }

  protected abstract parse(text: string): Values
}

function isEmpty(values: Values): boolean {
  for (const _ in values) return false
  return true
}

export class JsonParser extends Parser {
  protected parse(text: string): Values {
    let value: Value
    try {
      value = JSON.parse(text) as Value
    } catch (error) {
      if (error instanceof SyntaxError) throw new OperatorError('it is not JSON')
      throw error
    }
    if (!isMap(value)) throw new OperatorError('it is JSON, but not an object')
    return value
  }
}

export class RegexParser extends Parser {
  readonly #pattern: Pattern
  readonly #groups: readonly number[]
  readonly #names: readonly string[]

  constructor(pattern: Pattern, from: Field, to: Field, embedded: Embedded) {
    super(from, to, embedded)
    this.#pattern = pattern
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
    const match = this.#pattern.exec(text)
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
