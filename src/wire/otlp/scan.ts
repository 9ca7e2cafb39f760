import { WireError } from '../wire-error.ts'
import { nestingLimit, wireType } from '../wire-type.ts'
import { requestOf } from './fields.ts'
import { messageOf, messages } from './messages.ts'
import { fieldPath } from './scan-path.ts'
import { action, enterBase, itemBit, scanTable } from './scan-table.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * The check of a request before it becomes a batch, and the count of its items: one pass over the bytes, nothing
 * decoded, nothing allocated.
 *
 *     request = { tag value }            tag    = varint, number << 3 | wire type
 *     value   = varint (0) | 8 bytes (1) | length and that many bytes (2) | 4 bytes (5)
 *
 * Accepted: every known field has the wire type of the .proto (repeated numbers packed or not), every length ends
 * inside its message, varints have at most ten bytes, messages nest at most `nestingLimit` deep. Unknown fields are
 * skipped by their wire type. Refused besides: field number 0 and groups. UTF-8 is not checked: strings are
 * forwarded as they are.
 */

const roots = {
  logs: messageOf(requestOf.logs).index,
  metrics: messageOf(requestOf.metrics).index,
  traces: messageOf(requestOf.traces).index,
} as const satisfies Record<OtlpSignal, number>

const keyValue = enterBase + messageOf('KeyValue').index
const anyValue = enterBase + messageOf('AnyValue').index

/**
 * Number of log records, data points or spans in an Export request. Throws a WireError with the offset and the path of
 * the field at which the bytes stop being OTLP.
 */
export function scanItems(signal: OtlpSignal, bytes: Uint8Array): number {
  try {
    return scanMessage(bytes, 0, bytes.length, roots[signal], 1)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    const path = fieldPath(signal, bytes, error.offset)
    throw new WireError(`${path}: ${error.message} (byte ${error.offset})`, error.offset)
  }
}

function scanMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  message: number,
  depth: number,
): number {
  const row = message << 8
  let at = start
  let items = 0
  while (at < end) {
    const tagAt = at
    let tag = bytes[at++] as number
    if (tag > 0x7f) {
      // Two bytes hold all tags of the table; a longer one is an unknown field, of which only the wire type counts.
      const next = at < end ? (bytes[at] as number) : 0x80
      tag = (tag & 0x7f) | (next << 7)
      if (next > 1) {
        at = longTag(bytes, tagAt, end)
        tag = (tag & 7) | 0xf8
      } else at++
    }
    const what = scanTable[row | tag] as number
    if (what === action.bytes || what > action.fixed32) {
      if (what === action.refuse) throw refused(tag, message, tagAt)
      const lengthAt = at
      let length = at < end ? (bytes[at++] as number) : 0x80
      if (length > 0x7f) {
        const second = at < end ? (bytes[at] as number) : 0x80
        if (second > 0x7f) {
          length = longLength(bytes, lengthAt, end)
          at = skipVarint(bytes, lengthAt, end)
        } else {
          length = (length & 0x7f) | (second << 7)
          at++
        }
      }
      const valueEnd = at + length
      if (valueEnd > end) throw new WireError('length exceeds its message', tagAt)
      if (what >= enterBase) {
        if (what === keyValue && depth < nestingLimit - 1 && isPlainKeyValue(bytes, at, valueEnd)) {
          // Both messages are checked.
        } else if (
          what === anyValue &&
          depth < nestingLimit &&
          isPlainAnyValue(bytes, at, valueEnd)
        ) {
          // Checked.
        } else {
          if (depth === nestingLimit) throw tooDeep(tagAt)
          const child = (what & ~itemBit) - enterBase
          items += scanMessage(bytes, at, valueEnd, child, depth + 1) + (what >> 7)
        }
      } else if (what !== action.bytes) checkPacked(bytes, at, valueEnd, what)
      at = valueEnd
    } else if (what === action.varint) {
      if (at < end && (bytes[at] as number) < 0x80) at++
      else at = skipVarint(bytes, at, end)
    } else {
      at += what === action.fixed64 ? 8 : 4
      if (at > end) throw new WireError('truncated fixed-size value', tagAt)
    }
  }
  return items
}

