import type { Clock } from '../component/clock.ts'

/** Items that a backend rejected without saying which. */
export interface RejectionNote {
  readonly pipelines: ReadonlySet<string>
  readonly items: number
  /** In the words of the backend. */
  readonly message: string
}

/** After a note, what else is rejected is gathered for this long: a minute of notes must not push out letters with data. */
const windowMs = 60_000
/** Different words are kept apart up to this many in a window. */
const messagesMax = 8
const otherMessages = '(more messages than are kept apart in a minute)'

interface Gathered {
  readonly pipelines: Set<string>
  items: number
}

/**
 * Notes of partial success. The first is written at once; a backend that rejects some of every request makes a few notes a
 * minute, and not one for each request.
 */
export class RejectionNotes {
  readonly #clock: Clock
  readonly #write: (note: RejectionNote) => void
  readonly #gathered = new Map<string, Gathered>()
  #cancelTimer: (() => void) | undefined
  #hurries = false

  constructor(clock: Clock, write: (note: RejectionNote) => void) {
    this.#clock = clock
    this.#write = write
  }

  add(pipelines: readonly string[], items: number, message: string): void {
    const known = this.#gathered.has(message) || this.#gathered.size < messagesMax
    const key = known ? message : otherMessages
    let gathered = this.#gathered.get(key)
    if (gathered === undefined) {
      gathered = { pipelines: new Set(), items: 0 }
      this.#gathered.set(key, gathered)
    }
    for (const pipeline of pipelines) gathered.pipelines.add(pipeline)
    gathered.items += items
    if (this.#cancelTimer === undefined) this.#writeAll()
  }

  /** Writes what has gathered; from now on everything is written at once. */
  hurry(): void {
    this.#hurries = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#writeAll()
  }

  #writeAll(): void {
    if (this.#gathered.size === 0) return
    if (!this.#hurries) {
      this.#cancelTimer = this.#clock.after(windowMs, () => {
        this.#cancelTimer = undefined
        this.#writeAll()
      })
    }
    for (const [message, { pipelines, items }] of this.#gathered) {
      this.#write({ pipelines, items, message })
    }
    this.#gathered.clear()
  }
}
