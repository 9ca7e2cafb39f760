import {
  createList,
  createMap,
  createScalar,
  type Entry,
  isNull,
  type MapNode,
  nodeAt,
} from './node.ts'
import type { Origin } from './source.ts'

/**
 * The document with a receiver that the command brings, so that nobody need write it: configured with its defaults
 * unless it is there, and, if no pipeline names it, in the logs pipelines: in `logs`, or else in every one.
 */
export function withReceiver(document: MapNode, type: string): MapNode {
  const pipelines = nodeAt(document, ['service', 'pipelines'])
  if (pipelines?.kind !== 'map') return document
  const wanted = [...pipelines.entries.keys()].filter((name) => /^logs(?:\/|$)/.test(name))
  const used = [...pipelines.entries.values()].flatMap(({ value }) => receiversOf(value))
  const mine = [...used, ...configured(document)].filter(
    (id) => id === type || id.startsWith(`${type}/`),
  )
  const id = mine[0] ?? type
  const withOptions = configured(document).includes(id)
    ? document
    : setAt(document, ['receivers', id], null)
  if (used.includes(id)) return withOptions
  const targets = wanted.includes('logs') ? ['logs'] : wanted
  return targets.reduce(
    (whole, name) => setAt(whole, ['service', 'pipelines', name, 'receivers'], id),
    withOptions,
  )
}

function configured(document: MapNode): string[] {
  const section = nodeAt(document, ['receivers'])
  return section?.kind === 'map' ? [...section.entries.keys()] : []
}

function receiversOf(pipeline: Entry['value']): string[] {
  const list = nodeAt(pipeline, ['receivers'])
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []))
}

/** Sets the value at a path, or adds it to the list that is there. Maps that are missing are made. */
function setAt(map: MapNode, [key, ...rest]: readonly string[], value: string | null): MapNode {
  const entry = map.entries.get(key as string)
  const origin = entry?.value.origin ?? map.origin
  const below = rest.length > 0 ? nested(entry, rest, value, origin) : leaf(entry, value, origin)
  const entries = new Map(map.entries)
  entries.set(key as string, { keyOrigin: entry?.keyOrigin ?? origin, value: below })
  return createMap(entries, map.origin)
}

function nested(
  entry: Entry | undefined,
  path: readonly string[],
  value: string | null,
  origin: Origin,
): Entry['value'] {
  if (entry !== undefined && entry.value.kind !== 'map' && !isNull(entry.value)) return entry.value
  const map = entry?.value.kind === 'map' ? entry.value : createMap(new Map(), origin)
  return setAt(map, path, value)
}

function leaf(entry: Entry | undefined, value: string | null, origin: Origin): Entry['value'] {
  const scalar = createScalar(value, value ?? '', origin)
  if (value === null) return scalar
  if (entry === undefined || isNull(entry.value)) return createList([scalar], origin)
  // What is no list is a mistake, which is found later.
  if (entry.value.kind !== 'list') return entry.value
  return createList([...entry.value.items, scalar], entry.value.origin)
}
