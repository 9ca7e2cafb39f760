import type { FileSystem } from './file-system.ts'

/** A pattern for paths; `src/regex` has those of a user. */
export interface PathPattern {
  readonly groupNames: readonly (string | undefined)[]
  exec(path: string): readonly (string | undefined)[] | null
}

/** How to compare files: by a part of their path, or by the time of their last change. */
export interface OrderRule {
  /** A group of the pattern; undefined for the time of the last change. */
  readonly key: string | undefined
  readonly ascending: boolean
  /** What a part of the path is worth; undefined for one that cannot be read. */
  readonly value: (text: string) => number | bigint | string | undefined
}

export interface OrderingSettings {
  readonly pattern: PathPattern | undefined
  /** Files are chosen from each group by itself: the text of this group of `groupBy`. */
  readonly groupBy: PathPattern | undefined
  /** So many of each group. */
  readonly topCount: number
  /** The first rule counts most. */
  readonly rules: readonly OrderRule[]
}

interface Candidate {
  readonly path: string
  readonly values: readonly (number | bigint | string)[]
}

/** Of the files that were found those that come first by `ordering_criteria`. */
export async function chooseFirst(
  paths: readonly string[],
  settings: OrderingSettings,
  files: FileSystem,
): Promise<readonly string[]> {
  // As in the collector: without an order there is no first of them, and all are read.
  if (settings.rules.length === 0) return paths
  const groups = new Map<string, Candidate[]>()
  for (const path of paths) {
    const candidate = await rank(path, settings, files)
    if (candidate === undefined) continue
    const name = groupOf(path, settings.groupBy)
    if (name === undefined) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [candidate])
    else group.push(candidate)
  }
  const chosen: string[] = []
  for (const group of groups.values()) {
    group.sort((a, b) => compare(a, b, settings.rules))
    for (const { path } of group.slice(0, settings.topCount)) chosen.push(path)
  }
  return chosen
}

/** Undefined for a path that `group_by` does not match. */
function groupOf(path: string, groupBy: PathPattern | undefined): string | undefined {
  return groupBy === undefined ? '' : groupBy.exec(path)?.[1]
}

/** Undefined for a path that the pattern does not match, or that is gone. */
async function rank(
  path: string,
  settings: OrderingSettings,
  files: FileSystem,
): Promise<Candidate | undefined> {
  const match = settings.pattern?.exec(path)
  if (match === null) return undefined
  const names = settings.pattern?.groupNames ?? []
  const values: (number | bigint | string)[] = []
  for (const { key, value } of settings.rules) {
    const found =
      key === undefined ? await changedMs(path, files) : value(match?.[names.indexOf(key)] ?? '')
    if (found === undefined) return undefined
    values.push(found)
  }
  return { path, values }
}

async function changedMs(path: string, files: FileSystem): Promise<number | undefined> {
  const stats = await files.stat(path).catch(() => undefined)
  return stats?.mtimeMs
}

function compare(a: Candidate, b: Candidate, rules: readonly OrderRule[]): number {
  for (const [index, { ascending }] of rules.entries()) {
    const left = a.values[index] as number
    const right = b.values[index] as number
    if (left !== right) return left < right === ascending ? -1 : 1
  }
  return 0
}
