import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'

/** Quiet for so long, the directories are watched again. */
const rearmMs = 5000

/**
 * Tells when something below the directories changes, so that the next poll need not wait. Only a hint: events get lost on
 * network file systems, Kubernetes mounts and full queues, and polling alone finds everything. Where watching is
 * impossible nothing happens but a line in the log.
 *
 * A watcher costs work for every write to every file: ten times that of polling, when lines come one by one. So it is used
 * for the first change after a quiet time only: then it is taken down, polling does the rest, and it comes back when the
 * files have been quiet for five seconds.
 */
export class Wake {
  readonly #directories: readonly string[]
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #changed: () => void
  #close: (() => Promise<void>) | undefined
  #activeAtMs: number
  #cancelTimer: (() => void) | undefined
  #stopped = false
  #failed = false

  constructor(directories: readonly string[], clock: Clock, logger: Logger, changed: () => void) {
    this.#directories = directories
    this.#clock = clock
    this.#logger = logger
    this.#changed = changed
    this.#activeAtMs = clock.monotonicMs()
  }

  start(): Promise<void> {
    return this.#arm()
  }

  /** Whether a change would be told: the files have been quiet, and no watcher has failed. */
  get armed(): boolean {
    return this.#close !== undefined && !this.#failed
  }

  /** The files are not quiet. */
  active(): void {
    this.#activeAtMs = this.#clock.monotonicMs()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#disarm()
  }

  #armWhenQuiet(): void {
    if (this.#stopped) return
    const restMs = this.#activeAtMs + rearmMs - this.#clock.monotonicMs()
    this.#cancelTimer = this.#clock.after(Math.max(restMs, 1), () => {
      if (this.#clock.monotonicMs() - this.#activeAtMs < rearmMs) this.#armWhenQuiet()
      else void this.#arm()
    })
  }

  async #arm(): Promise<void> {
    try {
      const { watch } = await import('chokidar')
      if (this.#stopped) return
      const watcher = watch([...this.#directories], {
        ignoreInitial: true,
        depth: 0,
        ignorePermissionErrors: true,
      })
      this.#close = () => watcher.close()
      watcher.on('all', () => this.#event())
      watcher.on('error', (error) => {
        this.#failed = true
        const { message } = error as Error
        this.#logger.debug('cannot watch directories, polling goes on', { message })
      })
    } catch (error) {
      const { message } = error as Error
      this.#logger.warn('cannot watch directories, polling goes on', { message })
    }
  }

  #event(): void {
    // A watcher that is being taken down may still speak.
    if (this.#close === undefined) return
    this.active()
    void this.#disarm()
    this.#armWhenQuiet()
    this.#changed()
  }

  async #disarm(): Promise<void> {
    const close = this.#close
    this.#close = undefined
    try {
      await close?.()
    } catch (error) {
      this.#logger.debug('cannot close a watcher', { message: (error as Error).message })
    }
  }
}
