import zlib from 'node:zlib'
import { Bug } from '../errors/bug.ts'

export type DeflateFormat = 'gzip' | 'deflate'

const chunkBytes = 64 * 1024
/** Each keeps some 330 KiB. The thread pool works on four at a time, and mostly there are two cores. */
const idleMax = 2

const idle = new Map<string, Deflater[]>()

/**
 * The compressed bytes, made on the thread pool. Rejects only if the machine has no memory for it.
 *
 * `zlib.gzip` makes a compressor of 268 KiB for each call, and V8 keeps it, and what it has made, until it collects the whole
 * heap: a process that compresses megabytes a second had some thirty of them more. So they are used again.
 */
export async function deflate(
  format: DeflateFormat,
  bytes: Uint8Array,
  level: number,
): Promise<Uint8Array> {
  const key = `${format} ${level}`
  const spare = idle.get(key) ?? []
  idle.set(key, spare)
  const deflater = spare.pop() ?? new Deflater(format, level)
  // One that fails is not used again.
  const compressed = await deflater.run(bytes)
  if (spare.length < idleMax) spare.push(deflater)
  else deflater.close()
  return compressed
}

/** A compressor for one call at a time. */
class Deflater {
  readonly #stream: zlib.Gzip & zlib.ZlibReset
  #chunks: Buffer[] = []
  #job: PromiseWithResolvers<Uint8Array> | undefined

  constructor(format: DeflateFormat, level: number) {
    const options = { level, chunkSize: chunkBytes }
    // All have `reset`, which the types know of some.
    const create = format === 'gzip' ? zlib.createGzip : zlib.createDeflate
    const stream = create(options) as zlib.Gzip & zlib.ZlibReset
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    stream.on('error', (error) => this.#take().reject(error))
    this.#stream = stream
  }

  run(bytes: Uint8Array): Promise<Uint8Array> {
    const job = Promise.withResolvers<Uint8Array>()
    this.#job = job
    this.#stream.write(bytes)
    // The end of this stream of bytes, and not of the compressor.
    this.#stream.flush(zlib.constants.Z_FINISH, () => {
      // Copies: the chunks are views of blocks that are still being filled.
      const compressed = Buffer.concat(this.#chunks)
      this.#chunks = []
      this.#stream.reset()
      this.#take().resolve(compressed)
    })
    return job.promise
  }

  close(): void {
    this.#stream.close()
  }

  #take(): PromiseWithResolvers<Uint8Array> {
    const job = this.#job
    if (job === undefined) throw new Bug('a compressor is done without a job')
    this.#job = undefined
    return job
  }
}
