import { bench, run, summary } from 'mitata'
import { scanItems } from '../../src/wire/otlp/scan.ts'
import type { OtlpSignal } from '../../src/wire/otlp/signal.ts'
import { type Shape, samplePayload } from './payload.ts'

/** The check of an incoming request. Budget: 100 spans of 46 KB in 25 µs, 100 typical logs in 20 µs. */
const items = 100

summary(() => {
  for (const shape of ['logs', 'metrics', 'traces', 'rich'] as readonly Shape[]) {
    const signal: OtlpSignal = shape === 'rich' ? 'traces' : shape
    const bytes = samplePayload(shape, items)
    const label = `scan ${items} ${shape}, ${Math.round(bytes.byteLength / 1024)} KiB`
    bench(label, () => scanItems(signal, bytes))
  }
})

await run()
