import type { Configured, ConfiguredService, PipelineConfig } from '../component/configured.ts'
import type {
  AnyDefinition,
  ExporterDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from '../component/define.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'

type Path = readonly (string | number)[]
type PipelineKind = 'receiver' | 'processor' | 'exporter'

/** The keys of ConfiguredService, which are also those of the configuration. */
const sections = {
  receiver: 'receivers',
  processor: 'processors',
  exporter: 'exporters',
  extension: 'extensions',
} as const

/** Everything wrong with the lists of one pipeline. */
export function checkPipeline(
  pipeline: PipelineConfig,
  service: ConfiguredService,
): ConfigProblem[] {
  return [
    ...checkList('receiver', pipeline, service),
    ...checkList('processor', pipeline, service),
    ...checkList('exporter', pipeline, service),
  ]
}

function checkList(
  kind: PipelineKind,
  pipeline: PipelineConfig,
  service: ConfiguredService,
): ConfigProblem[] {
  const section = sections[kind]
  const path: Path = ['service', 'pipelines', pipeline.name, section]
  const ids = pipeline[section]
  if (ids.length === 0 && kind !== 'processor') {
    return [{ path, message: `needs at least one ${kind}` }]
  }
  const problems: ConfigProblem[] = []
  for (const [index, id] of ids.entries()) {
    const problem =
      checkListedOnce(kind, id, ids, index) ?? checkReference(kind, id, pipeline, service)
    if (problem !== undefined) problems.push({ path: [...path, index], ...problem })
  }
  return problems
}

type PathlessProblem = Omit<ConfigProblem, 'path'>

function checkListedOnce(
  kind: string,
  id: string,
  ids: readonly string[],
  index: number,
): PathlessProblem | undefined {
  if (ids.indexOf(id) === index) return undefined
  return { message: `${kind} "${id}" is listed twice` }
}

function checkReference(
  kind: PipelineKind,
  id: string,
  { signal }: PipelineConfig,
  service: ConfiguredService,
): PathlessProblem | undefined {
  const configured: ReadonlyMap<
    string,
    Configured<ReceiverDefinition | ProcessorDefinition | ExporterDefinition>
  > = service[sections[kind]]
  const entry = configured.get(id)
  if (entry === undefined) return notConfigured(kind, id, service)
  const { stability } = entry.definition
  if (stability[signal] !== undefined) return undefined
  return {
    message: `${kind} "${id}" does not handle ${signal}`,
    suggestion: `it handles ${Object.keys(stability).join(', ')}`,
  }
}

function notConfigured(
  kind: keyof typeof sections,
  id: string,
  service: ConfiguredService,
): PathlessProblem {
  const message = `${kind} "${id}" is not configured`
  for (const [other, section] of Object.entries(sections)) {
    if (other !== kind && service[section].has(id)) {
      return { message, suggestion: `there is ${article(other)} ${other} of that name` }
    }
  }
  const help = suggestion(id, service[sections[kind]].keys())
  return { message, suggestion: help ?? `add it under "${sections[kind]}:"` }
}

function article(kind: string): string {
  return kind.startsWith('e') ? 'an' : 'a'
}

/** Everything wrong with `service.extensions`. */
export function checkExtensions(service: ConfiguredService): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const ids = service.enabledExtensions
  for (const [index, id] of ids.entries()) {
    const problem =
      checkListedOnce('extension', id, ids, index) ??
      (service.extensions.has(id) ? undefined : notConfigured('extension', id, service))
    if (problem !== undefined) problems.push({ path: ['service', 'extensions', index], ...problem })
  }
  return problems
}

/**
 * Where a component may name a storage extension: `storage` of receivers and processors, `sending_queue.storage` of
 * exporters (the collector's places), and `dead_letter.storage` of those.
 */
const storagePaths: readonly Path[] = [
  ['storage'],
  ['sending_queue', 'storage'],
  ['dead_letter', 'storage'],
]

/** Everything wrong with the storages that used components name. */
export function checkStorage(service: ConfiguredService): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const kind of ['receiver', 'processor', 'exporter'] as const) {
    const section = sections[kind]
    const used = new Set(service.pipelines.flatMap((pipeline) => pipeline[section]))
    for (const [id, { config }] of service[section] as ReadonlyMap<
      string,
      Configured<AnyDefinition>
    >) {
      if (!used.has(id)) continue
      for (const path of storagePaths) {
        const storage = valueAt(config, path)
        if (typeof storage !== 'string') continue
        const problem = checkStorageId(storage, service)
        if (problem !== undefined) problems.push({ path: [section, id, ...path], ...problem })
      }
    }
  }
  return problems
}

/** Receivers that would go on taking in for longer than the whole stop may last. */
export function checkDrains(service: ConfiguredService): ConfigProblem[] {
  const { pipelines, receivers, shutdownTimeoutMs } = service
  const used = new Set(pipelines.flatMap((pipeline) => pipeline.receivers))
  const problems: ConfigProblem[] = []
  for (const { id, definition, config } of receivers.values()) {
    // A component whose options are wrong has none.
    if (!used.has(id) || Object.keys(config).length === 0) continue
    const drain = definition.drain?.(config)
    if (drain === undefined || drain.deadlineMs < shutdownTimeoutMs) continue
    problems.push({
      path: ['receivers', id, ...drain.option],
      message: `must be shorter than service.shutdown_timeout (${shutdownTimeoutMs / 1000}s), the time of the whole stop`,
      suggestion: `set service.shutdown_timeout to more than ${drain.deadlineMs / 1000}s`,
    })
  }
  return problems
}

function checkStorageId(id: string, service: ConfiguredService): PathlessProblem | undefined {
  const extension = service.extensions.get(id)
  if (extension === undefined) {
    const storages = [...service.extensions.values()].filter(isStorage).map((entry) => entry.id)
    return {
      message: `extension "${id}" is not configured`,
      suggestion: suggestion(id, storages) ?? 'add it under "extensions:"',
    }
  }
  if (!isStorage(extension)) return { message: `extension "${id}" is not a storage` }
  if (service.enabledExtensions.includes(id)) return undefined
  return {
    message: `extension "${id}" is not enabled`,
    suggestion: `add "${id}" to service.extensions`,
  }
}

function isStorage(
  extension: ConfiguredService['extensions'] extends ReadonlyMap<string, infer E> ? E : never,
): boolean {
  return extension.definition.providesStorage === true
}

function valueAt(config: object, path: Path): unknown {
  let value: unknown = config
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
