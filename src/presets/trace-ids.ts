import type { Entry } from '../operators/entry.ts'
import { hexDigit } from '../wire/hex-digit.ts'
import type { LogWriter } from '../wire/otlp/log-writer.ts'

/** Where loggers put the ids of the trace and span at hand: OpenTelemetry's appenders, Micrometer, .NET, Grafana's, ECS. */
export const traceIdKeys: readonly string[] = [
  'trace_id',
  'traceId',
  'TraceId',
  'traceID',
  'trace.id',
]
export const spanIdKeys: readonly string[] = ['span_id', 'spanId', 'SpanId', 'spanID', 'span.id']

const none = new Uint8Array(0)

/** The ids of one record, from hexadecimal digits. What is no id, or all zeros, is none; nor is a span without a trace. */
export class TraceIds {
  readonly #trace = new Uint8Array(16)
  readonly #span = new Uint8Array(8)
  #hasTrace = false
  #hasSpan = false

  /** Begins a record: its span comes after it. */
  readTrace(source: Uint8Array, start: number, end: number): void {
    this.#hasSpan = false
    this.#hasTrace = readHex(source, start, end, this.#trace)
  }

  readSpan(source: Uint8Array, start: number, end: number): void {
    this.#hasSpan = readHex(source, start, end, this.#span)
  }

  write(writer: LogWriter): void {
    if (this.#hasTrace) writer.traceContext(this.#trace, this.#hasSpan ? this.#span : none)
  }

  apply(entry: Entry): void {
    if (!this.#hasTrace) return
    entry.traceId = Uint8Array.from(this.#trace)
    if (this.#hasSpan) entry.spanId = Uint8Array.from(this.#span)
  }
}

/** Whether `[start, end)` are just as many digits as `out` takes, and not all zeros. */
function readHex(source: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
  if (end - start !== 2 * out.length) return false
  let any = 0
  for (let index = 0; index < out.length; index++) {
    const high = hexDigit(source[start + 2 * index] as number)
    const low = hexDigit(source[start + 2 * index + 1] as number)
    if (high < 0 || low < 0) return false
    const byte = 16 * high + low
    out[index] = byte
    any |= byte
  }
  return any !== 0
}
