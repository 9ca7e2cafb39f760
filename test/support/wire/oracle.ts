import { createRequire } from 'node:module'
import type { Signal } from '../../../src/signal/signal.ts'
import { requestOf } from '../../../src/wire/otlp/fields.ts'
import { type Message, messageOf } from '../../../src/wire/otlp/messages.ts'

/** A codec that is not ours: the static one inside @opentelemetry/otlp-transformer. 64-bit integers are decimal strings. */
interface OracleType {
  fromObject(object: object): object
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): Record<string, unknown>
}

const require = createRequire(import.meta.url)
const transformer = require.resolve('@opentelemetry/otlp-transformer')
const root = require(transformer.replace(/index\.js$/, 'generated/root.js'))
const { logs, metrics, trace } = root.opentelemetry.proto.collector

const types: Readonly<Record<Signal, OracleType>> = {
  logs: logs.v1.ExportLogsServiceRequest,
  metrics: metrics.v1.ExportMetricsServiceRequest,
  traces: trace.v1.ExportTraceServiceRequest,
}

/** Fields of a newer OTLP than the oracle knows. */
export const newerThanOracle: ReadonlySet<string> = new Set(['keyStrindex', 'stringValueStrindex'])

/** The request as plain JSON values, defaults filled in: 64-bit integers as decimal strings, bytes as base64, enums as numbers. */
export function oracleDecode(signal: Signal, bytes: Uint8Array): Record<string, unknown> {
  const type = types[signal]
  return type.toObject(type.decode(bytes), {
    longs: String,
    bytes: String,
    enums: Number,
    defaults: true,
  })
}

/** Encodes an OTLP/JSON document, given as parsed JSON. */
export function oracleEncode(signal: Signal, document: unknown): Uint8Array {
  const type = types[signal]
  const object = fromOtlpJson(document, messageOf(requestOf[signal])) as object
  return type.encode(type.fromObject(object)).finish()
}

/** OTLP/JSON differs from what the oracle reads in ids (hex) and the words for special doubles. */
function fromOtlpJson(value: unknown, message: Message): unknown {
  const result: Record<string, unknown> = {}
  for (const [name, content] of Object.entries(value as Record<string, unknown>)) {
    const field = message.byName.get(name)
    if (field === undefined) continue
    const convert = (element: unknown) => {
      if (field.kind === 'message') return fromOtlpJson(element, field.message)
      if (field.kind === 'id') return Buffer.from(element as string, 'hex')
      if (field.kind === 'bytes') return Buffer.from(element as string, 'base64')
      return field.kind === 'double' ? Number(element) : element
    }
    result[field.jsonName] = Array.isArray(content) ? content.map(convert) : convert(content)
  }
  return result
}
