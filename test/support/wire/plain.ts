import type { Signal } from '../../../src/signal/signal.ts'
import type { Views } from '../../../src/signal/views/views.ts'
import type { AnyValue, KeyValue } from '../../../src/wire/otlp/any-view.ts'
import { itemMessages, requestOf } from '../../../src/wire/otlp/fields.ts'
import { type Field, type Message, messageOf } from '../../../src/wire/otlp/messages.ts'

/** A view with bytes as hex, to compare without minding which kind of array holds them. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

/** A view as the parsed OTLP/JSON that means the same: what the oracle is given. */
export function viewToDocument<S extends Signal>(signal: S, view: Views[S]): unknown {
  return messageDocument(messageOf(requestOf[signal]), view as unknown as Record<string, unknown>)
}

function messageDocument(message: Message, view: Record<string, unknown>): unknown {
  const document: Record<string, unknown> = {}
  for (const field of message.fields) {
    const value = view[field.jsonName]
    if (value === undefined) continue
    document[field.jsonName] = Array.isArray(value)
      ? value.map((element) => fieldDocument(field, element))
      : fieldDocument(field, value)
  }
  return document
}

function fieldDocument(field: Field, value: unknown): unknown {
  if (field.kind === 'id') return Buffer.from(value as Uint8Array).toString('hex')
  if (field.kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64')
  if (typeof value === 'bigint') return String(value)
  if (field.kind !== 'message') return value
  if (field.message.name === 'AnyValue') return anyDocument(value as AnyValue)
  if (field.message.name === 'KeyValue') return pairDocument(value as KeyValue)
  return messageDocument(field.message, value as Record<string, unknown>)
}

function pairDocument({ key, value }: KeyValue): unknown {
  return value === undefined ? { key } : { key, value: anyDocument(value) }
}

function anyDocument(any: AnyValue): unknown {
  switch (any.kind) {
    case 'empty':
      return {}
    case 'string':
      return { stringValue: any.value }
    case 'bool':
      return { boolValue: any.value }
    case 'int':
      return { intValue: String(any.value) }
    case 'double':
      return { doubleValue: any.value }
    case 'bytes':
      return { bytesValue: Buffer.from(any.value).toString('base64') }
    case 'array':
      return { arrayValue: { values: any.value.map(anyDocument) } }
    case 'map':
      return { kvlistValue: { values: any.value.map(pairDocument) } }
    case 'string_index':
      return { stringValueStrindex: any.value }
  }
}

/** Log records, data points or spans, counted the slow way. */
export function countView<S extends Signal>(signal: S, view: Views[S]): number {
  return countMessage(messageOf(requestOf[signal]), view as unknown as Record<string, unknown>)
}

function countMessage(message: Message, view: Record<string, unknown>): number {
  let items = itemMessages.has(message.name) ? 1 : 0
  for (const field of message.fields) {
    if (field.kind !== 'message' || field.message.name === 'KeyValue') continue
    if (field.message.name === 'AnyValue') continue
    const value = view[field.jsonName]
    for (const child of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
      items += countMessage(field.message, child as Record<string, unknown>)
    }
  }
  return items
}
