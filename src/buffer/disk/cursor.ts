import { crc32 } from 'node:zlib'
import type { SegmentName } from './format.ts'

/*
 * The cursor says which records are acknowledged. It is written whole, under another name, synced and renamed.
 *
 *      0  magic          "RMRC"
 *      4  version        u16, 1
 *      6  reserved       u16, 0
 *      8  next sequence  u32: no segment of this or a higher sequence is mentioned
 *     12  entries        u32, how many
 *     16  checksum       u32: CRC-32 of bytes 0–16 and of the entries
 *     20  entries        16 bytes each: sequence, salt, from, to: the records from index `from` up to, but not, `to` of
 *                        that segment are acknowledged
 *
 * A segment that is wholly acknowledged is removed, so the entries are few: about as many as there are records being sent.
 */
const magic = 0x43524d52
const version = 1
const headerBytes = 20
const entryBytes = 16
/** A thousand gaps between acknowledged records; more are not remembered, and what they part is sent again. */
const bytesMost = 16 * 1024

/** How large the cursor of a queue with this cap may become. */
export function cursorBytesFor(capBytes: number): number {
  return Math.min(bytesMost, Math.floor(capBytes / 64))
}

export interface CursorEntry extends SegmentName {
  readonly from: number
  readonly to: number
}

export interface Cursor {
  readonly nextSequence: number
  readonly entries: readonly CursorEntry[]
}

/** Entries that do not fit into `bytesMax` are left out from the end. */
export function writeCursor({ nextSequence, entries }: Cursor, bytesMax: number): Buffer {
  const count = Math.min(entries.length, Math.floor((bytesMax - headerBytes) / entryBytes))
  const out = Buffer.alloc(headerBytes + count * entryBytes)
  out.writeUInt32LE(magic, 0)
  out.writeUInt16LE(version, 4)
  out.writeUInt32LE(nextSequence, 8)
  out.writeUInt32LE(count, 12)
  for (let index = 0; index < count; index++) {
    const { sequence, salt, from, to } = entries[index] as CursorEntry
    let at = headerBytes + index * entryBytes
    at = out.writeUInt32LE(sequence, at)
    at = out.writeUInt32LE(salt, at)
    at = out.writeUInt32LE(from, at)
    out.writeUInt32LE(to, at)
  }
  out.writeUInt32LE(checksum(out), 16)
  return out
}

/** The cursor, or a phrase that says why the bytes are none. */
export function readCursor(bytes: Buffer): Cursor | string {
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic) return 'it is not a cursor'
  const found = bytes.readUInt16LE(4)
  const count = bytes.readUInt32LE(12)
  if (found === version && bytes.length !== headerBytes + count * entryBytes) {
    return 'its size is wrong'
  }
  if (checksum(bytes) !== bytes.readUInt32LE(16)) return 'its checksum is wrong'
  if (found !== version) return `its version is ${found}, and this remora reads ${version}`
  const entries: CursorEntry[] = []
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    entries.push({
      sequence: bytes.readUInt32LE(at),
      salt: bytes.readUInt32LE(at + 4),
      from: bytes.readUInt32LE(at + 8),
      to: bytes.readUInt32LE(at + 12),
    })
  }
  return { nextSequence: bytes.readUInt32LE(8), entries }
}

function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(headerBytes), crc32(bytes.subarray(0, 16)))
}
