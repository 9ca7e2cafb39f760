import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/**
 * google.rpc.Status, the error body of OTLP/gRPC (`grpc-status-details-bin`) and OTLP/HTTP:
 *
 *     Status    { int32 code = 1; string message = 2; repeated Any details = 3 }
 *     Any       { string type_url = 1; bytes value = 2 }
 *     RetryInfo { Duration retry_delay = 1 }    Duration { int64 seconds = 1; int32 nanos = 2 }
 *
 * Details other than RetryInfo are ignored when read.
 */
export interface RpcStatus {
  /** A gRPC code, e.g. 8 for RESOURCE_EXHAUSTED. */
  readonly code: number
  readonly message: string
  /** From RetryInfo: the sender should wait this long. */
  readonly retryDelayMs?: number
}

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo'

export function encodeRpcStatus(status: RpcStatus): Uint8Array {
  const writer = new Writer(64 + status.message.length)
  if (status.code !== 0) {
    writer.tag(8)
    writer.int32(status.code)
  }
  if (status.message !== '') {
    writer.tag(18)
    writer.string(status.message)
  }
  if (status.retryDelayMs !== undefined) {
    writer.tag(26)
    const detail = writer.fork()
    writer.tag(10)
    writer.string(retryInfoType)
    writer.tag(18)
    writeRetryInfo(writer, status.retryDelayMs)
    writer.join(detail)
  }
  return writer.finish()
}

function writeRetryInfo(writer: Writer, delayMs: number): void {
  const retryInfo = writer.fork()
  writer.tag(10)
  const duration = writer.fork()
  const seconds = Math.floor(delayMs / 1000)
  const nanos = Math.round((delayMs - seconds * 1000) * 1e6)
  if (seconds !== 0) {
    writer.tag(8)
    writer.varint64(BigInt(seconds))
  }
  if (nanos !== 0) {
    writer.tag(16)
    writer.int32(nanos)
  }
  writer.join(duration)
  writer.join(retryInfo)
}

/** Throws a WireError when the bytes are no Status. */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus {
  const reader = new Reader(bytes)
  let code = 0
  let message = ''
  let retryDelayMs: number | undefined
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 8) code = reader.varint32() | 0
    else if (tag === 18) message = reader.string()
    else if (tag === 26) retryDelayMs = readDetail(reader) ?? retryDelayMs
    else reader.skip(tag)
  }
  return retryDelayMs === undefined ? { code, message } : { code, message, retryDelayMs }
}

/** The delay, if the detail is a RetryInfo. */
function readDetail(reader: Reader): number | undefined {
  const outer = reader.enter()
  let type = ''
  let value: Uint8Array | undefined
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 10) type = reader.string()
    else if (tag === 18) value = reader.bytesView()
    else reader.skip(tag)
  }
  reader.leave(outer)
  if (value === undefined || !type.endsWith('/google.rpc.RetryInfo')) return undefined
  return readRetryInfo(new Reader(value))
}

function readRetryInfo(reader: Reader): number {
  let delayMs = 0
  while (reader.more()) {
    const tag = reader.tag()
    if (tag !== 10) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    while (reader.more()) {
      const inner = reader.tag()
      if (inner === 8) delayMs += Number(BigInt.asIntN(64, reader.varint64())) * 1000
      else if (inner === 16) delayMs += (reader.varint32() | 0) / 1e6
      else reader.skip(inner)
    }
    reader.leave(outer)
  }
  return Math.max(0, delayMs)
}

/** The same as OTLP/HTTP wants it for a JSON request. */
export function rpcStatusToJson(status: RpcStatus): string {
  const { code, message, retryDelayMs } = status
  if (retryDelayMs === undefined) return JSON.stringify({ code, message })
  const detail = { '@type': retryInfoType, retryDelay: `${retryDelayMs / 1000}s` }
  return JSON.stringify({ code, message, details: [detail] })
}

/**
 * The reverse, of parsed JSON: undefined for what is no object. Errors come from proxies and gateways too, so whatever
 * is not as it should be is passed over, and the rest counts.
 */
export function rpcStatusFromJson(json: unknown): RpcStatus | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { code, message, details } = json as Record<'code' | 'message' | 'details', unknown>
  const status = {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : '',
  }
  const delays = (Array.isArray(details) ? details : []).map(retryDelayOf)
  const retryDelayMs = delays.findLast((delayMs) => delayMs !== undefined)
  return retryDelayMs === undefined ? status : { ...status, retryDelayMs }
}

/** A Duration in JSON: `3s`, `0.25s`. Milliseconds; undefined for another detail. */
function retryDelayOf(detail: unknown): number | undefined {
  const info = detail as Partial<Record<'@type' | 'retryDelay' | 'retry_delay', unknown>> | null
  const type = info?.['@type']
  if (typeof type !== 'string' || !type.endsWith('/google.rpc.RetryInfo')) return undefined
  const text = info?.retryDelay ?? info?.retry_delay
  if (typeof text !== 'string' || !/^-?\d{1,12}(\.\d{1,9})?s$/.test(text)) return undefined
  return Math.max(0, Number.parseFloat(text) * 1000)
}
