import type { Clock } from '../component/clock.ts'
import { CompressedSource } from './compressed-source.ts'
import type { FileOpener, Opened, Unclaimed } from './file-opener.ts'
import type { Source } from './source.ts'
import type { TailedFile } from './tailed-file.ts'

// While thousands of files are found one after the other none is read, and each would be looked at for each.
const looksMax = 64

/**
 * The open handles of the files, at most so many. One that is needed and parked is opened again; for it another one is
 * parked, one of those used longest ago, which is read to its end if there is such a one.
 */
export class OpenFiles {
  readonly #opener: FileOpener
  readonly #clock: Clock
  readonly #failed: (file: TailedFile, error: NodeJS.ErrnoException) => Promise<void>
  /** In the order of their last use. */
  readonly #open = new Set<TailedFile>()
  #max: number

  /** `failed` closes a file that cannot be read. */
  constructor(
    opener: FileOpener,
    max: number,
    clock: Clock,
    failed: (file: TailedFile, error: NodeJS.ErrnoException) => Promise<void>,
  ) {
    this.#opener = opener
    this.#max = max
    this.#clock = clock
    this.#failed = failed
  }

  get count(): number {
    return this.#open.size
  }

  add(file: TailedFile, source: Source): void {
    file.source = source
    this.#open.add(file)
  }

  /** Undefined when the path leads to another file by now, or nowhere. */
  async sourceOf(file: TailedFile): Promise<Source | undefined> {
    if (file.closed) return undefined
    if (file.source !== undefined) {
      this.#open.delete(file)
      this.#open.add(file)
      return file.source
    }
    await this.makeRoom()
    const source = await this.#openAgain(file)
    if (source !== undefined) this.add(file, source)
    return source
  }

  /** Looks into a file without counting it among the open ones; undefined when it cannot be opened. */
  async borrow<T>(file: TailedFile, use: (source: Source) => Promise<T>): Promise<T | undefined> {
    if (file.closed) return undefined
    if (file.source !== undefined) return await use(file.source)
    const source = await this.#openAgain(file)
    if (source === undefined) return undefined
    try {
      return await use(source)
    } finally {
      await source.close()
    }
  }

  /** As `borrow`, for the sake of another file, whose trouble it is not if this one cannot be read: then it is closed. */
  async consult<T>(file: TailedFile, use: (source: Source) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.borrow(file, use)
    } catch (error) {
      await this.#failed(file, error as NodeJS.ErrnoException)
      return undefined
    }
  }

  async makeRoom(): Promise<void> {
    while (this.#open.size >= this.#max && (await this.#parkOne()));
  }

  beginPoll(): void {
    this.#opener.beginPoll()
  }

  /** Whether compressed files are gone through before they are opened. */
  get waits(): boolean {
    return this.#opener.waits
  }

  takeUnclaimed(): readonly Unclaimed[] {
    return this.#opener.takeUnclaimed()
  }

  open(path: string): Promise<Opened | undefined> {
    return this.#withDescriptor(() => this.#opener.open(path))
  }

  async release(file: TailedFile): Promise<void> {
    const { source } = file
    file.source = undefined
    this.#open.delete(file)
    await source?.close()
  }

  async closeAll(): Promise<void> {
    for (const file of [...this.#open]) await this.release(file)
    await this.#opener.close()
  }

  /** Undefined for one that was renamed or deleted since the poll: the next one sees what became of it. */
  async #openAgain(file: TailedFile): Promise<Source | undefined> {
    try {
      return await this.#openParked(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async #openParked(file: TailedFile): Promise<Source | undefined> {
    const { pathNow: path, dev, ino } = file
    if (file.isPlain || file.measure !== undefined) {
      const source = await this.#withDescriptor(() => this.#opener.reopen(path, file))
      if (source !== undefined || file.isPlain) return source
    }
    const opened = await this.open(path)
    if (opened === undefined) return undefined
    if (opened.stats.ino === ino && opened.stats.dev === dev) {
      if (opened.source instanceof CompressedSource) file.measure = opened.source.measure
      return opened.source
    }
    await opened.source.close()
    return undefined
  }

  /** Opens something, if need be by parking others: the process may have fewer descriptors than `max` says. */
  async #withDescriptor<T>(open: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await open()
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'EMFILE' && code !== 'ENFILE') throw error
        if (!(await this.#parkOne())) throw error
        this.#max = Math.max(1, this.#open.size)
      }
    }
  }

  async #parkOne(): Promise<boolean> {
    let chosen: TailedFile | undefined
    let looks = 0
    for (const file of this.#open) {
      if (chosen !== undefined && ++looks > looksMax) break
      // One that no path leads to could never be opened again.
      if (file.missingSinceMs >= 0) continue
      chosen ??= file
      if (file.offset < file.sizeBytes && file.shadowOf === undefined) continue
      chosen = file
      break
    }
    if (chosen === undefined) return false
    const { source } = chosen
    chosen.wasParked = true
    chosen.parkedMs = this.#clock.nowMs()
    if (source instanceof CompressedSource) chosen.measure = source.measure
    await this.release(chosen)
    return true
  }
}
