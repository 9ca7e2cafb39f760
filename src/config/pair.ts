import * as v from 'valibot'
import { nearest } from '../errors/suggest.ts'
import type { ConfigNode, MapNode, Path } from './node.ts'
import { describe, type Schema, type Shape } from './shape.ts'

/** The alternative of a union or variant that a person most likely meant by `node`. */
export function chooseOption(shape: Shape, node: ConfigNode): Schema | undefined {
  if (shape.kind === 'variant') return chooseVariant(shape, node)
  if (shape.kind !== 'union') return undefined
  let best: Schema | undefined
  let bestFit = -1
  for (const option of shape.options) {
    const fit = fitOf(option, node)
    if (fit > bestFit) {
      best = option
      bestFit = fit
    }
  }
  return best
}

function chooseVariant(
  shape: Extract<Shape, { kind: 'variant' }>,
  node: ConfigNode,
): Schema | undefined {
  if (node.kind !== 'map') return undefined
  const tag = node.entries.get(shape.key)?.value
  for (const option of shape.options) {
    const inner = describe(option).shape
    if (inner.kind === 'variant') {
      const nested = chooseVariant(inner, node)
      if (nested !== undefined) return nested
    } else if (inner.kind === 'object') {
      const schema = inner.entries[shape.key]
      const value = tag?.kind === 'scalar' ? tag.value : undefined
      if (schema !== undefined && v.is(schema, value ?? undefined)) return option
    }
  }
  return undefined
}

/** -1: of another kind; else the more the better. */
function fitOf(option: Schema, node: ConfigNode): number {
  const { shape, inner } = describe(option)
  switch (shape.kind) {
    case 'object':
      return node.kind === 'map' ? 1 + countKnown(node, shape.entries) : -1
    case 'record':
    case 'variant':
      return node.kind === 'map' ? 1 : -1
    case 'list':
      return node.kind === 'list' ? 1 : -1
    case 'union':
      return Math.max(...shape.options.map((nested) => fitOf(nested, node)))
    case 'scalar':
      if (node.kind !== 'scalar') return -1
      return v.is(inner, node.value) ? 2 : 0
  }
}

function countKnown(node: MapNode, entries: Readonly<Record<string, Schema>>): number {
  let count = 0
  for (const key of node.entries.keys()) if (Object.hasOwn(entries, key)) count++
  return count
}

/**
 * Calls `visit` for every node that stands where the schema knows something, with what it knows. An option that does
 * not exist counts as the one that it looks like: `tokn` holds what `token` would.
 */
export function walkPairs(
  schema: Schema,
  node: ConfigNode,
  path: Path,
  visit: (schema: Schema, node: ConfigNode, path: Path) => void,
): void {
  visit(schema, node, path)
  const { shape } = describe(schema)
  const option = chooseOption(shape, node)
  if (option !== undefined) walkPairs(option, node, path, visit)
  if (shape.kind === 'list' && node.kind === 'list') {
    for (const [index, item] of node.items.entries()) {
      walkPairs(shape.item, item, [...path, index], visit)
    }
  }
  if (node.kind !== 'map') return
  for (const [key, entry] of node.entries) {
    const below =
      shape.kind === 'record'
        ? shape.value
        : shape.kind === 'object'
          ? lookAlike(shape.entries, key)
          : undefined
    if (below !== undefined) walkPairs(below, entry.value, [...path, key], visit)
  }
}

function lookAlike(entries: Readonly<Record<string, Schema>>, key: string): Schema | undefined {
  if (Object.hasOwn(entries, key)) return entries[key]
  return entries[nearest(key, Object.keys(entries)) ?? '']
}
