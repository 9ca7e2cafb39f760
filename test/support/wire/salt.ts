import type { Message } from '../../../src/wire/otlp/messages.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'

/** Fields of a future OTLP, one of each wire type, numbered beyond all known ones. */
const future = new Writer()
future.tag(900 * 8)
future.varint32(5)
future.tag(17 * 8 + 2)
future.string('from the future')
future.tag(901 * 8 + 1)
future.fixedHalves(1, 2)
future.tag(536870911 * 8 + 5)
future.fixed32(7)
const futureFields = future.finish()

/** The same request with fields of a future OTLP at the end of every message, attributes included. */
export function salt(message: Message, bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes)
  const writer = new Writer()
  while (reader.more()) {
    const start = reader.offset
    const tag = reader.tag()
    const field = message.byNumber[tag >>> 3]
    if (field?.kind === 'message') {
      writer.tag(tag)
      writer.bytes(salt(field.message, reader.bytesView()))
    } else {
      reader.skip(tag)
      writer.raw(reader.bytes.subarray(start, reader.offset))
    }
  }
  writer.raw(futureFields)
  return writer.finish()
}
