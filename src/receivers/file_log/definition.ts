import { defineReceiver } from '../../component/define.ts'
import { FileLogReceiver } from './file-log.ts'
import { fileLogConfig } from './schema.ts'

export const fileLog = defineReceiver({
  type: 'file_log',
  aliases: ['filelog'],
  summary: 'Follows log files through rotation, truncation and restarts, and parses their lines.',
  stability: { logs: 'beta' },
  config: fileLogConfig,
  metrics: {
    otelcol_fileconsumer_open_files: 'Files that are open.',
    otelcol_fileconsumer_reading_files: 'Files that have something that was not read yet.',
    remora_file_log_rotations: 'Files that were renamed, or to which no path leads any more.',
    remora_file_log_truncations: 'Files whose content was cut or replaced; they are read anew.',
    remora_file_log_hole_bytes:
      'NUL bytes skipped: holes that a truncation left before a writer that does not append.',
    remora_file_log_lost_bytes:
      'Bytes of files that were deleted unread while more than max_concurrent_files were to be open.',
    remora_file_log_deletions: 'Files that were deleted after they were read.',
    remora_file_log_damaged_archives:
      'Compressed files that cannot be read to their end; what comes before it is read.',
    remora_file_log_split_records: 'Records over max_log_size that became several.',
    remora_file_log_truncated_records: 'Records over max_log_size that lost their end.',
    remora_file_log_undecodable_records:
      'Records with bytes that the encoding does not allow; those are replaced.',
    remora_file_log_window_bytes: 'Bytes handed on and not acknowledged yet.',
    remora_operator_errors: 'Records that an operator could not handle, by `operator`.',
    remora_operator_dropped:
      'Records that an operator dropped because of its on_error, by `operator`.',
    remora_operator_filtered:
      'Records that a filter, or a router without a route for them, dropped as configured, by `operator`.',
  },
  examples: [
    {
      title: 'Follow the logs of an application',
      config: { include: ['/var/log/app/*.log'], start_at: 'beginning', storage: 'file_storage' },
    },
    {
      title: 'The access log of nginx, with time, status, path and client of each request',
      config: { include: ['/var/log/nginx/access.log'], preset: 'nginx_access' },
    },
    {
      title: 'Whatever it is: seen from the first lines of each file',
      config: { include: ['/var/log/app/*.log'], preset: 'auto', preset_location: 'UTC' },
    },
    {
      title: 'JSON lines whose keys are not the usual ones',
      config: {
        include: ['/var/log/app/*.json'],
        operators: [
          {
            type: 'json_parser',
            timestamp: { parse_from: 'attributes.time', layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
            severity: { parse_from: 'attributes.level' },
          },
        ],
      },
    },
    {
      title: 'Stack traces: a record begins with a date',
      config: {
        include: ['/var/log/app/server.log'],
        multiline: { line_start_pattern: '^\\d{4}-\\d{2}-\\d{2}' },
      },
    },
  ],
  drain: ({ drain: { deadline } }) =>
    deadline === undefined ? undefined : { option: ['drain', 'deadline'], deadlineMs: deadline },
  create: (settings, outputs) => new FileLogReceiver(settings, outputs.logs),
})
