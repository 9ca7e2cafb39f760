import type { Stats } from 'node:fs'
import { stat, unlink } from 'node:fs/promises'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Checkpoints } from './checkpoints.ts'
import { findCopied, followShadow } from './copies.ts'
import type { FileOpener } from './file-opener.ts'
import { guardBytes, holdsPosition, readRange, sharesHead } from './identity.ts'
import { type Source, sizeOf } from './source.ts'
import { TailedFile } from './tailed-file.ts'

export interface FileSetSettings {
  readonly fingerprintBytes: number
  readonly maxConcurrentFiles: number
  readonly startAt: 'beginning' | 'end'
  readonly excludeOlderThanMs: number
  /** What to do with a file that is cut or replaced: read it from its beginning, or only what comes now. */
  readonly onTruncate: 'read_whole_file' | 'read_new'
  /** Delete files of which everything is read and acknowledged. */
  readonly deleteAfterRead: boolean
}

/** What the engine tells the receiver. */
export interface TailEvents {
  /** Before the first record of a file; what it finds out about it goes into its `attributes`. */
  opened(file: TailedFile, stats: Stats): Promise<void>
  rotated(file: TailedFile): void
  truncated(file: TailedFile): void
  holeBytes(count: number): void
  /** A file is gone that was not read to its end. */
  lostBytes(count: number): void
  deleted(file: TailedFile): void
}

// A renamed or deleted file may still be written to until its writer opens the new one.
const missingGraceMs = 5000
const statsAtOnce = 64
const expirePeriodMs = 60_000
// File systems stamp files with a coarse clock, and the last poll before a stop may have been a while ago.
const birthSlackMs = 2000

/**
 * Which files there are. Each is known by its inode while it is open; what a path leads to is asked anew in each poll.
 *
 *   path → stat → inode known        the same file, perhaps under a new name (rotation by renaming)
 *                 inode unknown      opened; its content says if it is a copy of one that is open, one that was read
 *                                    before, or new
 *   a file that no path leads to     renamed out of the patterns, or deleted: read to its end, then closed
 */
export class FileSet {
  readonly #settings: FileSetSettings
  readonly #opener: FileOpener
  readonly #checkpoints: Checkpoints
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: TailEvents
  readonly #byInode = new Map<string, TailedFile>()
  readonly #complained = new Set<string>()
  #openCount = 0
  #poll = 0
  #expiredAtMs = 0

  constructor(
    settings: FileSetSettings,
    opener: FileOpener,
    checkpoints: Checkpoints,
    clock: Clock,
    logger: Logger,
    events: TailEvents,
  ) {
    this.#settings = settings
    this.#opener = opener
    this.#checkpoints = checkpoints
    this.#clock = clock
    this.#logger = logger
    this.#events = events
  }

  get all(): Iterable<TailedFile> {
    return this.#byInode.values()
  }

  get openCount(): number {
    return this.#openCount
  }

  get readyCount(): number {
    return this.ready().length
  }

