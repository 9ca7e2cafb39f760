import * as v from 'valibot'
import type { Clock } from '../../../src/component/clock.ts'
import { sleep } from '../../../src/component/clock.ts'
import type { Storage, StorageClient } from '../../../src/component/storage.ts'
import { DeliveryError } from '../../../src/errors/delivery-error.ts'
import { fileLog } from '../../../src/receivers/file_log/definition.ts'
import { FileLogReceiver } from '../../../src/receivers/file_log/file-log.ts'
import type { Batch } from '../../../src/signal/batch.ts'
import type { Intake } from '../../../src/signal/consumer.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import type { Random } from '../../support/random.ts'
import { testSettings } from '../../support/settings.ts'
import { readRecords } from '../../support/tail.ts'
import { Reader, type SimulatedFiles } from './simulated-files.ts'

/** A batch that remora has sent. */
export interface Sent {
  readonly atMs: number
  /** Infinity: not answered. */
  answeredMs: number
  /** Of the file of each line: small files share batches. */
  readonly paths: readonly string[]
  readonly bodies: readonly string[]
}

export interface LifeSettings {
  readonly config: Record<string, unknown>
  readonly clock: FakeClock
  readonly random: Random
  readonly files: SimulatedFiles
  /** What is saved; lives share it. */
  readonly saved: Map<string, Uint8Array>
  readonly writeMs: number
  /** Answers come up to so late, in any order; 0: at once. */
  readonly answerMs: number
  /** One in so many batches is refused at first; 0: none. */
  readonly refusals: number
  /** Called before each answer of the file system. */
  meanwhile(): void
  received(sent: Sent): void
}

/** A receiver, from its start to its stop or crash: after that none of its timers and calls does anything. */
export class OneLife {
  readonly sent: Sent[] = []
  readonly reader: Reader
  readonly settings
  readonly #life: LifeSettings
  readonly #receiver: FileLogReceiver
  readonly #timers = new Set<() => void>()
  #dead = false
  #failure: Error | undefined

  constructor(life: LifeSettings) {
    this.#life = life
    this.reader = new Reader(
      life.files,
      () => life.clock.monotonicMs(),
      () => life.meanwhile(),
    )
    const config = v.parse(fileLog.config, { storage: 'mem', ...life.config })
    const storages = { mem: this.#storage() }
    this.settings = testSettings(config, { clock: this.#clock(), storages })
    this.#receiver = new FileLogReceiver(this.settings, this.#intake(), this.reader)
    this.#receiver.start().catch((error: Error) => {
      this.#failure = error
    })
  }

  get dead(): boolean {
    return this.#dead
  }

  /** As by kill -9. */
  die(): void {
    this.#dead = true
    for (const cancel of this.#timers) cancel()
    this.reader.die()
  }

  /** Stops cleanly; time must pass meanwhile. */
  async stop(): Promise<void> {
    await this.#receiver.stop(new AbortController().signal)
    this.die()
  }

  /** Lets everything run that waits for nothing but the file system. */
  async settle(): Promise<void> {
    for (let quiet = 0, calls = this.reader.calls; quiet < 3; quiet++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (calls !== this.reader.calls) quiet = 0
      calls = this.reader.calls
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Lets time pass, and remora work. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.#life
    const endMs = clock.monotonicMs() + ms
    for (;;) {
      await this.settle()
      const { nextMs } = clock
      if (nextMs === undefined || clock.monotonicMs() + nextMs > endMs) break
      await clock.advance(nextMs)
    }
    await clock.advance(endMs - clock.monotonicMs())
    await this.settle()
  }

  #clock(): Clock {
    const { clock } = this.#life
    const keep = (cancel: () => void): (() => void) => {
      this.#timers.add(cancel)
      return () => {
        this.#timers.delete(cancel)
        cancel()
      }
    }
    return {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => {
        const cancel = clock.after(delayMs, () => {
          this.#timers.delete(cancel)
          run()
        })
        return keep(cancel)
      },
      every: (periodMs, run) => keep(clock.every(periodMs, run)),
    }
  }

  #storage(): Storage {
    const { saved, writeMs, clock } = this.#life
    const entries = new Map(saved)
    const client: StorageClient = {
      get: (key) => entries.get(key),
      keys: () => [...entries.keys()],
      update: async (changes) => {
        if (writeMs > 0) await sleep(clock, writeMs)
        if (this.#dead) return await new Promise(() => undefined)
        for (const [key, value] of changes) {
          if (value === undefined) saved.delete(key)
          else saved.set(key, value)
        }
      },
      close: () => Promise.resolve(),
    }
    return {
      queues: { maxSizeBytes: 0, segmentSizeBytes: undefined, fsync: true, syncIntervalMs: 0 },
      open: () => Promise.resolve(client),
      directory: () => Promise.reject(new Error('no queues here')),
    }
  }

  #intake(): Intake<'logs'> {
    const { clock, random, answerMs, refusals } = this.#life
    const refused = new WeakSet<Batch>()
    return {
      consume: async (batch) => {
        if (this.#dead) return await new Promise(() => undefined)
        if (refusals > 0 && !refused.has(batch) && random.below(refusals) === 0) {
          refused.add(batch)
          throw new DeliveryError('queue_full', 'full', { retryAfterMs: random.below(400) })
        }
        const sent = this.#note(batch)
        // Half of what is not answered before a crash has come, and half has not.
        const isLate = answerMs > 0 && random.below(2) === 0
        if (!isLate) this.#receive(sent)
        if (answerMs > 0) await sleep(clock, random.below(answerMs))
        if (this.#dead) return await new Promise(() => undefined)
        if (isLate) this.#receive(sent)
        sent.answeredMs = clock.monotonicMs()
      },
      dropped: () => undefined,
    }
  }

  #note(batch: Batch): Sent {
    const records = readRecords(batch.bytes())
    const sent: Sent = {
      atMs: this.#life.clock.monotonicMs(),
      answeredMs: Infinity,
      paths: records.map(({ attributes }) => String(attributes['log.file.path'])),
      bodies: records.map(({ body }) => String(body)),
    }
    this.sent.push(sent)
    return sent
  }

  #receive(sent: Sent): void {
    try {
      this.#life.received(sent)
    } catch (error) {
      // Thrown from here it would be a refusal.
      this.#failure ??= error as Error
    }
  }
}
