import { defineReceiver } from '../../component/define.ts'
import { streamMetrics } from '../../lines/stream-intake.ts'
import { ExecReceiver } from './exec-receiver.ts'
import { execConfig } from './schema.ts'

export const exec = defineReceiver({
  type: 'exec',
  summary: 'Runs a command, by the clock or without end, and reads log records from its output.',
  stability: { logs: 'beta' },
  config: execConfig,
  metrics: {
    ...streamMetrics,
    remora_exec_runs:
      'Runs that are over, by `outcome`: success, failure, timeout, output_limit, not_started.',
    remora_exec_skipped_runs: 'Runs left out, because the one before still went on.',
    remora_exec_last_exit_code: 'The exit code of the last run; 128 and the number of a signal.',
  },
  examples: [
    {
      title: 'Free space, once a minute',
      config: { command: ['df', '-P', '/'], interval: '60s', timeout: '10s' },
    },
    {
      title: 'The journal, without end',
      config: {
        command: ['journalctl', '--follow', '--output=json', '--since=now'],
        mode: 'streaming',
        operators: [{ type: 'json_parser' }],
      },
    },
    {
      title: 'A line for the shell, with a secret in its environment',
      config: {
        command: 'curl -sf -H "authorization: $TOKEN" http://localhost:8080/audit | tail -n 100',
        shell: true,
        environment: { TOKEN: 'from-a-file' },
      },
    },
  ],
  warnings: ({ mode, respawn_on_exit: respawns, timeout, interval }) =>
    mode === 'streaming' && timeout > 0
      ? [{ option: ['timeout'], message: 'has no effect with mode: streaming' }]
      : mode === 'scheduled' && !respawns
        ? [{ option: ['respawn_on_exit'], message: 'has no effect with mode: scheduled' }]
        : mode === 'scheduled' && timeout > interval
          ? [{ option: ['timeout'], message: 'is longer than interval: runs may be left out' }]
          : [],
  create: (settings, outputs) => new ExecReceiver(settings, outputs.logs),
})
