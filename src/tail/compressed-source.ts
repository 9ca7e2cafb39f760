import type { Stats } from 'node:fs'
import type { Transform } from 'node:stream'
import type { OpenFile } from './file-system.ts'
import type { Head } from './head.ts'
import type { Source } from './source.ts'

/*
 * A compressed file, read as what is in it. Decompressing goes forward only, so places that lie behind what is kept are
 * reached by starting anew; the tail reads forward, and looks back by no more than its last read.
 *
 *     file ──64 KiB──▶ decompressor ──▶ kept: [low … high) of the content, at least from the last place asked for
 *
 * The size of the content is known only by going through it once; that is done when the file is opened and when it changes.
 * A stream that ends in the middle, or is damaged, ends there; what comes before is content.
 */
export type Codec = 'gzip' | 'zstd'
export type Decompress = (codec: Codec) => Transform & { readonly bytesWritten: number }

/** How much is in a compressed file that has this size and time. */
export interface Measure {
  readonly codec: Codec
  readonly sizeBytes: number
  readonly mtimeMs: number
  readonly contentBytes: number
}

const chunkBytes = 64 * 1024
/** Log text shrinks to a fiftieth at best; beyond this it is an attack, and small ones do no harm. */
const growthMax = 250
const harmlessBytes = 64 * 1024 * 1024

/** Whether a file with these stats is still as it was when it was measured. */
export function isMeasured(stats: Stats, { sizeBytes, mtimeMs }: Measure): boolean {
  return stats.size === sizeBytes && stats.mtimeMs === mtimeMs
}

/** By its first bytes. */
export function codecOf(head: Head): Codec | undefined {
  if (head.startsWith('\x1f\x8b\x08')) return 'gzip'
  return head.startsWith('\x28\xb5\x2f\xfd') ? 'zstd' : undefined
}

export class CompressedSource implements Source {
  readonly #handle: OpenFile
  readonly #codec: Codec
  readonly #decompress: Decompress
  readonly #damaged: (error: Error) => void
  #stream: AsyncGenerator<Buffer> | undefined
  #kept: Buffer[] = []
  #low = 0
  #high = 0
  #ended = false
  #measuring = false
  #measure: Measure

  /**
   * `damaged` hears, once for each size, of a stream that cannot be read to its end. `measure` is of a source of the same
   * file, from which this one goes on.
   */
  constructor(
    handle: OpenFile,
    codec: Codec,
    decompress: Decompress,
    damaged: (error: Error) => void,
    measure?: Measure,
  ) {
    this.#handle = handle
    this.#codec = codec
    this.#decompress = decompress
    this.#damaged = damaged
    this.#measure = measure ?? { codec, sizeBytes: -1, mtimeMs: -1, contentBytes: 0 }
  }

  /** As it was measured last. */
  get measure(): Measure {
    return this.#measure
  }

  async read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }> {
    if (position < this.#low) await this.#restart()
    while (this.#high < position + length && !this.#ended) {
      await this.#advance()
      this.#forget(position)
    }
    this.#forget(position)
    return { bytesRead: this.#copy(buffer, offset, length, position) }
  }

  /** Rejects for a file that grows beyond all measure. */
  async size(stats: Stats): Promise<number> {
    if (isMeasured(stats, this.#measure)) return this.#measure.contentBytes
    await this.#restart()
    this.#measuring = true
    const mostBytes = Math.max(harmlessBytes, growthMax * stats.size)
    while (!this.#ended) {
      await this.#advance()
      this.#forget(this.#high - chunkBytes)
      if (this.#high > mostBytes) {
        throw new Error(`it holds more than ${growthMax} times its size: refused`)
      }
    }
    this.#measuring = false
    const { size: sizeBytes, mtimeMs } = stats
    this.#measure = { codec: this.#codec, sizeBytes, mtimeMs, contentBytes: this.#high }
    return this.#high
  }

  get fd(): number {
    return this.#handle.fd
  }

  stat(): Promise<Stats> {
    return this.#handle.stat()
  }

  async close(): Promise<void> {
    await this.#stream?.return(undefined)
    await this.#handle.close()
  }

  async #restart(): Promise<void> {
    await this.#stream?.return(undefined)
    this.#stream = undefined
    this.#kept = []
    this.#low = 0
    this.#high = 0
    this.#ended = false
  }

  async #advance(): Promise<void> {
    this.#stream ??= this.#chunks()
    try {
      const { done, value } = await this.#stream.next()
      if (done === true) {
        this.#ended = true
        return
      }
      this.#kept.push(value)
      this.#high += value.length
    } catch (error) {
      this.#ended = true
      if (this.#measuring) this.#damaged(error as Error)
    }
  }

  /** Drops what lies wholly in front of a position. */
  #forget(position: number): void {
    while (this.#kept.length > 0) {
      const first = this.#kept[0] as Buffer
      if (this.#low + first.length > position) return
      this.#low += first.length
      this.#kept.shift()
    }
  }

  #copy(buffer: Uint8Array, offset: number, length: number, position: number): number {
    let start = this.#low
    let copied = 0
    for (const chunk of this.#kept) {
      const from = position + copied - start
      if (from < chunk.length && copied < length) {
        copied += chunk.copy(buffer, offset + copied, from, from + length - copied)
      }
      start += chunk.length
    }
    return copied
  }

  /** The content of all frames behind each other; gzip takes its members by itself. */
  async *#chunks(): AsyncGenerator<Buffer> {
    let position = 0
    for (;;) {
      const stream = this.#decompress(this.#codec)
      const feeding = this.#feed(stream, position)
      try {
        yield* stream as AsyncIterable<Buffer>
      } finally {
        stream.destroy()
        await feeding
      }
      const taken = stream.bytesWritten
      position += taken
      const { size } = await this.#handle.stat()
      if (this.#codec === 'gzip' || taken === 0 || position >= size) return
    }
  }

  /** Never rejects: a file that cannot be read ends the stream with the error. */
  async #feed(stream: Transform, start: number): Promise<void> {
    let position = start
    try {
      while (!stream.destroyed && !stream.readableEnded) {
        const chunk = Buffer.allocUnsafe(chunkBytes)
        const { bytesRead } = await this.#handle.read(chunk, 0, chunkBytes, position)
        position += bytesRead
        if (bytesRead === 0) {
          stream.end()
          return
        }
        if (stream.destroyed || stream.readableEnded) return
        if (stream.write(chunk.subarray(0, bytesRead))) continue
        await drained(stream)
      }
    } catch (error) {
      stream.destroy(error as Error)
    }
  }
}

function drained(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
