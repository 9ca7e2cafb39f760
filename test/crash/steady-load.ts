import { setTimeout as delay } from 'node:timers/promises'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'

const recordsPerRequest = 100
const paddingBytes = 100
const lanes = 4

/** Sends numbered logs at a steady pace; what is refused is sent again, as an SDK does, so every number is taken once. */
export class SteadyLoad {
  /** Logs taken so far. */
  acknowledged = 0
  /** Logs refused, each time. */
  refused = 0
  #requests = 0
  #stopped = false
  readonly #startedMs = performance.now()
  readonly #everyMs: number
  readonly #done: Promise<unknown>

  constructor(port: number, logsPerSecond: number) {
    this.#everyMs = (1000 * recordsPerRequest) / logsPerSecond
    this.#done = Promise.all(Array.from({ length: lanes }, () => this.#run(port)))
  }

  get sent(): number {
    return this.#requests * recordsPerRequest
  }

  /** Rejects if a request got no answer. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      const request = this.#requests++
      const waitMs = this.#startedMs + request * this.#everyMs - performance.now()
      if (waitMs > 0) await delay(waitMs)
      const first = request * recordsPerRequest
      await this.#send(port, numberedLogs(first, recordsPerRequest, paddingBytes).bytes())
    }
  }

  async #send(port: number, bytes: Uint8Array): Promise<void> {
    for (;;) {
      const response = await sendHttp(port, 'logs', bytes)
      await response.arrayBuffer()
      if (response.status === 200) {
        this.acknowledged += recordsPerRequest
        return
      }
      if (response.status !== 429 && response.status !== 503) {
        throw new Error(`the answer is ${response.status}`)
      }
      this.refused += recordsPerRequest
      await delay(100)
    }
  }
}
