import { copyValue, type Entry, type Value } from '../entry.ts'
import type { Field } from '../field.ts'
import type { FieldReader, Operator } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'

/** Steps that come with a parser: `timestamp:`, `severity:`, `scope_name:`, `trace:` and `body:`. */
export interface Embedded {
  readonly readers: readonly FieldReader[]
  readonly others: readonly Operator[]
  /** What becomes the body, before the readers look; a record without it keeps its own. */
  readonly body: Field | undefined
}

/** Reads a text, writes what it means to another place, then takes time, level and so on out of it. */
export abstract class Parser implements Operator {
  readonly fields: readonly Field[]
  readonly from: Field
  readonly to: Field
  readonly embedded: Embedded

  /** `read`: what it looks at beside `from`. */
  constructor(from: Field, to: Field, embedded: Embedded, read: readonly Field[] = []) {
    this.from = from
    this.to = to
    this.embedded = embedded
    const { readers, others, body } = embedded
    this.fields = [
      from,
      ...read,
      // What is put into all attributes is merged with those that are there, wherever they are kept.
      ...(to.keys.length === 0 ? [] : [to]),
      ...readers.flatMap((reader) => reader.fields),
      ...others.flatMap((other) => other.fields),
      ...(body === undefined ? [] : [body]),
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
    this.to.set(entry, this.parse(value, entry))
    const body = this.embedded.body?.get(entry)
    if (body !== undefined) entry.body = copyValue(body)
    // One that fails costs the others nothing: a wrong time leaves a level that can be read.
    let failure: OperatorError | undefined
    for (const operators of [this.embedded.readers, this.embedded.others]) {
      for (const operator of operators) {
        const failed = attempt(operator, entry)
        failure ??= failed
      }
    }
    if (failure !== undefined) throw failure
  }

  /** Throws an OperatorError. May set other parts of the entry than the target, after it is sure of the text. */
  protected abstract parse(text: string, entry: Entry): Value
}

function attempt(operator: Operator, entry: Entry): OperatorError | undefined {
  try {
    operator.process(entry)
    return undefined
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}
