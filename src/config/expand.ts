import type { ConfigProblem } from '../errors/config-problem.ts'
import {
  type ConfigNode,
  createList,
  createMap,
  createScalar,
  type Entry,
  type Path,
  type ScalarNode,
} from './node.ts'
import { maxDepth as maxNesting, parseYaml } from './parse-yaml.ts'
import { problemAt } from './problem.ts'
import { type Origin, Source } from './source.ts'

/**
 * Replaces references in the values of the configuration. The grammar and the meaning are the collector's
 * (confmap/expand.go at v0.157):
 *
 *     ${env:NAME}  ${env:NAME:-default}  ${NAME}  ${file:path}  ${yaml:text}   $$ is a single $
 *
 * A value that is one reference takes the YAML type of what it names; within a longer text the reference is replaced
 * by the text. References nest: ${env:HOST_${env:ZONE}}. What they bring in is expanded again.
 */
export interface ExpandOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Throws an Error for a person: `no such file`. */
  readonly readFile: (path: string) => string
}

export interface Expanded {
  readonly node: ConfigNode
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
  /** The files that became part of the configuration: their lines may be shown. */
  readonly sources: readonly Source[]
}

/** References within references, and within what references bring in. */
const maxDepth = 50
const nestedTooDeep = `references are nested too deep; the limit is ${maxDepth} levels. Does one refer to itself?`
/** These keep a variable that names two others, which each name two others, … from taking all memory. */
const maxReferences = 10_000
const maxTextMiB = 16
const maxValues = 300_000

export function expand(root: ConfigNode, options: ExpandOptions): Expanded {
  const expander = new Expander(options)
  const node = expander.node(root, [], 0)
  const { problems, warnings, sources } = expander
  return { node, problems, warnings, sources }
}

/** A mistake at the reference that is being expanded; caught where the place is known. */
class BadReference extends Error {}

/** What a reference names, before it is parsed. Undefined text: the variable is not set. */
interface Retrieved {
  readonly text: string
  /** Whose lines problems inside it may show; undefined where they might be secret. */
  readonly source: Source | undefined
  /** `${env:NAME:-}` is an empty string, while an unset or empty variable is null. */
  readonly emptyIsText: boolean
}

const uri = /^([A-Za-z][A-Za-z0-9+.-]+):([\s\S]*)$/
const envName = /^[a-zA-Z_][a-zA-Z0-9_]*$/

class Expander {
  readonly problems: ConfigProblem[] = []
  readonly warnings: ConfigProblem[] = []
  readonly sources: Source[] = []
  readonly #options: ExpandOptions
  #references = 0
  #textLength = 0
  #values = 0
  #path: Path = []
  #origin: Origin | undefined

  constructor(options: ExpandOptions) {
    this.#options = options
  }

  /** Shares what does not change. */
  node(node: ConfigNode, path: Path, depth: number): ConfigNode {
    if (path.length > maxNesting && node.kind !== 'scalar') return this.#tooDeep(node, path)
    if (node.kind === 'list') {
      const items = node.items.map((item, index) => this.node(item, [...path, index], depth))
      return items.some((item, index) => item !== node.items[index])
        ? createList(items, node.origin)
        : node
    }
    if (node.kind === 'map') {
      let changed = false
      const entries = new Map<string, Entry>()
      for (const [key, entry] of node.entries) {
        const value = this.node(entry.value, [...path, key], depth)
        changed ||= value !== entry.value
        entries.set(key, value === entry.value ? entry : { ...entry, value })
      }
      return changed ? createMap(entries, node.origin) : node
    }
    if (typeof node.value !== 'string' || !node.value.includes('$')) return node
    return this.#scalar(node, node.value, path, depth)
  }

