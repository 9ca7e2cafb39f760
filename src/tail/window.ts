import { type Clock, sleep } from '../component/clock.ts'
import type { Counter, Logger } from '../component/telemetry.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { Intake, ReceiveContext } from '../signal/consumer.ts'
import type { Progress } from './line-target.ts'
import type { TailedFile } from './tailed-file.ts'
import { YoungGarbage } from './young-garbage.ts'

const context: ReceiveContext = { until: 'delivered', onFull: 'wait' }
const firstBackoffMs = 100
const maxBackoffMs = 5000
// Reading stands still meanwhile, of all files and for all exporters.
const maxAskedMs = 60_000

/** Where a batch is; shared by the entries of all files that move with it. */
interface Journey {
  done: boolean
}

interface Entry {
  readonly progress: Progress
  readonly journey: Journey
}

export interface WindowCounters {
  readonly accepted: Counter
  readonly refused: Counter
}

/**
 * Batches that are on their way, for all files of one receiver.
 *
 * Their bytes are bounded: `room` waits until there is some. The checkpoint of a file moves over the acknowledged
 * batches without a gap. A batch that is refused with "again" is offered again, unchanged, until it is taken, and until
 * then nothing new is read; one that is refused for good is counted and passed over.
 */
export class DeliveryWindow {
  readonly #intake: Intake<'logs'>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #counters: WindowCounters
  readonly #limitBytes: number
  readonly #committed: (file: TailedFile) => void
  readonly #entries = new Map<TailedFile, Entry[]>()
  readonly #stopping = new AbortController()
  readonly #garbage = new YoungGarbage()
  #bytes = 0
  #refusing = 0
  #wake: (() => void) | undefined

  constructor(
    intake: Intake<'logs'>,
    clock: Clock,
    logger: Logger,
    counters: WindowCounters,
    limitBytes: number,
    committed: (file: TailedFile) => void,
  ) {
    this.#intake = intake
    this.#clock = clock
    this.#logger = logger
    this.#counters = counters
    this.#limitBytes = limitBytes
    this.#committed = committed
  }

  get bytes(): number {
    return this.#bytes
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#limitBytes && this.#refusing === 0
  }

  /** Resolves when something may be read, or something changed. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Sends a batch, after which the files are dealt with up to `moves`; without one they are at once, in their turn. */
  push(batch: Batch<'logs'> | undefined, moves: readonly Progress[]): void {
    const journey: Journey = { done: batch === undefined }
    for (const progress of moves) {
      const { file } = progress
      const pending = this.#entries.get(file)
      const entry: Entry = { progress, journey }
      if (pending === undefined) this.#entries.set(file, [entry])
      else pending.push(entry)
      if (batch !== undefined) file.inFlight++
    }
    if (batch === undefined) {
      for (const { file } of moves) this.#settle(file)
      return
    }
    this.#bytes += batch.sizeBytes
    void this.#deliver(journey, batch, moves)
  }

  /** Waits for the answers until `abort`; what is refused meanwhile is left for the next start. */
  async stop(abort: AbortSignal): Promise<void> {
    this.#stopping.abort()
    while (this.#entries.size > 0 && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        abort.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  async #deliver(
    journey: Journey,
    batch: Batch<'logs'>,
    moves: readonly Progress[],
  ): Promise<void> {
    journey.done = await this.#offer(batch)
    this.#bytes -= batch.sizeBytes
    this.#garbage.add(batch.sizeBytes)
    for (const { file } of moves) {
      file.inFlight--
      this.#settle(file)
    }
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** True when the batch was taken, or refused for good; false when remora stops before that. Never rejects. */
  async #offer(batch: Batch<'logs'>): Promise<boolean> {
    let backoffMs = firstBackoffMs
    let refused = false
    for (;;) {
      try {
        await this.#intake.consume(batch, context)
        this.#counters.accepted.add(batch.itemCount)
        if (refused) this.#refusing--
        return true
      } catch (thrown) {
        const error = DeliveryError.from(thrown)
        if (error.retry === 'never') {
          this.#counters.refused.add(batch.itemCount)
          this.#logger.error(`cannot hand on log records: ${error.message}`, {
            code: error.code,
            records: batch.itemCount,
          })
          if (refused) this.#refusing--
          return true
        }
        if (!refused) this.#refusing++
        refused = true
        this.#logger.warn(`log records are refused, reading waits: ${error.message}`, {
          code: error.code,
        })
        const waitMs = Math.min(error.retryAfterMs ?? backoffMs, maxAskedMs)
        await sleep(this.#clock, waitMs, this.#stopping.signal)
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
        if (this.#stopping.signal.aborted) {
          this.#refusing--
          return false
        }
      }
    }
  }

  /** Moves the checkpoint over what is done at the front. */
  #settle(file: TailedFile): void {
    const pending = this.#entries.get(file)
    if (pending === undefined) return
    let settled = 0
    while (settled < pending.length && (pending[settled] as Entry).journey.done) {
      file.commit((pending[settled] as Entry).progress)
      settled++
    }
    pending.splice(0, settled)
    // What is neither done nor under way was refused while stopping; it holds the checkpoint back for good.
    if (pending.length === 0 || file.inFlight === 0) this.#entries.delete(file)
    if (settled > 0) this.#committed(file)
  }
}
