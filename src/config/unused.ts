import type { Configured, ConfiguredService } from '../component/configured.ts'
import type { AnyDefinition } from '../component/define.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { type ConfigNode, originAt } from './node.ts'
import { problemAt } from './problem.ts'

/** Components that are configured and do nothing, because no pipeline names them. */
export function unusedComponents(service: ConfiguredService, root: ConfigNode): ConfigProblem[] {
  const warnings: ConfigProblem[] = []
  for (const section of ['receivers', 'processors', 'exporters', 'extensions'] as const) {
    const used = new Set(
      section === 'extensions'
        ? service.enabledExtensions
        : service.pipelines.flatMap((pipeline) => pipeline[section]),
    )
    const configured: ReadonlyMap<string, Configured<AnyDefinition>> = service[section]
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
