import { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { nestingLimit, wireType } from '../wire-type.ts'
import { requestOf } from './fields.ts'
import { type Message, messageOf } from './messages.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * Names the field at a byte, in the words of OTLP/JSON: `resourceLogs[0].scopeLogs[0].logRecords[3].body`. Walks from
 * the start, so it is for error messages only. Follows as far as the bytes before `offset` are well-formed.
 */
export function fieldPath(signal: OtlpSignal, bytes: Uint8Array, offset: number): string {
  const steps: string[] = []
  const reader = new Reader(bytes)
  let message: Message | undefined = messageOf(requestOf[signal])
  try {
    while (message !== undefined && steps.length < nestingLimit) {
      message = step(reader, message, offset, steps)
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
  }
  return steps.length === 0 ? 'request' : shorten(steps).join('.')
}

/** Adds the field of `message` that holds `offset`; returns its message if the way goes on inside it. */
function step(
  reader: Reader,
  message: Message,
  offset: number,
  steps: string[],
): Message | undefined {
  const seen = new Map<number, number>()
  while (reader.more()) {
    const at = reader.offset
    // Not `reader.tag()`: what that refuses has a name as well.
    const tag = reader.varint32()
    const number = tag >>> 3
    const tooLarge = reader.offset - at >= 5 && (reader.bytes[at + 4] as number) > 0x0f
    if (number === 0 || tooLarge) return undefined
    const field = message.byNumber[number]
    const index = seen.get(number) ?? 0
    seen.set(number, index + 1)
    const name = field === undefined ? `field ${number}` : field.jsonName
    steps.push(field?.repeated ? `${name}[${index}]` : name)
    if (at === offset) return undefined
    if ((tag & 7) === wireType.bytes && field?.kind === 'message') {
      const end = reader.range()
      if (end > offset) {
        reader.end = end
        return field.message
      }
      reader.offset = end
    } else reader.skip(tag)
    // The field holds the byte, or what is wrong stands right behind it and is named by the message around both.
    if (reader.offset > offset) return undefined
    steps.pop()
  }
  return undefined
}

/** The middle of a very deep path says nothing. */
function shorten(steps: string[]): string[] {
  return steps.length <= 16 ? steps : [...steps.slice(0, 8), '…', ...steps.slice(-4)]
}
