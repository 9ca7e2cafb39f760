import type { Clock } from '../component/clock.ts'
import type { Configured } from '../component/configured.ts'
import type {
  AnyDefinition,
  Host,
  Kind,
  Outputs,
  ReceiverSettings,
  Settings,
} from '../component/define.ts'
import type { Component } from '../component/lifecycle.ts'
import type { Storage } from '../component/storage.ts'
import type { Labels } from '../component/telemetry.ts'
import { must } from '../errors/bug.ts'
import type { Consumer, Intake } from '../signal/consumer.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import type { Signal } from '../signal/signal.ts'
import type { RootLogger } from '../telemetry/logger.ts'
import type { MetricRegistry } from '../telemetry/meter.ts'
import type { StatusBoard } from '../telemetry/status.ts'
import type { Endings } from './endings.ts'
import { PipelineEntry } from './entry.ts'
import { FanOut, IntakeFanOut } from './fanout.ts'
import { CountedLink } from './link.ts'
import type { PipelinePlan, Plan, ReceiverPlan } from './plan.ts'

/** One component of the graph. */
export interface Node {
  /** `receiver:otlp`, `processor:batch:logs`: the key of its status. */
  readonly key: string
  /** `receiver "otlp"`: what messages call it. */
  readonly title: string
  readonly component: Component
}

/** Every component, made but not started; each stage is started after the one before it. */
export interface Graph {
  readonly extensions: readonly Node[]
  readonly exporters: readonly Node[]
  /** By pipeline, front to back. */
  readonly processors: readonly (readonly Node[])[]
  readonly receivers: readonly Node[]
  /** At the ends of the pipelines that have several exporters; no components, so nobody reports their status. */
  readonly fanOuts: readonly FanOut[]
  readonly ledgers: readonly PipelineLedger[]
}

export interface BuildSettings {
  readonly clock: Clock
  readonly logger: RootLogger
  readonly registry: MetricRegistry
  readonly board: StatusBoard
  readonly endings: Endings
  /** See `Settings.stopping`. */
  readonly stopping: AbortSignal
}

/** Makes the instances of a plan. An Error names the component that cannot be made; nothing is open then. */
export function buildGraph(plan: Plan, settings: BuildSettings): Graph {
  return new Builder(plan, settings).build()
}

/** Walks the plan in its order, so that whoever gives data is made after whoever takes it. */
class Builder {
  readonly #plan: Plan
  readonly #settings: BuildSettings
  readonly #storages = new Map<string, Storage>()
  readonly #exporters = new Map<string, Consumer>()
  readonly #entries = new Map<string, Intake>()
  readonly #fanOuts: FanOut[] = []
  /** Grows while exporters start: see `Settings.ledger`. */
  readonly #ledgers: PipelineLedger[] = []

  constructor(plan: Plan, settings: BuildSettings) {
    this.#plan = plan
    this.#settings = settings
  }

  build(): Graph {
    return {
      extensions: this.#plan.extensions.map((entry) => this.#extension(entry)),
      exporters: this.#plan.exporters.map((entry) => this.#exporter(entry)),
      processors: this.#plan.pipelines.map((pipeline) => this.#pipeline(pipeline)),
      receivers: this.#plan.receivers.map((entry) => this.#receiver(entry)),
      fanOuts: this.#fanOuts,
      ledgers: this.#ledgers,
    }
  }

  #extension(entry: Plan['extensions'][number]): Node {
    const { board } = this.#settings
    const host: Host = { statuses: () => board.statuses }
    const identity = identify('extension', entry.id)
    const component = make(identity, () =>
      entry.definition.create(this.#componentSettings(entry, identity), host),
    )
    if (component.storage !== undefined) this.#storages.set(entry.id, component.storage)
    return { ...identity, component }
  }

  #exporter(entry: Plan['exporters'][number]): Node {
    const identity = identify('exporter', entry.id)
    const component = make(identity, () =>
      entry.definition.create(this.#componentSettings(entry, identity)),
    )
    this.#exporters.set(entry.id, component)
    return { ...identity, component }
  }

  /** The processors of a pipeline, from the last to the first, between its exporters and its entry. */
  #pipeline(pipeline: PipelinePlan): Node[] {
    const ledger = new PipelineLedger(pipeline.name, pipeline.signal)
    // Each account exists from the start, so that the metrics show a zero instead of nothing.
    for (const id of pipeline.exporters) ledger.exporter(id)
    this.#ledgers.push(ledger)

