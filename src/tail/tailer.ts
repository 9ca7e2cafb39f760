import { sleep } from '../component/clock.ts'
import { BlockReader } from './block-reader.ts'
import { FileSet } from './file-set.ts'
import { tellFirstLook } from './first-look.ts'
import { Quiet } from './quiet.ts'
import type { TailParts, TailSettings } from './tail-settings.ts'
import type { TailedFile } from './tailed-file.ts'
import { Wake } from './wake.ts'

/**
 * Follows files for one receiver.
 *
 *   poll: discover paths → stat → which file is it? (FileSet)         every poll_interval, and when the watcher says so
 *   turn: one block of each file that has something new, in a circle   until nothing is new or the next poll is due
 *         read → check the guard → frame → encode → window → intake
 *   stop: the same rounds go on until the files are quiet (drain); then what is unfinished is given up or kept for the
 *         next start, the answers are waited for, and the positions saved (Checkpoints saves them meanwhile, by itself)
 *
 * One block a turn is the byte budget of a file: a huge one takes turns with the others, and a backlog never fills the
 * memory, because the window bounds what is read ahead of the acknowledgements.
 */
export class Tailer {
  readonly #settings: TailSettings
  readonly #parts: TailParts
  readonly #files: FileSet
  readonly #reader: BlockReader
  readonly #stopping = new AbortController()
  readonly #watcher: Wake | undefined
  readonly #quiet: Quiet
  #draining = false
  #ended = false
  #wake = new AbortController()
  #running: Promise<void> | undefined
  #polledAtMs = 0
  #pollTookMs = 0

  constructor(settings: TailSettings, parts: TailParts) {
    this.#settings = settings
    this.#parts = parts
    const { system, opener, checkpoints, clock, logger, events, window } = parts
    this.#files = new FileSet(settings, system, opener, checkpoints, clock, logger, events, window)
    this.#reader = new BlockReader(settings, parts, this.#files)
    this.#quiet = new Quiet(clock)
    const { bases } = parts.discovery
    if (settings.watch) this.#watcher = new Wake(bases, clock, logger, () => this.#wake.abort())
  }

  get openFiles(): number {
    return this.#files.openCount
  }

  get readingFiles(): number {
    return this.#files.readyCount
  }

  /**
   * Looks for the files once, so that `start_at: end` means the end at this moment, and goes on in the background. Where
   * there are so many that this takes longer than two seconds, the rest of the look is in the background too.
   */
  async start(): Promise<void> {
    await this.#parts.locks?.check()
    const { clock } = this.#parts
    const looked = this.#lookFirst()
    this.#running = this.#run(looked)
    const waited = new AbortController()
    const settled = Promise.allSettled([looked])
    await Promise.race([settled, sleep(clock, readyWithinMs, waited.signal)])
    waited.abort()
    this.#watcher?.start()
  }

