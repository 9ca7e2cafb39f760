import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of the bench itself (sink or load), spoken to over Node's channel. */
export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<never>

  constructor(module: 'sink.ts' | 'load.ts') {
    this.#process = fork(fileURLToPath(new URL(module, import.meta.url)))
    this.#ended = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`a process of the bench ended with ${code}`)
    })
    // Heard by whoever waits for a message; ending when nobody does is how it stops.
    this.#ended.catch(() => undefined)
  }

  /** The next message it sends. Rejects if it ends before. */
  async next<T>(): Promise<T> {
    const [message] = await Promise.race([once(this.#process, 'message'), this.#ended])
    return message as T
  }

  ask<T>(message: Serializable): Promise<T> {
    const answer = this.next<T>()
    this.#process.send(message)
    return answer
  }

  stop(): void {
    this.#process.kill()
  }
}
