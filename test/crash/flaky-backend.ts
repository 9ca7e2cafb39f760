import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { numbersIn } from '../support/numbered-logs.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import type { Disturbances } from './disturbances.ts'

const outages = ['unavailable', 'hang', 'down'] as const
const collectEveryMs = 20
/** A test that stood still for so long may have answered too late. */
const stallMs = 400

/**
 * A backend that goes through outages: it refuses, or does not answer, or is gone. It notes each number that arrives, and
 * those that come again without anything to account for it.
 */
export class FlakyBackend {
  readonly sink = new OtlpSink()
  /** When each number arrived last. */
  readonly arrivedMs = new Map<number, number>()
  duplicates = 0
  readonly unexplained: string[] = []
  outages = 0
  readonly #disturbances: Disturbances
  readonly #random: () => number
  /** Whether something else accounts for a number that came again. */
  readonly #mayComeAgain: (number: number) => boolean
  readonly #end = new AbortController()
  #flaky: Promise<void> | undefined
  #collected = performance.now()

  private constructor(
    random: () => number,
    disturbances: Disturbances,
    mayComeAgain: (number: number) => boolean,
  ) {
    this.#random = random
    this.#disturbances = disturbances
    this.#mayComeAgain = mayComeAgain
  }

  static async start(
    t: TestContext,
    random: () => number,
    disturbances: Disturbances,
    mayComeAgain: (number: number) => boolean = () => false,
  ): Promise<FlakyBackend> {
    const backend = new FlakyBackend(random, disturbances, mayComeAgain)
    backend.sink.grpcPort = await freePort()
    backend.sink.httpPort = await freePort()
    await backend.sink.listen()
    const collecting = setInterval(() => backend.#collect(), collectEveryMs)
    t.after(async () => {
      clearInterval(collecting)
      await backend.recover()
      await backend.sink.kill()
    })
    backend.#flaky = backend.#run()
    return backend
  }

  /** From now on it takes everything. */
  async recover(): Promise<void> {
    this.#end.abort()
    await this.#flaky
  }

  /** Those of the numbers that have not arrived by now. */
  missing(numbers: Iterable<number>): number[] {
    this.#collect()
    return [...numbers].filter((number) => !this.arrivedMs.has(number))
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#pause(100 + this.#random() * 600)
      if (this.#end.signal.aborted) return
      const outage = outages[Math.floor(this.#random() * outages.length)] ?? 'down'
      this.outages++
      if (outage === 'down') {
        this.#disturbances.note('backend down')
        await this.sink.kill()
      } else this.sink.mode = outage
      await this.#pause(50 + this.#random() * 700)
      if (outage === 'down') await this.sink.listen()
      this.sink.mode = 'accept'
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#end.signal }).catch((error: unknown) => {
      if (!this.#end.signal.aborted) throw error
    })
  }

  #collect(): void {
    const nowMs = performance.now()
    if (nowMs - this.#collected > stallMs) this.#disturbances.note('stall')
    this.#collected = nowMs
    for (const { bytes } of this.sink.received.splice(0)) {
      for (const number of numbersIn(bytes)) this.#note(number, nowMs)
    }
  }

  #note(number: number, nowMs: number): void {
    const beforeMs = this.arrivedMs.get(number)
    this.arrivedMs.set(number, nowMs)
    if (beforeMs === undefined) return
    this.duplicates++
    if (this.#disturbances.explain(beforeMs) || this.#mayComeAgain(number)) return
    this.unexplained.push(`${number}: at ${beforeMs.toFixed()} ms, again at ${nowMs.toFixed()} ms`)
  }
}
