import type { Clock } from '../component/clock.ts'
import type { TimedStatus } from '../component/telemetry.ts'
import type { PipelineLedger, Reasons } from '../signal/ledger.ts'
import { createInstanceId } from '../telemetry/instance-id.ts'
import { readLedgers } from '../telemetry/ledger-metrics.ts'
import type { RootLogger } from '../telemetry/logger.ts'
import { MetricRegistry } from '../telemetry/meter.ts'
import { MetricsServer } from '../telemetry/metrics-server.ts'
import { addProcessMetrics } from '../telemetry/process-metrics.ts'
import { StatusBoard } from '../telemetry/status.ts'
import { StatusLog } from '../telemetry/status-log.ts'
import { addStatusMetrics } from '../telemetry/status-metrics.ts'
import { buildGraph, type Graph } from './build.ts'
import { Endings } from './endings.ts'
import { type LifecycleSettings, startGraph, stopGraph } from './lifecycle.ts'
import type { Plan } from './plan.ts'

export interface ServiceSettings {
  readonly logger: RootLogger
  readonly clock: Clock
  /** Of remora; a label of `remora_build_info`. */
  readonly version?: string
  /** `service.instance.id` unless the configuration says one; a new UUID by default, as in the collector. */
  readonly instanceId?: string
  /** Fires when a stop is asked for before everything has started. */
  readonly abort?: AbortSignal
}

export interface RunningService {
  /** Drains and stops everything, within `service.shutdown_timeout`. Never rejects; calling it again waits for the same. */
  stop(): Promise<void>
  /** Resolves when all inputs that have an end have ended; see `Settings.endsByItself`. */
  readonly ended: Promise<void>
  readonly statuses: ReadonlyMap<string, TimedStatus>
  readonly ledgers: readonly PipelineLedger[]
  /** Where `/metrics` is served, with the real port; undefined where metrics are off. */
  readonly metricsAddress: string | undefined
}

/**
 * Builds and starts a plan. All or nothing: when it rejects, nothing is left running, and the message names the
 * component and the resource, e.g. `cannot start receiver "otlp": cannot listen on "localhost:4317": …`; or it is the reason of `abort`.
 */
export async function startService(plan: Plan, settings: ServiceSettings): Promise<RunningService> {
  const { logger, clock } = settings
  const registry = new MetricRegistry()
  const statusLog = new StatusLog(logger, clock)
  const board = new StatusBoard(clock, (component, now, before) =>
    statusLog.changed(component, now, before, () => board.statuses.get(component) ?? now),
  )
  const endings = new Endings(plan.receivers.length)
  const stopping = new AbortController()
  const graph = buildGraph(plan, {
    clock,
    logger,
    registry,
    board,
    endings,
    stopping: stopping.signal,
  })
  const { shutdownTimeoutMs, telemetry } = plan.service
  addOwnMetrics(registry, graph, board, settings)
  const { version = 'unknown', instanceId = createInstanceId() } = settings
  addTargetInfo(registry, version, instanceId, telemetry.resource)

  const drains = plan.receivers.map(({ definition, config }) => definition.drain?.(config))
  const drainMs = Math.max(0, ...drains.map((drain) => drain?.deadlineMs ?? 0))
  const lifecycle: LifecycleSettings = { clock, logger, board, shutdownTimeoutMs, drainMs }
  const { endpoint, suffixes } = telemetry.metrics
  const server =
    endpoint === undefined ? undefined : new MetricsServer(endpoint, registry, logger, suffixes)
  await server?.start()
  try {
    await startGraph(graph, lifecycle, settings.abort)
  } catch (error) {
    await server?.stop()
    throw error
  }

  let stopped: Promise<void> | undefined
  return {
    stop: () => {
      stopping.abort()
      stopped ??= stopService(graph, lifecycle, server, logger)
      return stopped
    },
    ended: endings.all,
    statuses: board.statuses,
    ledgers: graph.ledgers,
    metricsAddress: server?.address,
  }
}

/** `/metrics` answers until the end, so that a last scrape sees what the drain did. */
async function stopService(
  graph: Graph,
  lifecycle: LifecycleSettings,
  server: MetricsServer | undefined,
  logger: RootLogger,
): Promise<void> {
  await stopGraph(graph, lifecycle)
  for (const ledger of graph.ledgers) logLedger(logger, ledger)
  await server?.stop()
}

function addOwnMetrics(
  registry: MetricRegistry,
  graph: Graph,
  board: StatusBoard,
  { logger, clock, version }: ServiceSettings,
): void {
  const meter = registry.meter({})
  const appliedSeconds = clock.nowMs() / 1000
  addProcessMetrics(registry)
  addStatusMetrics(registry, board)
  registry.addSource('remora_pipeline_items', () => readLedgers(graph.ledgers))
  registry.addSource('remora_log_lines_suppressed', () => [
    { labels: {}, value: logger.suppressedLines },
  ])
  meter.gauge('remora_config_applied_timestamp_seconds', {}, () => appliedSeconds)
  const build = { version: version ?? 'unknown', node_version: process.versions.node }
  meter.gauge('remora_build_info', build, () => 1)
}

/** `service.name` becomes `service_name`, as Prometheus wants it (OpenTelemetry, Prometheus compatibility). */
function addTargetInfo(
  registry: MetricRegistry,
  version: string,
  instanceId: string,
  resource: Readonly<Record<string, string>>,
): void {
  const labels: Record<string, string> = {
    service_name: 'remora',
    service_version: version,
    service_instance_id: instanceId,
  }
  for (const [name, value] of Object.entries(resource)) {
    labels[name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')] = value
  }
  registry.meter({}).gauge('target_info', labels, () => 1)
}

/** The last word on each pipeline: what came, what became of it. */
function logLedger(root: RootLogger, ledger: PipelineLedger): void {
  for (const [exporter, own] of ledger.exporters) {
    const logger = root.child({ pipeline: ledger.pipeline, exporter })
    const imbalance = ledger.imbalance(exporter)
    const fields = {
      received: ledger.received + own.recovered,
      delivered: own.delivered,
      dropped: together(ledger.droppedByReason, own.droppedByReason),
      rejected: together(ledger.rejectedByReason, own.rejectedByReason),
      queued: ledger.queued + own.queued,
    }
    if (imbalance === 0) logger.info('pipeline stopped', fields)
    else logger.error('pipeline stopped and its ledger does not balance', { ...fields, imbalance })
  }
}

/** A reason may stand in both accounts. */
function together(...accounts: readonly Reasons[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const account of accounts) {
    for (const [reason, items] of account) sums[reason] = (sums[reason] ?? 0) + items
  }
  return sums
}
