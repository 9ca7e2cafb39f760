import type { Stats } from 'node:fs'
import type { Logger } from '../component/telemetry.ts'
import type { Checkpoints } from './checkpoints.ts'
import { findCopied, followCopied } from './copies.ts'
import type { Head } from './head.ts'
import {
  firstBytes,
  hashBytes,
  holdsMark,
  holdsPosition,
  markOf,
  type Position,
  readGuard,
} from './identity.ts'
import type { OpenFiles } from './open-files.ts'
import type { HeadHash, Remembered } from './remembered.ts'
import type { Source } from './source.ts'
import type { CopyEnd, Past, TailedFile } from './tailed-file.ts'
import type { DeliveryWindow } from './window.ts'

/** By so much the time that a file system stamps may lag behind the clock. */
export const coarseMs = 100

/** When a file was made; where that is not kept, a time at which it was there. Renaming moves one of the two. */
export function bornMsOf({ birthtimeMs, ctimeMs, mtimeMs }: Stats): number {
  return birthtimeMs > 0 ? birthtimeMs : Math.min(ctimeMs, mtimeMs)
}

/**
 * What of a file that was just found is not to be read, with `start_at: end`: nothing; what is there, unless it is known from
 * before; or what is there, whatever it begins like, because the first look of all has seen it.
 */
export type LeftOutPart = 'nothing' | 'what is unknown' | 'all'

/** What a file was a copy of until now. */
interface Shadow {
  readonly of: TailedFile | undefined
  readonly generation: number
  readonly copyEnd: CopyEnd | undefined
}

/**
 * Decides where to begin to read a file that was just found, or whose content is a new one. How much of it has been read,
 * here or under another name?
 *
 *   it was open when remora stopped        goes on at its checkpoint
 *   it begins like a file that is open     a copy, so far: waits until the two differ (see copies.ts)
 *   it holds a position that ended         goes on there: renamed, copied or compressed meanwhile; but not before what was
 *                                          read up to there is acknowledged, else a crash could not go back for it
 *   it was a copy that ended before that   all of it has been read
 *   none of these                          new
 */
export class Placement {
  readonly #checkpoints: Checkpoints
  readonly #files: OpenFiles
  readonly #window: DeliveryWindow
  readonly #logger: Logger

  constructor(checkpoints: Checkpoints, files: OpenFiles, window: DeliveryWindow, logger: Logger) {
    this.#checkpoints = checkpoints
    this.#files = files
    this.#window = window
    this.#logger = logger
  }

