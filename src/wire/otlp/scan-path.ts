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
    const tag = reader.tag()
    const field = message.byNumber[tag >>> 3]
    const index = seen.get(tag >>> 3) ?? 0
    seen.set(tag >>> 3, index + 1)
    const name = field === undefined ? `field ${tag >>> 3}` : field.jsonName
    const label = field?.repeated ? `${name}[${index}]` : name
    if (at === offset) {
      steps.push(label)
      return undefined
    }
    if ((tag & 7) !== wireType.bytes) {
      reader.skip(tag)
      if (reader.offset <= offset) continue
      steps.push(label)
      return undefined
    }
    const end = reader.range()
    if (end > offset) {
      steps.push(label)
      reader.end = end
      return field?.kind === 'message' ? field.message : undefined
    }
    reader.offset = end
  }
  return undefined
}

/** The middle of a very deep path says nothing. */
function shorten(steps: string[]): string[] {
  return steps.length <= 16 ? steps : [...steps.slice(0, 8), '…', ...steps.slice(-4)]
}
