import type { PipelineConfig, TelemetryConfig } from '../component/configured.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'
import { checkOptions } from './check-options.ts'
import { type MapNode, nodeAt, originAt } from './node.ts'
import { problemAt } from './problem.ts'
import { type ServiceSection, serviceSchema } from './service-schema.ts'

type Signal = PipelineConfig['signal']

export interface CheckedService {
  readonly enabledExtensions: readonly string[]
  readonly pipelines: readonly PipelineConfig[]
  readonly telemetry: TelemetryConfig
  readonly shutdownTimeoutMs: number
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

const signals = { logs: true, metrics: true, traces: true } satisfies Record<Signal, true>

/** Validates `service`. What is wrong in one part leaves the others standing. */
export function checkService(root: MapNode): CheckedService {
  const { config, problems } = checkOptions(serviceSchema, root, ['service'])
  const service = (config ?? {}) as Partial<ServiceSection>
  const pipelines = readPipelines(root)
  return {
    enabledExtensions: service.extensions ?? namesAt(root, ['service', 'extensions']),
    pipelines: pipelines.pipelines,
    telemetry: readTelemetry(service.telemetry),
    shutdownTimeoutMs: service.shutdown_timeout ?? 25_000,
    problems: [...problems, ...pipelines.problems],
    warnings: warnings(root),
  }
}

/** Read from the document, not from the parsed section: they are there even if something beside them is wrong. */
function readPipelines(root: MapNode): {
  readonly pipelines: readonly PipelineConfig[]
  readonly problems: readonly ConfigProblem[]
} {
  const pipelines: PipelineConfig[] = []
  const problems: ConfigProblem[] = []
  const node = nodeAt(root, ['service', 'pipelines'])
  for (const [name, { keyOrigin }] of node?.kind === 'map' ? node.entries : []) {
    const path = ['service', 'pipelines', name]
    const slash = name.indexOf('/')
    const signal = slash < 0 ? name : name.slice(0, slash)
    if (!isSignal(signal)) {
      problems.push(problemAt(keyOrigin, path, ...signalProblem(signal)))
    } else if (slash === name.length - 1) {
      problems.push(problemAt(keyOrigin, path, 'needs a name behind the "/"'))
    } else {
      pipelines.push({
        name,
        signal,
        receivers: namesAt(root, [...path, 'receivers']),
        processors: namesAt(root, [...path, 'processors']),
        exporters: namesAt(root, [...path, 'exporters']),
      })
    }
  }
  return { pipelines, problems }
}

function isSignal(name: string): name is Signal {
  return Object.hasOwn(signals, name)
}

function signalProblem(signal: string): [message: string, suggestion?: string] {
  if (signal === 'profiles') return ['profiles are not supported yet']
  const hint = suggestion(signal, Object.keys(signals))
  const message = `there is no signal "${signal}"`
  return hint === undefined ? [message] : [message, hint]
}

/** The texts of a list; an entry of another type stays, as its text, so that the indices are right. */
function namesAt(root: MapNode, path: readonly string[]): string[] {
  const node = nodeAt(root, path)
  if (node?.kind !== 'list') return []
  return node.items.map((item) => (item.kind === 'scalar' ? item.text : ''))
}

function readTelemetry(section: ServiceSection['telemetry'] | undefined): TelemetryConfig {
  const resource: Record<string, string> = {}
  for (const [key, value] of Object.entries(section?.resource ?? {})) {
    if (value !== null) resource[key] = value
  }
  const prometheus = section?.metrics.readers?.[0]?.pull.exporter.prometheus
  return {
    logs: { level: section?.logs.level ?? 'info' },
    metrics: {
      endpoint: metricsEndpoint(section?.metrics),
      suffixes: {
        type: prometheus?.without_type_suffix === false,
        unit: prometheus?.without_units === false,
      },
    },
    resource,
  }
}

function metricsEndpoint(
  metrics: ServiceSection['telemetry']['metrics'] | undefined,
): string | undefined {
  if (metrics?.level === 'none') return undefined
  if (metrics?.readers !== undefined) {
    const prometheus = metrics.readers[0]?.pull.exporter.prometheus
    if (prometheus === undefined) return undefined
    const host = prometheus.host.includes(':') ? `[${prometheus.host}]` : prometheus.host
    return `${host}:${prometheus.port}`
  }
  return metrics?.address ?? 'localhost:8888'
}

const telemetryPath = ['service', 'telemetry']

/** Options that are accepted because collector files have them, and that change nothing here. */
const withoutEffect: readonly (readonly string[])[] = [
  ...['development', 'disable_caller', 'disable_stacktrace', 'sampling'].map((key) => [
    'logs',
    key,
  ]),
]

function warnings(root: MapNode): ConfigProblem[] {
  const found: ConfigProblem[] = []
  const warn = (path: readonly string[], message: string): void => {
    found.push(problemAt(originAt(root, path, 'key'), path, message))
  }
  for (const below of withoutEffect) {
    const path = [...telemetryPath, ...below]
    if (nodeAt(root, path) !== undefined) warn(path, 'has no effect in remora')
  }
  const encoding = nodeAt(root, [...telemetryPath, 'logs', 'encoding'])
  if (encoding?.kind === 'scalar' && encoding.value === 'console') {
    warn([...telemetryPath, 'logs', 'encoding'], 'has no effect: log lines are always JSON')
  }
  return found
}
