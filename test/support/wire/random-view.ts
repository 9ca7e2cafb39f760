import fc from 'fast-check'
import type { Signal } from '../../../src/signal/signal.ts'
import type { Views } from '../../../src/signal/views/views.ts'
import type { AnyValue, KeyValue } from '../../../src/wire/otlp/any-view.ts'
import { requestOf } from '../../../src/wire/otlp/fields.ts'
import { type Field, type Message, messageOf } from '../../../src/wire/otlp/messages.ts'
import { newerThanOracle } from './oracle.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const int32 = fc.integer()
const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))

const scalars = {
  bool: fc.boolean(),
  bytes,
  double: fc.double(),
  enum: fc.integer({ min: 0, max: 5 }),
  fixed32: uint32,
  fixed64: uint64,
  id: bytes,
  int32,
  int64,
  sfixed64: int64,
  sint32: int32,
  string: text,
  uint32,
  uint64,
}

const { any, pair } = fc.letrec<{ any: AnyValue; pair: KeyValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'any' },
    fc.record({ kind: fc.constant('string' as const), value: text }),
    fc.constant<AnyValue>({ kind: 'empty' }),
    fc.record({ kind: fc.constant('bool' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('int' as const), value: int64 }),
    fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
    fc.record({ kind: fc.constant('bytes' as const), value: bytes }),
    fc.record({
      kind: fc.constant('array' as const),
      value: fc.array(tie('any'), { maxLength: 3, depthIdentifier: 'any' }),
    }),
    fc.record({
      kind: fc.constant('map' as const),
      value: fc.array(tie('pair'), { maxLength: 3, depthIdentifier: 'any' }),
    }),
  ),
  pair: fc.record({
    key: text,
    value: fc.option(tie('any'), { nil: undefined }),
    keyStrindex: fc.constant(0),
  }),
}))

/** Any request of a signal, in the shape of its view; of a oneof at most one member. */
export function randomView<S extends Signal>(signal: S): fc.Arbitrary<Views[S]> {
  return messageArbitrary(messageOf(requestOf[signal])) as unknown as fc.Arbitrary<Views[S]>
}

function messageArbitrary(message: Message): fc.Arbitrary<Record<string, unknown>> {
  const properties: Record<string, fc.Arbitrary<unknown>> = {
    unknown: fc.constant(Buffer.alloc(0)),
  }
  const oneofs = new Map<string, string[]>()
  for (const field of message.fields) {
    properties[field.jsonName] = fieldArbitrary(field)
    if (field.oneof === undefined) continue
    const members = oneofs.get(field.oneof)
    if (members === undefined) oneofs.set(field.oneof, [field.jsonName])
    else members.push(field.jsonName)
  }
  const choice = fc.nat({ max: 1000 })
  return fc.tuple(fc.record(properties), choice).map(([view, chosen]) => {
    for (const members of oneofs.values()) {
      for (const [index, name] of members.entries()) {
        if (index !== chosen % (members.length + 1)) view[name] = undefined
      }
    }
    return view
  })
}

function fieldArbitrary(field: Field): fc.Arbitrary<unknown> {
  if (newerThanOracle.has(field.jsonName)) return fc.constant(0)
  const one = valueArbitrary(field)
  if (field.repeated) return fc.array(one, { maxLength: 3 })
  if (field.explicit || field.kind === 'message') return fc.option(one, { nil: undefined })
  return one
}

function valueArbitrary(field: Field): fc.Arbitrary<unknown> {
  if (field.kind !== 'message') return scalars[field.kind]
  if (field.message.name === 'AnyValue') return any
  return field.message.name === 'KeyValue' ? pair : messageArbitrary(field.message)
}
