import type { Stats } from 'node:fs'
import type { Checkpoints } from './checkpoints.ts'
import type { Complaints } from './complaints.ts'
import type { Opened } from './file-opener.ts'
import type { OpenFiles } from './open-files.ts'
import { bornMsOf } from './placement.ts'

const opensAtOnce = 16

/** A path to a file that is not known yet. */
export interface Stranger {
  readonly path: string
  readonly stats: Stats
}

/** Opens the files that are not known yet, in the order in which they can be told apart, and hands them over one by one. */
export class Newcomers {
  readonly #files: OpenFiles
  readonly #checkpoints: Checkpoints
  readonly #complaints: Complaints
  readonly #adopt: (path: string, opened: Opened) => Promise<void>

  /** What `adopt` rejects with is told of the path. */
  constructor(
    files: OpenFiles,
    checkpoints: Checkpoints,
    complaints: Complaints,
    adopt: (path: string, opened: Opened) => Promise<void>,
  ) {
    this.#files = files
    this.#checkpoints = checkpoints
    this.#complaints = complaints
    this.#adopt = adopt
  }

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
        const { path } = some[at] as Stranger
        await this.#attempt(path, async () => {
          if (open.status === 'rejected') throw open.reason
          if (open.value !== undefined) await this.#adopt(path, open.value)
        })
      }
    }
  }

  /** Compressed files whose names went while they were gone through are as deleted ones that are open. */
  async takeUnclaimed(): Promise<void> {
    for (const { path, opened } of this.#files.takeUnclaimed()) {
      await this.#attempt(path, () => this.#adopt(path, opened))
    }
  }

  async #attempt(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#complaints.tell(path, error as NodeJS.ErrnoException)
    }
  }
}
