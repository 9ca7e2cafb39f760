import type { Registry } from '../component/registry.ts'
import { definitionOf, sectionNames } from './components.ts'
import {
  type ConfigNode,
  createList,
  createMap,
  createScalar,
  type Entry,
  isNull,
  type MapNode,
  type Path,
} from './node.ts'
import { walkPairs } from './pair.ts'
import { isSecret, isSecrets } from './shape.ts'
import type { Origin } from './source.ts'

export const redacted = '[redacted]'

/** Every value that stands where a schema says `secret()`, by path. Works on invalid documents too. */
export function findSecrets(document: MapNode, registry: Registry): Map<string, ConfigNode> {
  const found = new Map<string, ConfigNode>()
  for (const section of sectionNames) {
    const components = document.entries.get(section)?.value
    if (components?.kind !== 'map') continue
    for (const [id, { value }] of components.entries) {
      const definition = definitionOf(section, id, registry)
      if ('message' in definition) continue
      walkPairs(definition.config, value, [section, id], (schema, node, path) => {
        const misplaced = node.kind === 'scalar' && isSecrets(schema)
        if (isSecret(schema) || misplaced) found.set(JSON.stringify(path), node)
      })
    }
  }
  return found
}

/** Where secrets are written, so that a line shown with a problem can leave them out. */
export function secretOrigins(document: MapNode, registry: Registry): Origin[] {
  return [...findSecrets(document, registry).values()].map((node) => node.origin)
}

/** The document with `[redacted]` for every secret. */
export function redact(document: MapNode, registry: Registry): ConfigNode {
  const secrets = findSecrets(document, registry)
  const visit = (node: ConfigNode, path: Path): ConfigNode => {
    if (!isNull(node) && secrets.has(JSON.stringify(path))) {
      return createScalar(redacted, redacted, node.origin)
    }
    if (node.kind === 'scalar') return node
    if (node.kind === 'list') {
      return createList(
        node.items.map((item, index) => visit(item, [...path, index])),
        node.origin,
      )
    }
    const entries = new Map<string, Entry>()
    for (const [key, entry] of node.entries) {
      entries.set(key, { ...entry, value: visit(entry.value, [...path, key]) })
    }
    return createMap(entries, node.origin)
  }
  return visit(document, [])
}
