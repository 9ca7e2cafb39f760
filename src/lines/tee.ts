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

  /** `gone` is called once, when nobody reads any more. */
  constructor(stream: Writable, gone: (error: Error) => void) {
    this.#stream = stream
    // Node makes writes to pipes block the whole process, which would stop the telemetry with the reader.
    handleOf(stream)?.setBlocking?.(false)
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

interface BlockingHandle {
  setBlocking?(on: boolean): void
}

/** Node has no public way to say this of its standard streams; without it writes block, and nothing else changes. */
function handleOf(stream: Writable): BlockingHandle | undefined {
  return (stream as unknown as { readonly _handle?: BlockingHandle | null })._handle ?? undefined
}
