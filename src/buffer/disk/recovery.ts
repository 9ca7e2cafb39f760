import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import type { Cursor } from './cursor.ts'
import { cutFile } from './cut-file.ts'
import { errorCode, type FileSystem, readAll } from './file-system.ts'
import {
  checkSegmentHeader,
  parseSegmentFileName,
  readUsedBytes,
  type SegmentHeaderState,
  type SegmentName,
  segmentHeaderBytes,
} from './format.ts'
import type { Limits } from './limits.ts'
import { cursorBeforeName, cursorName, loadCursor } from './load-cursor.ts'
import { readWindow, type Source, type StoredRecord } from './read-window.ts'
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
 *     *.segment, cannot be opened  left alone until the next start
 *     damaged segment header       its records are read: the name says what the header did
 *     damage among records         stepped over when they are read, and counted then
 *     torn end of the newest       cut, and what is left over there from the file's former use
 *     everything acknowledged      removed
 */

/** A header takes some dozen bytes and a payload usually some kilobytes: less means many small reads, more reads payloads for nothing. */
const headersWindowBytes = 32 * 1024
/** A later version may have a longer header. */
const firstReadBytes = 4096

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
  cursor: 'valid' | 'before' | 'missing' | 'damaged'
}

/** What is to be done with a file. */
type Verdict = Segment | 'remove' | { readonly because: string }

/** What a walk over the headers of a segment found. */
interface Scan {
  /** The end of the last valid record, or of the segment header. */
  validEnd: number
  /** The same, with records behind it that were being written. */
  tornEnd: number
  /** The file ends within a record: of a write that was cut short, and could not be cut off since. */
  torn: boolean
  records: number
  /** Of the segment header and the valid records; less than `validEnd` where something between them is damaged. */
  bytes: number
}

interface Header {
  readonly state: SegmentHeaderState
  /** 0 where it is damaged. */
  readonly usedBytes: number
}

/** Rejects only if the directory cannot be listed. */
export class Recovery {
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #logger: Logger
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
  #highest = 0
  #appendable: Segment | undefined

  constructor(fs: FileSystem, directory: string, limits: Limits, clock: Clock, logger: Logger) {
    this.#fs = fs
    this.#clock = clock
    this.#directory = directory
    this.#limits = limits
    this.#logger = logger
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
    for (const name of named) {
      const segment = await this.#recoverSegment(name, cursor, name === named.at(-1))
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
      await this.#leaveAlone(name, error)
    }
    return undefined
  }

