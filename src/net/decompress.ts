import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { DeliveryError } from '../errors/delivery-error.ts'

/**
 * All decompression of remora, capped: more than `maxBytes` of output is `too_large`, and no more than the cap and one
 * chunk is ever allocated, whatever a bomb or a lying header promises.
 */
export const contentEncodings = ['gzip', 'zstd', 'deflate', 'zlib'] as const

export type ContentEncoding = (typeof contentEncodings)[number]

export function isContentEncoding(name: string): name is ContentEncoding {
  return (contentEncodings as readonly string[]).includes(name)
}

/**
 * Output up to this size is made at once on the event loop: it costs well under a millisecond, which is less than a
 * hand-over to the thread pool and back. More goes to the thread pool.
 */
const inlineOutputBytes = 512 * 1024
const inlineInputBytes = 128 * 1024

/** Larger windows than this need memory for the window itself; RFC 9659 allows HTTP senders no more than 8 MiB. */
const zstdWindowLogMax = 23

/**
 * Zstd frames of one body. Each costs a decoder of its own, also one that is empty or to be skipped, and a frame takes
 * nine bytes. Senders write one, or one for each of their threads.
 */
const framesMax = 64

/** As many as libuv has threads: more at once would only hold more memory. */
const concurrentMax = 4

/**
 * The plain bytes; the buffer is the caller's own and not part of a larger one.
 *
 * Throws, or rejects with, a DeliveryError: `too_large`, or `invalid_data` for a stream that is damaged, truncated or
 * followed by something else. Several gzip members or zstd frames in a row are one stream. `onTurn` is called when a large
 * one has waited for those before it; what it throws is what comes of it.
 */
export function decompress(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxBytes: number,
  onTurn?: () => void,
): Uint8Array | Promise<Uint8Array> {
  const inlineMax = Math.min(maxBytes, inlineOutputBytes)
  if (bytes.byteLength > inlineInputBytes)
    return decompressQueued(encoding, bytes, maxBytes, onTurn)
  try {
    return decompressInline(encoding, bytes, inlineMax)
  } catch (error) {
    if (!isTooLarge(error) || inlineMax === maxBytes) throw refusal(encoding, maxBytes, error)
    return decompressQueued(encoding, bytes, maxBytes, onTurn)
  }
}

/**
 * One gzip file (with all its members) or zstd frame as a stream. Whoever reads bounds what it takes: no more is made than is
 * asked for and one chunk. Ends with an error where the data is damaged or truncated; `bytesWritten` is what it has taken.
 */
export function decompressStream(codec: 'gzip' | 'zstd'): Transform & { bytesWritten: number } {
  if (codec === 'gzip') return zlib.createGunzip()
  return zlib.createZstdDecompress({
    params: { [zlib.constants.ZSTD_d_windowLogMax]: zstdWindowLogMax },
  })
}

interface Decoded {
  readonly buffer: Buffer
  /** `bytesWritten` is how much of the input the decoder has taken. */
  readonly engine: { readonly bytesWritten: number }
}

interface Decoder {
  sync(bytes: Uint8Array, options: object): unknown
  async(bytes: Uint8Array, options: object, done: Done): void
  /** Several streams in a row are one, and the library stops after the first. */
  readonly continues: boolean
}

type Done = (error: Error | null, result: unknown) => void

const inflate: Decoder = { sync: zlib.inflateSync, async: zlib.inflate, continues: false }
const inflateRaw: Decoder = { sync: zlib.inflateRawSync, async: zlib.inflateRaw, continues: false }
/** The library itself goes on to the next member. */
const gunzip: Decoder = { sync: zlib.gunzipSync, async: zlib.gunzip, continues: false }
const unzstd: Decoder = {
  sync: zlib.zstdDecompressSync,
  async: zlib.zstdDecompress,
  continues: true,
}

function decoderOf(encoding: ContentEncoding, bytes: Uint8Array): Decoder {
  if (encoding === 'gzip') return gunzip
  if (encoding === 'zstd') return unzstd
  // RFC 9110 8.4.1.2: "deflate" is the zlib format, but some senders leave its header out.
  return encoding === 'deflate' && !hasZlibHeader(bytes) ? inflateRaw : inflate
}

function hasZlibHeader(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0
  return (first & 0x0f) === 8 && ((first << 8) | (bytes[1] ?? 0)) % 31 === 0
}