  ready(): TailedFile[] {
    return [...this.#byInode.values()].filter((file) => file.ready)
  }

  async poll(paths: readonly string[]): Promise<void> {
    this.#poll++
    for (let index = 0; index < paths.length; index += statsAtOnce) {
      const some = paths.slice(index, index + statsAtOnce)
      // At once, because each answer of the thread pool wakes the event loop: polling is what an idle remora does.
      const looks = await Promise.allSettled(some.map((path) => stat(path)))
      for (const [at, look] of looks.entries()) await this.#see(some[at] as string, look)
    }
    for (const file of [...this.#byInode.values()]) {
      try {
        if (file.seenInPoll !== this.#poll) await this.#miss(file)
        if (file.shadowOf !== undefined) await followShadow(file)
        if (this.#settings.deleteAfterRead) await this.#deleteIfRead(file)
      } catch (error) {
        await this.failed(file, error as NodeJS.ErrnoException)
      }
    }
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#expiredAtMs < expirePeriodMs) return
    this.#expiredAtMs = nowMs
    this.#checkpoints.expire(nowMs)
  }

  /** The open file; opens a parked one again. Undefined when it is another file by now, or gone. */
  async sourceOf(file: TailedFile): Promise<Source | undefined> {
    if (file.source !== undefined || file.closed) return file.source
    await this.#makeRoom()
    const opened = await this.#opener.open(file.pathNow)
    if (opened === undefined) return undefined
    if (opened.stats.ino !== file.ino || opened.stats.dev !== file.dev) {
      await opened.source.close()
      return undefined
    }
    file.source = opened.source
    this.#openCount++
    return file.source
  }

  /** The content is no longer what was read: begins again with what is there now. */
  async replaced(file: TailedFile): Promise<void> {
    this.#events.truncated(file)
    const whole = this.#settings.onTruncate === 'read_whole_file'
    const path = file.pathNow
    if (whole)
      this.#logger.info('a file was truncated or replaced; it is read from its beginning', { path })
    else
      this.#logger.info('a file was truncated or replaced; it is read from its present end', {
        path,
      })
    this.#checkpoints.remember(file, this.#clock.nowMs())
    file.restartAt(0, new Uint8Array(0))
    file.head = new Uint8Array(0)
    if (file.source !== undefined) file.sizeBytes = await sizeOf(file.source)
    if (!whole && file.source !== undefined) await this.#startAt(file, file.sizeBytes)
    await this.#growHead(file)
    this.#checkpoints.changed(file)
  }

  /** A read failed: the file is opened anew in the next poll, where it went on (ESTALE on network file systems). */
  async failed(file: TailedFile, error: NodeJS.ErrnoException): Promise<void> {
    this.#logger.warn('cannot read a file', { path: file.pathNow, message: error.message })
    if (error.code === 'ENOENT' && file.source === undefined) this.#countLost(file)
    await this.#close(file)
  }

  async closeAll(): Promise<void> {
    for (const file of this.#byInode.values()) {
      await file.source?.close()
      file.source = undefined
    }
    this.#openCount = 0
    await this.#opener.close()
  }

  async #see(path: string, look: PromiseSettledResult<Stats>): Promise<void> {
    try {
      if (look.status === 'rejected') throw look.reason
      await this.#seeFile(path, look.value)
    } catch (error) {
      this.#complain(path, error as NodeJS.ErrnoException)
    }
  }

  async #seeFile(path: string, stats: Stats): Promise<void> {
    // Refused without opening: to open a FIFO or a device may block or do something.
    if (!stats.isFile()) {
      if (!stats.isDirectory()) this.#complain(path, new Error('it is not a regular file'))
      return
    }
    const file = this.#byInode.get(`${stats.dev}:${stats.ino}`)
    if (file === undefined) {
      await this.#adopt(path)
      return
    }
    // Two paths to one file, by a link, are one file.
    if (file.seenInPoll === this.#poll) return
    file.seenInPoll = this.#poll
    file.missingSinceMs = -1
    if (file.pathNow !== path) {
      file.pathNow = path
      this.#events.rotated(file)
      this.#checkpoints.changed(file)
    }
    await this.#update(file, stats)
  }

  async #update(file: TailedFile, stats: Stats): Promise<void> {
    // Of a parked file only its own size is known; what is in it is seen when it is opened.
    const sizeBytes = file.source === undefined ? stats.size : await file.source.size(stats)
    if (stats.mtimeMs !== file.mtimeMs && sizeBytes <= file.offset)
      file.suspicious = file.offset > 0
    file.sizeBytes = sizeBytes
    file.mtimeMs = stats.mtimeMs
    // At once, so that a copy found in the same poll goes on where this one was.
    if (sizeBytes < file.offset && file.source !== undefined) await this.replaced(file)
    if (file.head.length < this.#settings.fingerprintBytes && sizeBytes > file.head.length) {
      await this.#growHead(file)
    }
  }

  async #growHead(file: TailedFile): Promise<void> {
    if (file.source === undefined || file.sizeBytes === 0) return
    const head = await readRange(file.source, 0, this.#settings.fingerprintBytes)
    if (file.head.length > 0 && !sharesHead(file.head, head)) file.suspicious = true
    else if (head.length > file.head.length) file.head = head
  }

  async #adopt(path: string): Promise<void> {
    const opened = await this.#opener.open(path)
    if (opened === undefined) return
    const { source, stats, sizeBytes } = opened
    const known = this.#byInode.get(`${stats.dev}:${stats.ino}`)
    // Empty files have nothing to know them by; whoever writes the first line makes them new files.
    if (known !== undefined || sizeBytes === 0 || this.#tooOld(stats)) {
      await source.close()
      return
    }
    await this.#makeRoom()
    const file = new TailedFile(this.#checkpoints.newId(), path, stats, sizeBytes, source)
    this.#openCount++
    file.seenInPoll = this.#poll
    this.#byInode.set(file.inodeKey, file)
    this.#complained.delete(path)
    await this.#events.opened(file, stats)
    await this.#growHead(file)
    await this.#place(file, stats)
    this.#checkpoints.changed(file)
  }

