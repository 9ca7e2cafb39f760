import type { Stats } from 'node:fs'
import type { Checkpoints } from './checkpoints.ts'
import type { Complaints } from './complaints.ts'
import type { Opened } from './file-opener.ts'
import { LeftOut } from './left-out.ts'
import type { OpenFiles } from './open-files.ts'
import { bornMsOf, type LeftOutPart } from './placement.ts'
import { inodeKey } from './tailed-file.ts'

const opensAtOnce = 16

/** A path to a file that is not known yet. */
export interface Stranger {
  readonly path: string
  readonly stats: Stats
}

type Adopt = (path: string, opened: Opened, leavesOut: LeftOutPart) => Promise<void>

/** Opens the files that are not known yet, in the order in which they can be told apart, and hands them over one by one. */
export class Newcomers {
  readonly #files: OpenFiles
  readonly #checkpoints: Checkpoints
  readonly #complaints: Complaints
  readonly #startAt: 'beginning' | 'end'
  readonly #adopt: Adopt
  readonly #leftOut: LeftOut
  #firstLook = true

  /** What `adopt` rejects with is told of the path. */
  constructor(
    files: OpenFiles,
    checkpoints: Checkpoints,
    complaints: Complaints,
    startAt: 'beginning' | 'end',
    adopt: Adopt,
  ) {
    this.#files = files
    this.#checkpoints = checkpoints
    this.#complaints = complaints
    this.#startAt = startAt
    this.#adopt = adopt
    this.#leftOut = new LeftOut(checkpoints)
  }

  /** Called in each look with what is not known. */
  async meet(strangers: readonly Stranger[]): Promise<void> {
    // First those that were open when remora stopped, then as they were made: the original before its copy.
    const order = strangers.map((stranger) => ({
      ...stranger,
      known: this.#checkpoints.knows(stranger.stats) ? 0 : 1,
      bornMs: bornMsOf(stranger.stats),
    }))
    order.sort((a, b) => a.known - b.known || a.bornMs - b.bornMs)
    for (let index = 0; index < order.length; index += opensAtOnce) {
      const some = order.slice(index, index + opensAtOnce)
      const opened = await Promise.allSettled(some.map(({ path }) => this.#files.open(path)))
      for (const [at, open] of opened.entries()) {
        const { path, stats } = some[at] as Stranger
        await this.#attempt(path, async () => {
          if (open.status === 'rejected') throw open.reason
          if (open.value !== undefined) await this.#handOver(path, open.value)
          else if (this.#leavesOut(stats)) this.#leftOut.add(inodeKey(stats), bornMsOf(stats))
        })
      }
    }
    this.#firstLook = false
    // What is not gone through and has no name any more never comes.
    if (!this.#leftOut.isEmpty && !this.#files.waits)
      this.#leftOut.seen(new Set(strangers.map(({ stats }) => inodeKey(stats))))
    this.#leftOut.save()
  }

  /** Compressed files whose names went while they were gone through are as deleted ones that are open. */
  async takeUnclaimed(): Promise<void> {
    for (const { path, opened } of this.#files.takeUnclaimed()) {
      await this.#attempt(path, () => this.#handOver(path, opened))
    }
  }

  async #handOver(path: string, opened: Opened): Promise<void> {
    const { stats } = opened
    const key = inodeKey(stats)
    let leavesOut: LeftOutPart = this.#leavesOut(stats) ? 'what is unknown' : 'nothing'
    if (this.#leftOut.has(key, bornMsOf(stats))) leavesOut = 'all'
    await this.#adopt(path, opened, leavesOut)
    // From now on its own position is saved.
    this.#leftOut.delete(key)
  }

  #leavesOut(stats: Stats): boolean {
    if (!this.#firstLook || this.#startAt === 'beginning') return false
    return !this.#checkpoints.isNews(bornMsOf(stats))
  }

  async #attempt(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#complaints.tell(path, error as NodeJS.ErrnoException)
    }
  }
}
