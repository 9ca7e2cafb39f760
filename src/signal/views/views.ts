import { requestOf } from '../../wire/otlp/fields.ts'
import { messageOf } from '../../wire/otlp/messages.ts'
import { createView, type MessageView, readRequest, writeRequest } from '../../wire/otlp/view.ts'
import type { Batch } from '../batch.ts'
import type { Signal } from '../signal.ts'
import type { LogsView } from './logs.ts'
import type { MetricsView } from './metrics.ts'
import type { TracesView } from './traces.ts'

export interface Views {
  logs: LogsView
  metrics: MetricsView
  traces: TracesView
}

/** Decodes the whole batch. Strings that are not UTF-8 get U+FFFD in place of what is wrong. */
export function decodeView<S extends Signal>(batch: Batch<S>): Views[S] {
  const view = createView(messageOf(requestOf[batch.signal]))
  for (const segment of batch.segments) readRequest(batch.signal, segment, view)
  return view as unknown as Views[S]
}

/**
 * The bytes of one Export request, for a segment of a new batch.
 *
 * @public The half of the views that processors which edit will use; today tests hold the codec to it.
 */
export function encodeView<S extends Signal>(signal: S, view: Views[S]): Uint8Array {
  return writeRequest(signal, view as unknown as MessageView)
}
