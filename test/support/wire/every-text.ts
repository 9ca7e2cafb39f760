import type { Signal } from '../../../src/signal/signal.ts'
import { requestOf } from '../../../src/wire/otlp/fields.ts'
import { type Message, messageOf } from '../../../src/wire/otlp/messages.ts'
import { oracleEncode } from './oracle.ts'

/**
 * Requests with `text` in every string and bytes field that OTLP has, ids included, and in keys, and `number` as int and double in
 * attribute values nested three deep. Metrics are one request a kind: a oneof holds only one.
 */
export function everyText(signal: Signal, text: string, number: string): Uint8Array[] {
  return new Filler(text, number).requests(signal)
}

class Filler {
  readonly #text: string
  readonly #number: string

  constructor(text: string, number: string) {
    this.#text = text
    this.#number = number
  }

  #filled(message: Message, depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    const oneofs = new Set<string>()
    for (const field of message.fields) {
      if (field.jsonName.endsWith('Strindex')) continue
      if (field.oneof !== undefined && oneofs.has(field.oneof)) continue
      if (field.kind === 'message' && depth > 12) continue
      if (field.kind === 'message') {
        const variants =
          field.message.name === 'AnyValue'
            ? this.#anyValues(depth)
            : [this.#filled(field.message, depth + 1)]
        out[field.jsonName] = field.repeated ? variants : variants[depth % variants.length]
      } else if (field.kind === 'string')
        out[field.jsonName] = field.repeated ? [this.#text] : this.#text
      else if (field.kind === 'bytes')
        out[field.jsonName] = Buffer.from(this.#text).toString('base64')
      else if (field.kind === 'id') out[field.jsonName] = Buffer.from(this.#text)
      else continue
      if (field.oneof !== undefined) oneofs.add(field.oneof)
    }
    return out
  }

  #anyValues(depth: number): Record<string, unknown>[] {
    const flat = [
      { stringValue: this.#text },
      { bytesValue: Buffer.from(this.#text).toString('base64') },
      { intValue: this.#number },
      { doubleValue: Number(this.#number) },
    ]
    if (depth > 8) return flat
    return [
      {
        kvlistValue: {
          values: this.#anyValues(depth + 2).map((value) => ({ key: this.#text, value })),
        },
      },
      { arrayValue: { values: this.#anyValues(depth + 2) } },
      ...flat,
    ]
  }

  requests(signal: Signal): Uint8Array[] {
    const whole = this.#filled(messageOf(requestOf[signal]), 0)
    if (signal !== 'metrics') return [oracleEncode(signal, whole)]
    return ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].map((kind) => {
      const field = messageOf('Metric').byName.get(kind)
      const metric = {
        name: this.#text,
        description: this.#text,
        unit: this.#text,
        [kind]: this.#filled(field?.message as Message, 5),
      }
      const scopeMetrics = [
        {
          scope: this.#filled(messageOf('InstrumentationScope'), 4),
          metrics: [metric],
          schemaUrl: this.#text,
        },
      ]
      const resource = this.#filled(messageOf('Resource'), 4)
      return oracleEncode(signal, {
        resourceMetrics: [{ resource, scopeMetrics, schemaUrl: this.#text }],
      })
    })
  }
}
