import type { Entry, Value } from './entry.ts'
import type { Field } from './field.ts'
import { type Operator, OperatorError } from './operator.ts'

export class Move implements Operator {
  readonly fields: readonly Field[]
  readonly #from: Field
  readonly #to: Field
  readonly #keep: boolean

  /** `keep` makes it a copy. */
  constructor(from: Field, to: Field, keep: boolean) {
    this.fields = [from, to]
    this.#from = from
    this.#to = to
    this.#keep = keep
  }

  process(entry: Entry): void {
    if (this.#from.get(entry) === undefined)
      throw new OperatorError(`${this.#from.text} is not there`)
    const value = this.#keep ? structuredClone(this.#from.get(entry)) : this.#from.remove(entry)
    this.#to.set(entry, value)
  }
}

export class Add implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field
  readonly #value: Value

  constructor(field: Field, value: Value) {
    this.fields = [field]
    this.#field = field
    this.#value = value
  }

  process(entry: Entry): void {
    const value = typeof this.#value === 'object' ? structuredClone(this.#value) : this.#value
    this.#field.set(entry, value)
  }
}

export class Remove implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field

  constructor(field: Field) {
    this.fields = [field]
    this.#field = field
  }

  process(entry: Entry): void {
    if (this.#field.keys.length > 0 && this.#field.get(entry) === undefined) {
      throw new OperatorError(`${this.#field.text} is not there`)
    }
    this.#field.remove(entry)
  }
}

export class Noop implements Operator {
  readonly fields: readonly Field[] = []

  process(): void {
    // A place that other operators can name.
  }
}
