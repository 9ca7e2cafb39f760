import type { ConfiguredService } from '../component/configured.ts'
import { createRegistry, type LoadRegistry, type Registry } from '../component/registry.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'
import { checkSection, componentNames, sectionNames } from './components.ts'
import { expand } from './expand.ts'
import { withReceiver } from './implicit-receiver.ts'
import { isNull, type MapNode } from './node.ts'
import { problemAt } from './problem.ts'
import { type ReadOptions, readSources } from './read-sources.ts'
import { checkService } from './service.ts'
import { serviceSchema } from './service-schema.ts'
import type { Source } from './source.ts'
import { unmaskedPaths } from './unmasked.ts'
import { unusedComponents } from './unused.ts'

export interface LoadOptions extends ReadOptions {
  readonly loadRegistry: LoadRegistry
  /** The type of a receiver that the command brings: see `withReceiver`. */
  readonly receiver?: string
}

export interface Loaded {
  /**
   * The typed configuration. Also there when components have problems: those have an empty configuration then, so
   * that the graph can be checked in the same run. Undefined where the text could not be read at all.
   */
  readonly service: ConfiguredService | undefined
  /** The merged and expanded document; undefined where the text could not be read. */
  readonly document: MapNode | undefined
  /** The definitions of what the document names; of nothing where the text could not be read. */
  readonly registry: Registry
  /** The texts, for showing lines of. */
  readonly sources: readonly Source[]
  /** Everything that is wrong; nothing may start unless it is empty. Places are resolved. */
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

const topLevel = [...sectionNames, 'connectors', 'service'] as const

/**
 * Reads, merges, expands and validates. Pure but for `readFile` and `loadRegistry`. References between components are not
 * checked here: that is the planner's, whose problems get their places from `withPlaces` of graph-problems.ts.
 */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const read = readSources(options)
  if (read.node === undefined) return unreadable(read)
  const expanded = expand(read.node, options)
  const { receiver } = options
  const whole = expanded.node as MapNode
  const document = receiver === undefined ? whole : withReceiver(whole, receiver)
  const sources = [...read.sources, ...expanded.sources]
  const problems = checkTopLevel(document)
  if (document.entries.size === 0) {
    problems.push(problemAt(document.origin, [], 'the configuration is empty'))
  }

  const registry = await options.loadRegistry(componentNames(document))
  const receivers = checkSection('receivers', document, registry)
  const processors = checkSection('processors', document, registry)
  const exporters = checkSection('exporters', document, registry)
  const extensions = checkSection('extensions', document, registry)
  const checked = checkService(document)
  const warnings = [...expanded.warnings]
  for (const part of [receivers, processors, exporters, extensions, checked]) {
    problems.push(...part.problems)
    warnings.push(...part.warnings)
  }
  const service: ConfiguredService = {
    receivers: receivers.configured,
    processors: processors.configured,
    exporters: exporters.configured,
    extensions: extensions.configured,
    enabledExtensions: checked.enabledExtensions,
    pipelines: checked.pipelines,
    telemetry: checked.telemetry,
    shutdownTimeoutMs: checked.shutdownTimeoutMs,
  }
  warnings.push(...unusedComponents(service, document), ...unmaskedPaths(service, document))
  const all = besides([...read.problems, ...expanded.problems], problems)
  return { service, document, registry, sources, problems: all, warnings }
}

function unreadable(read: ReturnType<typeof readSources>): Loaded {
  const { sources, problems } = read
  const registry = createRegistry([])
  return { service: undefined, document: undefined, registry, sources, problems, warnings: [] }
}

function checkTopLevel(document: MapNode): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [key, { keyOrigin, value }] of document.entries) {
    if (key === 'connectors') {
      const empty = isNull(value) || (value.kind === 'map' && value.entries.size === 0)
      if (empty) continue
      problems.push(problemAt(keyOrigin, [key], 'connectors are not supported yet'))
    } else if (!(topLevel as readonly string[]).includes(key)) {
      const isOfService = Object.hasOwn(serviceSchema.entries, key)
      const hint = isOfService ? 'put it under service' : suggestion(key, topLevel)
      problems.push(problemAt(keyOrigin, [key], 'unknown section', hint))
    }
  }
  return problems
}

/** A reference or an alias that failed leaves an empty value, about which there is nothing more to say. */
function besides(
  known: readonly ConfigProblem[],
  found: readonly ConfigProblem[],
): ConfigProblem[] {
  const settled = new Set(known.filter(({ path }) => path.length > 0).map(pathKey))
  const news = found.filter((problem) => !settled.has(pathKey(problem)))
  const all = new Map([...known, ...news].map((problem) => [keyOf(problem), problem]))
  return [...all.values()]
}

function pathKey({ path }: ConfigProblem): string {
  return JSON.stringify(path)
}

function keyOf({ path, message, place }: ConfigProblem): string {
  return JSON.stringify([path, message, place])
}
