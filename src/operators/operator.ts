import type { Entry, Value } from './entry.ts'
import type { Field } from './field.ts'

/** One step. Throws an OperatorError for an entry that it cannot handle, and has not changed then. */
export interface Operator {
  process(entry: Entry): void
  /** The fields that it reads or writes, as far as they are known before. */
  readonly fields: readonly Field[]
}

/** One that takes a single value and changes only the time or the severity of the entry. */
export interface FieldReader extends Operator {
  readonly from: Field
  /** `process`, when the value is at hand. */
  read(value: Value, entry: Entry): void
}

/** An entry cannot be parsed. Never carries the entry itself: logs are not written into logs. */
export class OperatorError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'OperatorError'
  }
}
