import { crc32 } from 'node:zlib'
import { must } from '../../errors/bug.ts'
import { type Signal, signals } from '../../signal/signal.ts'

/*
 * A queue directory:
 *
 *     00000007-9f3a5c77.segment           records, oldest file first: sequence and salt, in hexadecimal
 *     00000008-1c04be52.segment           the newest; records are appended to it
 *     00000005-02c1f09e.segment.spare     nothing in it is needed any more, or yet (spare-files.ts)
 *     cursor                              which records are acknowledged (cursor.ts)
 *     cursor.before                       the cursor that it has replaced
 *     lock                                which process uses the directory (directory-lock.ts)
 *     00000003-77aa0102.segment.damaged   set aside: nothing of it can be read
 *
 * A segment:
 *
 *     ┌────────────────┬──────────────────────────────┬──────────────────────────────┬─ ─
 *     │ segment header │ header, account, payload     │ header, account, payload     │
 *     └────────────────┴──────────────────────────────┴──────────────────────────────┴─ ─
 *     0               32
 *
 *     segment header, 32 bytes                       record header, 40 bytes
 *      0  magic      "RMRQ"                           0  mark              "RREC"
 *      4  version    u16, 1                           4  header checksum   u32: of bytes 8–40 and the account
 *      6  size       u16, of this header, 32          8  payload size      u32
 *      8  sequence   u32                             12  payload checksum  u32
 *     12  salt       u32                             16  items             u32
 *     16  created    u64, ms since 1970              20  index             u32, the number of the record in the segment
 *     24  used       u32, see below                   24  enqueued          u64, ms since 1970
 *     28  checksum   u32: of bytes 0–28              32  signal            u8: 0 logs, 1 metrics, 2 traces
 *                                                    33  flags             u8, 0
 *                                                    34  account size      u16
 *                                                    36  reserved          u32, 0
 *                                                    40  account           UTF-8: the pipeline the record came through
 *                                                        payload           OTLP: one Export…ServiceRequest
 *
 * Integers are little endian. Checksums are CRC-32 (the polynomial of zlib, which Node computes natively).
 *
 * The header has a checksum of its own, so that a damaged payload costs one record and its items are known; a damaged
 * header costs the bytes up to the next valid header. The checksums of records start from the salt, a random number
 * of the segment: bytes in a payload that look like a record never pass for one, whoever sent them. The salt stands in the
 * name as well, so that a damaged segment header costs nothing.
 *
 * A file of which every record is acknowledged is kept as a spare, and written over by a later segment: a loss of time and
 * blocks is saved. `used` is its size at that moment, 0 for a new file. Up to there, what follows the last record may be
 * left over: no record of this segment, as the salt tells, and no damage. Once such a file is cut to its records, when the segment
 * is complete at the latest, `used` is 0. A file, new or used, gets the segment's name once the first records are on the disk.
 *
 * Later versions keep the first 16 bytes of the segment header and its checksum in the last 4 of `size` bytes.
 */
export const segmentHeaderBytes = 32
export const recordHeaderBytes = 40
/** Accounts are names of pipelines. */
export const accountBytesMax = 1024
/** The longest header with its account: a window for reading must hold one. */
export const recordHeadBytesMax = recordHeaderBytes + accountBytesMax

const version = 1
const usedBytesAt = 24
const segmentMagic = Buffer.from('RMRQ').readUInt32LE()
export const recordMark: Buffer = Buffer.from('RREC')
const recordMarkNumber = recordMark.readUInt32LE()
const namePattern = /^([0-9a-f]{8})-([0-9a-f]{8})\.segment$/

export interface SegmentName {
  readonly sequence: number
  readonly salt: number
}

export function segmentFileName({ sequence, salt }: SegmentName): string {
  return `${hex(sequence)}-${hex(salt)}.segment`
}

/** Undefined for a file that is no segment. */
export function parseSegmentFileName(name: string): SegmentName | undefined {
  const match = namePattern.exec(name)
  if (match === null) return undefined
  return {
    sequence: Number.parseInt(match[1] as string, 16),
    salt: Number.parseInt(match[2] as string, 16),
  }
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0')
}

export function writeSegmentHeader(
  { sequence, salt }: SegmentName,
  createdMs: number,
  usedBytes: number,
): Buffer {
  const out = Buffer.alloc(segmentHeaderBytes)
  out.writeUInt32LE(segmentMagic, 0)
  out.writeUInt16LE(version, 4)
  out.writeUInt16LE(segmentHeaderBytes, 6)
  out.writeUInt32LE(sequence, 8)
  out.writeUInt32LE(salt, 12)
  out.writeBigUInt64LE(BigInt(Math.floor(createdMs)), 16)
  writeUsedBytes(out, usedBytes)
  return out
}

/** Changes a valid header. */
export function writeUsedBytes(header: Buffer, usedBytes: number): void {
  header.writeUInt32LE(usedBytes, usedBytesAt)
  const sumAt = segmentHeaderBytes - 4
  header.writeUInt32LE(crc32(header.subarray(0, sumAt)), sumAt)
}

