import zlib from 'node:zlib'
import { deflate } from './deflater.ts'

/** What we compress requests with; the names are those of Content-Encoding and grpc-encoding. */
export const compressions = ['gzip', 'zstd', 'deflate', 'zlib', 'none'] as const

export type Compression = (typeof compressions)[number]

/** Up to this, compressing on the event loop is cheaper than the way to the thread pool and back. */
const inlineBytes = 16 * 1024

/**
 * The value of Content-Encoding; undefined for none. `zlib` is an old name of the collector for what HTTP calls
 * `deflate`: both are the zlib format (RFC 9110, section 8.4.1.2).
 */
export function contentEncodingOf(compression: Compression): string | undefined {
  if (compression === 'none') return undefined
  return compression === 'zlib' ? 'deflate' : compression
}

/**
 * The compressed bytes. Level −1 is the default of each format: 6 for gzip and deflate, 3 for zstd. Rejects only if the
 * machine has no memory for it.
 */
export function compress(
  compression: Exclude<Compression, 'none'>,
  bytes: Uint8Array,
  level = -1,
): Promise<Uint8Array> {
  if (bytes.byteLength <= inlineBytes)
    return Promise.resolve(compressInline(compression, bytes, level))
  if (compression !== 'zstd') {
    return deflate(compression === 'gzip' ? 'gzip' : 'deflate', bytes, level)
  }
  // Node keeps a finished compressor, and all that its callback sees, until the whole heap is collected: not the bytes.
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  zlib.zstdCompress(bytes, zstdOptions(level), (error, compressed) => {
    if (error === null) resolve(compressed)
    else reject(error)
  })
  return promise
}

function compressInline(compression: Compression, bytes: Uint8Array, level: number): Uint8Array {
  if (compression === 'zstd') return zlib.zstdCompressSync(bytes, zstdOptions(level))
  return compression === 'gzip'
    ? zlib.gzipSync(bytes, { level })
    : zlib.deflateSync(bytes, { level })
}

function zstdOptions(level: number): zlib.ZstdOptions {
  const { ZSTD_c_compressionLevel: key } = zlib.constants
  return level === -1 ? {} : { params: { [key]: level } }
}
