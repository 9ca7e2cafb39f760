import type { Code } from '../errors/codes.ts'
import type { Signal } from './signal.ts'

/** Items by reason. */
export type Reasons = ReadonlyMap<Code, number>

/**
 * What became of the items that reached one exporter through one pipeline. `queued` counts those it still holds
 * (waiting, being sent, waiting for a retry); whoever holds items raises it and lowers it again.
 */
export class ExporterLedger {
  delivered = 0
  queued = 0
  /** What an earlier process had received and left in the exporter's disk queue; `received`, for this exporter alone. */
  recovered = 0
  readonly #dropped = new Map<Code, number>()
  readonly #rejected = new Map<Code, number>()

  dropped(reason: Code, items: number): void {
    add(this.#dropped, reason, items)
  }

  rejected(reason: Code, items: number): void {
    add(this.#rejected, reason, items)
  }

  get droppedByReason(): Reasons {
    return this.#dropped
  }

  get rejectedByReason(): Reasons {
    return this.#rejected
  }
}

/**
 * The account of one pipeline. For each of its exporters, at every moment:
 *
 *     received + recovered = delivered + dropped{reason} + rejected{reason} + queued
 *
 * `received` counts at the pipeline's entry; to it comes what was recovered from a disk queue at the start. Rejected items went back to the sender, who knows; dropped ones are gone.
 * What ends before the fan-out (a processor drops, the entry rejects) stands in the pipeline's own counts and holds for
 * every exporter; the rest stands with the exporter.
 */
export class PipelineLedger {
  readonly pipeline: string
  readonly signal: Signal
  received = 0
  /** Held by processors. */
  queued = 0
  readonly #dropped = new Map<Code, number>()
  readonly #rejected = new Map<Code, number>()
  readonly #exporters = new Map<string, ExporterLedger>()

  constructor(pipeline: string, signal: Signal) {
    this.pipeline = pipeline
    this.signal = signal
  }

  dropped(reason: Code, items: number): void {
    add(this.#dropped, reason, items)
  }

  rejected(reason: Code, items: number): void {
    add(this.#rejected, reason, items)
  }

  /** The account of one exporter, by its id in the configuration; made on first use. */
  exporter(id: string): ExporterLedger {
    let ledger = this.#exporters.get(id)
    if (ledger === undefined) {
      ledger = new ExporterLedger()
      this.#exporters.set(id, ledger)
    }
    return ledger
  }

  get exporters(): ReadonlyMap<string, ExporterLedger> {
    return this.#exporters
  }

  get droppedByReason(): Reasons {
    return this.#dropped
  }

  get rejectedByReason(): Reasons {
    return this.#rejected
  }

  /** received − everything accounted for, for one exporter; 0 when the ledger balances. */
  imbalance(exporterId: string): number {
    const exporter = this.exporter(exporterId)
    const common = this.queued + sum(this.#dropped) + sum(this.#rejected)
    const own =
      exporter.delivered +
      exporter.queued +
      sum(exporter.droppedByReason) +
      sum(exporter.rejectedByReason)
    return this.received + exporter.recovered - common - own
  }
}

function add(counts: Map<Code, number>, reason: Code, items: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + items)
}

function sum(counts: Reasons): number {
  let total = 0
  for (const items of counts.values()) total += items
  return total
}
