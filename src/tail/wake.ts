import { type FSWatcher, watch } from 'node:fs'
import { realpath, statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'

/** `quiet`: nothing changed. `unsure`: nothing was told, but not everything would have been. */
export type Told = 'unwatched' | 'unsure' | 'quiet'

/** Quiet for so long, the directories are watched again. */
const rearmMs = 5000

/**
 * File systems on which nobody else can write (statfs(2) has the numbers): ext2 to ext4, XFS, Btrfs, tmpfs, ZFS, F2FS, bcachefs.
 * On all others, such as NFS, SMB, FUSE, 9p and overlays, a change may come in another way and tell nobody.
 */
const localTypes = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0xf2f52010, 0xca451a4e,
])

/**
 * Tells when something below the directories changes, so that the next poll need not wait. Only a hint: events get lost on
 * network file systems, Kubernetes mounts and full queues, and polling alone finds everything. Where watching is
 * impossible nothing happens but a line in the log.
 *
 * A watcher costs work for every write to every file: ten times that of polling, when lines come one by one. So it is used
 * for the first change after a quiet time only: then it is taken down, polling does the rest, and it comes back when the
 * files have been quiet for five seconds. Directories are watched, not each file in them.
 *
 * Where the directories are local, and none of the files is a link, a quiet watcher is proof enough that nothing happened:
 * then polling is only there for what no event tells (writes through a memory map, a volume mounted over the directory).
 */
export class Wake {
  readonly #directories: readonly string[]
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #changed: () => void
  #watchers: FSWatcher[] = []
  #activeAtMs: number
  #cancelTimer: (() => void) | undefined
  #stopped = false
  /** Since when all directories are watched, and known to be local. */
  #surelyMs = Number.POSITIVE_INFINITY
  #complained = false

  constructor(directories: readonly string[], clock: Clock, logger: Logger, changed: () => void) {
    this.#directories = directories
    this.#clock = clock
    this.#logger = logger
    this.#changed = changed
    this.#activeAtMs = clock.monotonicMs()
  }

  start(): void {
    this.#arm()
  }

  /** Whether a change would be told: the files have been quiet, and all directories can be watched. */
  get armed(): boolean {
    return this.#watchers.length > 0
  }

  /** Whether every change below the directories, themselves no links, was told since then (monotonic). */
  tellsAllSince(monotonicMs: number): boolean {
    return this.armed && this.#surelyMs <= monotonicMs
  }

  toldSince(monotonicMs: number): Told {
    if (!this.armed) return 'unwatched'
    return this.tellsAllSince(monotonicMs) ? 'quiet' : 'unsure'
  }

  /** The files are not quiet. */
  active(): void {
    this.#activeAtMs = this.#clock.monotonicMs()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#disarm()
  }

  #armWhenQuiet(): void {
    this.#cancelTimer?.()
    if (this.#stopped) return
    const restMs = this.#activeAtMs + rearmMs - this.#clock.monotonicMs()
    this.#cancelTimer = this.#clock.after(Math.max(restMs, 1), () => {
      if (this.#clock.monotonicMs() - this.#activeAtMs < rearmMs) this.#armWhenQuiet()
      else this.#arm()
    })
  }

  #arm(): void {
    try {
      for (const directory of this.#directories) {
        const watcher = watch(directory, { persistent: false })
        this.#watchers.push(watcher)
        watcher.on('change', () => this.#event(watcher))
        watcher.on('error', (error) => this.#failed(error))
      }
      void this.#ask(this.#watchers[0])
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  /** `first`: of the watchers this is about; they may be taken down meanwhile. */
  async #ask(first: FSWatcher | undefined): Promise<void> {
    const answers = await Promise.all(this.#directories.map(isLocal))
    if (!answers.every(Boolean) || this.#watchers[0] !== first) return
    this.#surelyMs = this.#clock.monotonicMs()
  }

  /** The directory may come later: it is tried again, and polling goes on meanwhile. */
  #failed({ message }: Error): void {
    this.#disarm()
    this.active()
    this.#armWhenQuiet()
    if (this.#complained) return
    this.#complained = true
    this.#logger.debug('cannot watch directories, polling goes on', { message })
  }

  #event(watcher: FSWatcher): void {
    // A watcher that was taken down may still speak.
    if (!this.#watchers.includes(watcher)) return
    this.active()
    this.#disarm()
    this.#armWhenQuiet()
    this.#changed()
  }

  #disarm(): void {
    this.#surelyMs = Number.POSITIVE_INFINITY
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }
}

async function isLocal(directory: string): Promise<boolean> {
  // Elsewhere a watched directory does not tell of writes to its files.
  if (process.platform !== 'linux') return false
  try {
    if ((await realpath(directory)) !== resolve(directory)) return false
    return localTypes.has((await statfs(directory)).type)
  } catch {
    // It is gone, or may not be asked: polling finds what there is.
    return false
  }
}