    const nodes: Node[] = []
    const end = this.#end(pipeline)
    let next: Consumer = end
    let behind: ItemCounters | undefined
    for (const entry of pipeline.processors.toReversed()) {
      const identity = identify('processor', entry.id, pipeline.name)
      const settings = this.#componentSettings(entry, identity)
      const counters = this.#itemCounters(identity)
      const link = new CountedLink(next, counters.outgoing, behind?.incoming)
      const component = make(identity, () => entry.definition.create(settings, link))
      nodes.unshift({ ...identity, component })
      next = component
      behind = counters
    }
    if (behind !== undefined) next = new CountedLink(next, undefined, behind.incoming)
    this.#entries.set(pipeline.name, this.#entry(next, ledger))
    if (end instanceof FanOut) this.#fanOuts.push(end)
    return nodes
  }

  #end(pipeline: PipelinePlan): Consumer {
    const branches = pipeline.exporters.map((exporter) => {
      const consumer = this.#exporters.get(exporter)
      must(consumer !== undefined, `exporter "${exporter}" is planned but not made`)
      return { exporter, consumer }
    })
    const [only] = branches
    // Fast path: a single exporter needs nobody to join outcomes.
    if (branches.length === 1 && only !== undefined) return only.consumer
    return new FanOut(branches, {
      clock: this.#settings.clock,
      onBug: this.#bugReporter(pipeline.name),
    })
  }

  #entry(next: Consumer, ledger: PipelineLedger): PipelineEntry {
    const { clock, registry } = this.#settings
    const labels = { pipeline: ledger.pipeline }
    return new PipelineEntry(next, {
      ledger,
      clock,
      latency: registry.meter(labels).histogram('remora_pipeline_latency_seconds'),
      onBug: this.#bugReporter(ledger.pipeline),
    })
  }

  #bugReporter(pipeline: string): (error: unknown) => void {
    const bugs = this.#settings.registry.meter({}).counter('remora_bugs')
    const logger = this.#settings.logger.child({ pipeline })
    return (error) => {
      bugs.add(1)
      logger.error('a component failed in a way that it should not', { error })
    }
  }

  #receiver(entry: ReceiverPlan): Node {
    const identity = identify('receiver', entry.id)
    const outputs: Record<string, Intake> = {}
    for (const [signal, pipelines] of entry.feeds) outputs[signal] = this.#intake(pipelines)
    const settings: ReceiverSettings<object> = {
      ...this.#componentSettings(entry, identity),
      shutdownTimeoutMs: this.#plan.service.shutdownTimeoutMs,
      endsByItself: (others = 'stop') => this.#settings.endings.announce(others),
    }
    const component = make(identity, () => entry.definition.create(settings, outputs as Outputs))
    return { ...identity, component }
  }

  #intake(pipelines: readonly string[]): Intake {
    const entries = pipelines.map((name) => {
      const entry = this.#entries.get(name)
      must(entry !== undefined, `pipeline "${name}" is planned but not made`)
      return entry
    })
    const [only] = entries
    return entries.length === 1 && only !== undefined ? only : new IntakeFanOut(entries)
  }

  #itemCounters({ labels }: Identity): ItemCounters {
    const meter = this.#settings.registry.meter(labels)
    return {
      incoming: meter.counter('otelcol_processor_incoming_items'),
      outgoing: meter.counter('otelcol_processor_outgoing_items'),
    }
  }

  /** Of the pipeline if it feeds the exporter, else one of its own: an account shows only what came its way. */
  #ledgerOf(pipeline: string, signal: Signal, exporter: string): PipelineLedger {
    for (const name of [pipeline, `recovered:${pipeline}`]) {
      const found = this.#ledgers.find((ledger) => ledger.pipeline === name)
      if (found?.signal === signal && found.exporters.has(exporter)) return found
    }
    const own = new PipelineLedger(`recovered:${pipeline}`, signal)
    this.#ledgers.push(own)
    return own
  }

  #componentSettings(
    entry: Configured<AnyDefinition>,
    { key, kind, id, labels }: Identity,
  ): Settings<object> {
    const { clock, logger, registry, board, stopping } = this.#settings
    board.add(key)
    return {
      id,
      config: entry.config,
      logger: logger.child({ component_kind: kind, component_id: id }),
      meter: registry.meter(labels, entry.definition.metrics),
      clock,
      stopping,
      status: (status) => board.report(key, status),
      ledger: (pipeline, signal) => this.#ledgerOf(pipeline, signal, id).exporter(id),
      storage: (storageId) => {
        const storage = this.#storages.get(storageId)
        if (storage === undefined) throw new Error(`extension "${storageId}" is not a storage`)
        return storage
      },
    }
  }
}

interface ItemCounters {
  readonly incoming: ReturnType<ReturnType<MetricRegistry['meter']>['counter']>
  readonly outgoing: ReturnType<ReturnType<MetricRegistry['meter']>['counter']>
}

interface Identity {
  readonly kind: Kind
  readonly id: string
  readonly key: string
  readonly title: string
  /** Of its metrics. */
  readonly labels: Labels
}

function identify(kind: Kind, id: string, pipeline?: string): Identity {
  if (pipeline === undefined) {
    return { kind, id, key: `${kind}:${id}`, title: `${kind} "${id}"`, labels: { [kind]: id } }
  }
  return {
    kind,
    id,
    key: `${kind}:${id}:${pipeline}`,
    title: `${kind} "${id}" of pipeline "${pipeline}"`,
    labels: { [kind]: id, pipeline },
  }
}

function make<C>({ title }: Identity, create: () => C): C {
  try {
    return create()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot create ${title}: ${reason}`, { cause: error })
  }
}
