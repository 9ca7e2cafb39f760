/** What the command line and the receiver of `remora exec` know of each other. */
export class Application {
  readonly words: readonly [string, ...string[]]
  /** The exit code, when the application has ended for good and its output is read. */
  readonly ended: Promise<number>
  /** The exit code of a shell, where the application cannot be started at all. */
  startFailure: number | undefined
  readonly #end = Promise.withResolvers<number>()
  /** Came while it was being started. As in the kernel, one of a kind is as many. */
  readonly #early = new Set<NodeJS.Signals>()
  #receive: ((signal: NodeJS.Signals) => void) | undefined

  constructor(words: readonly [string, ...string[]]) {
    this.words = words
    this.ended = this.#end.promise
  }

  /** Hands a signal on. False if there is nobody to have it. */
  forward(signal: NodeJS.Signals): boolean {
    this.#receive?.(signal)
    return this.#receive !== undefined
  }

  /** For signals that are never for remora: hands them on at once, or as soon as the application runs. */
  pass(signal: NodeJS.Signals): void {
    if (!this.forward(signal)) this.#early.add(signal)
  }

  /** From now on signals go to `receive`. */
  runs(receive: (signal: NodeJS.Signals) => void): void {
    this.#receive = receive
    for (const signal of this.#early) receive(signal)
    this.#early.clear()
  }

  /** Signals are for remora again. */
  end(status: number): void {
    this.#receive = undefined
    this.#end.resolve(status)
  }
}