  /** Where to begin to read a file that was just opened. */
  async #place(file: TailedFile, stats: Stats): Promise<void> {
    const source = file.source as Source
    for (const remembered of this.#checkpoints.candidates(stats.dev, stats.ino)) {
      if (!(await holdsPosition(source, stats, file.sizeBytes, file.head, remembered.position)))
        continue
      this.#checkpoints.claim(remembered)
      file.recordNumber = remembered.recordNumber
      await this.#startAt(file, remembered.position.offset, remembered.skipping)
      return
    }
    const original = await findCopied(file, this.#byInode.values())
    if (original !== undefined) {
      file.shadowOf = original
      file.shadowGeneration = original.generation
      return
    }
    const firstPoll = this.#poll === 1
    const bornMs = stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.ctimeMs
    const { earlierRunMs } = this.#checkpoints
    // What came while remora was down is new, whatever start_at says of the first start.
    const cameWhileDown = earlierRunMs > 0 && bornMs >= earlierRunMs - birthSlackMs
    const skip = firstPoll && !cameWhileDown && this.#settings.startAt === 'end'
    await this.#startAt(file, skip ? file.sizeBytes : 0)
  }

  async #startAt(file: TailedFile, offset: number, skipping = false): Promise<void> {
    const length = Math.min(guardBytes, offset)
    const guard = await readRange(file.source as Source, offset - length, length)
    file.restartAt(offset, guard, skipping)
  }

  /** No path leads to it any more. */
  async #miss(file: TailedFile): Promise<void> {
    if (file.source === undefined) {
      this.#countLost(file)
      await this.#close(file)
      return
    }
    const nowMs = this.#clock.monotonicMs()
    if (file.missingSinceMs < 0) {
      file.missingSinceMs = nowMs
      this.#events.rotated(file)
    }
    await this.#update(file, await file.source.stat())
    const finished = !file.ready && file.partialSize < 0
    if (finished && nowMs - file.missingSinceMs >= missingGraceMs) await this.#close(file)
  }

  /** Of a parked file, to which no way leads back. */
  #countLost(file: TailedFile): void {
    const count = file.sizeBytes - file.offset
    if (count <= 0 || file.shadowOf !== undefined) return
    this.#events.lostBytes(count)
    this.#logger.warn(
      'a file is gone that was closed because more than max_concurrent_files were open; its last bytes are lost',
      { path: file.pathNow, lost_bytes: count },
    )
  }

  /** Makes room for one more by parking a file: one that is read to its end if there is one, the longest quiet of them. */
  async #makeRoom(): Promise<void> {
    while (this.#openCount >= this.#settings.maxConcurrentFiles) {
      let quietest: TailedFile | undefined
      for (const file of this.#byInode.values()) {
        // One that no path leads to could never be opened again.
        if (file.source === undefined || file.missingSinceMs >= 0) continue
        if (file.shadowOf !== undefined) continue
        if (quietest === undefined || parksBefore(file, quietest)) quietest = file
      }
      if (quietest === undefined) return
      const { source } = quietest
      quietest.source = undefined
      this.#openCount--
      await source?.close()
    }
  }

  async #close(file: TailedFile): Promise<void> {
    const { source } = file
    if (source !== undefined) this.#openCount--
    file.source = undefined
    this.#byInode.delete(file.inodeKey)
    this.#checkpoints.forget(file)
    file.rememberedId = this.#checkpoints.remember(file, this.#clock.nowMs())
    file.closed = true
    await source?.close()
  }

  async #deleteIfRead(file: TailedFile): Promise<void> {
    const { sizeBytes, offset, committed, source } = file
    if (source === undefined || file.shadowOf !== undefined || file.missingSinceMs >= 0) return
    if (offset === 0 || offset !== sizeBytes || committed !== offset || file.partialSize >= 0)
      return
    try {
      // Whoever has just written may not be finished, and the path may lead to another file by now.
      const { ino, dev, mtimeMs } = await stat(file.pathNow)
      if (ino !== file.ino || dev !== file.dev || mtimeMs !== file.mtimeMs) return
      await unlink(file.pathNow)
    } catch (error) {
      this.#complain(file.pathNow, error as NodeJS.ErrnoException)
      return
    }
    this.#events.deleted(file)
    await this.#close(file)
  }

  #tooOld(stats: Stats): boolean {
    const { excludeOlderThanMs } = this.#settings
    return excludeOlderThanMs > 0 && this.#clock.nowMs() - stats.mtimeMs > excludeOlderThanMs
  }

  /** Once for each path and kind of trouble; a path that is gone between list and stat is none. */
  #complain(path: string, error: NodeJS.ErrnoException): void {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || this.#complained.has(path)) return
    if (this.#complained.size > 10_000) this.#complained.clear()
    this.#complained.add(path)
    this.#logger.warn('cannot tail a file', { path, message: error.message })
  }
}

function parksBefore(a: TailedFile, b: TailedFile): boolean {
  const aRead = a.offset >= a.sizeBytes
  if (aRead !== b.offset >= b.sizeBytes) return aRead
  return a.lastReadMs < b.lastReadMs
}
