import type { Entry } from '../operators/entry.ts'
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

  reset(): void {
    this.#hasTrace = false
    this.#hasSpan = false
  }

  readTrace(source: Uint8Array, start: number, end: number): void {
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
    const high = digitOf(source[start + 2 * index] as number)
    const low = digitOf(source[start + 2 * index + 1] as number)
    if (high < 0 || low < 0) return false
    const byte = 16 * high + low
    out[index] = byte
    any |= byte
  }
  return any !== 0
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}
