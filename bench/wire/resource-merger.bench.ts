import { bench, run, summary } from 'mitata'
import { ResourceMerger } from '../../src/wire/otlp/resource-merger.ts'
import { type Shape, samplePayload } from './payload.ts'

/** What resource_detection costs a request: six attributes into its resources. Budget: half of the check on receipt. */
const attributes = {
  'k8s.pod.name': 'checkout-7d9c5b6f8-x2x4q',
  'k8s.namespace.name': 'shop',
  'k8s.node.name': 'node-17.example',
  'k8s.pod.uid': '275ecb36-5aa8-4c2a-9c47-d8bb681b9aff',
  'k8s.container.name': 'checkout',
  'container.name': 'checkout',
}
const schemaUrl = 'https://opentelemetry.io/schemas/1.40.0'
const items = 100

summary(() => {
  for (const shape of ['logs', 'metrics', 'traces'] as readonly Shape[]) {
    const bytes = samplePayload(shape, items)
    for (const override of [true, false]) {
      const merger = new ResourceMerger({ attributes, override, schemaUrl })
      const size = Math.round(bytes.byteLength / 1024)
      bench(`${items} ${shape}, ${size} KiB, override ${override}`, () => merger.merge(bytes))
    }
  }
})

await run()
