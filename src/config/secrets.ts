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
import { isEndpoint, isMapOfSecrets, isSecret, isSecrets, type Schema, wantsText } from './shape.ts'
import type { Origin } from './source.ts'

const redacted = '[redacted]'

/** Where secrets are written, so that a line shown with a problem can leave them out. Works on invalid documents. */
export function secretOrigins(document: MapNode, registry: Registry): Origin[] {
  const origins: Origin[] = []
  walkComponents(document, registry, (schema, node) => {
    if (standsForSecret(schema, node) || withoutCredentials(schema, node) !== undefined) {
      origins.push(node.origin)
    }
  })
  return origins
}

/** The document with `[redacted]` for every secret. */
export function redact(document: MapNode, registry: Registry): MapNode {
  return replaceNodes(document, registry, (schema, node) => {
    const text =
      standsForSecret(schema, node) && !isNull(node) ? redacted : withoutCredentials(schema, node)
    return text === undefined ? undefined : createScalar(text, text, node.origin)
  })
}

/** A URL without what people hide in it: `https://[redacted]@host/path?[redacted]`. Undefined where there is nothing. */
function withoutCredentials(schema: Schema, node: ConfigNode): string | undefined {
  if (!isEndpoint(schema) || node.kind !== 'scalar') return undefined
  const shown = node.text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/|)[^/?#]*@/i, `$1${redacted}@`)
    .replace(/\?[^#]+/, `?${redacted}`)
  return shown === node.text ? undefined : shown
}

/** The document with texts where options take the text of a reference: "012" and not the number 10. */
export function withTexts(document: MapNode, registry: Registry): MapNode {
  return replaceNodes(document, registry, (schema, node) =>
    node.kind === 'scalar' && node.expanded && wantsText(schema)
      ? createScalar(node.text, node.text, node.origin)
      : undefined,
  )
}

function standsForSecret(schema: Schema, node: ConfigNode): boolean {
  if (isSecret(schema)) return true
  if (node.kind === 'scalar') return isSecrets(schema) || isMapOfSecrets(schema)
  return node.kind === 'list' && isMapOfSecrets(schema)
}

/** Calls `visit` for every node of every component that its schema knows. */
export function walkComponents(
  document: MapNode,
  registry: Registry,
  visit: (schema: Schema, node: ConfigNode, path: Path) => void,
): void {
  for (const section of sectionNames) {
    const components = document.entries.get(section)?.value
    if (components?.kind !== 'map') continue
    for (const [id, { value }] of components.entries) {
      const definition = definitionOf(section, id, registry)
      if (!('message' in definition)) {
        walkPairs(definition.config, value, [section, id], visit)
      }
    }
  }
}

/** A copy with other nodes at the places for which `replace` gives one. Places count, not nodes: aliases share those. */
function replaceNodes(
  document: MapNode,
  registry: Registry,
  replace: (schema: Schema, node: ConfigNode) => ConfigNode | undefined,
): MapNode {
  const replacements = new Map<string, ConfigNode>()
  walkComponents(document, registry, (schema, node, path) => {
    const replacement = replace(schema, node)
    if (replacement !== undefined) replacements.set(JSON.stringify(path), replacement)
  })
  const copy = (node: ConfigNode, path: Path): ConfigNode => {
    const replacement = replacements.get(JSON.stringify(path))
    if (replacement !== undefined) return replacement
    if (node.kind === 'scalar') return node
    if (node.kind === 'map') return copyMap(node, path)
    return createList(
      node.items.map((item, index) => copy(item, [...path, index])),
      node.origin,
    )
  }
  const copyMap = (node: MapNode, path: Path): MapNode => {
    const entries = new Map<string, Entry>()
    for (const [key, entry] of node.entries) {
      entries.set(key, { ...entry, value: copy(entry.value, [...path, key]) })
    }
    return createMap(entries, node.origin)
  }
  return copyMap(document, [])
}
