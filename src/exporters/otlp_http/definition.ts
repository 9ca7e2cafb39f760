import { defineExporter } from '../../component/define.ts'
import { queueWarnings } from '../../delivery/queue-warnings.ts'
import { OtlpHttpExporter } from './exporter.ts'
import { config, signalPathOf } from './schema.ts'

export const otlpHttp = defineExporter({
  type: 'otlp_http',
  aliases: ['otlphttp'],
  summary: 'Sends OTLP over HTTP, as protobuf or JSON.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {},
  examples: [
    {
      title: 'A backend with a token',
      config: {
        endpoint: 'https://otlp.example.com',
        headers: { authorization: 'Bearer secret' },
      },
    },
    {
      title: 'Logs only, as JSON, without compression',
      config: {
        logs_endpoint: 'http://localhost:4318/v1/logs',
        encoding: 'json',
        compression: 'none',
      },
    },
  ],
  warnings: (given) => {
    const idle = queueWarnings(given)
    const path = signalPathOf(given.endpoint ?? '')
    if (path === undefined) return idle
    const message = `ends in ${path}, and the path of each signal is put behind it; leave that out, or use logs_endpoint, metrics_endpoint and traces_endpoint`
    return [...idle, { option: ['endpoint'], message }]
  },
  create: (settings) => new OtlpHttpExporter(settings),
})
