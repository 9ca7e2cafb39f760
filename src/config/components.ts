import type { Configured } from '../component/configured.ts'
import type { AnyDefinition, Kind } from '../component/define.ts'
import type { ComponentName, Registry } from '../component/registry.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'
import { checkOptions } from './check-options.ts'
import { isOfCollector, successorOf } from './collector-components.ts'
import { createMap, type Entry, isNull, type MapNode, originAt } from './node.ts'
import { problemAt } from './problem.ts'

export const sections = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  extensions: 'extension',
} as const satisfies Record<string, Kind>

export type Section = keyof typeof sections
export const sectionNames = Object.keys(sections) as readonly Section[]

/** `otlp/internal` without the name: the rules are those of the collector (component/identifiable.go). */
const idPattern = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/
const namePattern = /^[^\p{C}\p{Z}]{1,1024}$/u

export interface CheckedSection<D> {
  readonly configured: ReadonlyMap<string, Configured<D>>
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/**
 * Validates every component of a section. One whose options are wrong is still there, with an empty configuration,
 * so that the problems of the graph come out in the same run.
 */
export function checkSection<S extends Section>(
  section: S,
  root: MapNode,
  registry: Registry,
): CheckedSection<Extract<AnyDefinition, { kind: (typeof sections)[S] }>> {
  type Definition = Extract<AnyDefinition, { kind: (typeof sections)[S] }>
  const configured = new Map<string, Configured<Definition>>()
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []
  const node = root.entries.get(section)
  if (node === undefined || isNull(node.value)) return { configured, problems, warnings }
  if (node.value.kind !== 'map') {
    const message = `must be a map, one entry for each ${sections[section]}`
    problems.push(problemAt(node.value.origin, [section], message))
    return { configured, problems, warnings }
  }
  for (const [id, entry] of node.value.entries) {
    const definition = definitionOf(section, id, registry)
    if ('message' in definition) {
      problems.push(
        problemAt(entry.keyOrigin, [section, id], definition.message, definition.suggestion),
      )
      continue
    }
    const checked = checkComponent(definition, root, section, id, entry)
    problems.push(...checked.problems)
    warnings.push(...checked.warnings)
    configured.set(id, { id, definition: definition as Definition, config: checked.config })
  }
  return { configured, problems, warnings }
}

function checkComponent(
  definition: AnyDefinition,
  root: MapNode,
  section: Section,
  id: string,
  entry: Entry,
): {
  readonly config: object
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
} {
  // `otlp:` with nothing behind it is a component with all its defaults.
  const empty = createMap(new Map(), entry.value.origin)
  const document = isNull(entry.value) ? withComponent(root, section, id, entry, empty) : root
  const { config, problems } = checkOptions(definition.config, document, [section, id])
  // The type of the configuration is that of the schema just used.
  const found = config === undefined ? [] : (definition.warnings?.(config as never) ?? [])
  const warnings = found.map(({ option, message }) => {
    const path = [section, id, ...option]
    return problemAt(originAt(document, path, 'value'), path, message)
  })
  return { config: (config ?? {}) as object, problems, warnings }
}

function withComponent(
  root: MapNode,
  section: Section,
  id: string,
  entry: Entry,
  value: MapNode,
): MapNode {
  const only = createMap(new Map([[id, { keyOrigin: entry.keyOrigin, value }]]), root.origin)
  return createMap(new Map([[section, { keyOrigin: entry.keyOrigin, value: only }]]), root.origin)
}

/** What stands in the sections, known or not. */
export function componentNames(root: MapNode): ComponentName[] {
  return sectionNames.flatMap((section) => {
    const node = root.entries.get(section)?.value
    if (node?.kind !== 'map') return []
    return [...node.entries.keys()].map((id) => ({ kind: sections[section], name: typeOf(id) }))
  })
}

/** `otlp` of `otlp/internal`. */
function typeOf(id: string): string {
  const slash = id.indexOf('/')
  return slash < 0 ? id : id.slice(0, slash)
}

interface Unknown {
  readonly message: string
  readonly suggestion?: string
}

export function definitionOf(
  section: Section,
  id: string,
  registry: Registry,
): AnyDefinition | Unknown {
  const kind = sections[section]
  const type = typeOf(id)
  const definition: AnyDefinition | undefined = registry[kind].get(type)
  if (definition !== undefined) {
    if (id === type || namePattern.test(id.slice(type.length + 1))) return definition
    return { message: `"${id}" needs a name without spaces behind the "/"` }
  }
  if (!idPattern.test(type)) return { message: `"${id}" must be a type, or type/name` }
  const successor = successorOf(kind, type)
  if (successor !== undefined) {
    return {
      message: `the collector has no ${kind} "${type}" any more`,
      suggestion: `its name is "${successor}" now`,
    }
  }
  const other = sectionNames.find((name) => registry[sections[name]].has(type))
  const hint =
    other === undefined
      ? suggestion(type, registry[kind].keys())
      : `it is ${article(sections[other])}; put it under ${other}`
  const message = isOfCollector(kind, type)
    ? `remora does not have the collector's ${kind} "${type}"`
    : `there is no ${kind} "${type}"`
  return hint === undefined ? { message } : { message, suggestion: hint }
}

function article(kind: Kind): string {
  return kind.startsWith('e') ? `an ${kind}` : `a ${kind}`
}