function optionsOf(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxOutputLength: number,
): zlib.ZlibOptions {
  if (encoding === 'zstd') {
    const params = { [zlib.constants.ZSTD_d_windowLogMax]: zstdWindowLogMax }
    return { info: true, maxOutputLength, params } as zlib.ZlibOptions
  }
  return { info: true, maxOutputLength, chunkSize: chunkSizeOf(encoding, bytes, maxOutputLength) }
}

const chunkSizeMin = 16 * 1024

/** The trailer of gzip says how long the output is: believed up to the inline limit, then one chunk holds all of it. */
function chunkSizeOf(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxOutputLength: number,
): number {
  const end = bytes.byteLength
  if (encoding !== 'gzip' || end < 18) return chunkSizeMin
  const announced =
    (bytes[end - 4] as number) +
    ((bytes[end - 3] as number) << 8) +
    ((bytes[end - 2] as number) << 16) +
    (bytes[end - 1] as number) * 0x1000000
  if (announced > maxOutputLength || announced > inlineOutputBytes) return chunkSizeMin
  // One byte more, or the library allocates a second chunk to see that nothing follows.
  return Math.max(announced + 1, 64)
}

function decompressInline(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array {
  const decoder = decoderOf(encoding, bytes)
  const parts: Uint8Array[] = []
  let rest = bytes
  let leftBytes = maxBytes
  do {
    const decoded = decoder.sync(rest, optionsOf(encoding, rest, leftBytes)) as Decoded
    rest = restAfter(decoder, rest, decoded)
    leftBytes -= decoded.buffer.byteLength
    parts.push(decoded.buffer)
    if (parts.length === framesMax && rest.byteLength > 0) throw new Error('too many frames')
    if (leftBytes === 0 && rest.byteLength > 0) throw new StreamTooLarge()
  } while (rest.byteLength > 0)
  return join(parts)
}

let running = 0
const waiting: (() => void)[] = []

async function decompressQueued(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxBytes: number,
  onTurn: (() => void) | undefined,
): Promise<Uint8Array> {
  if (running >= concurrentMax) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    onTurn?.()
    return await decompressAsync(encoding, bytes, maxBytes)
  } catch (error) {
    throw error instanceof DeliveryError ? error : refusal(encoding, maxBytes, error)
  } finally {
    // The place goes to the next one directly, so nobody can slip in between.
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

async function decompressAsync(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const decoder = decoderOf(encoding, bytes)
  const parts: Uint8Array[] = []
  let rest = bytes
  let leftBytes = maxBytes
  do {
    const decoded = await runAsync(decoder, rest, optionsOf(encoding, rest, leftBytes))
    rest = restAfter(decoder, rest, decoded)
    leftBytes -= decoded.buffer.byteLength
    parts.push(decoded.buffer)
    if (parts.length === framesMax && rest.byteLength > 0) throw new Error('too many frames')
    if (leftBytes === 0 && rest.byteLength > 0) throw new StreamTooLarge()
  } while (rest.byteLength > 0)
  return join(parts)
}

function runAsync(
  decoder: Decoder,
  bytes: Uint8Array,
  options: zlib.ZlibOptions,
): Promise<Decoded> {
  return new Promise((resolve, reject) => {
    decoder.async(bytes, options, (error, result) => {
      if (error === null) resolve(result as Decoded)
      else reject(error)
    })
  })
}

/** What the decoder has not taken: the next frame, or bytes that do not belong there. */
function restAfter(decoder: Decoder, bytes: Uint8Array, decoded: Decoded): Uint8Array {
  const takenBytes = decoded.engine.bytesWritten
  if (takenBytes >= bytes.byteLength) return empty
  if (!decoder.continues || takenBytes === 0) throw new Error('unexpected bytes after the end')
  return bytes.subarray(takenBytes)
}

const empty = new Uint8Array(0)

function join(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts[0] as Uint8Array
  if (parts.length === 1 && only.buffer.byteLength - only.byteLength <= 1024) return only
  let sizeBytes = 0
  for (const part of parts) sizeBytes += part.byteLength
  const whole = Buffer.allocUnsafeSlow(sizeBytes)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}

class StreamTooLarge extends Error {}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof StreamTooLarge ||
    (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
  )
}

function refusal(encoding: ContentEncoding, maxBytes: number, error: unknown): DeliveryError {
  if (isTooLarge(error)) {
    const message = `the body is larger than ${maxBytes} bytes when decompressed`
    return new DeliveryError('too_large', message, { cause: error })
  }
  const cause = error instanceof Error ? error.message : String(error)
  return new DeliveryError('invalid_data', `cannot decompress the ${encoding} body: ${cause}`, {
    cause: error,
  })
}
