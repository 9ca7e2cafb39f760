/** The open connections of a server, each with what the server keeps for it. */
export class Connections<C extends { drain(): void }, T = undefined> {
  readonly #open = new Map<C, T>()
  #whenEmpty: (() => void) | undefined

  get count(): number {
    return this.#open.size
  }

  get(connection: C): T | undefined {
    return this.#open.get(connection)
  }

  add(connection: C, kept: T): void {
    this.#open.set(connection, kept)
  }

  /** It is closed. */
  delete(connection: C): void {
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#whenEmpty?.()
  }

  [Symbol.iterator](): Iterator<C> {
    return this.#open.keys()
  }

  /** Lets what is under way end until `abort` fires, then cuts the rest off. To be called when nothing new comes. Never rejects. */
  async close(abort: AbortSignal, cutOff: (connection: C) => void): Promise<void> {
    for (const connection of this) connection.drain()
    if (this.#open.size > 0 && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve
        abort.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    for (const connection of this) cutOff(connection)
  }
}
