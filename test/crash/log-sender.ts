import { setTimeout as delay } from 'node:timers/promises'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'

const recordsPerRequest = 20
const paddingBytes = 100
const lanes = 4
/** Between two requests of a lane. */
const pauseMs = 10

/** Sends numbered logs without an end, each number once, and remembers which of them were answered with OK. */
export class LogSender {
  sent = 0
  /** Answered with 429 or 503. */
  refused = 0
  /** No answer: nobody knows. */
  unanswered = 0
  /** The first number of each request that was taken. */
  readonly #taken: number[] = []
  readonly #unexpected: number[] = []
  readonly #done: Promise<unknown>
  #stopped = false

  constructor(port: number) {
    this.#done = Promise.all(Array.from({ length: lanes }, () => this.#run(port)))
  }

  get acknowledged(): number {
    return this.#taken.length * recordsPerRequest
  }

  /** Answers other than 200, 429 and 503; there should be none. */
  get unexpected(): readonly number[] {
    return this.#unexpected
  }

  *acknowledgedNumbers(): Generator<number> {
    for (const first of this.#taken) {
      for (let index = 0; index < recordsPerRequest; index++) yield first + index
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      const first = this.sent
      this.sent += recordsPerRequest
      const status = await answerTo(port, numberedLogs(first, recordsPerRequest, paddingBytes))
      if (status === 200) this.#taken.push(first)
      else if (status === undefined) this.unanswered += recordsPerRequest
      else if (status === 429 || status === 503) this.refused += recordsPerRequest
      else this.#unexpected.push(status)
      await delay(status === undefined ? 5 * pauseMs : pauseMs)
    }
  }
}

/** The status; undefined if there was none. */
async function answerTo(port: number, batch: { bytes(): Uint8Array }): Promise<number | undefined> {
  try {
    const response = await sendHttp(port, 'logs', batch.bytes())
    await response.arrayBuffer()
    return response.status
  } catch (error) {
    // What fetch throws when the process is gone, or dies before it answers.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
