import { bench, run } from 'mitata'
import { Batch } from '../../src/signal/batch.ts'
import { decodeView, encodeView } from '../../src/signal/views/views.ts'
import { fromJson } from '../../src/wire/otlp/from-json.ts'
import type { OtlpSignal } from '../../src/wire/otlp/signal.ts'
import { toJson } from '../../src/wire/otlp/to-json.ts'
import { type Shape, samplePayload } from './payload.ts'

/** Objects and JSON, 100 items a call: divide by 100 for an item. */
const items = 100

for (const shape of ['logs', 'metrics', 'traces', 'rich'] as readonly Shape[]) {
  const signal: OtlpSignal = shape === 'rich' ? 'traces' : shape
  const bytes = samplePayload(shape, items)
  const batch = new Batch(signal, [bytes], items)
  const view = decodeView(batch)
  const text = toJson(signal, bytes)
  bench(`decode view, ${items} ${shape}`, () => decodeView(batch))
  bench(`encode view, ${items} ${shape}`, () => encodeView(signal, view))
  bench(`to JSON, ${items} ${shape}`, () => toJson(signal, bytes))
  bench(`from JSON, ${items} ${shape}`, () => fromJson(signal, text))
}

await run()
