import { crc32 } from 'node:zlib'

/*
 * One file holds all keys and values of one component. It is always written whole.
 *
 *   magic "RMRS"   4 bytes
 *   version        u32, 1
 *   payload size   u32
 *   CRC-32         u32, of the payload (zlib's polynomial)
 *   payload        for each entry: u32 key size, key (UTF-8), u32 value size, value
 *
 * All integers are little endian.
 */
const magic = 0x53524d52
const version = 1
const headerBytes = 16

export type Entries = Map<string, Uint8Array>

export function writeSnapshot(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  let payloadBytes = 0
  for (const [key, value] of entries) payloadBytes += 8 + Buffer.byteLength(key) + value.byteLength
  const out = Buffer.alloc(headerBytes + payloadBytes)
  let at = headerBytes
  for (const [key, value] of entries) {
    const keyBytes = out.write(key, at + 4)
    at = out.writeUInt32LE(keyBytes, at) + keyBytes
    at = out.writeUInt32LE(value.byteLength, at)
    out.set(value, at)
    at += value.byteLength
  }
  out.writeUInt32LE(magic, 0)
  out.writeUInt32LE(version, 4)
  out.writeUInt32LE(payloadBytes, 8)
  out.writeUInt32LE(crc32(out.subarray(headerBytes)), 12)
  return out
}

/** The entries, or a sentence that says why the bytes are none. */
export function readSnapshot(bytes: Uint8Array): Entries | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length === 0) return 'it is empty'
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic) return 'it is not a storage file'
  const found = file.readUInt32LE(4)
  if (found !== version) return `its version is ${found}, and this remora reads ${version}`
  const payload = file.subarray(headerBytes)
  if (payload.length !== file.readUInt32LE(8)) return 'it is cut short'
  if (crc32(payload) !== file.readUInt32LE(12)) return 'its checksum is wrong'
  return readEntries(payload) ?? 'its entries are damaged'
}

function readEntries(payload: Buffer): Entries | undefined {
  const entries: Entries = new Map()
  let at = 0
  const next = (): Buffer | undefined => {
    if (at + 4 > payload.length) return undefined
    const start = at + 4
    const end = start + payload.readUInt32LE(at)
    if (end > payload.length) return undefined
    at = end
    return payload.subarray(start, end)
  }
  while (at < payload.length) {
    const key = next()
    const value = next()
    if (key === undefined || value === undefined) return undefined
    entries.set(key.toString(), Uint8Array.from(value))
  }
  return entries
}