/** Of a valid header: how far what follows the last record may be left over from the file's former use. */
export function readUsedBytes(header: Buffer): number {
  return header.readUInt32LE(usedBytesAt)
}

/** `newer`: written by a later version of remora, whose records we do not know. */
export type SegmentHeaderState = 'valid' | 'damaged' | 'newer'

export function checkSegmentHeader(bytes: Buffer, name: SegmentName): SegmentHeaderState {
  if (bytes.length < segmentHeaderBytes || bytes.readUInt32LE(0) !== segmentMagic) return 'damaged'
  const headerBytes = bytes.readUInt16LE(6)
  if (headerBytes < segmentHeaderBytes || headerBytes > bytes.length) return 'damaged'
  if (crc32(bytes.subarray(0, headerBytes - 4)) !== bytes.readUInt32LE(headerBytes - 4)) {
    return 'damaged'
  }
  if (bytes.readUInt16LE(4) !== version) return 'newer'
  const same = bytes.readUInt32LE(8) === name.sequence && bytes.readUInt32LE(12) === name.salt
  return same ? 'valid' : 'damaged'
}

/** What stands in the header of a record. One object is filled again and again. */
export class RecordHeader {
  payloadBytes = 0
  payloadChecksum = 0
  itemCount = 0
  index = 0
  enqueuedMs = 0
  signal: Signal = 'logs'
  account = ''
  /** Header, account and payload. */
  recordBytes = 0
}

/** Writes header and account at `at`; the payload's checksum is computed from the segments as they are. Returns the end. */
export function writeRecordHead(
  out: Buffer,
  at: number,
  salt: number,
  index: number,
  record: {
    readonly segments: readonly Uint8Array[]
    readonly payloadBytes: number
    readonly itemCount: number
    readonly enqueuedMs: number
    readonly signal: Signal
    readonly account: Uint8Array
  },
): number {
  const end = at + recordHeaderBytes + record.account.byteLength
  out.writeUInt32LE(recordMarkNumber, at)
  out.writeUInt32LE(record.payloadBytes, at + 8)
  out.writeUInt32LE(checksum(record.segments, salt), at + 12)
  out.writeUInt32LE(record.itemCount, at + 16)
  out.writeUInt32LE(index, at + 20)
  // Two halves: a BigInt would be made for every record.
  out.writeUInt32LE(record.enqueuedMs % 2 ** 32, at + 24)
  out.writeUInt32LE(Math.floor(record.enqueuedMs / 2 ** 32), at + 28)
  out.writeUInt16LE(signals.indexOf(record.signal), at + 32)
  out.writeUInt16LE(record.account.byteLength, at + 34)
  out.writeUInt32LE(0, at + 36)
  out.set(record.account, at + recordHeaderBytes)
  out.writeUInt32LE(crc32(out.subarray(at + 8, end), salt), at + 4)
  return end
}

function checksum(segments: readonly Uint8Array[], salt: number): number {
  let sum = salt
  for (const segment of segments) sum = crc32(segment, sum)
  return sum
}

/** `short`: the bytes end within the header. */
export type RecordHeadState = 'valid' | 'damaged' | 'short'

export function readRecordHead(
  bytes: Buffer,
  at: number,
  end: number,
  salt: number,
  into: RecordHeader,
): RecordHeadState {
  if (end - at < recordHeaderBytes) return 'short'
  if (bytes.readUInt32LE(at) !== recordMarkNumber) return 'damaged'
  const accountBytes = bytes.readUInt16LE(at + 34)
  if (accountBytes > accountBytesMax) return 'damaged'
  const headEnd = at + recordHeaderBytes + accountBytes
  if (headEnd > end) return 'short'
  if (crc32(bytes.subarray(at + 8, headEnd), salt) !== bytes.readUInt32LE(at + 4)) return 'damaged'
  const signal = signals[bytes[at + 32] as number]
  if (signal === undefined) return 'damaged'
  into.payloadBytes = bytes.readUInt32LE(at + 8)
  into.payloadChecksum = bytes.readUInt32LE(at + 12)
  into.itemCount = bytes.readUInt32LE(at + 16)
  into.index = bytes.readUInt32LE(at + 20)
  into.enqueuedMs = bytes.readUInt32LE(at + 24) + bytes.readUInt32LE(at + 28) * 2 ** 32
  into.signal = signal
  into.account = bytes.toString('utf8', at + recordHeaderBytes, headEnd)
  into.recordBytes = headEnd - at + into.payloadBytes
  return 'valid'
}

/** Whether the payload is what was written. */
export function payloadMatches(payload: Uint8Array, header: RecordHeader, salt: number): boolean {
  return crc32(payload, salt) === header.payloadChecksum
}

/** The account's name as it stands in a record. */
export function accountBytesOf(account: string): Buffer {
  const bytes = Buffer.from(account)
  must(bytes.byteLength <= accountBytesMax, 'the name of an account is too long')
  return bytes
}
