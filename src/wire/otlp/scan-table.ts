import { wireType } from '../wire-type.ts'
import { itemMessages } from './fields.ts'
import { type Field, messages } from './messages.ts'

/**
 * fields.ts compiled for the scanner: one byte of action for each message and each tag below 256, which covers all known
 * fields (the largest number is 16).
 *
 * An action is what to do with the value behind the tag: skip it by its wire type, check a packed run, enter a message,
 * or refuse. Entering is `enterBase + message index`, with `itemBit` when the message is counted.
 */
export const action = {
  varint: wireType.varint,
  fixed64: wireType.fixed64,
  bytes: wireType.bytes,
  fixed32: wireType.fixed32,
  packedVarint: 6,
  packedFixed64: 7,
  refuse: 8,
} as const

export const enterBase = 16
export const itemBit = 128

/** `scanTable[message index << 8 | tag]`. */
export const scanTable = buildScanTable()

function buildScanTable(): Uint8Array {
  const unknown = Uint8Array.from({ length: 256 }, (_, tag) => tagAction(undefined, tag))
  const table = new Uint8Array(messages.length << 8)
  for (const { index, fields } of messages) {
    table.set(unknown, index << 8)
    for (const field of fields) {
      const first = field.number << 3
      for (let tag = first; tag < first + 8; tag++)
        table[(index << 8) | tag] = tagAction(field, tag)
    }
  }
  return table
}

function tagAction(field: Field | undefined, tag: number): number {
  const type = tag & 7
  if (tag < 8 || type === 3 || type === 4 || type > 5) return action.refuse
  if (field === undefined) return type
  if (field.packed && type === wireType.bytes) {
    return field.wireType === wireType.varint ? action.packedVarint : action.packedFixed64
  }
  if (type !== field.wireType) return action.refuse
  if (field.kind !== 'message') return type
  const counted = itemMessages.has(field.message.name) ? itemBit : 0
  return (enterBase + field.message.index) | counted
}
