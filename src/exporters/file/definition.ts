import { defineExporter } from '../../component/define.ts'
import { FileExporter } from './exporter.ts'
import { config } from './schema.ts'

export const file = defineExporter({
  type: 'file',
  summary: 'Writes OTLP to a file, as lines of JSON or as protobuf.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {},
  examples: [
    { title: 'Lines of JSON', config: { path: 'out/telemetry.json' } },
    {
      title: 'Ten files of 50 MB, compressed',
      config: {
        path: 'out/telemetry.zst',
        format: 'proto',
        compression: 'zstd',
        rotation: { max_megabytes: 50, max_backups: 10 },
      },
    },
  ],
  claims: ({ path }) => [{ kind: 'file', path, option: ['path'] }],
  create: (settings) => new FileExporter(settings),
})
