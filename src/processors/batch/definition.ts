import { defineProcessor } from '../../component/define.ts'
import { BatchProcessor } from './batch-processor.ts'
import { config } from './schema.ts'

export const batch = defineProcessor({
  type: 'batch',
  summary: 'Joins small batches into larger ones, so that exporters make fewer requests.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {
    otelcol_processor_batch_batch_send_size: 'Items of a batch that was sent on.',
    otelcol_processor_batch_batch_send_size_bytes: 'Bytes of a batch that was sent on.',
    otelcol_processor_batch_batch_size_trigger_send:
      'Batches sent on because they were large enough.',
    otelcol_processor_batch_timeout_trigger_send: 'Batches sent on because the timeout passed.',
    otelcol_processor_batch_metadata_cardinality: 'Combinations of metadata values held apart now.',
  },
  examples: [
    { title: 'Small and often', config: { timeout: '50ms', send_batch_size: 512 } },
    {
      title: 'Requests of at most 1,000 items, one tenant each',
      config: { send_batch_size: 1000, send_batch_max_size: 1000, metadata_keys: ['x-tenant'] },
    },
  ],
  create: (settings, next) => new BatchProcessor(settings, next),
})
