/** The open connections of a server. */
export class Connections<C extends { drain(): void }> {
  readonly #open = new Set<C>()
  #whenEmpty: (() => void) | undefined

  get count(): number {
    return this.#open.size
  }

  add(connection: C): void {
    this.#open.add(connection)
  }

  /** It is closed. */
  delete(connection: C): void {
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#whenEmpty?.()
  }

  [Symbol.iterator](): Iterator<C> {
    return this.#open.values()
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
