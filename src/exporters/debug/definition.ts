import { defineExporter } from '../../component/define.ts'
import { openStdout } from '../../lines/stdout.ts'
import { DebugExporter } from './exporter.ts'
import { config } from './schema.ts'

export const debug = defineExporter({
  type: 'debug',
  summary: 'Shows data on standard output, for people.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {},
  examples: [
    { title: 'A line for each batch', config: {} },
    {
      title: 'Ten batches a second in full',
      config: { verbosity: 'detailed', sampling_initial: 10, sampling_thereafter: 0 },
    },
  ],
  create: (settings) => new DebugExporter(settings, openStdout),
})