  async #judge(
    name: string,
    parsed: SegmentName,
    cursor: Cursor | undefined,
    newest: boolean,
  ): Promise<Verdict> {
    const path = this.#path(name)
    const sizeBytes = await this.#fs.size(path)
    if (sizeBytes === 0) return { because: 'it is empty' }
    const segment = new Segment(parsed, this.#directory, sizeBytes)
    for (const { sequence, salt, from, to } of cursor?.entries ?? []) {
      if (sequence === parsed.sequence && salt === parsed.salt) segment.acked.add(from, to)
    }
    const file = await this.#fs.open(path, 'read')
    let header: Header
    let scan: Scan
    try {
      header = await this.#readHeader(file, parsed, sizeBytes)
      if (header.state === 'newer') return { because: 'a later version of remora wrote it' }
      scan = await this.#scan(segment, file, newest ? header.usedBytes : 0)
    } finally {
      await this.#fs.close(file)
    }
    if (header.state === 'damaged') {
      if (scan.records === 0) return { because: 'nothing in it can be read' }
      this.#report.damagedHeaders++
      this.#logger.warn('the header of a queue file is damaged; its records are not', { name })
    }
    if (newest) await this.#prepareNewest(segment, scan, header)
    else sealOlder(segment, scan, header)
    if (segment.unloaded.size > 0 || scan.bytes < segment.sizeBytes) return segment
    // Nothing is left to read.
    segment.readOffset = segment.sizeBytes
    segment.readIndex = segment.nextIndex
    return segment.sealed ? 'remove' : segment
  }

  async #readHeader(file: number, parsed: SegmentName, sizeBytes: number): Promise<Header> {
    const bytes = Buffer.alloc(Math.min(sizeBytes, firstReadBytes))
    let state: SegmentHeaderState
    try {
      const length = await readAll(this.#fs, file, bytes, 0)
      state = checkSegmentHeader(bytes.subarray(0, length), parsed)
    } catch (error) {
      if (errorCode(error) !== 'EIO') throw error
      state = 'damaged'
    }
    return { state, usedBytes: state === 'valid' ? readUsedBytes(bytes) : 0 }
  }

  /**
   * Finds what is to be delivered, by the headers; the payloads are checked when they are read. Not so up to `usedBytes`: a write
   * that was cut short leaves a header there with the payload of the file's former use, so the last records must be whole.
   */
  async #scan(segment: Segment, file: number, usedBytes: number): Promise<Scan> {
    const { salt, sizeBytes } = segment
    const source: Source = { fs: this.#fs, file, salt, endOffset: sizeBytes }
    const start = segmentHeaderBytes
    const scan: Scan = { validEnd: start, tornEnd: start, torn: false, records: 0, bytes: start }
    let doubtful: StoredRecord[] = []
    for (let offset = segmentHeaderBytes; offset < sizeBytes; ) {
      const what = offset < usedBytes ? 'payloads' : 'headers'
      const window = await readWindow(source, offset, headersWindowBytes, what)
      for (const record of window.records) {
        scan.tornEnd = record.endOffset
        if (what === 'payloads' && record.payload === undefined) {
          doubtful.push(record)
          continue
        }
        for (const before of doubtful) found(segment, scan, before)
        doubtful = []
        found(segment, scan, record)
      }
      scan.torn = window.torn
      offset = window.nextOffset
    }
    return scan
  }

  /** Cuts the torn end, so that records can be appended. */
  async #prepareNewest(
    segment: Segment,
    { validEnd, tornEnd }: Scan,
    header: Header,
  ): Promise<void> {
    const { fileBytes } = segment
    const restBytes = Math.max(0, fileBytes - validEnd)
    // Of a file that was used before, only what begins like a record was being written.
    const tornBytes = validEnd < header.usedBytes ? tornEnd - validEnd : restBytes
    segment.sizeBytes = validEnd
    // A removed segment may come back, or acknowledged records get lost without `fsync`: new ones would pass for acknowledged.
    const numbersTaken = segment.acked.end > segment.nextIndex
    segment.sealed =
      header.state !== 'valid' || numbersTaken || validEnd >= this.#limits.segmentBytes
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
      await cutFile(this.#fs, file, segment, segment.sizeBytes)
    } finally {
      await this.#fs.close(file)
    }
  }

  /** The cursor; the one before it if it is damaged, or if a save was cut short between the two renames. */
  async #readCursor(names: readonly string[]): Promise<Cursor | undefined> {
    for (const name of [cursorName, cursorBeforeName]) {
      if (!names.includes(name)) continue
      const found = await loadCursor(this.#fs, this.#directory, name)
      if (typeof found !== 'string') {
        this.#report.cursor = name === cursorName ? 'valid' : 'before'
        return found
      }
      this.#report.cursor = 'damaged'
      await this.#putAside(name, found)
    }
    return undefined
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

function found(segment: Segment, scan: Scan, record: StoredRecord): void {
  const { index, recordBytes, endOffset, account, itemCount, payloadBytes } = record
  scan.records++
  scan.bytes += recordBytes
  scan.validEnd = endOffset
  if (index < segment.nextIndex) return
  segment.nextIndex = index + 1
  if (!segment.acked.has(index)) segment.addUnloaded(account, itemCount, payloadBytes)
}

/** A segment after which another was begun: what stands at its end was a whole record once, unless a write was cut short. */
function sealOlder(segment: Segment, { validEnd, torn }: Scan, { usedBytes }: Header): void {
  segment.sealed = true
  if (validEnd >= segment.fileBytes) return
  // Nobody can tell a damaged record from what its file's former use has left there.
  if (segment.fileBytes === usedBytes) segment.sizeBytes = validEnd
  else if (!torn) segment.missingRecords = 1
}
