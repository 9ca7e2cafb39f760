import { crc32 } from 'node:zlib'
import { type Signal, signals } from '../../signal/signal.ts'

/*
 * A dead letter is a file `00000042.letter`:
 *
 *      0  magic         "RMDL"
 *      4  version       u16, 1
 *      6  reserved      u16, 0
 *      8  head size     u32
 *     12  payload size  u32
 *     16  checksum      u32: CRC-32 of bytes 0–16, the head and the payload
 *     20  head          JSON: what happened (LetterHead)
 *         payload       OTLP: one Export…ServiceRequest; empty where nobody knows which items were refused
 *
 * Integers are little endian. The file is written once and never changed; one that a crash cut short fails its checksum.
 */
const magic = Buffer.from('RMDL').readUInt32LE()
const version = 1
export const letterHeaderBytes = 20
/** Messages of backends are cut before; this is far above any head that we write. */
export const letterHeadBytesMax = 64 * 1024

/** No date is further from 1970. */
const timeMsMost = 8.64e15

/** Everything that is known of some items that were refused for good. */
export interface LetterHead {
  /** Milliseconds since 1970. */
  readonly timeMs: number
  readonly exporter: string
  /** The pipelines that the items came through. */
  readonly pipelines: readonly string[]
  readonly signal: Signal
  /** Log records, data points or spans that were refused. */
  readonly items: number
  /** A code of src/errors/codes.ts. */
  readonly code: string
  /** In the words of the backend. It is not to be trusted: a terminal may not see it as it is. */
  readonly reason: string
}

/** The whole file, in pieces. */
export function encodeLetter(head: LetterHead, payload: readonly Uint8Array[]): Uint8Array[] {
  const headBytes = Buffer.from(JSON.stringify(head))
  const header = Buffer.alloc(letterHeaderBytes)
  let payloadBytes = 0
  for (const part of payload) payloadBytes += part.byteLength
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(version, 4)
  header.writeUInt32LE(headBytes.byteLength, 8)
  header.writeUInt32LE(payloadBytes, 12)
  let sum = crc32(headBytes, crc32(header.subarray(0, 16)))
  for (const part of payload) sum = crc32(part, sum)
  header.writeUInt32LE(sum, 16)
  return [header, headBytes, ...payload]
}

/** Of the whole file. */
export function letterBytes(head: LetterHead, payloadBytes: number): number {
  return letterHeaderBytes + Buffer.byteLength(JSON.stringify(head)) + payloadBytes
}

export interface Letter {
  readonly head: LetterHead
  readonly payload: Uint8Array
}

/** The letter, or a phrase that says why the bytes are none. */
export function decodeLetter(bytes: Buffer): Letter | string {
  const beginning = decodeLetterBeginning(bytes, bytes.byteLength)
  if (typeof beginning === 'string') return beginning
  const sum = crc32(bytes.subarray(letterHeaderBytes), crc32(bytes.subarray(0, 16)))
  if (sum !== bytes.readUInt32LE(16)) return 'its checksum is wrong'
  const { head, payloadBytes } = beginning
  return { head, payload: bytes.subarray(bytes.byteLength - payloadBytes) }
}

/** What can be known of a letter without reading its payload. */
export interface LetterBeginning {
  readonly head: LetterHead
  readonly payloadBytes: number
}

/** Only what stands at the beginning; the checksum is not looked at. `bytes` is the beginning of a file of `sizeBytes`. */
export function decodeLetterBeginning(bytes: Buffer, sizeBytes: number): LetterBeginning | string {
  if (bytes.byteLength < letterHeaderBytes || bytes.readUInt32LE(0) !== magic) {
    return 'it is no dead letter'
  }
  const found = bytes.readUInt16LE(4)
  if (found !== version) return `its version is ${found}, and this remora reads ${version}`
  const headEnd = letterHeaderBytes + bytes.readUInt32LE(8)
  const payloadBytes = bytes.readUInt32LE(12)
  if (headEnd + payloadBytes !== sizeBytes) return 'its size is wrong'
  if (headEnd > bytes.byteLength) return 'its head is too long'
  try {
    const head = parseHead(JSON.parse(bytes.toString('utf8', letterHeaderBytes, headEnd)))
    return typeof head === 'string' ? head : { head, payloadBytes }
  } catch (error) {
    if (error instanceof SyntaxError) return 'its head is no JSON'
    throw error
  }
}

function parseHead(value: unknown): LetterHead | string {
  const head = value as Partial<LetterHead> | null
  const valid =
    typeof head?.timeMs === 'number' &&
    Math.abs(head.timeMs) <= timeMsMost &&
    Number.isSafeInteger(head.items) &&
    typeof head.exporter === 'string' &&
    typeof head.code === 'string' &&
    typeof head.reason === 'string' &&
    Array.isArray(head.pipelines) &&
    head.pipelines.every((pipeline) => typeof pipeline === 'string') &&
    signals.some((signal) => signal === head.signal)
  return valid ? (head as LetterHead) : 'its head is incomplete'
}
