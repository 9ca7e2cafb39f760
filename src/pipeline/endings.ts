/** The inputs of a process that have an end, such as the files of a job: when all of them have ended, it may end too. */
export class Endings {
  readonly #all = Promise.withResolvers<void>()
  #open = 0

  /** Never resolves where nothing ends by itself. */
  get all(): Promise<void> {
    return this.#all.promise
  }

  /** One more input; returns what to call at its end. All are announced before the first of them can end. */
  announce(): () => void {
    this.#open++
    let ended = false
    return () => {
      if (ended) return
      ended = true
      if (--this.#open === 0) this.#all.resolve()
    }
  }
}