  /** Reads on until the files are quiet, waits for the answers to what was sent, saves, and closes everything. */
  async stop(abort: AbortSignal): Promise<void> {
    if (this.#running !== undefined) await this.#drain(abort)
    this.#stopping.abort()
    this.#wake.abort()
    this.#parts.window.wake()
    await this.#running
    // Without time nothing new begins: what is held is read again at the next start.
    if (!abort.aborted) {
      await this.#giveUpUnfinished()
      this.#reader.flushHeld(true)
    }
    await this.#parts.window.stop(abort)
    this.#watcher?.stop()
    await this.#parts.locks?.release()
    await this.#files.closeAll()
    await this.#parts.checkpoints.close()
  }

  /** The program whose logs these are stops at the same time, and its last lines are those that are looked for first. */
  async #drain(abort: AbortSignal): Promise<void> {
    const { drain } = this.#settings
    const { clock, logger } = this.#parts
    if (drain.quietMs === 0 || this.#ended || abort.aborted) return
    logger.info('reading on until the files are quiet', {
      quiet_period_ms: drain.quietMs,
      deadline_ms: drain.deadlineMs,
    })
    const deadline = new AbortController()
    const cancel = clock.after(drain.deadlineMs, () => deadline.abort())
    const over = AbortSignal.any([abort, deadline.signal])
    this.#draining = true
    this.#wake.abort()
    const isQuiet = await this.#quiet.wait(drain.quietMs, over)
    cancel()
    // The deadline may be shorter than the quiet period.
    if (isQuiet || this.#quiet.forMs >= drain.deadlineMs) return
    const unread = [...this.#files.all].reduce((sum, file) => sum + file.unreadBytes, 0)
    logger.warn('files are still written to, and there is no more time to read on', {
      unread_bytes: unread,
    })
  }

  /** Unfinished records, if no next start can have them whole, because no position is kept. */
  async #giveUpUnfinished(): Promise<void> {
    if (this.#parts.checkpoints.stored) return
    for (const file of this.#files.all) {
      if (file.partialSize < 0) continue
      file.flushDue = true
      await this.#turn(file)
    }
    this.#reader.send()
  }

  async #run(firstLook: Promise<void>): Promise<void> {
    const { clock, logger } = this.#parts
    let look: Promise<void> | undefined = firstLook
    while (!this.#stopping.signal.aborted) {
      try {
        await look
        look = undefined
        const active = await this.#readRound()
        await this.#parts.locks?.release()
        this.#quiet.looked(active || this.#waitsForMore())
        this.#endWhenIdle()
        // A round may end with much unread, because a poll is due.
        const periodMs = active ? this.#settings.pollIntervalMs : this.#periodMs()
        const restMs = this.#polledAtMs + periodMs - clock.monotonicMs()
        if (restMs > 0) await this.#pause(restMs)
        if (!this.#stopping.signal.aborted) await this.#poll()
      } catch (error) {
        logger.error('BUG: the tail failed', { error })
        await sleep(clock, this.#settings.pollIntervalMs, this.#stopping.signal)
      }
    }
  }

  /** Whether something is there that was not read because it may not be finished. */
  #waitsForMore(): boolean {
    const { opener } = this.#parts
    if (opener.waits) return true
    const flushes = this.#settings.forceFlushPeriodMs > 0
    for (const file of this.#files.all) {
      if (file.waitsForPlace || (flushes && file.partialSize >= 0)) return true
    }
    return false
  }

  #endWhenIdle(): void {
    const { exitWhenIdleMs } = this.#settings
    if (exitWhenIdleMs === undefined || this.#ended || this.#quiet.forMs < exitWhenIdleMs) return
    if (!this.#parts.window.isEmpty) return
    this.#ended = true
    this.#parts.ended()
  }

  /** Polling is all that an idle remora does, so it is done less often while a watcher would tell of a change. */
  #periodMs(): number {
    const { pollIntervalMs } = this.#settings
    if (this.#draining) return pollIntervalMs
    if (this.#watcher?.armed !== true) {
      if (this.#files.count < manyFiles) return pollIntervalMs
      return Math.max(pollIntervalMs, Math.min(this.#pollTookMs * restsPerPoll, quietPollMs))
    }
    const periodMs = this.#isSureOfQuiet(this.#watcher) ? surePollMs : quietPollMs
    return Math.max(pollIntervalMs, periodMs)
  }

  /** Whether nothing can have changed, or become due, of which the watcher would not tell. */
  #isSureOfQuiet(watcher: Wake): boolean {
    const { discovery, target } = this.#parts
    // A poll since the watcher is there: it has seen what came before.
    if (!watcher.tellsAllSince(this.#polledAtMs) || !discovery.isFlat) return false
    if (this.#settings.exitWhenIdleMs !== undefined || target.holds) return false
    return !this.#files.hasHardLinks && !this.#files.hasMissing && !this.#waitsForMore()
  }

  async #pause(restMs: number): Promise<void> {
    if (this.#wake.signal.aborted) {
      // Woken while busy. Events come in bursts: a short rest makes one poll of them.
      await sleep(this.#parts.clock, Math.min(restMs, wakeRestMs), this.#stopping.signal)
    } else {
      await sleep(this.#parts.clock, restMs, this.#wake.signal)
    }
    if (!this.#stopping.signal.aborted) this.#wake = new AbortController()
  }

  async #lookFirst(): Promise<void> {
    await this.#poll()
    const { discovery, system, checkpoints, logger } = this.#parts
    const { startAt } = this.#settings
    const files = [...this.#files.all]
    const goesOn = checkpoints.earlierRunMs > 0
    await tellFirstLook({ files, discovery, system, startAt, goesOn }, logger)
  }

  async #poll(): Promise<void> {
    const { discovery, clock } = this.#parts
    const told = this.#watcher?.toldSince(this.#polledAtMs)
    this.#polledAtMs = clock.monotonicMs()
    await this.#files.poll(await discovery.paths(told))
    this.#pollTookMs = clock.monotonicMs() - this.#polledAtMs
  }

  /** Rounds of turns until nothing is ready or the next poll is due, but at least one. True if something was ready. */
  async #readRound(): Promise<boolean> {
    const { clock } = this.#parts
    this.#reader.markFlushes(this.#files.all)
    this.#reader.flushHeld(false)
    let ready = this.#files.ready()
    const active = ready.length > 0
    if (active) this.#watcher?.active()
    while (ready.length > 0) {
      const again = await this.#readEach(ready)
      this.#reader.send()
      if (this.#stopping.signal.aborted) return active
      // Asked after a whole round: a poll of many files takes longer than the interval, and each must have its turn.
      if (clock.monotonicMs() - this.#polledAtMs >= this.#settings.pollIntervalMs) return active
      ready = again.filter((file) => file.ready)
    }
    return active
  }

  /** A turn for each, unless remora stops. Those that may have more. */
  async #readEach(files: readonly TailedFile[]): Promise<TailedFile[]> {
    const { window } = this.#parts
    const again: TailedFile[] = []
    for (const file of files) {
      if (!window.hasRoom) this.#reader.send()
      while (!window.hasRoom && !this.#stopping.signal.aborted) {
        await window.room()
      }
      if (this.#stopping.signal.aborted) break
      if (await this.#turn(file)) again.push(file)
    }
    return again
  }

  async #turn(file: TailedFile): Promise<boolean> {
    try {
      return await this.#reader.turn(file)
    } catch (error) {
      await this.#files.failed(file, error as NodeJS.ErrnoException)
      return false
    }
  }
}

const wakeRestMs = 20
const readyWithinMs = 2000
const quietPollMs = 1000
const surePollMs = 10_000
// A look at very many files may take longer than the interval: it gets a fifth of the time, but one a second.
const manyFiles = 1000
const restsPerPoll = 5
