import type { Configured, ConfiguredService } from '../component/configured.ts'
import type { AnyDefinition } from '../component/define.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { nearest } from '../errors/suggest.ts'
import { type ConfigNode, type MapNode, nodeAt, originAt } from './node.ts'
import { problemAt } from './problem.ts'

const sections = ['receivers', 'processors', 'exporters', 'extensions'] as const

/**
 * Components that are configured and do nothing, because no pipeline names them. Not those that a slip of the pen keeps out
 * of a pipeline: that is reported as what it is.
 */
export function unusedComponents(service: ConfiguredService, root: MapNode): ConfigProblem[] {
  const warnings: ConfigProblem[] = []
  for (const section of sections) {
    const named = section === 'extensions' ? namedExtensions(root) : namedInPipelines(root, section)
    if (named === undefined) continue
    const configured: ReadonlyMap<string, Configured<AnyDefinition>> = service[section]
    const meant = [...named].map((name) =>
      configured.has(name) ? name : nearest(name, configured.keys()),
    )
    const used = new Set(meant)
    for (const id of configured.keys()) {
      if (used.has(id)) continue
      const path = [section, id]
      const message =
        section === 'extensions'
          ? 'is configured, but service.extensions does not name it'
          : 'is configured, but no pipeline uses it'
      warnings.push(problemAt(originAt(root, path, 'key'), path, message))
    }
  }
  return warnings
}

function namedExtensions(root: MapNode): Set<string> {
  return new Set(textsOf(nodeAt(root, ['service', 'extensions'])))
}

/** Those of pipelines that are wrong too. Undefined without pipelines: that is the problem then, not the components. */
function namedInPipelines(root: MapNode, section: string): Set<string> | undefined {
  const pipelines = nodeAt(root, ['service', 'pipelines'])
  if (pipelines?.kind !== 'map' || pipelines.entries.size === 0) return undefined
  const names = [...pipelines.entries.keys()].flatMap((pipeline) =>
    textsOf(nodeAt(pipelines, [pipeline, section])),
  )
  return new Set(names)
}

/** A text that stands for a list of one is a problem of its own. */
function textsOf(node: ConfigNode | undefined): string[] {
  const items = node?.kind === 'list' ? node.items : [node]
  return items.flatMap((item) => (item?.kind === 'scalar' ? [item.text] : []))
}
