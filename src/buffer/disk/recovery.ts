import { join } from 'node:path'
import { type Clock, sleep } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import type { Cursor } from './cursor.ts'
import { cutFile } from './cut-file.ts'
import { errorCode, type FileSystem } from './file-system.ts'
import { parseSegmentFileName, type SegmentName } from './format.ts'
import type { Limits } from './limits.ts'
import { cursorBeforeName, cursorName, loadCursor } from './load-cursor.ts'
import { keepUnread, type Scan, scanSegment, sealOlder } from './scan-segment.ts'
import { Segment } from './segment.ts'
import { SegmentFiles } from './segment-files.ts'
import { SetAside } from './set-aside.ts'
import { SpareFiles } from './spare-files.ts'

/*
 * Makes sense of what a queue directory holds after whatever happened to it. It always comes to an end, and whatever it
 * cannot make sense of costs only that:
 *
 *     cursor.tmp                   removed: it was being written
 *     *.spare                      removed: nothing in it is needed
 *     a directory of the name of   renamed to *.stray
 *       cursor, cursor.before, cursor.tmp
 *     cursor, damaged or newer     set aside; cursor.before takes its place
 *     both missing, or damaged     nothing counts as acknowledged
 *     *.segment, empty, garbage,   set aside
 *       or of a newer version
 *     *.segment, cannot be read    tried again by the reader
 *     damaged segment header       its records are read: the name says what the header did
 *     damage among records         stepped over when they are read, and counted then
 *     blocks at the end of a       stay, and are tried again by the reader
 *       segment, cannot be read
 *     torn end of the newest       cut, and what is left over there from the file's former use
 *     everything acknowledged      removed
 */

/** After the first; for both cursors together. */
const cursorTries = 9
const cursorRetryMs = 1000

export interface Recovered {
  readonly files: SegmentFiles
  readonly setAside: SetAside
  readonly nextSequence: number
  /** The newest segment, if records can be appended to it. */
  readonly appendable: Segment | undefined
  readonly report: RecoveryReport
}

/** What recovery found, for logs and counters. */
export interface RecoveryReport {
  /** Names, as they are now. */
  readonly setAside: string[]
  /** Files that stay as they are until the next start. */
  leftAlone: number
  /** Cut from the end of the newest segment: of a write that nobody was told had succeeded. */
  tornBytes: number
  /** Segments whose header was damaged and whose records are not. */
  damagedHeaders: number
  cursor: 'valid' | 'before' | 'missing' | 'damaged' | 'unreadable'
}

/** What is to be done with a file. */
type Verdict = Segment | 'remove' | { readonly because: string }

interface RecoveryParts {
  readonly fs: FileSystem
  readonly clock: Clock
  readonly logger: Logger
  readonly abort?: AbortSignal
}