  /** `others` are the files that are known. */
  async place(
    file: TailedFile,
    source: Source,
    stats: Stats,
    others: Iterable<TailedFile>,
    leavesOut: LeftOutPart,
  ): Promise<void> {
    const shadow = leaveShadow(file)
    const bornMs = Math.min(file.bornMs, bornMsOf(stats))
    file.bornMs = bornMs
    const found = await this.#findRemembered(file, source, stats)
    const own = found !== undefined && isOwn(found, file, stats)
    // What ended since may begin like it, but none of what is in it was read then.
    const isChance = leavesOut === 'all' || (leavesOut !== 'nothing' && found?.past !== undefined)
    const remembered = !own && isChance ? undefined : found
    const wasCopy = found?.isCopy === true && isInode(found.position, stats)
    const mayBeCopy = !own || wasCopy
    const copied = mayBeCopy ? await findCopied(file, bornMs, others, this.#files) : undefined
    if (copied !== undefined) {
      followCopied(file, copied)
      if (wasCopy) {
        file.startsAt = markOf(found.position)
        this.#checkpoints.claim(found, file)
      } else if (leavesOut !== 'nothing') {
        const offset = file.sizeBytes
        file.startsAt = { offset, guard: await readGuard(source, offset) }
      }
      this.#logger.debug('a file is a copy of another one, so far', {
        path: file.path,
        original: copied.original.pathNow,
      })
      return
    }
    if (remembered !== undefined) {
      const { past } = remembered
      if (this.#waitsForAnswers(file, past)) return
      file.recordNumber = remembered.recordNumber
      // With the guard that was compared: the content may be another one by now.
      const { offset, guard } = markOf(remembered.position)
      file.restartAt(offset, guard, remembered.skipping)
      this.#checkpoints.claim(remembered, file)
      this.#logger.debug('a file is read on where another one ended', {
        path: file.path,
        ended: remembered.path,
        offset: file.offset,
      })
      return
    }
    const longer = this.#findLonger(file, shadow)
    if (longer !== undefined) {
      if (this.#waitsForAnswers(file, longer.past)) return
      await this.#goOnAt(file, source, file.sizeBytes)
      this.#logger.debug('a file is a copy of the beginning of another one', {
        path: file.path,
        original: longer.path,
      })
      return
    }
    await this.#startNew(file, source, leavesOut !== 'nothing')
  }

  /** Until then a crash could not go back for what is on its way. */
  #waitsForAnswers(file: TailedFile, past: Past | undefined): boolean {
    if (past === undefined || !this.#window.isOnItsWay(past.file, past.generation)) return false
    file.shadowOf = past.file
    file.shadowGeneration = past.generation
    return true
  }

  async #goOnAt(file: TailedFile, source: Source, offset: number): Promise<void> {
    file.restartAt(offset, await readGuard(source, offset))
  }

  async #startNew(file: TailedFile, source: Source, leavesOut: boolean): Promise<void> {
    const { startsAt } = file
    if (leavesOut) await this.#goOnAt(file, source, file.sizeBytes)
    else if (startsAt !== undefined && (await holdsMark(source, startsAt)))
      file.restartAt(startsAt.offset, startsAt.guard)
    else await this.#goOnAt(file, source, 0)
    this.#logger.debug('a file is new', { path: file.path, offset: file.offset })
  }

  async #findRemembered(
    file: TailedFile,
    source: Source,
    stats: Stats,
  ): Promise<Remembered | undefined> {
    const { head, sizeBytes, bornMs } = file
    let reused: Remembered | undefined
    for (const remembered of this.#checkpoints.ofInode(stats)) {
      if (wasMadeAfter(bornMs, remembered)) continue
      if (!(await holdsPosition(source, sizeBytes, head, remembered.position))) continue
      // Of a copy that waited, its original may have been read further.
      if (isOwn(remembered, file, stats) && remembered.isCopy !== true) return remembered
      reused ??= remembered
    }
    // The inode of a file that is gone may be anybody's: then whatever was read further says more.
    for (const remembered of await this.#checkpoints.withHead(hasher(source, head))) {
      const { position } = remembered
      // A position at the very beginning has no guard: there only the inode tells files with equal heads apart.
      if (position.offset <= (reused?.position.offset ?? 0)) break
      if (wasMadeAfter(bornMs, remembered) || position.offset > sizeBytes) continue
      if (await holdsMark(source, markOf(position))) return remembered
    }
    return reused
  }

  /** The content of which this file was the beginning, when the two were compared last, and that was read further. */
  #findLonger({ sizeBytes }: TailedFile, shadow: Shadow): Remembered | undefined {
    const { of, generation, copyEnd } = shadow
    if (of === undefined || copyEnd?.mark.offset !== sizeBytes || !copyEnd.reached) return undefined
    return this.#checkpoints.endOf(of, generation)
  }
}

function wasMadeAfter(bornMs: number, { past }: Remembered): boolean {
  return past !== undefined && bornMs > past.endedMs
}

function isInode(position: Position, { dev, ino }: Stats): boolean {
  return position.dev === dev && position.ino === ino
}

function leaveShadow(file: TailedFile): Shadow {
  const { shadowOf: of, shadowGeneration: generation, copyEnd } = file
  file.shadowOf = undefined
  return { of, generation, copyEnd }
}

/** Of the first bytes of a file, of which `head` are known. */
function hasher(source: Source, head: Head): HeadHash {
  return async (bytes) => {
    const begin = await firstBytes(source, head, bytes)
    return begin.length < bytes ? undefined : hashBytes(begin)
  }
}

/**
 * Whether this very file was open when remora stopped; its inode may have been given to another one since. A file whose
 * making lies so close to its last save is not taken for it at once, nor is a compressed one: whoever compresses sets the
 * times of the original, so that it looks as old, and its inode may be that of a file which was removed.
 */
function isOwn(
  { position, gone, seenMs }: Remembered,
  { isPlain, bornMs }: TailedFile,
  stats: Stats,
): boolean {
  return (
    isPlain &&
    isInode(position, stats) &&
    !gone &&
    position.offset > 0 &&
    bornMs < seenMs - coarseMs
  )
}
