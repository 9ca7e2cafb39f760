import { must } from '../errors/bug.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { messageOf } from './expand.ts'
import { type ConfigNode, createMap, type Entry, mergeNodes } from './node.ts'
import { parseYaml } from './parse-yaml.ts'
import { problemAt } from './problem.ts'
import { parseSet } from './set.ts'
import { type Origin, Source } from './source.ts'

export interface ReadOptions {
  /** `--config`, in order: a path, `file:path`, `env:NAME` or `yaml:text`. */
  readonly sources: readonly string[]
  /** `--set`, in order: `exporters.otlp.timeout=5s` or with `::`; each with a `=`. They win over all sources. */
  readonly sets: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Throws an Error for a person: `no such file`. */
  readonly readFile: (path: string) => string
}

export interface ReadSources {
  /** All sources merged; undefined where one of them could not be read. */
  readonly node: ConfigNode | undefined
  readonly sources: readonly Source[]
  /** With a node: what is wrong in texts that could be read all the same, such as a key that is written twice. */
  readonly problems: readonly ConfigProblem[]
}

/** Reads and merges every source. Nothing is expanded yet: the collector, too, expands after merging. */
export function readSources(options: ReadOptions): ReadSources {
  const sources: Source[] = []
  const problems: ConfigProblem[] = []
  const add = (read: Source | ConfigProblem): void => {
    if (!(read instanceof Source)) problems.push(read)
    else sources.push(withOwnLabel(read, sources))
  }
  for (const given of options.sources) add(readSource(given, options))
  for (const given of options.sets) add(sourceOfSet(given))

  let isReadable = problems.length === 0
  let merged: ConfigNode | undefined
  for (const source of sources) {
    const parsed = parseYaml(source)
    problems.push(...parsed.problems)
    if (parsed.node === undefined) {
      isReadable &&= parsed.problems.length === 0
      continue
    }
    if (parsed.node.kind !== 'map') {
      const message = 'the configuration must be a map of receivers, exporters, service, …'
      problems.push(problemAt(parsed.node.origin, [], message))
      isReadable = false
      continue
    }
    const node = splitKeys(parsed.node.entries, parsed.node.origin)
    merged = merged === undefined ? node : mergeNodes(merged, node)
  }
  const origin: Origin = { source: sources[0] ?? new Source('', ''), start: 0, end: 0 }
  const node = isReadable ? (merged ?? createMap(new Map(), origin)) : undefined
  return { node, sources, problems }
}

/** Lines are shown by label, so two `--set` of one key must not share theirs. */
function withOwnLabel(source: Source, earlier: readonly Source[]): Source {
  const same = earlier.filter(({ label }) => label.replace(/ #\d+$/, '') === source.label).length
  return same === 0 ? source : new Source(`${source.label} #${same + 1}`, source.text)
}

function readSource(given: string, options: ReadOptions): Source | ConfigProblem {
  // One letter before the colon is a drive of Windows, as in the collector.
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]+):([\s\S]*)$/.exec(given) ?? []
  switch (scheme) {
    case 'yaml':
      return new Source('yaml:', rest ?? '')
    case 'env': {
      const value = options.env[rest ?? '']
      if (value !== undefined) return new Source(given, value)
      return { path: [], message: `--config ${given}: the environment variable is not set` }
    }
    case undefined:
    case 'file': {
      const path = scheme === undefined ? given : (rest ?? '')
      try {
        return new Source(path, options.readFile(path))
      } catch (error) {
        return { path: [], message: `cannot read "${path}": ${messageOf(error)}` }
      }
    }
    default:
      return {
        path: [],
        message: `--config ${scheme}:…: "${scheme}" is none of file, env and yaml`,
      }
  }
}

function sourceOfSet(given: string): Source {
  const set = parseSet(given)
  must(set !== undefined, '--set without key=value')
  return new Source(`--set ${set.key}`, `${set.key.replaceAll('.', '::')}: ${set.value}`)
}

/** `exporters::debug::verbosity: basic` at the top level is short for the nested maps. */
function splitKeys(entries: ReadonlyMap<string, Entry>, origin: Origin): ConfigNode {
  const plain = new Map<string, Entry>()
  for (const [key, entry] of entries) if (!key.includes('::')) plain.set(key, entry)
  let root: ConfigNode = createMap(plain, origin)
  for (const [key, { keyOrigin, value }] of entries) {
    if (plain.has(key)) continue
    const nested = key
      .split('::')
      .reduceRight<ConfigNode>(
        (inner, part) => createMap(new Map([[part, { keyOrigin, value: inner }]]), keyOrigin),
        value,
      )
    root = mergeNodes(root, nested)
  }
  return root
}
