import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'
import { type ConfigNode, createMap, isNull, type MapNode, type Path, toPlain } from './node.ts'
import { chooseOption } from './pair.ts'
import { problemAt } from './problem.ts'
import { acceptsMap, type Described, describe, type Schema, type Shape } from './shape.ts'

/**
 * The plain value to validate: unknown options are taken out and reported (valibot reports only the first of them),
 * and an option with nothing behind it (`grpc:`) means its defaults, as in the collector.
 */
export function prepare(
  schema: Schema,
  node: ConfigNode,
  path: Path,
  problems: ConfigProblem[],
): unknown {
  const described = describe(schema)
  const { shape, nullable } = described
  if (isNull(node)) {
    if (nullable) return null
    if (!acceptsMap(schema)) return null
    return prepare(schema, createMap(new Map(), node.origin), path, problems)
  }
  if (shape.kind === 'object' && node.kind === 'map') {
    return prepareObject(described, shape.entries, shape, node, path, problems)
  }
  if (shape.kind === 'record' && node.kind === 'map') {
    const plain: Record<string, unknown> = {}
    for (const [key, entry] of node.entries) {
      plain[key] = prepare(shape.value, entry.value, [...path, key], problems)
    }
    return plain
  }
  if (shape.kind === 'list' && node.kind === 'list') {
    return node.items.map((item, index) => prepare(shape.item, item, [...path, index], problems))
  }
  const option = chooseOption(shape, node)
  return option === undefined ? toPlain(node) : prepare(option, node, path, problems)
}

function prepareObject(
  described: Described,
  entries: Readonly<Record<string, Schema>>,
  shape: Extract<Shape, { kind: 'object' }>,
  node: MapNode,
  path: Path,
  problems: ConfigProblem[],
): unknown {
  const plain: Record<string, unknown> = {}
  for (const [key, entry] of node.entries) {
    const below = Object.hasOwn(entries, key) ? entries[key] : undefined
    const at = [...path, key]
    if (below !== undefined) {
      const value = prepare(below, entry.value, at, problems)
      // Nothing behind the key: the option's default.
      if (value !== null || describe(below).nullable) plain[key] = value
    } else if (shape.open) {
      plain[key] = toPlain(entry.value)
    } else if (described.unsupported.includes(key)) {
      const message = 'is an option of the collector that remora does not support'
      problems.push(problemAt(entry.keyOrigin, at, message))
    } else {
      const hint = suggestion(key, Object.keys(entries))
      problems.push(problemAt(entry.keyOrigin, at, 'unknown option', hint))
    }
  }
  return plain
}
