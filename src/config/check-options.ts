import * as v from 'valibot'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { nearest } from '../errors/suggest.ts'
import { type ConfigNode, childOf, kindOf, nodeAt, originAt, type Path } from './node.ts'
import { prepare } from './prepare.ts'
import { problemAt } from './problem.ts'
import type { Schema } from './shape.ts'

export interface CheckedOptions {
  /** The parsed options; undefined if there are problems. */
  readonly config: unknown
  readonly problems: readonly ConfigProblem[]
}

interface Issue {
  readonly issue: v.BaseIssue<unknown>
  readonly path: Path
}

/** Validates the part of the document at `path` against a schema. All mistakes at once. */
export function checkOptions(schema: Schema, root: ConfigNode, path: Path): CheckedOptions {
  const node = nodeAt(root, path)
  if (node === undefined) return { config: undefined, problems: [] }
  const problems: ConfigProblem[] = []
  let plain = prepare(schema, node, path, problems)
  let result = v.safeParse(schema, plain)
  // `${env:PORT}` is a number; where the option wants a string it gets the text, as in the collector. Each round
  // settles at least one value, and a second may come to light only then.
  for (let round = 0; !result.success && round < 3; round++) {
    const wanted = leafIssues(result.issues, []).filter(({ issue, path: below }) => {
      const target = nodeAt(node, below)
      return wantsString(issue) && target?.kind === 'scalar' && target.expanded
    })
    if (wanted.length === 0) break
    for (const { path: below } of wanted) plain = withText(plain, node, below)
    result = v.safeParse(schema, plain)
  }
  if (!result.success) problems.push(...newProblems(result.issues, root, path, problems))
  return { config: result.success && problems.length === 0 ? result.output : undefined, problems }
}

function newProblems(
  issues: readonly v.BaseIssue<unknown>[],
  root: ConfigNode,
  path: Path,
  known: readonly ConfigProblem[],
): ConfigProblem[] {
  const found: ConfigProblem[] = []
  for (const { issue, path: below } of leafIssues(issues, [])) {
    const at = [...path, ...below]
    // One slip of the pen is one problem, not two.
    const meant = `did you mean "${at.at(-1)}"?`
    const isMisspelt = known.some(
      (problem) => problem.suggestion === meant && isWithin(problem.path, at.slice(0, -1)),
    )
    if (isMisspelt && nodeAt(root, at) === undefined) continue
    // Of what has a problem already, valibot saw only a part.
    if (known.some((problem) => isWithin(at, problem.path))) continue
    // The alternative that is a map took the list for one; what the others say of it comes too.
    if (known.length > 0 && takesListForMap(root, at)) continue
    found.push(toProblem(issue, root, at))
  }
  return found
}

function takesListForMap(root: ConfigNode, path: Path): boolean {
  return path.some(
    (key, index) => typeof key === 'string' && nodeAt(root, path.slice(0, index))?.kind === 'list',
  )
}

function isWithin(path: Path, above: Path): boolean {
  return above.every((key, index) => String(key) === String(path[index]))
}

/** The issues of a union are those of the alternative that got furthest, if any got below the union itself. */
function leafIssues(issues: readonly v.BaseIssue<unknown>[], above: Path): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...(issue.path ?? []).map(({ key }) => key as string | number)]
    const below = (issue.issues ?? []).filter((nested) => (nested.path?.length ?? 0) > 0)
    return below.length === 0 ? [{ issue, path }] : leafIssues(below, path)
  })
}

function wantsString(issue: v.BaseIssue<unknown>): boolean {
  // Nothing behind an option is its default, not an empty text.
  if (issue.kind !== 'schema' || issue.input === undefined) return false
  if (typeof issue.input === 'string') return false
  return issue.expected === null || /string|Object|"/.test(issue.expected)
}

function withText(value: unknown, node: ConfigNode, path: Path): unknown {
  if (path.length === 0) return node.kind === 'scalar' ? node.text : value
  const [key, ...rest] = path as [string | number, ...(string | number)[]]
  const child = childOf(node, key)
  if (child === undefined || typeof value !== 'object' || value === null) return value
  const below = withText((value as Record<string, unknown>)[key], child, rest)
  if (Array.isArray(value)) return value.with(Number(key), below)
  return { ...value, [key]: below }
}

