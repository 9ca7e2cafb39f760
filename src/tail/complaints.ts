import type { Logger } from '../component/telemetry.ts'

const pathsMax = 10_000

/** Tells once for each path why its file is not read; that it is gone by now is no trouble. */
export class Complaints {
  readonly #logger: Logger
  readonly #told = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  tell(path: string, error: NodeJS.ErrnoException): void {
    if (this.#told.has(path)) return
    const gone = error.code === 'ENOENT' || error.code === 'ENOTDIR'
    // Node lists bytes that are no UTF-8 as U+FFFD, and then nothing has that name.
    const nameless = gone && path.includes('\ufffd')
    if (gone && !nameless) return
    if (this.#told.size > pathsMax) this.#told.clear()
    this.#told.add(path)
    const message = nameless ? 'its name is not UTF-8; rename it' : error.message
    this.#logger.warn('cannot tail a file', { path, message })
  }

  /** It is read: trouble that comes now is another one. */
  over(path: string): void {
    this.#told.delete(path)
  }
}
