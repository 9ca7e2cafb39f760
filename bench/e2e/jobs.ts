import { type Signal, signals } from '../../src/signal/signal.ts'

export interface Job {
  readonly name: string
  readonly signal: Signal
  /** How the data gets in; `idle` sends none. */
  readonly input: 'grpc' | 'http' | 'tail' | 'stdin' | 'idle'
  /** Of a tail or standard input: what one line looks like, and the operators that read it. */
  readonly lines?: 'plain' | 'json' | 'request'
  readonly operators?: string
  /** Of one request; 100 unless given. */
  readonly itemsEach?: number
  /** The sending queue is on disk, with a sync before each answer. */
  readonly stored?: boolean
  /** Without `--n`. */
  readonly items: number
}

const requestPattern =
  '^(?P<method>[A-Z]+) (?P<path>\\S+) HTTP/(?P<version>[\\d.]+) (?P<status>\\d+) (?P<bytes>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" rt=(?P<rt>[\\d.]+)$$'

export const jobs: readonly Job[] = [
  { name: 'otlp-grpc-logs', signal: 'logs', input: 'grpc', items: 1_000_000 },
  { name: 'otlp-http-logs', signal: 'logs', input: 'http', items: 1_000_000 },
  { name: 'otlp-grpc-metrics', signal: 'metrics', input: 'grpc', items: 1_000_000 },
  { name: 'otlp-grpc-traces', signal: 'traces', input: 'grpc', items: 1_000_000 },
  { name: 'tail', signal: 'logs', input: 'tail', lines: 'plain', items: 2_000_000 },
  {
    name: 'tail-json',
    signal: 'logs',
    input: 'tail',
    lines: 'json',
    operators: '[{ type: json_parser, on_error: send_quiet }]',
    items: 1_000_000,
  },
  {
    name: 'tail-regex',
    signal: 'logs',
    input: 'tail',
    lines: 'request',
    operators: `[{ type: regex_parser, on_error: send_quiet, regex: '${requestPattern}' }]`,
    items: 1_000_000,
  },
  { name: 'stdin', signal: 'logs', input: 'stdin', lines: 'plain', items: 2_000_000 },
  { name: 'queue-disk', signal: 'logs', input: 'grpc', stored: true, items: 1_000_000 },
  // What a disk queue costs beside one in memory: requests of the size that a batch processor makes.
  { name: 'queue-memory-8192', signal: 'logs', input: 'grpc', itemsEach: 8192, items: 2_000_000 },
  {
    name: 'queue-disk-8192',
    signal: 'logs',
    input: 'grpc',
    itemsEach: 8192,
    stored: true,
    items: 2_000_000,
  },
  { name: 'idle', signal: 'logs', input: 'idle', items: 0 },
]

export interface Endpoints {
  readonly grpcPort: number
  readonly httpPort: number
  readonly sinkPort: number
  readonly tailPath: string
  readonly storagePath: string
}

/** The configuration of remora for a job; the same shape as those of the peers it is compared with. */
export function configOf(job: Job, endpoints: Endpoints): string {
  const { sinkPort, storagePath } = endpoints
  const lines = job.lines !== undefined
  return `receivers:
${receiverOf(job, endpoints)}
${lines ? '' : limiter}exporters:
  otlp_grpc:
    endpoint: 127.0.0.1:${sinkPort}
    compression: none
    tls: { insecure: true }
    sending_queue:
      queue_size: 1000000
      sizer: items
      block_on_overflow: true${job.stored ? '\n      storage: file_storage' : ''}
      batch: { flush_timeout: 200ms, min_size: 8192, max_size: 16384 }
${job.stored ? `extensions:\n  file_storage: { directory: '${storagePath}' }\n` : ''}service:
${job.stored ? '  extensions: [file_storage]\n' : ''}  telemetry:
    metrics: { level: none }
    logs: { level: warn }
  pipelines:
${lines ? pipeline('logs', job.input === 'stdin' ? 'stdin' : 'file_log') : signals.map((signal) => pipeline(signal, 'otlp')).join('\n')}
`
}

const limiter = `processors:
  memory_limiter: { check_interval: 1s, limit_mib: 1000 }
`

function receiverOf(job: Job, { grpcPort, httpPort, tailPath }: Endpoints): string {
  // It stays, so that its usage can be read.
  if (job.input === 'stdin') return '  stdin: { exit_on_eof: false }'
  return job.input === 'tail' ? fileLog(tailPath, job.operators) : otlp(grpcPort, httpPort)
}

function otlp(grpcPort: number, httpPort: number): string {
  return `  otlp:
    protocols:
      grpc: { endpoint: '127.0.0.1:${grpcPort}', max_recv_msg_size_mib: 64 }
      http: { endpoint: '127.0.0.1:${httpPort}' }`
}

function fileLog(path: string, operators: string | undefined): string {
  return `  file_log:
    include: ['${path}']
    start_at: beginning
    poll_interval: 100ms${operators === undefined ? '' : `\n    operators: ${operators}`}`
}

function pipeline(signal: string, receiver: string): string {
  const processors = receiver === 'otlp' ? '[memory_limiter]' : '[]'
  return `    ${signal}: { receivers: [${receiver}], processors: ${processors}, exporters: [otlp_grpc] }`
}
