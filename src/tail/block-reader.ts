import type { FileSet } from './file-set.ts'
import { bytesOf, headOf } from './head.ts'
import { guardBytes, isGuard } from './identity.ts'
import type { Source } from './source.ts'
import type { TailParts, TailSettings } from './tail-settings.ts'
import type { TailedFile } from './tailed-file.ts'

// Large enough that a batch has some thousand lines, small enough that files take turns quickly.
const blockBytes = 256 * 1024
const goneFlushMs = 5000
const zeros = Buffer.alloc(16 * 1024)

// Of many small files, or of few new lines in each, one batch is made: each costs a request to an exporter.
const gatheredBytes = 128 * 1024
const gatheredFilesMax = 1024

/**
 * Reads one block of a file, frames and encodes it, and hands batches to the window.
 *
 * A block begins with the guard, the last bytes before the position: if they differ from what stood there before, the file
 * was truncated and written anew, and the position means nothing. What is framed is gone from the block; an unfinished
 * record is simply read again with the next block, so nothing is carried over between turns.
 */
export class BlockReader {
  readonly #settings: TailSettings
  readonly #parts: TailParts
  readonly #files: FileSet
  readonly #wideBytes: number
  #buffer: Buffer = Buffer.alloc(0)
  /** Files whose blocks are in the batch that is being made. */
  #gathered: TailedFile[] = []

  constructor(settings: TailSettings, parts: TailParts, files: FileSet) {
    this.#settings = settings
    this.#parts = parts
    this.#files = files
    // Room for the largest record, so that it is cut by its size and not by the end of the block.
    this.#wideBytes = Math.max(blockBytes, settings.maxLogSizeBytes + 4096)
  }

