import type { Signal } from '../../signal/signal.ts'
import { errorCode, type FileSystem, readAll } from './file-system.ts'
import {
  payloadMatches,
  RecordHeader,
  readRecordHead,
  recordHeadBytesMax,
  recordMark,
} from './format.ts'

/** Disks fail by sectors; 4 KiB is the smallest piece that is read again alone. */
const blockBytes = 4096

/** An open segment file. */
export interface Source {
  readonly fs: FileSystem
  readonly file: number
  readonly salt: number
  /** Nothing is read from here on. */
  readonly endOffset: number
}

export interface StoredRecord {
  readonly index: number
  readonly itemCount: number
  readonly account: string
  readonly enqueuedMs: number
  readonly signal: Signal
  readonly payloadBytes: number
  /** Header, account and payload. */
  readonly recordBytes: number
  /** Where the record ends in the file. */
  readonly endOffset: number
  /** Undefined where only headers were asked for, and of a record whose payload is damaged. */
  readonly payload: Uint8Array | undefined
}

/** What one step through a segment found. */
export interface Window {
  /** In the order of the file. */
  readonly records: StoredRecord[]
  /** Where to go on; the end of the source once everything is read. */
  nextOffset: number
  /** The source ends within a record. */
  torn: boolean
  /** The end of the last block that the disk could not read; 0 if there is none. */
  unreadEnd: number
}

/**
 * Reads what begins within the next `windowBytes` of a segment. `offset` is where a record begins, or anywhere: damage is
 * stepped over up to the next valid header. Memory: the window, or one record if that is larger.
 */
export async function readWindow(
  source: Source,
  offset: number,
  windowBytes: number,
  what: 'headers' | 'payloads',
): Promise<Window> {
  const atLeast = Math.max(windowBytes, recordHeadBytesMax)
  const window = await parse(source, offset, atLeast, what)
  if (typeof window !== 'number') return window
  // Slow path: a record larger than the window.
  return (await parse(source, offset, window, what)) as Window
}

/** The window, or how many bytes it must have for the record at its beginning. */
async function parse(
  source: Source,
  offset: number,
  windowBytes: number,
  what: 'headers' | 'payloads',
): Promise<Window | number> {
  const bytes = Buffer.allocUnsafeSlow(Math.min(windowBytes, source.endOffset - offset))
  const window: Window = { records: [], nextOffset: offset, torn: false, unreadEnd: 0 }
  const length = await readDespiteDamage(source, bytes, offset, window)
  // The file may have become shorter than it was: then it ends here.
  const last = length < bytes.byteLength || offset + length >= source.endOffset
  const endOffset = last ? offset + length : source.endOffset
  const header = new RecordHeader()
  let at = 0
  while (at < length) {
    const state = readRecordHead(bytes, at, length, source.salt, header)
    if (state === 'short' && !last) break
    if (state !== 'valid') {
      window.torn = state === 'short'
      at = findRecord(bytes, at + 1, length, source.salt, last, header)
      continue
    }
    const end = at + header.recordBytes
    if (offset + end > endOffset) {
      window.torn = true
      at = length
      break
    }
    let payload: Uint8Array | undefined
    if (what === 'payloads') {
      if (end > length) {
        if (at === 0) return header.recordBytes
        break
      }
      payload = intactPayload(bytes, end, header, source.salt)
    }
    window.records.push(storedRecord(header, offset + end, payload))
    at = end
  }
  window.nextOffset = last && at >= length ? source.endOffset : offset + at
  return window
}

function intactPayload(
  bytes: Buffer,
  end: number,
  header: RecordHeader,
  salt: number,
): Uint8Array | undefined {
  const payload = bytes.subarray(end - header.payloadBytes, end)
  return payloadMatches(payload, header, salt) ? payload : undefined
}

/** Where the next valid record begins, or may begin if the window ended later. */
function findRecord(
  bytes: Buffer,
  from: number,
  end: number,
  salt: number,
  last: boolean,
  header: RecordHeader,
): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(recordMark, at)
    // A mark may stand across the end of the window.
    if (at < 0 || at >= end) return last ? end : Math.max(from, end - recordMark.byteLength + 1)
    const state = readRecordHead(bytes, at, end, salt, header)
    if (state === 'valid' || (state === 'short' && !last)) return at
  }
}

function storedRecord(
  header: RecordHeader,
  endOffset: number,
  payload: Uint8Array | undefined,
): StoredRecord {
  const { index, itemCount, account, enqueuedMs, signal, payloadBytes, recordBytes } = header
  return {
    index,
    itemCount,
    account,
    enqueuedMs,
    signal,
    payloadBytes,
    recordBytes,
    endOffset,
    payload,
  }
}

/** Blocks that the disk cannot read any more come as zeros, which no record is. */
async function readDespiteDamage(
  { fs, file }: Source,
  into: Uint8Array,
  offset: number,
  window: Window,
): Promise<number> {
  try {
    return await readAll(fs, file, into, offset)
  } catch (error) {
    if (errorCode(error) !== 'EIO') throw error
  }
  let at = 0
  while (at < into.byteLength) {
    const block = into.subarray(at, at + blockBytes)
    try {
      const length = await readAll(fs, file, block, offset + at)
      if (length < block.byteLength) return at + length
    } catch (error) {
      if (errorCode(error) !== 'EIO') throw error
      block.fill(0)
      window.unreadEnd = offset + at + block.byteLength
    }
    at += block.byteLength
  }
  return into.byteLength
}
