import type { Writable } from 'node:stream'

/**
 * A copy of the bytes for another stream. A slow reader of that stream slows the source down, as it would without
 * remora between them; one that went away is forgotten.
 */
export class Tee {
  readonly #stream: Writable
  #full = false
  #gone = false
  #waiting: (() => void)[] = []

  /** A stream that does not block; `gone` is called once, when nobody reads any more. */
  constructor(stream: Writable, gone: (error: Error) => void) {
    this.#stream = stream
    stream.on('drain', () => {
      this.#full = false
      this.#release()
    })
    stream.on('error', (error) => {
      if (this.#gone) return
      gone(error)
      this.giveUp()
    })
  }

  get ready(): boolean {
    return this.#gone || !this.#full
  }

  /** Resolves when it is ready. */
  drained(): Promise<void> {
    if (this.ready) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The bytes are copied: they may change after the call. */
  write(bytes: Uint8Array): void {
    if (!this.#gone) this.#full = !this.#stream.write(Buffer.from(bytes))
  }

  /** Resolves when everything is written, or at `abort`; then writes nothing more. */
  async close(abort: AbortSignal): Promise<void> {
    if (!this.#gone && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        abort.addEventListener('abort', () => resolve(), { once: true })
        this.#stream.write('', () => resolve())
      })
    }
    this.giveUp()
  }

  /** Writes nothing more, and lets nobody wait. */
  giveUp(): void {
    this.#gone = true
    this.#release()
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
