import type { ConfigProblem } from '../errors/config-problem.ts'
import { suggestion } from '../errors/suggest.ts'
import {
  type ConfigNode,
  createMap,
  isNull,
  kindOf,
  type MapNode,
  type Path,
  toPlain,
} from './node.ts'
import { chooseOption } from './pair.ts'
import { problemAt } from './problem.ts'
import { acceptsMap, type Described, describe, type Schema, type Shape } from './shape.ts'

/**
 * The plain value to validate: unknown options are taken out and reported (valibot reports only the first of them), and
 * so is what stands where a map belongs (valibot takes lists for maps),
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
  if (wantsMap(shape, node)) {
    const message = `must be a map, not ${kindOf(node)}`
    problems.push(problemAt(node.origin, path, message, missingSpace(shape, node)))
    return toPlain(node)
  }
  const option = chooseOption(shape, node)
  return option === undefined ? toPlain(node) : prepare(option, node, path, problems)
}

/** Whether it is no map, but only a map will do. */
function wantsMap(shape: Shape, node: ConfigNode): boolean {
  if (node.kind === 'map') return false
  if (isMapShape(shape)) return true
  // Scalars are told apart by valibot, which also knows which of them will do.
  if (shape.kind !== 'union' || node.kind !== 'list') return false
  const maps = shape.options.some((option) => isMapShape(describe(option).shape))
  return maps && chooseOption(shape, node) === undefined
}

function isMapShape({ kind }: Shape): boolean {
  return kind === 'object' || kind === 'record' || kind === 'variant'
}

/** `endpoint:localhost:4317` is a text to YAML. Only the name of an option is repeated: the rest may be a secret. */
function missingSpace(shape: Shape, node: ConfigNode): string | undefined {
  if (shape.kind !== 'object' || node.kind !== 'scalar' || node.value === null) return undefined
  const [key] = node.text.split(':', 1)
  if (key === undefined || key === node.text || !Object.hasOwn(shape.entries, key)) return undefined
  return `a space is missing behind "${key}:"`
}

/** The one option of those given that has an option of that name: `queue_size` belongs under `sending_queue`. */
function parentOf(key: string, entries: Readonly<Record<string, Schema>>): string | undefined {
  const parents = Object.keys(entries).filter((name) => {
    const { shape } = describe(entries[name] as Schema)
    return shape.kind === 'object' && Object.hasOwn(shape.entries, key)
  })
  return parents.length === 1 ? parents[0] : undefined
}

/** See `sectionSwitch`: what is in such a section is not looked at. */
function isSwitchedOff(schema: Schema, node: ConfigNode): boolean {
  if (node.kind !== 'map' || !describe(schema).hasSwitch) return false
  const enabled = node.entries.get('enabled')?.value
  return enabled !== undefined && toPlain(enabled) === false
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
      if (isSwitchedOff(below, entry.value)) continue
      const value = prepare(below, entry.value, at, problems)
      // Nothing behind the key: the option's default.
      if (value !== null || describe(below).nullable) plain[key] = value
    } else if (shape.open) {
      plain[key] = toPlain(entry.value)
    } else if (described.unsupported.includes(key)) {
      const message = 'is an option of the collector that remora does not support'
      problems.push(problemAt(entry.keyOrigin, at, message, described.instead[key]))
    } else {
      const parent = parentOf(key, entries)
      const hint =
        parent === undefined ? suggestion(key, Object.keys(entries)) : `put it under ${parent}`
      problems.push(problemAt(entry.keyOrigin, at, 'unknown option', hint))
    }
  }
  return plain
}
