import type { OtherReceivers } from '../component/define.ts'

/** The inputs of a process that have an end, such as the files of a job: when all of them have ended, it may end too. */
export class Endings {
  readonly #all = Promise.withResolvers<void>()
  readonly #receivers: number
  #announced = 0
  #open = 0
  #decided = false

  /** `receivers`: all that there are, also those that never end. */
  constructor(receivers: number) {
    this.#receivers = receivers
  }

  /** Never resolves where nothing ends by itself. */
  get all(): Promise<void> {
    return this.#all.promise
  }

  /** One more input; returns what to call at its end. All are announced before the first of them can end. */
  announce(others: OtherReceivers): () => void {
    this.#announced++
    this.#open++
    if (others === 'stop') this.#decided = true
    let ended = false
    return () => {
      if (ended) return
      ended = true
      this.#open--
      if (this.#open > 0) return
      if (this.#decided || this.#announced === this.#receivers) this.#all.resolve()
    }
  }
}