/** `run` rejects only if the directory cannot be listed, or with the reason of `abort` while it waits. */
export class Recovery {
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #abort: AbortSignal | undefined
  readonly #setAside: SetAside
  readonly #report: RecoveryReport = {
    setAside: [],
    leftAlone: 0,
    tornBytes: 0,
    damagedHeaders: 0,
    cursor: 'missing',
  }
  /** Of files that are ours and of no use now. */
  #strayBytes = 0
  #cursorTriesLeft = cursorTries
  #cursorUnread = false
  #highest = 0
  #appendable: Segment | undefined

  constructor(directory: string, limits: Limits, { fs, clock, logger, abort }: RecoveryParts) {
    this.#fs = fs
    this.#clock = clock
    this.#directory = directory
    this.#limits = limits
    this.#logger = logger
    this.#abort = abort
    this.#setAside = new SetAside(fs, directory, limits)
  }

  async run(): Promise<Recovered> {
    const names = (await this.#fs.list(this.#directory)).sort()
    for (const name of names) {
      if (name === 'cursor.tmp' || SpareFiles.owns(name)) await this.#remove(name)
      else if (SetAside.owns(name)) await this.#foundAside(name)
    }
    for (const name of [cursorName, cursorBeforeName, 'cursor.tmp']) {
      if (!names.includes(name)) await this.#makeWay(name)
    }
    const cursor = await this.#readCursor(names)
    const segments: Segment[] = []
    const named = names.filter((name) => name.endsWith('.segment'))
    const newest = named.findLast((name) => parseSegmentFileName(name) !== undefined)
    for (const name of named) {
      const segment = await this.#recoverSegment(name, cursor, name === newest)
      if (segment !== undefined) segments.push(segment)
    }
    await this.#setAside.trim()
    await this.#keepNames()
    const files = new SegmentFiles(
      this.#fs,
      this.#limits,
      new SpareFiles(this.#fs, this.#limits, this.#clock),
      () => this.#setAside.bytes + this.#strayBytes,
    )
    for (const segment of segments) files.add(segment)
    return {
      files,
      setAside: this.#setAside,
      nextSequence: Math.max(cursor?.nextSequence ?? 1, this.#highest + 1),
      appendable: this.#appendable,
      report: this.#report,
    }
  }

  /**
   * A process that was killed may have made the newest segment and not synced the directory. Records are about to be
   * acknowledged that stand in it, so its name must not get lost with the power.
   */
  async #keepNames(): Promise<void> {
    try {
      await this.#fs.syncDirectory(this.#directory)
    } catch (error) {
      if (this.#appendable !== undefined) this.#appendable.sealed = true
      this.#appendable = undefined
      this.#logger.warn('cannot sync the directory of the disk queue', {
        message: (error as Error).message,
      })
    }
  }

  async #recoverSegment(
    name: string,
    cursor: Cursor | undefined,
    newest: boolean,
  ): Promise<Segment | undefined> {
    const parsed = parseSegmentFileName(name)
    try {
      const verdict: Verdict =
        parsed === undefined
          ? { because: 'its name is not that of a segment' }
          : await this.#judge(name, parsed, cursor, newest)
      if (typeof verdict === 'object' && 'because' in verdict) {
        // Its sequence does not count: a stray file may have the highest there is, and leave none for a new segment.
        await this.#putAside(name, verdict.because)
        return undefined
      }
      this.#highest = Math.max(this.#highest, parsed?.sequence ?? 0)
      if (verdict instanceof Segment) return verdict
      await this.#remove(name)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      this.#highest = Math.max(this.#highest, parsed?.sequence ?? 0)
      if (parsed !== undefined) return this.#postpone(name, parsed, cursor, newest, error)
      await this.#leaveAlone(name, error)
    }
    return undefined
  }

  /** Too many files are open, or a permission is missing: what it holds is found when it can be read. */
  async #postpone(
    name: string,
    parsed: SegmentName,
    cursor: Cursor | undefined,
    newest: boolean,
    cause: unknown,
  ): Promise<Segment | undefined> {
    let sizeBytes: number
    try {
      sizeBytes = await this.#fs.size(this.#path(name))
    } catch (error) {
      await this.#leaveAlone(name, error)
      return undefined
    }
    const segment = this.#segmentOf(parsed, sizeBytes, cursor)
    segment.uncounted = newest ? 'newest' : 'older'
    segment.sealed = true
    const fields = { name, message: (cause as Error).message }
    this.#logger.error('cannot read a queue file; it is tried again', fields)
    return segment
  }

  #segmentOf(name: SegmentName, sizeBytes: number, cursor: Cursor | undefined): Segment {
    const segment = new Segment(name, this.#directory, sizeBytes)
    for (const { sequence, salt, from, to } of cursor?.entries ?? []) {
      if (sequence === name.sequence && salt === name.salt) segment.acked.add(from, to)
    }
    return segment
  }

  async #judge(
    name: string,
    parsed: SegmentName,
    cursor: Cursor | undefined,
    newest: boolean,
  ): Promise<Verdict> {
    const sizeBytes = await this.#fs.size(this.#path(name))
    if (sizeBytes === 0) return { because: 'it is empty' }
    const segment = this.#segmentOf(parsed, sizeBytes, cursor)
    const scan = await scanSegment(this.#fs, segment, newest)
    if (scan.unusable !== undefined) return { because: scan.unusable }
    if (scan.header === 'damaged') {
      this.#report.damagedHeaders++
      this.#logger.warn('the header of a queue file is damaged; its records are not', { name })
    }
    if (newest) await this.#prepareNewest(segment, scan)
    else sealOlder(segment, scan)
    if (segment.unloaded.size > 0 || scan.bytes < segment.sizeBytes) return segment
    // Nothing is left to read.
    segment.readOffset = segment.sizeBytes
    segment.readIndex = segment.nextIndex
    return segment.sealed ? 'remove' : segment
  }

  /** Cuts the torn end, so that records can be appended. */
  async #prepareNewest(segment: Segment, scan: Scan): Promise<void> {
    if (keepUnread(segment, scan)) return
    const { header, usedBytes, validEnd, tornEnd } = scan
    const { fileBytes } = segment
    const restBytes = Math.max(0, fileBytes - validEnd)
    // Of a file that was used before, only what begins like a record was being written.
    const tornBytes = validEnd < usedBytes ? tornEnd - validEnd : restBytes
    segment.sizeBytes = validEnd
    segment.usedBytes = usedBytes
    // A removed segment may come back, or acknowledged records get lost without `fsync`: new ones would pass for acknowledged. So
    // they would by a cursor that can be read at the next start, if this process does not come to save its own.
    const numbersTaken = this.#cursorUnread || segment.acked.end > segment.nextIndex
    segment.sealed = header !== 'valid' || numbersTaken || validEnd >= this.#limits.segmentBytes
    if (tornBytes > 0) {
      this.#report.tornBytes += tornBytes
      this.#logger.warn('cut the torn end of the newest queue file', { torn_bytes: tornBytes })
    }
    if (restBytes > 0) {
      try {
        await this.#cut(segment)
        segment.fileBytes = validEnd
      } catch (error) {
        // It stays, and nothing is appended to it.
        segment.sealed = true
        this.#logger.warn('cannot cut a queue file', { message: (error as Error).message })
      }
    }
    if (!segment.sealed) this.#appendable = segment
  }

  async #cut(segment: Segment): Promise<void> {
    const file = await this.#fs.open(segment.path, 'write')
    try {
      await cutFile(this.#fs, file, segment, true)
    } finally {
      await this.#fs.close(file)
    }
  }

  /**
   * The cursor; the one before it if it is damaged or cannot be read, or if a save was cut short between the two renames.
   */
  async #readCursor(names: readonly string[]): Promise<Cursor | undefined> {
    for (const name of [cursorName, cursorBeforeName]) {
      if (!names.includes(name)) continue
      const found = await this.#loadCursor(name)
      if (typeof found === 'object') {
        this.#report.cursor = name === cursorName ? 'valid' : 'before'
        return found
      }
      if (found === undefined) continue
      this.#report.cursor = 'damaged'
      await this.#putAside(name, found)
    }
    return undefined
  }

  /**
   * Without the cursor much is sent twice, so whatever keeps us from reading it has some seconds to pass. Undefined if it does
   * not: the file stays, and the next save replaces it.
   */
  async #loadCursor(name: string): Promise<Cursor | string | undefined> {
    for (;;) {
      try {
        return await loadCursor(this.#fs, this.#directory, name)
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined
        const fields = { name, message: (error as Error).message }
        if (this.#cursorTriesLeft === 0) {
          this.#report.cursor = 'unreadable'
          this.#cursorUnread = true
          this.#logger.error(
            'cannot read what is delivered already; some of it comes again',
            fields,
          )
          return undefined
        }
        this.#cursorTriesLeft--
        this.#logger.warn('cannot read what is delivered already; trying again', fields)
        await sleep(this.#clock, cursorRetryMs, this.#abort)
        this.#abort?.throwIfAborted()
      }
    }
  }

  /** Files are listed; if something else has the name of one, as a directory, no file could take its place. */
  async #makeWay(name: string): Promise<void> {
    const aside = `${name}.stray`
    try {
      await this.#fs.rename(this.#path(name), this.#path(aside))
      this.#logger.error('something that is no file has the name of a queue file; it is renamed', {
        name,
        aside,
      })
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') await this.#leaveAlone(name, error)
    }
  }

  async #putAside(name: string, because: string): Promise<void> {
    try {
      const aside = await this.#setAside.put(name, await this.#fs.size(this.#path(name)))
      this.#report.setAside.push(aside)
      const fields = { name, aside, message: because }
      this.#logger.error('cannot use a queue file; it is set aside', fields)
    } catch (error) {
      await this.#leaveAlone(name, error)
    }
  }

  async #foundAside(name: string): Promise<void> {
    try {
      this.#setAside.found(name, await this.#fs.size(this.#path(name)))
    } catch (error) {
      this.#logger.warn('cannot look at a queue file', { name, message: (error as Error).message })
    }
  }

  /** It may be readable at the next start: too many files open, permissions. */
  async #leaveAlone(name: string, cause: unknown): Promise<void> {
    this.#report.leftAlone++
    this.#logger.error('cannot open a queue file; it stays as it is', {
      name,
      message: (cause as Error).message,
    })
    try {
      this.#strayBytes += await this.#fs.size(this.#path(name))
    } catch (error) {
      this.#logger.warn('cannot look at a queue file', { name, message: (error as Error).message })
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#fs.unlink(this.#path(name))
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') await this.#leaveAlone(name, error)
    }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}
