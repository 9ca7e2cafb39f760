import type { Entry, Value } from '../entry.ts'
import type { Field } from '../field.ts'
import type { FieldReader, Operator } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'

/**
 * Hexadecimal ids of a trace and a span, and the flags. A field that is not there leaves its part empty, so do ids of zeros
 * alone, which stand for none; one that cannot be read leaves the others.
 */
export class TraceParser implements Operator {
  readonly fields: readonly Field[]
  readonly #traceId: readonly Field[]
  readonly #spanId: readonly Field[]
  readonly #flags: readonly Field[]

  /** Of each the first field that is there counts. */
  constructor(traceId: readonly Field[], spanId: readonly Field[], flags: readonly Field[]) {
    this.fields = [...traceId, ...spanId, ...flags]
    this.#traceId = traceId
    this.#spanId = spanId
    this.#flags = flags
  }

  process(entry: Entry): void {
    const problems: OperatorError[] = []
    const traceId = hex(this.#traceId, entry, 16, problems)
    const spanId = hex(this.#spanId, entry, 8, problems)
    const flags = hex(this.#flags, entry, 1, problems)
    if (traceId?.some(Boolean)) entry.traceId = traceId
    if (spanId?.some(Boolean)) entry.spanId = spanId
    entry.traceFlags = flags?.[0] ?? entry.traceFlags
    const [first] = problems
    if (first !== undefined) throw first
  }
}

function hex(
  fields: readonly Field[],
  entry: Entry,
  sizeBytes: number,
  problems: OperatorError[],
): Uint8Array | undefined {
  const field = fields.find((one) => !isNothing(one.get(entry)))
  if (field === undefined) return undefined
  const text = String(field.get(entry)).replace(/^0x/, '')
  if (text.length === 2 * sizeBytes && /^[0-9a-fA-F]+$/.test(text)) return Buffer.from(text, 'hex')
  problems.push(new OperatorError(`${field.text} is not ${2 * sizeBytes} hexadecimal digits`))
  return undefined
}

function isNothing(value: Value): boolean {
  return value === undefined || value === null || value === ''
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
