import type { ConfiguredService, PipelineConfig } from '../component/configured.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { type ConfigNode, nodeAt, originAt } from './node.ts'
import { problemAt } from './problem.ts'

/**
 * Ways around masking, each a warning, once for each pipeline that does not mask while another one does:
 *
 * - of the same signal, with the same exporter or receiver: what one of them masks is sent as it is by the other;
 * - of another signal, with the same receiver: an application that has personal data in its logs has it in its spans and
 *   labels. The same exporter alone says nothing, since most files have one for everything.
 *
 * It may be meant, e.g. for a debug exporter on the developer's own machine: `unmasked: true` in the pipeline says so.
 */
export function unmaskedPaths(service: ConfiguredService, root: ConfigNode): ConfigProblem[] {
  const masked = service.pipelines.filter((pipeline) => maskOf(pipeline, service) !== undefined)
  const warnings: ConfigProblem[] = []
  for (const pipeline of service.pipelines) {
    if (masked.includes(pipeline) || isMeant(pipeline, root)) continue
    const same = masked.filter(({ signal }) => signal === pipeline.signal)
    // One of them is enough: the same data goes around the same masking.
    const end =
      shared(pipeline, same, 'exporters') ??
      shared(pipeline, same, 'receivers') ??
      shared(pipeline, masked, 'receivers')
    if (end === undefined) continue
    const { section, index, id, other } = end
    const path = ['service', 'pipelines', pipeline.name, section, index]
    const { signal } = pipeline
    const way = `goes around the masking of pipeline "${other.name}"`
    const message =
      section === 'exporters'
        ? `what comes to exporter "${id}" here ${way}: ${signal} reach it as they are`
        : `what comes from receiver "${id}" here ${way}: ${signal} leave as they are`
    const hint = `add "${maskOf(other, service)}" to the processors of "${pipeline.name}", or "unmasked: true" to it if that is meant`
    warnings.push(problemAt(originAt(root, path, 'value'), path, message, hint))
  }
  return warnings
}

function isMeant({ name }: PipelineConfig, root: ConfigNode): boolean {
  const node = nodeAt(root, ['service', 'pipelines', name, 'unmasked'])
  return node?.kind === 'scalar' && node.value === true
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
