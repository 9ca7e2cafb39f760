import { defineReceiver } from '../../component/define.ts'
import { streamMetrics } from '../../lines/stream-intake.ts'
import { stdinConfig } from './schema.ts'
import { StdinReceiver } from './stdin-receiver.ts'

export const stdin = defineReceiver({
  type: 'stdin',
  summary: 'Reads log records from standard input: `app | remora --config remora.yaml`.',
  stability: { logs: 'beta' },
  config: stdinConfig,
  metrics: streamMetrics,
  examples: [
    { title: 'A line is a record', config: {} },
    {
      title: 'JSON lines, and a copy of everything on standard output',
      config: { tee: true, operators: [{ type: 'json_parser' }] },
    },
    {
      title: 'Stack traces: a record begins with a date',
      config: { multiline: { line_start_pattern: '^\\d{4}-\\d{2}-\\d{2}' } },
    },
  ],
  claims: () => [{ kind: 'stdin', option: [] }],
  drain: ({ drain: { deadline } }) =>
    deadline === undefined ? undefined : { option: ['drain', 'deadline'], deadlineMs: deadline },
  create: (settings, outputs) => new StdinReceiver(settings, outputs.logs),
})
