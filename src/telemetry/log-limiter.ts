import type { Clock } from '../component/clock.ts'
import type { Labels, LogLevel } from '../component/telemetry.ts'

/** Of the same message of one component, this many pass in each window. */
const linesMax = 5
const windowMs = 10_000
/** Distinct messages remembered; beyond it the oldest is forgotten, which lets at most a few lines too many pass. */
const messagesMax = 1000

interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly own: Labels
  lines: number
  suppressed: number
}

type Emit = (level: LogLevel, message: string, own: Labels, fields: { suppressed: number }) => void

/**
 * Keeps a flood of one message out of the log and still says how large it was: at the end of a window in which lines
 * were held back, one line of the same message tells their number as `suppressed`.
 */
export class LogLimiter {
  suppressedLines = 0
  readonly #clock: Clock
  readonly #emit: Emit
  #window = new Map<string, Entry>()
  #windowEndMs = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, emit: Emit) {
    this.#clock = clock
    this.#emit = emit
  }

  /** Whether the line may be written. */
  admit(level: LogLevel, message: string, own: Labels): boolean {
    if (this.#clock.monotonicMs() >= this.#windowEndMs) this.#nextWindow()
    const key = `${level}\0${message}\0${Object.values(own).join('\0')}`
    let entry = this.#window.get(key)
    if (entry === undefined) {
      entry = { level, message, own, lines: 0, suppressed: 0 }
      this.#makeRoom()
      this.#window.set(key, entry)
    }
    if (entry.lines < linesMax) {
      entry.lines += 1
      return true
    }
    entry.suppressed += 1
    this.suppressedLines += 1
    // The timer runs only while something is held back, so an idle process has none.
    this.#cancel ??= this.#clock.every(windowMs, () => this.#nextWindow())
    return false
  }

  close(): void {
    this.#nextWindow()
  }

  #nextWindow(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const ended = this.#window
    this.#window = new Map()
    this.#windowEndMs = this.#clock.monotonicMs() + windowMs
    for (const entry of ended.values()) this.#tell(entry)
  }

  #makeRoom(): void {
    if (this.#window.size < messagesMax) return
    for (const [key, oldest] of this.#window) {
      this.#window.delete(key)
      this.#tell(oldest)
      return
    }
  }

  #tell({ level, message, own, suppressed }: Entry): void {
    if (suppressed > 0) this.#emit(level, message, own, { suppressed })
  }
}
