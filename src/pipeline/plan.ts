import type { Configured, ConfiguredService, PipelineConfig } from '../component/configured.ts'
import type {
  AnyDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from '../component/define.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import type { Signal } from '../signal/signal.ts'
import { checkDrains, checkExtensions, checkPipeline, checkStorage } from './check.ts'
import { checkClaims } from './claims.ts'

export interface PipelinePlan {
  readonly name: string
  readonly signal: Signal
  /** In the order of the data; one instance each for this pipeline alone. */
  readonly processors: readonly Configured<ProcessorDefinition>[]
  /** Ids; the instances are shared with other pipelines. */
  readonly exporters: readonly string[]
}

export interface ReceiverPlan extends Configured<ReceiverDefinition> {
  /** The names of the pipelines it feeds, by signal. One instance serves them all. */
  readonly feeds: ReadonlyMap<Signal, readonly string[]>
}

/**
 * What is to run, in the order in which it is built and started: whoever takes data stands before whoever gives it.
 * Parts of the configuration that no pipeline names are left out.
 *
 * A connector will be an exporter of one pipeline and a receiver of another: `pipelines` then has to be sorted, the
 * taking pipeline first, and a cycle is one more problem. Nothing else changes.
 */
export interface Plan {
  readonly extensions: readonly Configured<ExtensionDefinition>[]
  readonly exporters: readonly Configured<ExporterDefinition>[]
  readonly pipelines: readonly PipelinePlan[]
  readonly receivers: readonly ReceiverPlan[]
  readonly service: ConfiguredService
}

export type Planned =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** Checks how the parts of a configuration fit together. Pure: `validate`, a run and a reload share it. */
export function planGraph(service: ConfiguredService): Planned {
  const problems: ConfigProblem[] = []
  if (service.pipelines.length === 0) {
    problems.push({ path: ['service', 'pipelines'], message: 'needs at least one pipeline' })
  }
  for (const pipeline of service.pipelines) problems.push(...checkPipeline(pipeline, service))
  problems.push(...checkExtensions(service))
  problems.push(...checkStorage(service))
  problems.push(...checkClaims(service))
  problems.push(...checkDrains(service))
  if (problems.length > 0) return { ok: false, problems }

  const used = new Set(service.pipelines.flatMap((pipeline) => pipeline.exporters))
  return {
    ok: true,
    plan: {
      extensions: pick(service.extensions, service.enabledExtensions),
      exporters: pick(service.exporters, used),
      pipelines: service.pipelines.map((pipeline) => ({
        name: pipeline.name,
        signal: pipeline.signal,
        processors: pick(service.processors, pipeline.processors),
        exporters: pipeline.exporters,
      })),
      receivers: planReceivers(service),
      service,
    },
  }
}

function planReceivers(service: ConfiguredService): ReceiverPlan[] {
  const plans: ReceiverPlan[] = []
  for (const receiver of service.receivers.values()) {
    const feeds = new Map<Signal, string[]>()
    for (const pipeline of service.pipelines) {
      if (pipeline.receivers.includes(receiver.id)) addFeed(feeds, pipeline)
    }
    if (feeds.size > 0) plans.push({ ...receiver, feeds })
  }
  return plans
}

function addFeed(feeds: Map<Signal, string[]>, { signal, name }: PipelineConfig): void {
  const names = feeds.get(signal)
  if (names === undefined) feeds.set(signal, [name])
  else names.push(name)
}

/** The entries of these ids, in the order of the ids; all of them exist when the checks found nothing. */
function pick<D extends AnyDefinition>(
  configured: ReadonlyMap<string, Configured<D>>,
  ids: Iterable<string>,
): Configured<D>[] {
  const picked: Configured<D>[] = []
  for (const id of ids) {
    const entry = configured.get(id)
    if (entry !== undefined) picked.push(entry)
  }
  return picked
}
