import type { MetricRegistry, Sample } from './meter.ts'
import type { StatusBoard } from './status.ts'

/** `remora_component_state{component="exporter:otlp",state="ok"} 1` for the state that each component is in. */
export function addStatusMetrics(registry: MetricRegistry, board: StatusBoard): void {
  registry.addSource('remora_component_state', () => readStates(board))
}

function* readStates(board: StatusBoard): Generator<Sample> {
  for (const [component, { state }] of board.statuses) {
    yield { labels: { component, state }, value: 1 }
  }
}
