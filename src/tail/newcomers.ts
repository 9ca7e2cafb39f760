import type { Stats } from 'node:fs'
import type { Checkpoints } from './checkpoints.ts'
import type { Complaints } from './complaints.ts'
import type { Opened } from './file-opener.ts'
import type { OpenFiles } from './open-files.ts'
import { bornMsOf } from './placement.ts'
import { inodeKey } from './tailed-file.ts'

const opensAtOnce = 16

/** A path to a file that is not known yet. */
export interface Stranger {
  readonly path: string
  readonly stats: Stats
}

/** `wasThere`: the first look has seen it, however much later it could be opened. */
type Adopt = (path: string, opened: Opened, wasThere: boolean) => Promise<void>

/** Opens the files that are not known yet, in the order in which they can be told apart, and hands them over one by one. */
export class Newcomers {
  readonly #files: OpenFiles
  readonly #checkpoints: Checkpoints
  readonly #complaints: Complaints
  readonly #adopt: Adopt
  /** When they were made, by inode: compressed files that the first look has seen, and that are still gone through. */
  readonly #late = new Map<string, number>()
  #firstLook = true

  /** What `adopt` rejects with is told of the path. */
  constructor(files: OpenFiles, checkpoints: Checkpoints, complaints: Complaints, adopt: Adopt) {
    this.#files = files
    this.#checkpoints = checkpoints
    this.#complaints = complaints
    this.#adopt = adopt
  }

  /** Whether all that the first look has seen is placed, or gone. */
  get lookedAtAll(): boolean {
    return !this.#firstLook && this.#late.size === 0
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
          if (open.status === 'rejected') {
            this.#late.delete(inodeKey(stats))
            throw open.reason
          }
          if (open.value !== undefined) await this.#handOver(path, open.value)
          else if (this.#firstLook) this.#late.set(inodeKey(stats), bornMsOf(stats))
        })
      }
    }
    this.#firstLook = false
    if (this.#late.size > 0 && !this.#files.waits) this.#forgetGone(strangers)
  }

  /** Compressed files whose names went while they were gone through are as deleted ones that are open. */
  async takeUnclaimed(): Promise<void> {
    for (const { path, opened } of this.#files.takeUnclaimed()) {
      await this.#attempt(path, () => this.#handOver(path, opened))
    }
  }

  async #handOver(path: string, opened: Opened): Promise<void> {
    const key = inodeKey(opened.stats)
    // The inode may be that of a file which was made since.
    const wasThere = this.#late.get(key) === bornMsOf(opened.stats)
    this.#late.delete(key)
    await this.#adopt(path, opened, wasThere)
  }

  /** What is not gone through and has no name any more never comes. */
  #forgetGone(strangers: readonly Stranger[]): void {
    const there = new Set(strangers.map(({ stats }) => inodeKey(stats)))
    for (const key of this.#late.keys()) if (!there.has(key)) this.#late.delete(key)
  }

  async #attempt(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#complaints.tell(path, error as NodeJS.ErrnoException)
    }
  }
}
