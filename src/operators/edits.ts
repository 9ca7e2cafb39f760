import { copyValue, type Entry, isMap, setKey, type Value, type Values } from './entry.ts'
import type { Expr } from './expr/compile.ts'
import type { Field } from './field.ts'
import type { Operator } from './operator.ts'
import { OperatorError } from './operator-error.ts'

function mustBeThere(field: Field, entry: Entry): Value {
  const value = field.get(entry)
  if (value === undefined) throw new OperatorError(`${field.text} is not there`)
  return value
}

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
    const found = mustBeThere(this.#from, entry)
    // Before it is gone from where it is.
    if (!this.#to.takes(found)) throw new OperatorError(`${this.#to.text} can only be a map`)
    const value = this.#keep ? copyValue(found) : this.#from.remove(entry)
    this.#to.set(entry, value)
  }
}

export class Add implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field
  readonly #value: Value
  readonly #expr: Expr | undefined

  /** Either the same value always, or what an expression makes of the entry, for which it looks at `read`. */
  constructor(field: Field, value: Value, expr: Expr | undefined, read: readonly Field[]) {
    this.fields = [field, ...read]
    this.#field = field
    this.#value = value
    this.#expr = expr
  }

  process(entry: Entry): void {
    const value = this.#expr === undefined ? this.#value : this.#expr(entry)
    this.#field.set(entry, copyValue(value))
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
    if (this.#field.keys.length > 0) mustBeThere(this.#field, entry)
    this.#field.remove(entry)
  }
}

/** Keeps what is named; body, attributes or resource of which nothing is named stay as they are. */
export class Retain implements Operator {
  readonly fields: readonly Field[]

  constructor(fields: readonly Field[]) {
    this.fields = fields
  }

  process(entry: Entry): void {
    const kept = this.fields.map((field) => field.get(entry))
    const roots = new Set(this.fields.map(({ root }) => root))
    if (roots.has('body')) entry.body = undefined
    if (roots.has('attributes')) entry.attributes = {}
    if (roots.has('resource')) entry.resource = {}
    for (const [index, field] of this.fields.entries()) {
      if (kept[index] !== undefined) field.set(entry, kept[index])
    }
  }
}

/** Moves the members of a map up to where the map is. */
export class Flatten implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field
  readonly #parent: Field

  constructor(field: Field) {
    this.#field = field
    this.#parent = field.parent
    this.fields = [this.#parent]
  }

  process(entry: Entry): void {
    const map = mustBeThere(this.#field, entry)
    if (!isMap(map)) throw new OperatorError(`${this.#field.text} is not a map`)
    this.#field.remove(entry)
    for (const key of Object.keys(map)) this.#parent.child(key).set(entry, map[key])
  }
}

/** Gives names to the items of a list. */
export class AssignKeys implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field
  readonly #keys: readonly string[]

  constructor(field: Field, keys: readonly string[]) {
    this.fields = [field]
    this.#field = field
    this.#keys = keys
  }

  process(entry: Entry): void {
    const list = mustBeThere(this.#field, entry)
    if (!Array.isArray(list)) throw new OperatorError(`${this.#field.text} is not a list`)
    if (list.length !== this.#keys.length) {
      throw new OperatorError(
        `${this.#field.text} has ${list.length} items for ${this.#keys.length} keys`,
      )
    }
    const map: Values = {}
    for (const [index, key] of this.#keys.entries()) setKey(map, key, list[index])
    this.#field.set(entry, map)
  }
}

/** Replaces a text by what a function makes of it; where there is none, nothing is to be done, as in the collector. */
export class TextEdit implements Operator {
  readonly fields: readonly Field[]
  readonly #field: Field
  readonly #edit: (text: string) => string

  /** `edit` may throw an OperatorError. */
  constructor(field: Field, edit: (text: string) => string) {
    this.fields = [field]
    this.#field = field
    this.#edit = edit
  }

  process(entry: Entry): void {
    const value = this.#field.get(entry)
    if (value === undefined) return
    if (typeof value !== 'string') throw new OperatorError(`${this.#field.text} is not a string`)
    this.#field.set(entry, this.#edit(value))
  }
}

export class Noop implements Operator {
  readonly fields: readonly Field[] = []

  process(): void {
    // A place that other operators can name.
  }
}
