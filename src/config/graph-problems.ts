import type { ConfiguredService } from '../component/configured.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import type { Section } from './components.ts'
import type { Loaded } from './load.ts'
import { type MapNode, nodeAt, originAt, type Path } from './node.ts'
import { placeOf } from './source.ts'

/**
 * Problems that the planner found, with their places in the document. Left out is what only follows from a problem
 * already reported: a reference to a component whose type does not exist, or a list that is no list.
 */
export function withPlaces(loaded: Loaded, problems: readonly ConfigProblem[]): ConfigProblem[] {
  const { document, service } = loaded
  if (document === undefined || service === undefined) return []
  const fresh = problems.filter(
    ({ path }) =>
      !isUnknownType(path, document, service) &&
      !loaded.problems.some((known) => isPrefix(known.path, path) || isPrefix(path, known.path)),
  )
  return fresh.map((problem) => {
    const origin = originAt(document, problem.path, 'value') ?? document.origin
    return { ...problem, place: placeOf(origin) }
  })
}

/** Whether the component that `path` names is in the document, but of a type that does not exist, or a connector. */
function isUnknownType(path: Path, document: MapNode, service: ConfiguredService): boolean {
  const node = nodeAt(document, path)
  if (node?.kind !== 'scalar') return false
  const section = (path[1] === 'pipelines' ? path[3] : 'extensions') as Section
  if (nodeAt(document, ['connectors', node.text]) !== undefined) return true
  return nodeAt(document, [section, node.text]) !== undefined && !service[section].has(node.text)
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((key, index) => key === long[index])
}
