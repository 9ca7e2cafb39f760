import { type Clock, sleep } from '../component/clock.ts'
import type { Counter, Logger } from '../component/telemetry.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { YoungGarbage } from '../memory/young-garbage.ts'
import type { Batch } from '../signal/batch.ts'
import type { Intake, ReceiveContext } from '../signal/consumer.ts'
import type { LineSource } from './line-source.ts'
import type { Progress } from './line-target.ts'
import type { TailedFile } from './tailed-file.ts'

// Reading stands still meanwhile, of all files and for all exporters.
const maxAskedMs = 60_000

// A batch takes some kilobytes besides its bytes on its way to an exporter. The usual ones never come to so many, those of
// thousands of small files would.
const batchesMax = 128

const defaultBackoff = { initialMs: 100, maxMs: 5000 }

/** Where a batch is; shared by the entries of all files that move with it. */
interface Journey {
  done: boolean
}

interface Entry<S extends LineSource> {
  readonly progress: Progress<S>
  readonly journey: Journey
}

export interface WindowCounters {
  readonly accepted: Counter
  readonly refused: Counter
}

export interface WindowSettings<S extends LineSource> {
  readonly intake: Intake<'logs'>
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: WindowCounters
  /** What may be on its way at a time. */
  readonly limitBytes: number
  /** See `ReceiveContext`. What can be read again is kept until it is delivered; what cannot, goes into the queue. */
  readonly until: ReceiveContext['until']
  /** The pauses before what was refused is offered again: each twice the one before it, where the refusal says none. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number }
  /** The source is dealt with up to a new place. */
  committed(source: S): void
  /**
   * A batch of what cannot be read again was refused until the time for stopping was over, and is lost. With this, a
   * stop goes on offering; without, what is refused is left for the next start.
   */
  lost?(batch: Batch<'logs'>): void
}

/**
 * Batches that are on their way, for all files or streams of one receiver.
 *
 * Their bytes and number are bounded: `room` waits until there is some. The checkpoint of a file moves over the acknowledged
 * batches without a gap. A batch that is refused with "again" is offered again, unchanged, until it is taken, and until
 * then nothing new is read; one that is refused for good is counted and passed over.
 */
export class DeliveryWindow<S extends LineSource = TailedFile> {
  readonly #settings: WindowSettings<S>
  readonly #context: ReceiveContext
  readonly #entries = new Map<S, Entry<S>[]>()
  readonly #stopping = new AbortController()
  readonly #garbage = new YoungGarbage()
  #bytes = 0
  #batches = 0
  #refusing = 0
  #waiting: (() => void)[] = []

  constructor(settings: WindowSettings<S>) {
    this.#settings = settings
    this.#context = { until: settings.until, onFull: 'wait' }
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Everything that was sent is dealt with. */
  get isEmpty(): boolean {
    return this.#bytes === 0 && this.#entries.size === 0
  }

  get hasRoom(): boolean {
    const { limitBytes } = this.#settings
    return this.#bytes < limitBytes && this.#batches < batchesMax && this.#refusing === 0
  }

  /** Whether something of this content of a source is not yet dealt with. */
  isOnItsWay(source: S, generation: number): boolean {
    const entries = this.#entries.get(source) ?? []
    return entries.some(({ progress }) => progress.generation === generation)
  }

  /** Resolves when something may be read, or something changed. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves every `room`: whoever waits looks again. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Sends a batch, after which the files are dealt with up to `moves`; without one they are at once, in their turn. */
  push(batch: Batch<'logs'> | undefined, moves: readonly Progress<S>[]): void {
    const journey: Journey = { done: batch === undefined }
    for (const progress of moves) {
      const { file } = progress
      const pending = this.#entries.get(file)
      const entry: Entry<S> = { progress, journey }
      if (pending === undefined) this.#entries.set(file, [entry])
      else pending.push(entry)
      if (batch !== undefined) file.inFlight++
    }
    if (batch === undefined) {
      for (const { file } of moves) this.#settle(file)
      return
    }
    this.#bytes += batch.sizeBytes
    this.#batches++
    void this.#deliver(journey, batch, moves)
  }

  /** Waits for the answers until `abort`. */
  async stop(abort: AbortSignal): Promise<void> {
    if (this.#settings.lost === undefined || abort.aborted) this.#stopping.abort()
    else abort.addEventListener('abort', () => this.#stopping.abort(), { once: true })
    while (this.#entries.size > 0 && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        abort.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  async #deliver(
    journey: Journey,
    batch: Batch<'logs'>,
    moves: readonly Progress<S>[],
  ): Promise<void> {
    journey.done = await this.#offer(batch)
    this.#bytes -= batch.sizeBytes
    this.#batches--
    this.#garbage.add(batch.sizeBytes)
    for (const { file } of moves) {
      file.inFlight--
      this.#settle(file)
    }
    this.wake()
  }

  /** True when the batch was taken, or refused for good; false when remora stops before that. Never rejects. */
  async #offer(batch: Batch<'logs'>): Promise<boolean> {
    const { intake, clock, logger, counters, lost } = this.#settings
    const { initialMs, maxMs } = this.#settings.backoff ?? defaultBackoff
    let backoffMs = initialMs
    let refused = false
    for (;;) {
      try {
        await intake.consume(batch, this.#context)
        counters.accepted.add(batch.itemCount)
        if (refused) this.#refusing--
        return true
      } catch (thrown) {
        const error = DeliveryError.from(thrown)
        if (error.retry === 'never') {
          counters.refused.add(batch.itemCount)
          logger.error('cannot hand on log records', {
            reason: error.code,
            message: error.message,
            records: batch.itemCount,
          })
          if (refused) this.#refusing--
          return true
        }
        if (!refused) this.#refusing++
        refused = true
        logger.warn('log records are refused, reading waits', {
          reason: error.code,
          message: error.message,
        })
        const waitMs = Math.min(error.retryAfterMs ?? backoffMs, maxAskedMs)
        await sleep(clock, waitMs, this.#stopping.signal)
        backoffMs = Math.min(backoffMs * 2, maxMs)
        if (this.#stopping.signal.aborted) {
          this.#refusing--
          lost?.(batch)
          return false
        }
      }
    }
  }

  /** Moves the checkpoint over what is done at the front. */
  #settle(file: S): void {
    const pending = this.#entries.get(file)
    if (pending === undefined) return
    let settled = 0
    while (settled < pending.length && (pending[settled] as Entry<S>).journey.done) {
      file.commit((pending[settled] as Entry<S>).progress)
      settled++
    }
    pending.splice(0, settled)
    // What is neither done nor under way was refused while stopping; it holds the checkpoint back for good.
    if (pending.length === 0 || file.inFlight === 0) this.#entries.delete(file)
    if (settled > 0) this.#settings.committed(file)
  }
}
