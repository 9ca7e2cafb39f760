import { Bug } from '../../errors/bug.ts'
import { makeTag, type WireType, wireType } from '../wire-type.ts'
import { enums } from './enums.ts'
import { type MessageName, messageRows, type Scalar } from './fields.ts'

/** The rows of fields.ts with their links resolved, made once when the module is loaded. */
export interface Field {
  readonly number: number
  /** As in the .proto. */
  readonly name: string
  /** lowerCamelCase. */
  readonly jsonName: string
  readonly kind: Scalar | 'enum' | 'message'
  readonly repeated: boolean
  /** `optional` in the .proto, or in a oneof: zero differs from absent, so it is written. */
  readonly explicit: boolean
  readonly oneof: string | undefined
  /** Wire type of one value. */
  readonly wireType: WireType
  /** The tag in front of one value; for a repeated number that is not packed too. */
  readonly tag: number
  /** Repeated numbers: written packed, read either way. */
  readonly packed: boolean
  /** Set when `kind` is message. */
  readonly message: Message
  /** Set when `kind` is enum. */
  readonly names: ReadonlyMap<string, number>
}

export interface Message {
  readonly name: MessageName
  /** Position in `messages`. */
  readonly index: number
  readonly fields: readonly Field[]
  /** By JSON name and by the name of the .proto. */
  readonly byName: ReadonlyMap<string, Field>
  /** By field number; a hole where the number is unknown. */
  readonly byNumber: readonly (Field | undefined)[]
}

const wireTypes: Readonly<Record<Scalar | 'enum' | 'message', WireType>> = {
  bool: wireType.varint,
  bytes: wireType.bytes,
  double: wireType.fixed64,
  enum: wireType.varint,
  fixed32: wireType.fixed32,
  fixed64: wireType.fixed64,
  id: wireType.bytes,
  int32: wireType.varint,
  int64: wireType.varint,
  message: wireType.bytes,
  sfixed64: wireType.fixed64,
  sint32: wireType.varint,
  string: wireType.bytes,
  uint32: wireType.varint,
  uint64: wireType.varint,
}

const noNames: ReadonlyMap<string, number> = new Map()

export const messages: readonly Message[] = linkMessages()

const byMessageName = new Map<string, Message>(messages.map((message) => [message.name, message]))

export function messageOf(name: MessageName): Message {
  const message = byMessageName.get(name)
  if (message === undefined) throw new Bug(`no message ${name}`)
  return message
}

function linkMessages(): Message[] {
  const rows = Object.entries(messageRows)
  const open = new Map<string, { message: Message; fields: Field[] }>()
  const linked = rows.map(([name], index) => {
    const fields: Field[] = []
    const message = {
      name: name as MessageName,
      index,
      fields,
      byName: new Map<string, Field>(),
      byNumber: [] as (Field | undefined)[],
    }
    open.set(name, { message, fields })
    return message
  })
  for (const [index, [, messageRow]] of rows.entries()) {
    const message = linked[index] as (typeof linked)[number]
    for (const [number, name, type, oneof] of messageRow) {
      const field = linkField(number, name, type, oneof, open)
      message.fields.push(field)
      message.byName.set(field.jsonName, field).set(field.name, field)
      message.byNumber[number] = field
    }
  }
  return linked
}

function linkField(
  number: number,
  name: string,
  type: string,
  oneof: string | undefined,
  open: ReadonlyMap<string, { message: Message }>,
): Field {
  const [typeName, label] = type.split(' ').toReversed() as [string, string | undefined]
  const message = open.get(typeName)?.message
  const names = enums[typeName]
  const scalar = message ? 'message' : names ? 'enum' : (typeName as Scalar)
  const wire = wireTypes[scalar]
  if (wire === undefined) throw new Bug(`field ${name} has the unknown type ${type}`)
  const repeated = label === 'repeated'
  return {
    number,
    name,
    jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    kind: scalar,
    repeated,
    explicit: label === 'optional' || oneof !== undefined,
    oneof,
    wireType: wire,
    tag: makeTag(number, wire),
    packed: repeated && wire !== wireType.bytes,
    message: message as Message,
    names: names ?? noNames,
  }
}
