import type { PipelineLedger, Reasons } from '../signal/ledger.ts'
import type { Sample } from './meter.ts'

/**
 * `remora_pipeline_items`: for each exporter of each pipeline, every outcome. What ended before the fan-out counts for
 * each exporter, so that for every one of them received = delivered + dropped + rejected + queued.
 */
export function* readLedgers(ledgers: readonly PipelineLedger[]): Generator<Sample> {
  for (const ledger of ledgers) {
    for (const [exporter, own] of ledger.exporters) {
      const labels = { pipeline: ledger.pipeline, signal: ledger.signal, exporter }
      yield { labels: { ...labels, outcome: 'received' }, value: ledger.received + own.recovered }
      yield { labels: { ...labels, outcome: 'delivered' }, value: own.delivered }
      yield { labels: { ...labels, outcome: 'queued' }, value: ledger.queued + own.queued }
      for (const [outcome, common, exporters] of [
        ['dropped', ledger.droppedByReason, own.droppedByReason],
        ['rejected', ledger.rejectedByReason, own.rejectedByReason],
      ] as const) {
        for (const [reason, value] of addReasons(common, exporters)) {
          yield { labels: { ...labels, outcome, reason }, value }
        }
      }
    }
  }
}

/** The counts of both, by reason. */
export function addReasons(left: Reasons, right: Reasons): Reasons {
  const total = new Map(left)
  for (const [reason, items] of right) total.set(reason, (total.get(reason) ?? 0) + items)
  return total
}
