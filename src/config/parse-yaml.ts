import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { ConfigProblem } from '../errors/config-problem.ts'
import {
  type ConfigNode,
  createList,
  createMap,
  createScalar,
  type Entry,
  isNull,
  mergeNodes,
} from './node.ts'
import { problemAt } from './problem.ts'
import { resolvePlainScalar } from './scalar.ts'
import { type Origin, placeOf, type Source } from './source.ts'

/** What all aliases and merge keys together may unfold to. A large real file has some thousand values. */
const maxValues = 100_000
/** No configuration is nested deeper by hand; it keeps every recursive walk off the end of the stack. */
export const maxDepth = 100
/** Names that JavaScript objects treat specially. Refused, so that nothing is ever silently lost. */
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export interface ParsedYaml {
  /** Undefined where the text is empty, or too broken to go on with. */
  readonly node: ConfigNode | undefined
  readonly problems: readonly ConfigProblem[]
}

/**
 * Reads one YAML text. All problems are reported, syntax or not, one for a line at most: one slip of the indentation
 * makes the parser complain several times.
 */
export function parseYaml(source: Source): ParsedYaml {
  // The library only builds the syntax tree: its unique-key check is quadratic, its alias resolution walks the whole
  // document for each alias, and its scalar rules are not those of the collector.
  const { document, errors } = compose(source.text)
  if (document === undefined || errors.length > 0) {
    return { node: undefined, problems: syntaxProblems(source, errors) }
  }
  if (document.contents === null) return { node: undefined, problems: [] }
  const builder = new TreeBuilder(source)
  const node = builder.build(document.contents as Node)
  return { node: builder.broken ? undefined : node, problems: builder.problems }
}

interface Composed {
  /** Undefined where the text is nested too deep. */
  readonly document: Document.Parsed | undefined
  readonly errors: readonly SyntaxError[]
}

function compose(text: string): Composed {
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false } as const
  const errors: SyntaxError[] = []
  let document: Document.Parsed | undefined
  for (const one of new Composer(options).compose(tokens(text, errors), true, text.length)) {
    if (document !== undefined) {
      const [start, end] = one.range
      errors.push({ code: 'MULTIPLE_DOCS', message: '', pos: [start, end] })
      break
    }
    document = one
  }
  // What was cut off within its brackets has errors of its own, which nobody made.
  return errors.some(({ code }) => code === tooDeep)
    ? { document: undefined, errors }
    : { document, errors: [...(document?.errors ?? []), ...errors] }
}

/**
 * Ends early, with an error, where the text is nested far deeper than a configuration may be: the library's time for
 * nested collections grows with the square of the depth, and what comes of them is walked by recursion.
 */
function* tokens(text: string, errors: SyntaxError[]): Generator<CST.Token> {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > 2 * maxDepth) {
      errors.push({ code: tooDeep, message: '', pos: [parser.offset, parser.offset] })
      return
    }
  }
  yield* parser.end()
}

interface SyntaxError {
  readonly code: string
  readonly message: string
  readonly pos: readonly [number, number]
}

const tooDeep = 'TOO_DEEP'

const friendlier: Readonly<Record<string, string>> = {
  [tooDeep]: `nested too deep; the limit is ${maxDepth} levels`,
  TAB_AS_INDENT: 'a tab indents this line; YAML allows only spaces',
  BAD_ALIAS: '"*" and "&" begin an alias or an anchor; put it in quotes if it is meant as a text',
  MULTIPLE_DOCS: 'a second document begins; one configuration is one document',
  BLOCK_AS_IMPLICIT_KEY:
    'a second ":" on the line; put the value in quotes, or the key on a line of its own',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; is the indentation right?',
}

function syntaxProblems(source: Source, errors: readonly SyntaxError[]): ConfigProblem[] {
  const byLine = new Map<number, ConfigProblem>()
  for (const { code, message, pos } of errors) {
    const problem = problemAt(
      { source, start: pos[0], end: pos[1] },
      [],
      `YAML: ${friendlier[code] ?? message.charAt(0).toLowerCase() + message.slice(1)}`,
    )
    const line = problem.place?.line ?? 0
    if (!byLine.has(line)) byLine.set(line, problem)
  }
  return [...byLine.values()]
}

class TreeBuilder {
  readonly problems: ConfigProblem[] = []
  /** Set where going on would repeat the same problem or take too long. */
  broken = false
  readonly #source: Source
  readonly #anchors = new Map<string, ConfigNode>()
  readonly #path: (string | number)[] = []
  #values = 0

  constructor(source: Source) {
    this.#source = source
  }

