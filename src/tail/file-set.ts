import type { Stats } from 'node:fs'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Checkpoints } from './checkpoints.ts'
import { Complaints } from './complaints.ts'
import { compareShadow } from './copies.ts'
import type { FileOpener, Opened } from './file-opener.ts'
import type { FileSystem } from './file-system.ts'
import { FilesByInode } from './files-by-inode.ts'
import { type Head, headOf } from './head.ts'
import { HeadIndex } from './head-index.ts'
import { holdsMark, noGuard, readGuard, readRange } from './identity.ts'
import { Newcomers, type Stranger } from './newcomers.ts'
import { OpenFiles } from './open-files.ts'
import { coarseMs, type LeftOutPart, Placement } from './placement.ts'
import { type Source, sizeOf } from './source.ts'
import { TailedFile } from './tailed-file.ts'
import type { DeliveryWindow } from './window.ts'

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
// What was changed so lately may be changing now.
const freshMs = 10_000
const expirePeriodMs = 60_000
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
  readonly #system: FileSystem
  readonly #files: OpenFiles
  readonly #placement: Placement
  readonly #heads = new HeadIndex()
  readonly #checkpoints: Checkpoints
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: TailEvents
  readonly #byInode = new FilesByInode()
  readonly #complaints: Complaints
  readonly #newcomers: Newcomers
  #poll = 0
  #hasHardLinks = false
  #expiredAtMs = 0

  constructor(
    settings: FileSetSettings,
    system: FileSystem,
    opener: FileOpener,
    checkpoints: Checkpoints,
    clock: Clock,
    logger: Logger,
    events: TailEvents,
    window: DeliveryWindow,
  ) {
    this.#settings = settings
    this.#system = system
    this.#files = new OpenFiles(opener, settings.maxConcurrentFiles, clock, (file, error) =>
      this.failed(file, error),
    )
    this.#placement = new Placement(checkpoints, this.#files, window, logger)
    this.#checkpoints = checkpoints
    this.#clock = clock
    this.#logger = logger
    this.#events = events
    this.#complaints = new Complaints(logger)
    this.#newcomers = new Newcomers(
      this.#files,
      checkpoints,
      this.#complaints,
      settings.startAt,
      (path, opened, leavesOut) => this.#adopt(path, opened, leavesOut),
    )
  }

  get all(): Iterable<TailedFile> {
    return this.#byInode
  }

  get count(): number {
    return this.#byInode.count
  }

  get openCount(): number {
    return this.#files.count
  }

  get readyCount(): number {
    return this.ready().length
  }

  /** Whether one of the files has another name, which may be in a directory that nobody watches. */
  get hasHardLinks(): boolean {
    return this.#hasHardLinks
  }

  /** Whether one is not there any more and has not ended yet. */
  get hasMissing(): boolean {
    for (const { missingSinceMs } of this.#byInode) if (missingSinceMs >= 0) return true
    return false
  }

  ready(): TailedFile[] {
    const ready: TailedFile[] = []
    for (const file of this.#byInode) if (file.ready) ready.push(file)
    return ready
  }

  async poll(paths: readonly string[]): Promise<void> {
    this.#poll++
    this.#files.beginPoll()
    this.#hasHardLinks = false
    const strangers: Stranger[] = []
    for (let index = 0; index < paths.length; index += statsAtOnce) {
      const some = paths.slice(index, index + statsAtOnce)
      // At once, because each answer of the thread pool wakes the event loop: polling is what an idle remora does.
      const looks = await Promise.allSettled(some.map((path) => this.#system.stat(path)))
      for (const [at, look] of looks.entries()) {
        await this.#see(some[at] as string, look, strangers)
      }
    }
    for (const file of this.#byInode) {
      if (file.seenInPoll !== this.#poll) await this.#attempt(file, () => this.#miss(file))
    }
    // Before the new ones, which may be copies of these.
    for (const file of this.#byInode) {
      if (file.shadowOf !== undefined) await this.#attempt(file, () => this.#follow(file))
    }
    await this.#meet(strangers)
    await this.#newcomers.takeUnclaimed()
    if (this.#poll === 1) this.#checkpoints.looked()
    if (this.#settings.deleteAfterRead) {
      for (const file of this.#byInode) {
        await this.#attempt(file, () => this.#deleteIfRead(file))
      }
    }
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#expiredAtMs < expirePeriodMs) return
    this.#expiredAtMs = nowMs
    this.#checkpoints.expire(this.#byInode)
  }

  /** The open file; opens a parked one again. Undefined when it is another file by now, or gone. */
  sourceOf(file: TailedFile): Promise<Source | undefined> {
    return this.#files.sourceOf(file)
  }

  /** The content is no longer what was read: begins again with what is there now. */
  async replaced(file: TailedFile): Promise<void> {
    if (await isReborn(file)) {
      this.#logger.debug('another file has the inode of one that was closed meanwhile', {
        path: file.pathNow,
      })
      // The next poll finds out which file it is.
      await this.#close(file)
      return
    }
    this.#events.truncated(file)
    const whole = this.#settings.onTruncate === 'read_whole_file'
    const path = file.pathNow
    if (whole)
      this.#logger.info('a file was truncated or replaced; it is read from its beginning', { path })
    else
      this.#logger.info('a file was truncated or replaced; it is read from its present end', {
        path,
      })
    const nowMs = this.#clock.nowMs()
    const { source } = file
    if (source !== undefined) file.sizeBytes = await sizeOf(source)
    // At once from the one place to the other: positions are saved at any time.
    const start = whole || source === undefined ? 0 : file.sizeBytes
    const guard = source === undefined ? noGuard : await readGuard(source, start)
    file.endContent(this.#checkpoints.remember(file, nowMs, nowMs))
    file.restartAt(start, guard)
    this.setHead(file, '')
    if (source !== undefined) await this.#takeHead(file)
    this.#checkpoints.changed(file)
  }

  /** A read failed: the file is opened anew in the next poll, where it went on (ESTALE on network file systems). */
  async failed(file: TailedFile, error: NodeJS.ErrnoException): Promise<void> {
    this.#logger.warn('cannot read a file', { path: file.pathNow, message: error.message })
    await this.#close(file)
  }

  closeAll(): Promise<void> {
    return this.#files.closeAll()
  }

  async #attempt(file: TailedFile, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      await this.failed(file, error as NodeJS.ErrnoException)
    }
  }

  async #see(
    path: string,
    look: PromiseSettledResult<Stats>,
    strangers: Stranger[],
  ): Promise<void> {
    try {
      if (look.status === 'rejected') throw look.reason
      if (look.value.nlink > 1) this.#hasHardLinks = true
      if (!(await this.#seeKnown(path, look.value))) strangers.push({ path, stats: look.value })
    } catch (error) {
      this.#complaints.tell(path, error as NodeJS.ErrnoException)
    }
  }

  /** False for a file that is not known yet. */
  async #seeKnown(path: string, stats: Stats): Promise<boolean> {
    // Refused without opening: to open a FIFO or a device may block or do something.
    if (!stats.isFile()) {
      if (!stats.isDirectory()) this.#complaints.tell(path, new Error('it is not a regular file'))
      return true
    }
    const file = this.#byInode.get(stats)
    if (file === undefined) return false
    const other = file.source === undefined ? isAnother(file, path, stats) : 'no'
    if (other !== 'no') {
      if (other === 'yes') this.#countLost(file)
      await this.#close(file)
      return false
    }
    // Two paths to one file, by a link, are one file.
    if (file.seenInPoll === this.#poll) return true
    file.seenInPoll = this.#poll
    file.missingSinceMs = -1
    if (file.pathNow !== path) {
      file.pathNow = path
      this.#events.rotated(file)
      this.#checkpoints.changed(file)
    }
    await this.#update(file, stats)
    return true
  }

  async #update(file: TailedFile, stats: Stats): Promise<void> {
    // Of a compressed file that is parked it is not known how much is in it now: it is opened when it was touched.
    const parkedBytes = file.isPlain ? stats.size : file.sizeBytes
    const sizeBytes = file.source === undefined ? parkedBytes : await file.source.size(stats)
    const touched = stats.mtimeMs !== file.mtimeMs
    if (touched && sizeBytes <= file.offset) file.suspicious = file.offset > 0
    const changed = touched || sizeBytes !== file.sizeBytes
    if (changed) file.changedInPoll = this.#poll
    file.sizeBytes = sizeBytes
    file.mtimeMs = stats.mtimeMs
    // At once, so that a copy found in the same poll goes on where this one was.
    if (sizeBytes < file.offset && file.source !== undefined) await this.replaced(file)
    const { fingerprintBytes } = this.#settings
    const mayDiffer = file.offset < fingerprintBytes || file.head.length < fingerprintBytes
    if (changed && mayDiffer) await this.#takeHead(file)
  }

  /**
   * What is not yet read of the first bytes may become anything: more of them, or all others. What is read stays, or the
   * content is another one, which the guard tells; if it says no, the head was of what stood there before the reading.
   */
  async #takeHead(file: TailedFile): Promise<void> {
    const { fingerprintBytes } = this.#settings
    await this.#files.borrow(file, async (source) => {
      const head = headOf(await readRange(source, 0, fingerprintBytes))
      const same = file.offset === 0 || head.startsWith(file.knownHead)
      if (same || (await holdsMark(source, file))) this.setHead(file, head)
      else file.suspicious = true
    })
  }

  /** The first bytes of a file are these now. */
  setHead(file: TailedFile, head: Head): void {
    if (file.shadowOf === undefined) this.#heads.set(file, head)
    else file.head = head
  }

  /** Finds out which files the new ones are. */
  async #meet(strangers: Stranger[]): Promise<void> {
    // What was truncated and written anew since the last poll is not what a copy that was made of it is like.
    for (const file of strangers.length === 0 ? [] : this.#byInode) {
      if (file.changedInPoll === this.#poll) await this.#attempt(file, () => this.#verify(file))
    }
    await this.#newcomers.meet(strangers)
  }

  async #verify(file: TailedFile): Promise<void> {
    if (file.offset === 0 || file.shadowOf !== undefined) return
    const source = await this.sourceOf(file)
    if (source === undefined) return
    if (!(await holdsMark(source, file))) await this.replaced(file)
  }

  async #adopt(path: string, opened: Opened, leavesOut: LeftOutPart): Promise<void> {
    const { source, stats, sizeBytes, head } = opened
    // Empty files have nothing to know them by; whoever writes the first line makes them new files.
    if (this.#byInode.get(stats) !== undefined || sizeBytes === 0 || this.#tooOld(stats)) {
      await source.close()
      return
    }
    await this.#files.makeRoom()
    const file = new TailedFile(this.#checkpoints.newId(), path, stats, sizeBytes, source)
    this.#files.add(file, source)
    file.seenInPoll = this.#poll
    file.changedInPoll = this.#poll
    this.#byInode.add(file)
    this.#complaints.over(path)
    // Without a place it would be read from its beginning.
    await this.#attempt(file, async () => {
      await this.#events.opened(file, stats)
      if (head === undefined) await this.#takeHead(file)
      else this.setHead(file, head)
      await this.#place(file, source, stats, leavesOut)
    })
  }

  async #place(
    file: TailedFile,
    source: Source,
    stats: Stats,
    leavesOut: LeftOutPart,
  ): Promise<void> {
    // A copy that was being written when it was opened is complete once its original is truncated.
    if (this.#clock.nowMs() - stats.mtimeMs < freshMs) file.sizeBytes = await sizeOf(source)
    await this.#placement.place(file, source, stats, this.#heads.alike(file), leavesOut)
    if (file.head.length < Math.min(file.offset, this.#settings.fingerprintBytes)) {
      await this.#takeHead(file)
    }
    // A copy of a copy is one of the original, so only that is to be found.
    this.#heads.delete(file)
    if (file.shadowOf === undefined) this.#heads.add(file)
    this.#checkpoints.changed(file)
  }

  /** Looks again at a copy. */
  async #follow(file: TailedFile): Promise<void> {
    const original = file.shadowOf as TailedFile
    if (file.waitsForPlace) this.#checkpoints.outlived(file)
    const last = file.comparedInPoll
    const moved = file.changedInPoll > last || original.changedInPoll > last
    if (!moved && !file.waitsForPlace) return
    const relation = await compareShadow(file, this.#files)
    if (relation === 'copy') file.comparedInPoll = this.#poll
    if (relation !== 'other') return
    const source = await this.sourceOf(file)
    if (source === undefined) return
    await this.#takeHead(file)
    await this.#place(file, source, await source.stat(), 'nothing')
  }

  /** No path leads to it any more. */
  async #miss(file: TailedFile): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const first = file.missingSinceMs < 0
    if (first) {
      file.missingSinceMs = nowMs
      this.#events.rotated(file)
    }
    if (file.source === undefined) {
      // Renamed between the list and the look it is found in the next poll.
      if (first) return
      this.#countLost(file)
      await this.#close(file)
      return
    }
    const stats = await file.source.stat()
    if (stats.nlink === 0) file.unlinkedMs = stats.ctimeMs
    await this.#update(file, stats)
    const finished = !file.ready && !file.waitsForPlace && file.partialSize < 0
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

  async #close(file: TailedFile): Promise<void> {
    this.#byInode.delete(file)
    this.#heads.delete(file)
    this.#checkpoints.forget(file)
    if (file.waitsForPlace) this.#checkpoints.outlived(file)
    const nowMs = this.#clock.nowMs()
    const endedMs = Math.min(file.unlinkedMs, nowMs)
    file.rememberedId = this.#checkpoints.remember(file, nowMs, endedMs)
    await this.#files.release(file)
    file.closed = true
  }

  async #deleteIfRead(file: TailedFile): Promise<void> {
    const { sizeBytes, offset, committed, source } = file
    if (source === undefined || file.shadowOf !== undefined || file.missingSinceMs >= 0) return
    if (offset === 0 || offset !== sizeBytes || committed !== offset || file.partialSize >= 0)
      return
    try {
      // Whoever has just written may not be finished, and the path may lead to another file by now.
      const { ino, dev, mtimeMs } = await this.#system.stat(file.pathNow)
      if (ino !== file.ino || dev !== file.dev || mtimeMs !== file.mtimeMs) return
      await this.#system.unlink(file.pathNow)
    } catch (error) {
      this.#complaints.tell(file.pathNow, error as NodeJS.ErrnoException)
      return
    }
    this.#events.deleted(file)
    await this.#close(file)
  }

  #tooOld(stats: Stats): boolean {
    const { excludeOlderThanMs } = this.#settings
    return excludeOlderThanMs > 0 && this.#clock.nowMs() - stats.mtimeMs > excludeOlderThanMs
  }
}

/** Whether a path leads to another file that has the inode of one that is parked; where nobody knows, it is placed anew. */
function isAnother(file: TailedFile, path: string, stats: Stats): 'yes' | 'perhaps' | 'no' {
  if (stats.birthtimeMs > file.bornMs) return 'yes'
  // Up to then the inode was its own, so another file that has it was made later. But a clock that is coarse may say the
  // same of both, if the one was hardly made when it was closed.
  if (stats.birthtimeMs > 0 && file.parkedMs > file.bornMs + coarseMs) return 'no'
  const sizeBytes = file.measure?.sizeBytes ?? file.sizeBytes
  const same = stats.mtimeMs === file.mtimeMs && stats.size === sizeBytes
  return same || path === file.pathNow ? 'no' : 'perhaps'
}

/**
 * Whether another file has the inode of one that was parked. Of one that was open all the time the inode cannot go to
 * another; where the time of birth is not kept nobody knows, and a truncated file is placed as a new one.
 */
async function isReborn(file: TailedFile): Promise<boolean> {
  const { wasParked, source, bornMs } = file
  if (!wasParked || source === undefined) return false
  const { birthtimeMs } = await source.stat()
  return birthtimeMs <= 0 || birthtimeMs > bornMs
}
