import { defineReceiver } from '../../component/define.ts'
import { streamMetrics } from '../../lines/stream-intake.ts'
import { ApplicationReceiver } from './application-receiver.ts'
import { applicationConfig } from './schema.ts'

export const application = defineReceiver({
  type: 'application',
  summary:
    'Reads log records from the application that `remora exec --config remora.yaml -- COMMAND` runs.',
  stability: { logs: 'beta' },
  config: applicationConfig,
  metrics: {
    ...streamMetrics,
    remora_application_restarts: 'Times the application was started again.',
  },
  examples: [
    { title: 'Its lines, as they are', config: {} },
    {
      title: 'JSON lines of an application that is started again when it fails',
      config: { restart: 'on-failure', max_restarts: 5, operators: [{ type: 'json_parser' }] },
    },
    {
      title: 'Java stack traces; rather slow the application down than lose a line',
      config: {
        multiline: { line_start_pattern: '^\\d{4}-\\d{2}-\\d{2}' },
        overflow: 'block',
      },
    },
  ],
  claims: () => [{ kind: 'stdin', option: [] }],
  create: (settings, outputs) => new ApplicationReceiver(settings, outputs.logs),
})