  /** Aliases, `--set` and references can nest what is within the bound by itself. */
  #tooDeep({ origin }: ConfigNode, path: Path): ConfigNode {
    const message = `is nested too deep; the limit is ${maxNesting} levels`
    this.problems.push(problemAt(origin, path, message))
    return createScalar(null, '', origin, true)
  }

  #scalar(node: ScalarNode, text: string, path: Path, depth: number): ConfigNode {
    this.#path = path
    this.#origin = node.origin
    try {
      const ends = endsOfReferences(text)
      if (depth === 0 && isUnclosed(text, ends)) {
        const hint = 'close it with "}", or write "$${" for the text itself'
        throw new BadReference(`a reference begins with "\${" and has no "}"; ${hint}`)
      }
      if (ends.get(2) === text.length - 1) {
        return this.#whole(text.slice(2, -1), node, path, depth)
      }
      const expanded = this.#text(text, depth)
      return createScalar(expanded, expanded, node.origin, node.expanded || /\$\{/.test(text))
    } catch (error) {
      if (!(error instanceof BadReference)) throw error
      this.problems.push(problemAt(node.origin, path, error.message))
      return createScalar(null, '', node.origin, true)
    }
  }

  /** The value is one reference: whatever YAML it names takes its place. */
  #whole(body: string, node: ScalarNode, path: Path, depth: number): ConfigNode {
    const retrieved = this.#retrieve(this.#text(body, depth + 1), depth)
    const { text, source } = retrieved
    if (text === '' && retrieved.emptyIsText) return createScalar('', '', node.origin, true)
    const parsed = parseYaml(source ?? new Source('', text))
    let value: ConfigNode
    if (parsed.problems.length === 0) {
      value = relocate(parsed.node, text, node.origin, source === undefined)
      if (source !== undefined && value.kind !== 'scalar') this.sources.push(source)
    } else {
      // What is no YAML is meant as a text, e.g. a password such as `@x: {`, unless it is clearly a broken map. Its
      // lines are not shown: they may be a secret after all.
      if (source !== undefined && /^[\w/-]+:\s*$/m.test(text))
        this.problems.push(...parsed.problems)
      value = createScalar(text, text, node.origin, true)
    }
    this.#values += value.size
    if (this.#values > maxValues) {
      throw new BadReference(`references bring in too much; the limit is ${maxValues} values`)
    }
    return this.node(value, path, depth + 1)
  }

  #text(text: string, depth: number): string {
    if (!text.includes('$')) return text
    if (depth > maxDepth) throw new BadReference(nestedTooDeep)
    const ends = endsOfReferences(text)
    let result = ''
    let at = 0
    while (at < text.length) {
      const dollar = text.indexOf('$', at)
      if (dollar < 0) break
      result += text.slice(at, dollar)
      const next = text[dollar + 1]
      const end = ends.get(dollar + 2)
      if (end !== undefined) {
        const inner = this.#text(text.slice(dollar + 2, end), depth + 1)
        result += this.#text(this.#retrieve(inner, depth).text, depth + 1)
        at = end + 1
      } else {
        result += '$'
        at = dollar + (next === '$' ? 2 : 1)
      }
    }
    return result + text.slice(at)
  }

  #retrieve(body: string, depth: number): Retrieved {
    if (depth > maxDepth) throw new BadReference(nestedTooDeep)
    if (++this.#references > maxReferences) {
      const message = `too many references; the limit is ${maxReferences}. Does one refer to itself?`
      throw new BadReference(message)
    }
    const [, scheme, rest] = uri.exec(body.includes(':') ? body : `env:${body}`) ?? []
    const retrieved = this.#retrieveFrom(scheme, rest ?? '', body)
    this.#textLength += retrieved.text.length
    if (this.#textLength > maxTextMiB * 1024 * 1024) {
      throw new BadReference(`references bring in too much; the limit is ${maxTextMiB} MiB`)
    }
    return retrieved
  }

  #retrieveFrom(scheme: string | undefined, rest: string, body: string): Retrieved {
    if (scheme === 'env') return this.#retrieveEnv(rest)
    if (scheme === 'file') return this.#retrieveFile(rest)
    if (scheme === 'yaml') return { text: rest, source: undefined, emptyIsText: false }
    if (scheme !== undefined && rest.startsWith('-') && envName.test(scheme)) {
      throw new BadReference(`a default needs "env:": \${env:${scheme}:-…}`)
    }
    const name = body.split(':')[0]
    throw new BadReference(`"\${${name}:…}" is none of env, file and yaml; "$$" is a single "$"`)
  }

  #retrieveEnv(rest: string): Retrieved {
    const cut = rest.indexOf(':-')
    const name = cut < 0 ? rest : rest.slice(0, cut)
    if (!envName.test(name)) {
      throw new BadReference(`"${name}" is not the name of a variable; "$$" is a single "$"`)
    }
    const value = Object.hasOwn(this.#options.env, name) ? this.#options.env[name] : undefined
    if (value !== undefined) return { text: value, source: undefined, emptyIsText: false }
    if (cut >= 0) return { text: rest.slice(cut + 2), source: undefined, emptyIsText: true }
    this.warnings.push(
      problemAt(
        this.#origin,
        this.#path,
        `environment variable "${name}" is not set; the value is empty`,
        `\${env:${name}:-default} gives a default`,
      ),
    )
    return { text: '', source: undefined, emptyIsText: false }
  }

  #retrieveFile(path: string): Retrieved {
    try {
      const text = this.#options.readFile(path)
      // Editors and `kubectl create secret` end files with a line break that nobody means.
      return {
        text: text.replace(/\r?\n$/, ''),
        source: new Source(path, text),
        emptyIsText: false,
      }
    } catch (error) {
      throw new BadReference(`cannot read "${path}": ${messageOf(error)}`)
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Where the reference whose body begins at the key ends, for every one that does. In one pass, however deep they nest. */
function endsOfReferences(text: string): ReadonlyMap<number, number> {
  const ends = new Map<number, number>()
  const open: number[] = []
  for (const { 0: brace, index } of text.matchAll(/\$\{|\}/g)) {
    if (brace !== '}') open.push(index + 2)
    else {
      const start = open.pop()
      if (start !== undefined) ends.set(start, index)
    }
  }
  return ends
}

/**
 * Whether a reference begins that does not end. The collector takes it for text, which is never meant; `${` with
 * anything else behind it stays text.
 */
function isUnclosed(text: string, ends: ReadonlyMap<number, number>): boolean {
  for (const { 1: dollars = '', index } of text.matchAll(/(\$+)\{(?:env|file|yaml):/g)) {
    const isEscaped = dollars.length % 2 === 0
    if (!isEscaped && !ends.has(index + dollars.length + 1)) return true
  }
  return false
}

/**
 * A value that came in by a reference belongs to the place of the reference: a line of a secret must never show.
 * Maps and lists of a file keep their own lines, so that their mistakes can be found.
 */
function relocate(
  node: ConfigNode | undefined,
  text: string,
  origin: Origin,
  deep: boolean,
): ConfigNode {
  if (node === undefined) return createScalar(null, text, origin, true)
  if (node.kind === 'scalar') {
    // The collector takes a text as it is, quotes included; only other types are read from the YAML.
    return createScalar(typeof node.value === 'string' ? text : node.value, text, origin, true)
  }
  if (!deep) return node
  if (node.kind === 'list') {
    return createList(
      node.items.map((item) => inPlace(item, origin)),
      origin,
    )
  }
  return inPlace(node, origin)
}

function inPlace(node: ConfigNode, origin: Origin): ConfigNode {
  if (node.kind === 'scalar') return createScalar(node.value, node.text, origin, true)
  if (node.kind === 'list') {
    return createList(
      node.items.map((item) => inPlace(item, origin)),
      origin,
    )
  }
  const entries = new Map<string, Entry>()
  for (const [key, entry] of node.entries) {
    entries.set(key, { keyOrigin: origin, value: inPlace(entry.value, origin) })
  }
  return createMap(entries, origin)
}