/**
 * Fast path: whether the range is exactly a key below 128 bytes and then a value that `isPlainAnyValue` knows. Nearly all
 * attributes are, and it saves four of their five tags.
 */
function isPlainKeyValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4 || bytes[start] !== 0x0a) return false
  const valueAt = start + 2 + (bytes[start + 1] as number)
  // A key length above 127 is a longer varint: valueAt is then wrong, but no tag 0x12 may be read from it.
  if ((bytes[start + 1] as number) > 0x7f || valueAt + 2 > end || bytes[valueAt] !== 0x12) {
    return false
  }
  const length = bytes[valueAt + 1] as number
  if (length < 0x80) {
    return valueAt + 2 + length === end && isPlainAnyValue(bytes, valueAt + 2, end)
  }
  return false
}

/** Fast path: whether the range is exactly one string below 16 KiB, a double, or a varint of one or two bytes. */
function isPlainAnyValue(bytes: Uint8Array, start: number, end: number): boolean {
  const size = end - start
  if (size < 2) return false
  const tag = bytes[start] as number
  const next = bytes[start + 1] as number
  if (tag === 0x0a) {
    if (next < 0x80) return next + 2 === size
    if (size < 3) return false
    const second = bytes[start + 2] as number
    return second < 0x80 && ((next & 0x7f) | (second << 7)) + 3 === size
  }
  if (tag === 0x18 || tag === 0x10) {
    if (size === 2) return next < 0x80
    return size === 3 && next > 0x7f && (bytes[start + 2] as number) < 0x80
  }
  return tag === 0x21 && size === 9
}

// Slow path: what follows runs for rare shapes and for errors only.

/** The end of a varint of at most ten bytes. */
function skipVarint(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(start + 10, end)
  for (let at = start; at < limit; at++) {
    if ((bytes[at] as number) < 0x80) return at + 1
  }
  throw new WireError(limit === end ? 'truncated varint' : 'varint longer than 10 bytes', start)
}

/** A length of any size; one that does not fit 32 bits comes back as something larger than any input. */
function longLength(bytes: Uint8Array, start: number, end: number): number {
  const lengthEnd = skipVarint(bytes, start, end)
  let length = 0
  for (let at = lengthEnd - 1; at >= start; at--) {
    length = length * 128 + ((bytes[at] as number) & 0x7f)
  }
  return length
}

/** The end of a tag of three or more bytes. */
function longTag(bytes: Uint8Array, start: number, end: number): number {
  const tagEnd = skipVarint(bytes, start, end)
  const tag = longLength(bytes, start, end)
  if (tag > 0xffff_ffff) throw new WireError('field number above 536870911', start)
  // Shorter tags are looked up; the same number in more bytes than it needs would pass unchecked.
  if (tag < 256) throw new WireError('tag is longer than it needs to be', start)
  return tagEnd
}

function checkPacked(bytes: Uint8Array, start: number, end: number, what: number): void {
  if (what === action.packedFixed64) {
    if ((end - start) % 8 !== 0) throw new WireError('packed numbers are not 8 bytes each', start)
    return
  }
  let at = start
  while (at < end) {
    if ((bytes[at] as number) < 0x80) at++
    else at = skipVarint(bytes, at, end)
  }
}

function refused(tag: number, message: number, offset: number): WireError {
  const type = tag & 7
  if (tag < 8) return new WireError('field number 0', offset)
  if (type === 3 || type === 4) return new WireError('groups are not supported', offset)
  if (type > 5) return new WireError(`unknown wire type ${type}`, offset)
  const wanted = messages[message]?.byNumber[tag >> 3]?.wireType ?? wireType.bytes
  return new WireError(`has wire type ${type} instead of ${wanted}`, offset)
}

function tooDeep(offset: number): WireError {
  return new WireError(`messages nest deeper than ${nestingLimit}`, offset)
}