  /** Gives up on unfinished records that have not grown for `force_flush_period`. */
  markFlushes(files: Iterable<TailedFile>): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const file of files) {
      if (file.partialSize < 0 || file.partialSize !== file.sizeBytes) continue
      // 0 waits without end for the rest of a record, but not in a file that is gone.
      const forceFlushPeriodMs =
        this.#settings.forceFlushPeriodMs || (file.missingSinceMs < 0 ? Infinity : goneFlushMs)
      file.flushDue = nowMs - file.partialSinceMs >= forceFlushPeriodMs
    }
  }

  /**
   * Sends what was read. Called before a file has another turn, and before anything else happens to the files: until then
   * nobody knows how far they were read.
   */
  send(): void {
    const files = this.#gathered
    if (files.length === 0) return
    const { target, window } = this.#parts
    this.#gathered = []
    const batch = target.finish()
    window.push(batch, target.progress(files))
  }

  /** False when the file cannot be read before the next poll: a writer has it locked, or its path leads elsewhere. */
  async turn(file: TailedFile): Promise<boolean> {
    if (this.#isInHead(file)) {
      this.#take(file, bytesOf(file.head), 0, true)
      return true
    }
    const source = await this.#files.sourceOf(file)
    if (source === undefined) return false
    const { header, locks } = this.#parts
    if (locks !== undefined && !(await locks.acquire(file, source.fd))) return false
    if (file.sizeBytes < file.offset) {
      await this.#files.replaced(file)
      return true
    }
    await header?.prepare(file, source)
    if (await this.#readOnce(file, source, blockBytes)) return true
    await this.#readOnce(file, source, this.#wideBytes)
    return true
  }

  /**
   * Fast path: the first look has seen all of a small file that was closed since, because there are many. A start with
   * 20,000 of them opens each once, not twice.
   */
  #isInHead(file: TailedFile): boolean {
    if (file.source !== undefined || !file.isPlain || file.offset > 0) return false
    if (file.partialSize >= 0 || file.suspicious || file.skipping) return false
    const { header, locks } = this.#parts
    return file.head.length === file.sizeBytes && header === undefined && locks === undefined
  }

  /** False when the block holds no end of a record and a larger one may. */
  async #readOnce(file: TailedFile, source: Source, wantBytes: number): Promise<boolean> {
    const guard = file.guard
    const generation = file.generation
    const before = guard.bytes
    const buffer = this.#room(wantBytes + guardBytes)
    const filled = await fill(source, buffer, before + wantBytes, file.offset - before)
    if (generation !== file.generation) return true
    if (filled < before || !isGuard(buffer.subarray(0, before), guard)) {
      await this.#files.replaced(file)
      return true
    }
    file.suspicious = false
    file.wasParked = false
    // What was there when the file was found may have been replaced before anything of it was read.
    if (file.offset === 0) this.#takeHead(file, buffer, filled)
    const view = buffer.subarray(0, filled)
    const atEnd = filled < before + wantBytes
    return this.#take(file, view, before, atEnd) || atEnd || wantBytes >= this.#wideBytes
  }

  /** Frames what is behind the guard; false when nothing of it is a record or a hole. */
  #take(file: TailedFile, view: Buffer, before: number, atEnd: boolean): boolean {
    const sizeBytes = file.offset + view.length - before
    const start = skipHole(view, before, atEnd, this.#settings.unitBytes)
    if (start > before) {
      file.advance(view, before, start)
      this.#parts.events.holeBytes(start - before)
    }
    const flush = atEnd && file.flushDue && file.partialSize === sizeBytes
    const end = this.#frame(file, view, before, start, flush)
    // It may have grown since the poll: behind its size a position would look like that of a truncated file.
    file.sizeBytes = atEnd ? sizeBytes : Math.max(file.sizeBytes, sizeBytes)
    if (atEnd) this.#noteEnd(file, sizeBytes, end < view.length)
    return end > before
  }

  #takeHead(file: TailedFile, buffer: Buffer, filled: number): void {
    const head = headOf(buffer.subarray(0, Math.min(filled, this.#settings.fingerprintBytes)))
    if (head !== file.head) this.#files.setHead(file, head)
  }

  /** What was taken in earlier turns ends at `before`, a hole behind it at `start`. Returns where the records end. */
  #frame(file: TailedFile, view: Buffer, before: number, start: number, flush: boolean): number {
    const { framer, target, clock, header } = this.#parts
    const from = header?.take(file, view, start, flush) ?? start
    if (from > start) file.advance(view, start, from)
    target.begin(file, clock.nowMs())
    let end = from
    if (header?.isDone(file) ?? true) {
      end = framer.frame(file, view, from, view.length, flush, target)
      if (end > from) file.advance(view, from, end)
    }
    target.end()
    // One that was only looked into would wait for the answer to what is of others.
    if (end > before) this.#gathered.push(file)
    if (target.sizeBytes >= gatheredBytes || this.#gathered.length >= gatheredFilesMax) this.send()
    return end
  }

  /** Gives up records that operators hold back, those that have waited long enough or all. */
  flushHeld(everything: boolean): void {
    const { target, window, clock } = this.#parts
    if (!target.holds) return
    this.send()
    target.flush(clock.nowMs(), everything)
    const batch = target.finish()
    if (batch !== undefined) window.push(batch, target.progress([]))
  }

  #noteEnd(file: TailedFile, sizeBytes: number, unfinished: boolean): void {
    file.flushDue = false
    if (!unfinished) {
      file.partialSize = -1
    } else if (file.partialSize !== sizeBytes) {
      file.partialSize = sizeBytes
      file.partialSinceMs = this.#parts.clock.monotonicMs()
    }
  }

  #room(sizeBytes: number): Buffer {
    if (this.#buffer.length < sizeBytes) this.#buffer = Buffer.allocUnsafeSlow(sizeBytes)
    return this.#buffer
  }
}

async function fill(
  source: Source,
  buffer: Buffer,
  length: number,
  position: number,
): Promise<number> {
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await source.read(buffer, filled, length - filled, position + filled)
    filled += bytesRead
    // A short read means the end of a regular file.
    if (filled < length) break
  }
  return filled
}

/**
 * Behind the NUL bytes at a position: the hole that a truncation leaves in front of a writer that does not append. At
 * the end of what is there they stay: some network file systems show zeros first and the text later. Only whole code
 * units count, because half of one is often zero, and none where bytes have no meaning (`nop`).
 */
function skipHole(view: Buffer, start: number, atEnd: boolean, unitBytes: 0 | 1 | 2): number {
  if (view[start] !== 0 || unitBytes === 0) return start
  let at = start
  // Of a hole of gigabytes most is passed over at the speed of memory.
  while (view.length - at >= zeros.length && zeros.equals(view.subarray(at, at + zeros.length))) {
    at += zeros.length
  }
  while (at < view.length && view[at] === 0) at++
  if (at === view.length && atEnd) return start
  return at - ((at - start) % unitBytes)
}
