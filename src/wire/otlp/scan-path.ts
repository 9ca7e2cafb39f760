import { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { nestingLimit, wireType } from '../wire-type.ts'
import { requestOf } from './fields.ts'
import { type Field, type Message, messageOf } from './messages.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * Names the field at a byte, in the words of OTLP/JSON: `resourceLogs[0].scopeLogs[0].logRecords[3].body`. Walks from
 * the start, so it is for error messages only, and costs about as much as the scan that failed. Follows as far as the
 * bytes before `offset` are well-formed.
 */
export function fieldPath(signal: OtlpSignal, bytes: Uint8Array, offset: number): string {
  return new PathFinder(bytes, offset).find(messageOf(requestOf[signal]))
}

class PathFinder {
  readonly #reader: Reader
  readonly #offset: number
  readonly #steps: string[] = []
  /** The field that was read last, and how many of the same stood before it in its message. */
  #field: Field | undefined
  #number = 0
  #index = 0

  constructor(bytes: Uint8Array, offset: number) {
    this.#reader = new Reader(bytes)
    this.#offset = offset
  }

  find(request: Message): string {
    let message: Message | undefined = request
    try {
      while (message !== undefined && this.#steps.length < nestingLimit) {
        message = this.#follow(message)
        if (this.#number !== 0) this.#steps.push(this.#label())
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      if (this.#number !== 0) this.#steps.push(this.#label())
    }
    return this.#steps.length === 0 ? 'request' : shorten(this.#steps).join('.')
  }

  #label(): string {
    if (this.#field === undefined) return `field ${this.#number}`
    const { jsonName, repeated } = this.#field
    return repeated ? `${jsonName}[${this.#index}]` : jsonName
  }

  /** Stops at the field of `message` that holds the byte; gives its message if the way goes on inside it. */
  #follow(message: Message): Message | undefined {
    const reader = this.#reader
    const offset = this.#offset
    const seen: number[] = []
    while (reader.more()) {
      const at = reader.offset
      this.#number = 0
      // Not `reader.tag()`: what that refuses has a name as well.
      const tag = reader.varint32()
      const number = tag >>> 3
      const isTooLarge = reader.offset - at >= 5 && (reader.bytes[at + 4] as number) > 0x0f
      if (number === 0 || isTooLarge) return undefined
      this.#number = number
      this.#field = message.byNumber[number]
      this.#index = this.#field === undefined ? 0 : (seen[number] ?? 0)
      if (this.#field !== undefined) seen[number] = this.#index + 1
      if (at === offset) return undefined
      if ((tag & 7) === wireType.bytes && this.#field?.kind === 'message') {
        const end = reader.range()
        if (end > offset) {
          reader.end = end
          return this.#field.message
        }
        reader.offset = end
      } else reader.skip(tag)
      // The field holds the byte, or what is wrong stands behind it and is named by the message around both.
      if (reader.offset > offset) return undefined
      this.#number = 0
    }
    return undefined
  }
}

/** The middle of a very deep path says nothing. */
function shorten(steps: string[]): string[] {
  return steps.length <= 16 ? steps : [...steps.slice(0, 8), '…', ...steps.slice(-4)]
}
