import { JsonReader } from '../json/json-reader.ts'
import { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { Writer } from '../writer.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * The answer to an Export request; the three signals differ only in a JSON name (OTLP specification, "Partial Success"):
 *
 *     Export{Logs,Metrics,Trace}ServiceResponse { PartialSuccess partial_success = 1 }
 *     PartialSuccess { int64 rejected_{log_records,data_points,spans} = 1; string error_message = 2 }
 *
 * `rejectedItems` 0 with a message is a warning: everything was taken.
 */
export interface PartialSuccess {
  readonly rejectedItems: number
  readonly errorMessage: string
}

const rejectedNames = {
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
} as const satisfies Record<OtlpSignal, string>

const rejectedProtoNames = {
  logs: 'rejected_log_records',
  metrics: 'rejected_data_points',
  traces: 'rejected_spans',
} as const satisfies Record<OtlpSignal, string>

const empty = new Uint8Array(0)

/**
 * No bytes at all for a full success.
 *
 * @public What a backend answers: tests play one.
 */
export function encodeExportResponse(partial?: PartialSuccess): Uint8Array {
  if (partial === undefined) return empty
  const writer = new Writer(32 + partial.errorMessage.length)
  writer.tag(10)
  const mark = writer.fork()
  if (partial.rejectedItems !== 0) {
    writer.tag(8)
    writer.varint64(BigInt(partial.rejectedItems))
  }
  if (partial.errorMessage !== '') {
    writer.tag(18)
    writer.string(partial.errorMessage)
  }
  writer.join(mark)
  return writer.finish()
}

/** Undefined for a full success. Throws a WireError when the bytes are no response. */
export function decodeExportResponse(bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.byteLength === 0) return undefined
  const reader = new Reader(bytes)
  let rejectedItems = 0
  let errorMessage = ''
  while (reader.more()) {
    const tag = reader.tag()
    if (tag !== 10) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    while (reader.more()) {
      const inner = reader.tag()
      if (inner === 8) rejectedItems = Number(BigInt.asIntN(64, reader.varint64()))
      else if (inner === 18) errorMessage = reader.string()
      else reader.skip(inner)
    }
    reader.leave(outer)
  }
  return partialSuccess(rejectedItems, errorMessage)
}

/** @public The same in JSON; tests play a backend with it. */
export function exportResponseToJson(signal: OtlpSignal, partial?: PartialSuccess): string {
  if (partial === undefined) return '{}'
  const rejected = String(partial.rejectedItems)
  return JSON.stringify({
    partialSuccess: { [rejectedNames[signal]]: rejected, errorMessage: partial.errorMessage },
  })
}

/** Undefined for a full success. Throws a WireError when the text is no response. */
export function exportResponseFromJson(
  signal: OtlpSignal,
  text: string,
): PartialSuccess | undefined {
  const json = new JsonReader(text)
  let partial: PartialSuccess | undefined
  json.take('{')
  for (let first = true; json.next(first, '}'); first = false) {
    const key = json.key()
    if (json.tryWord('null')) continue
    if (key === 'partialSuccess' || key === 'partial_success') partial = readPartial(json, signal)
    else json.skipValue()
  }
  json.end()
  return partial
}

function readPartial(json: JsonReader, signal: OtlpSignal): PartialSuccess | undefined {
  let rejectedItems = 0
  let errorMessage = ''
  json.take('{')
  for (let first = true; json.next(first, '}'); first = false) {
    const key = json.key()
    if (json.tryWord('null')) continue
    if (key === rejectedNames[signal] || key === rejectedProtoNames[signal]) {
      rejectedItems = Number(json.peek() === 0x22 ? json.string() : json.number())
    } else if (key === 'errorMessage' || key === 'error_message') errorMessage = json.string()
    else json.skipValue()
  }
  if (!Number.isSafeInteger(rejectedItems)) {
    throw new WireError(`${rejectedNames[signal]}: must be an integer`, json.at)
  }
  return partialSuccess(rejectedItems, errorMessage)
}

/** A negative count is nonsense; treat it as none. */
function partialSuccess(rejectedItems: number, errorMessage: string): PartialSuccess | undefined {
  const rejected = Math.max(0, rejectedItems)
  return rejected === 0 && errorMessage === ''
    ? undefined
    : { rejectedItems: rejected, errorMessage }
}
