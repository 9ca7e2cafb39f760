import type { Origin } from './source.ts'

/**
 * The merged configuration before anything is typed. Every node remembers where it was written, across merging,
 * `--set` and `${…}`. Nodes never change and may be shared (YAML aliases), so the tree can be larger than the
 * memory it takes: `size` is what it would be when written out, and is bounded when it is made.
 */
export type ConfigNode = MapNode | ListNode | ScalarNode

export interface Entry {
  readonly keyOrigin: Origin
  readonly value: ConfigNode
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
  readonly origin: Origin
  readonly size: number
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly ConfigNode[]
  readonly origin: Origin
  readonly size: number
}

export type Scalar = string | number | boolean | null

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: Scalar
  /** As written: `0123` where the value is 83. What an option that wants a string takes from `${env:…}`. */
  readonly text: string
  /** Whether the value came out of `${…}`. */
  readonly expanded: boolean
  readonly origin: Origin
  readonly size: 1
}

export type Path = readonly (string | number)[]

export function createMap(entries: ReadonlyMap<string, Entry>, origin: Origin): MapNode {
  let size = 1
  for (const entry of entries.values()) size += entry.value.size
  return { kind: 'map', entries, origin, size }
}

export function createList(items: readonly ConfigNode[], origin: Origin): ListNode {
  let size = 1
  for (const item of items) size += item.size
  return { kind: 'list', items, origin, size }
}

export function createScalar(
  value: Scalar,
  text: string,
  origin: Origin,
  expanded = false,
): ScalarNode {
  return { kind: 'scalar', value, text, expanded, origin, size: 1 }
}

export function isNull(node: ConfigNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null
}

/** The value below one key or index. */
export function childOf(
  node: ConfigNode | undefined,
  key: string | number,
): ConfigNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(key))?.value
  if (node?.kind === 'list' && typeof key === 'number') return node.items[key]
  return undefined
}

export function nodeAt(root: ConfigNode | undefined, path: Path): ConfigNode | undefined {
  let node = root
  for (const key of path) node = childOf(node, key)
  return node
}

/**
 * Where to point a person who made a mistake at `path`: the value if it fits on a line, the key if the value is a
 * map, and the nearest key above where the path does not exist. `at: 'key'` always points at the key.
 */
export function originAt(root: ConfigNode, path: Path, at: 'key' | 'value'): Origin | undefined {
  let node: ConfigNode = root
  let keyOrigin: Origin | undefined
  for (const key of path) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(key))
      if (entry === undefined) return keyOrigin
      keyOrigin = entry.keyOrigin
      node = entry.value
    } else {
      const item = childOf(node, key)
      if (item === undefined) return keyOrigin
      node = item
      keyOrigin = item.origin
    }
  }
  if (at === 'key' || node.kind === 'map' || isNull(node)) return keyOrigin
  return node.origin
}

/** What it is, in words: `a list`. */
export function kindOf(node: ConfigNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a map' : 'a list'
  if (node.value === null) return 'empty'
  return { string: 'a string', number: 'a number', boolean: 'true or false' }[
    typeof node.value as 'string' | 'number' | 'boolean'
  ]
}

/** As JavaScript values; maps become plain objects. */
export function toPlain(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(toPlain)
  const plain: Record<string, unknown> = {}
  for (const [key, entry] of node.entries) plain[key] = toPlain(entry.value)
  return plain
}

/** Maps are joined key by key; anything else, null included, is replaced by the later one (as koanf does). */
export function mergeNodes(earlier: ConfigNode, later: ConfigNode): ConfigNode {
  if (earlier.kind !== 'map' || later.kind !== 'map') return later
  const entries = new Map(earlier.entries)
  for (const [key, entry] of later.entries) {
    const before = entries.get(key)
    entries.set(
      key,
      before === undefined ? entry : { ...entry, value: mergeNodes(before.value, entry.value) },
    )
  }
  return createMap(entries, later.origin)
}
