import type { Entry, Value } from '../entry.ts'
import type { Field } from '../field.ts'
import type { FieldReader, Operator } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'

/** Hexadecimal ids of a trace and a span, and the flags. A field that is not there leaves its part empty. */
export class TraceParser implements Operator {
  readonly fields: readonly Field[]
  readonly #traceId: Field
  readonly #spanId: Field
  readonly #flags: Field

  constructor(traceId: Field, spanId: Field, flags: Field) {
    this.fields = [traceId, spanId, flags]
    this.#traceId = traceId
    this.#spanId = spanId
    this.#flags = flags
  }

  process(entry: Entry): void {
    const traceId = hex(this.#traceId, entry, 16)
    const spanId = hex(this.#spanId, entry, 8)
    const flags = hex(this.#flags, entry, 1)
    entry.traceId = traceId ?? entry.traceId
    entry.spanId = spanId ?? entry.spanId
    entry.traceFlags = flags?.[0] ?? entry.traceFlags
  }
}

function hex(field: Field, entry: Entry, sizeBytes: number): Uint8Array | undefined {
  const value = field.get(entry)
  if (value === undefined || value === null || value === '') return undefined
  const text = String(value).replace(/^0x/, '')
  if (text.length !== 2 * sizeBytes || !/^[0-9a-fA-F]+$/.test(text)) {
    throw new OperatorError(`${field.text} is not ${2 * sizeBytes} hexadecimal digits`)
  }
  return Buffer.from(text, 'hex')
}

export class ScopeNameParser implements FieldReader {
  readonly fields: readonly Field[]
  readonly from: Field

  constructor(from: Field) {
    this.fields = [from]
    this.from = from
  }

  process(entry: Entry): void {
    this.read(this.from.get(entry), entry)
  }

  read(value: Value, entry: Entry): void {
    if (typeof value !== 'string') throw new OperatorError(`${this.from.text} is not a string`)
    entry.scopeName = value
  }
}
