import { Reader } from '../../wire/reader.ts'
import { putVarint, varintLength } from '../../wire/writer.ts'
import type { Redactor } from './redactor.ts'

/** From an ExportLogsServiceRequest to the string of a body: resource_logs, scope_logs, log_records, body, string_value. */
const fields = [1, 2, 2, 5, 1] as const

/** A text as a redactor of logs would leave it, were it the body of a log record. */
export function redactText(redactor: Redactor, text: Uint8Array): Uint8Array {
  const request = fields.reduceRight((content: Uint8Array, field) => wrap(field, content), text)
  const redacted = redactor.redact(request)
  return redacted === request ? text : fields.reduce(contentOf, redacted)
}

function wrap(field: number, content: Uint8Array): Uint8Array {
  const out = Buffer.alloc(1 + varintLength(content.length) + content.length)
  out[0] = (field << 3) | 2
  out.set(content, putVarint(out, 1, content.length))
  return out
}

/** The content of the first such field; beside the body stand the attributes of the summary. */
function contentOf(message: Uint8Array, field: number): Uint8Array {
  const reader = new Reader(message)
  while (reader.more()) {
    const tag = reader.tag()
    if (tag >>> 3 === field) {
      const end = reader.range()
      return message.subarray(reader.offset, end)
    }
    reader.skip(tag)
  }
  return new Uint8Array(0)
}