function toProblem(issue: v.BaseIssue<unknown>, root: ConfigNode, path: Path): ConfigProblem {
  const node = nodeAt(root, path)
  if (issue.received === 'undefined' && issue.kind === 'schema' && isMissing(issue)) {
    return problemAt(originAt(root, path, 'key'), path, 'is required')
  }
  const message = messageOf(issue, node)
  const hint = hintFor(issue, node, message)
  const isLong = hint?.startsWith('did you mean') === true && literalsOf(issue.expected).length > 12
  const shown = isLong ? 'is not one of those that are known' : message
  return problemAt(originAt(root, path, 'value'), path, shown, hint)
}

/** Booleans of YAML 1.1, which the collector reads as texts as well. */
const spokenBooleans: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'on', 'y'].map((word) => [word, true] as const),
  ...['no', 'off', 'n'].map((word) => [word, false] as const),
])

function isDuration({ input }: v.BaseIssue<unknown>, message: string): boolean {
  return typeof input === 'number' && input > 0 && message.startsWith('must be a duration')
}

function hintFor(
  issue: v.BaseIssue<unknown>,
  node: ConfigNode | undefined,
  message: string,
): string | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined
  if (issue.expected === 'Array') return 'put [ ] around it'
  const options = literalsOf(issue.expected)
  if (typeof node.value === 'string') {
    const spoken =
      issue.expected === 'boolean' ? spokenBooleans.get(node.value.toLowerCase()) : undefined
    if (spoken !== undefined) return `"${node.value}" is a text here; write ${spoken}`
    const near = nearest(node.value, options)
    return near === undefined ? undefined : `did you mean "${near}"?`
  }
  if (isDuration(issue, message)) return `a number needs its unit, e.g. ${node.text}s`
  // The value may be a secret, and is not repeated.
  const isTextThere = options.includes(node.text) || message.startsWith('must be a string')
  return isTextThere ? 'put it in quotes' : undefined
}

/** valibot says so either at the key that is missing, or at the value that is undefined. */
function isMissing(issue: v.BaseIssue<unknown>): boolean {
  return issue.path?.at(-1)?.origin === 'key' || issue.input === undefined
}

/** The message that the schema gives, or one made from what valibot expected. Values are never repeated. */
function messageOf(issue: v.BaseIssue<unknown>, node: ConfigNode | undefined): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message
  const expected = issue.expected ?? ''
  if (expected === 'never') return 'cannot stand here'
  if (issue.kind === 'schema') {
    const wanted = wordsOf(expected)
    return literalsOf(issue.expected).length > 0 || node === undefined
      ? `must be ${wanted}`
      : `must be ${wanted}, not ${kindOf(node)}`
  }
  if (issue.type === 'integer') return 'must be a whole number'
  if (expected.startsWith('>=')) return `must be at least ${expected.slice(2)}`
  if (expected.startsWith('<=')) return `must be at most ${expected.slice(2)}`
  if (expected.startsWith('>')) return `must be more than ${expected.slice(1)}`
  if (expected.startsWith('<')) return `must be less than ${expected.slice(1)}`
  if (expected === '!0') return 'must not be empty'
  return `is not a valid ${issue.type.replaceAll('_', ' ')}`
}

const words: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  Array: 'a list',
  Object: 'a map',
  null: 'empty',
}

/** `("a" | "b")` → `one of "a", "b"`; `(string | Array)` → `a string or a list`. */
function wordsOf(expected: string): string {
  const literals = literalsOf(expected)
  const others = parts(expected)
    .filter((part) => !part.startsWith('"'))
    .map((part) => words[part] ?? part)
  const listed = literals.map((literal) => `"${literal}"`).join(', ')
  if (literals.length > 1) return ['one of '.concat(listed), ...new Set(others)].join(' or ')
  return [...(literals.length === 1 ? [listed] : []), ...new Set(others)].join(' or ')
}

function literalsOf(expected: string | null): string[] {
  return parts(expected ?? '')
    .filter((part) => part.startsWith('"'))
    .map((part) => part.slice(1, -1))
}

function parts(expected: string): string[] {
  return expected.replaceAll(/[()]/g, '').split(' | ')
}