  build(node: Node | null | undefined): ConfigNode {
    if (!node) return createScalar(null, '', this.#originOf(node))
    if (isAlias(node)) return this.#buildAlias(node.source, this.#originOf(node))
    if (this.#path.length >= maxDepth) {
      this.#breakOff(this.#originOf(node), `is nested too deep; the limit is ${maxDepth} levels`)
    }
    const built = this.broken ? createScalar(null, '', this.#originOf(node)) : this.#buildOwn(node)
    if ('anchor' in node && node.anchor) this.#anchors.set(node.anchor, built)
    return built
  }

  #buildOwn(node: Node): ConfigNode {
    this.#spend(1, this.#originOf(node))
    if (isMap(node)) return this.#buildMap(node)
    if (isSeq(node)) return this.#buildList(node)
    return isScalar(node) ? this.#buildScalar(node) : createScalar(null, '', this.#originOf(node))
  }

  /** An alias shares the node it names, so it costs nothing here; what it would unfold to is counted. */
  #buildAlias(name: string, origin: Origin): ConfigNode {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      const hint = 'put it in quotes if it is meant as a text'
      this.#report(origin, `alias "*${name}" has no anchor "&${name}" before it`, hint)
      return createScalar(null, '', origin)
    }
    this.#spend(target.size, origin)
    return target
  }

  #buildMap(map: YAMLMap): ConfigNode {
    const entries = new Map<string, Entry>()
    const merged: ConfigNode[] = []
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      if (this.broken) break
      const keyOrigin = this.#originOf(pair.key)
      const key = this.#keyOf(pair.key, keyOrigin)
      if (key === undefined) continue
      this.#path.push(key)
      const value = this.build(pair.value)
      if (key === '<<') merged.push(value)
      else entries.set(key, this.#joinTwice(entries.get(key), { keyOrigin, value }))
      this.#path.pop()
    }
    for (const value of merged) this.#merge(value, entries)
    return createMap(entries, this.#originOf(map))
  }

  /** Of a key that is written twice, the check goes on with both: a second `exporters:` has exporters, too. */
  #joinTwice(first: Entry | undefined, second: Entry): Entry {
    if (first === undefined) return second
    const { line } = placeOf(first.keyOrigin)
    this.#report(second.keyOrigin, `is written twice; first on line ${line}`)
    if (isNull(first.value)) return second
    return second.value.kind === 'map'
      ? { ...first, value: mergeNodes(first.value, second.value) }
      : first
  }

  /** `<<: *base` and `<<: [*a, *b]`: keys of the map itself win, then the earlier maps. */
  #merge(value: ConfigNode, entries: Map<string, Entry>): void {
    const maps = value.kind === 'list' ? value.items : [value]
    for (const map of maps) {
      if (this.broken) return
      if (map.kind !== 'map') {
        this.#report(map.origin, 'only a map, or a list of maps, can be merged with "<<"')
        continue
      }
      this.#spend(map.size, map.origin)
      for (const [key, entry] of map.entries) {
        if (!entries.has(key)) entries.set(key, entry)
      }
    }
  }

  #buildList(list: YAMLSeq): ConfigNode {
    const items: ConfigNode[] = []
    for (const [index, item] of (list.items as (Node | null)[]).entries()) {
      if (this.broken) break
      this.#path.push(index)
      items.push(this.build(item))
      this.#path.pop()
    }
    return createList(items, this.#originOf(list))
  }

  #buildScalar(node: Scalar): ConfigNode {
    const origin = this.#originOf(node)
    const text = String(node.value ?? '')
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!')
    switch (tag) {
      case undefined:
        return createScalar(node.type === 'PLAIN' ? resolvePlainScalar(text) : text, text, origin)
      case '!':
      case '!!str':
        return createScalar(text, text, origin)
      case '!!int':
      case '!!float':
      case '!!bool':
      case '!!null':
        return createScalar(resolvePlainScalar(text), text, origin)
      default:
        this.#report(origin, `has the YAML tag "${tag}", which means nothing here`)
        return createScalar(text, text, origin)
    }
  }

  #keyOf(node: Node | null, origin: Origin): string | undefined {
    const target = isAlias(node) ? this.#anchors.get(node.source) : undefined
    const text = isScalar(node)
      ? String(node.value ?? '')
      : target?.kind === 'scalar'
        ? target.text
        : undefined
    if (text === undefined || text === '') {
      this.#report(origin, 'a key must be a text')
      return undefined
    }
    if (reservedKeys.has(text)) {
      this.#report(origin, `"${text}" cannot be used as a key`)
      return undefined
    }
    if (isScalar(node) && node.anchor) {
      this.#anchors.set(node.anchor, createScalar(text, text, origin))
    }
    return text
  }

  #spend(values: number, origin: Origin): void {
    this.#values += values
    if (this.#values > maxValues) {
      this.#breakOff(origin, `aliases unfold to more than ${maxValues} values`)
    }
  }

  #breakOff(origin: Origin, message: string): void {
    if (this.broken) return
    this.broken = true
    this.#report(origin, message)
  }

  #report(origin: Origin, message: string, hint?: string): void {
    this.problems.push(problemAt(origin, [...this.#path], message, hint))
  }

  #originOf(node: Node | null | undefined): Origin {
    const range = node?.range
    return { source: this.#source, start: range?.[0] ?? 0, end: range?.[1] ?? 0 }
  }
}
