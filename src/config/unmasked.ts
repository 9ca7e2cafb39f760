import type { ConfiguredService, PipelineConfig } from '../component/configured.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { type ConfigNode, originAt } from './node.ts'
import { problemAt } from './problem.ts'

/**
 * Ways around masking: a pipeline masks, and another one of the same signal, which does not, has the same exporter or
 * the same receiver. It may be meant, e.g. a debug exporter on the developer's own machine, so it is a warning.
 */
export function unmaskedPaths(service: ConfiguredService, root: ConfigNode): ConfigProblem[] {
  const masked = service.pipelines.filter((pipeline) => maskOf(pipeline, service) !== undefined)
  const warnings: ConfigProblem[] = []
  for (const pipeline of service.pipelines) {
    if (masked.includes(pipeline)) continue
    const same = masked.filter(({ signal }) => signal === pipeline.signal)
    // One of the two is enough: the same data goes around the same masking.
    const end = shared(pipeline, same, 'exporters') ?? shared(pipeline, same, 'receivers')
    if (end === undefined) continue
    const { section, index, id, other } = end
    const path = ['service', 'pipelines', pipeline.name, section, index]
    const { signal } = pipeline
    const way = `goes around the masking of pipeline "${other.name}"`
    const message =
      section === 'exporters'
        ? `what comes to exporter "${id}" here ${way}: ${signal} reach it as they are`
        : `what comes from receiver "${id}" here ${way}: ${signal} leave as they are`
    const hint = `add "${maskOf(other, service)}" to the processors of "${pipeline.name}", if that is not meant`
    warnings.push(problemAt(originAt(root, path, 'value'), path, message, hint))
  }
  return warnings
}

/** The processor that masks; undefined if none does. */
function maskOf({ processors }: PipelineConfig, service: ConfiguredService): string | undefined {
  return processors.find((id) => service.processors.get(id)?.definition.masks === true)
}

function shared(
  pipeline: PipelineConfig,
  others: readonly PipelineConfig[],
  section: 'receivers' | 'exporters',
) {
  for (const [index, id] of pipeline[section].entries()) {
    const other = others.find((one) => one[section].includes(id))
    if (other !== undefined) return { section, index, id, other }
  }
  return undefined
}
