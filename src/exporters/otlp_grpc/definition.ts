import { defineExporter } from '../../component/define.ts'
import { queueWarnings } from '../../delivery/queue-warnings.ts'
import { OtlpGrpcExporter } from './exporter.ts'
import { config } from './schema.ts'

export const otlpGrpc = defineExporter({
  type: 'otlp_grpc',
  aliases: ['otlp'],
  summary: 'Sends OTLP over gRPC.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {},
  examples: [
    {
      title: 'A collector in the same pod, in large requests',
      config: {
        endpoint: 'localhost:4317',
        tls: { insecure: true },
        compression: 'none',
        sending_queue: { batch: { min_size: 8192, flush_timeout: '200ms' } },
      },
    },
    {
      title: 'A backend that wants a token, and is given up on after an hour',
      config: {
        endpoint: 'https://otlp.example.com:443',
        headers: { 'x-api-key': 'secret' },
        retry_on_failure: { max_elapsed_time: '1h' },
      },
    },
  ],
  warnings: queueWarnings,
  create: (settings) => new OtlpGrpcExporter(settings),
})
