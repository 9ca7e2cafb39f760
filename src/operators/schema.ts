import * as v from 'valibot'
import { placeOf, rule } from '../component/rule.ts'
import { pattern } from '../regex/schema.ts'
import { compileExpr } from './expr/compile.ts'
import { flowSchemas } from './flow/schema.ts'
import { conditional, field } from './options/schema.ts'
import { parserSchemas } from './parsers/schema.ts'
import { findLinkProblems } from './plan.ts'

const move = (type: 'move' | 'copy') =>
  v.strictObject({
    type: v.literal(type),
    ...conditional,
    from: field('The source.'),
    to: field('The target.'),
  })

/** The expression in `EXPR(…)`, or undefined. */
export function exprOf(value: unknown): string | undefined {
  return typeof value === 'string' ? /^EXPR\((.*)\)$/s.exec(value)?.[1] : undefined
}

const add = v.strictObject({
  type: v.literal('add'),
  ...conditional,
  field: field('Where the value goes.'),
  value: v.pipe(
    v.unknown(),
    v.rawCheck(({ dataset, addIssue }) => {
      const source = exprOf(dataset.value)
      if (source === undefined) return
      try {
        compileExpr(source)
      } catch (error) {
        addIssue({ message: (error as Error).message })
      }
    }),
    v.description('The value: a text, number, boolean, list or map, or `EXPR(…)`.'),
  ),
})

const remove = v.strictObject({
  type: v.literal('remove'),
  ...conditional,
  field: field('What to take out.'),
})

const retain = v.strictObject({
  type: v.literal('retain'),
  ...conditional,
  fields: v.pipe(
    v.array(field('A field.'), 'must be a list of fields'),
    v.minLength(1, 'must name at least one field'),
    v.description(
      'What stays; of body, attributes and resource only those that are named lose anything.',
    ),
  ),
})

const flatten = v.strictObject({
  type: v.literal('flatten'),
  ...conditional,
  field: v.pipe(
    field('The map whose members move up to its place.'),
    v.check(
      (text) => !/^\$?(?:attributes|resource)$/.test(text),
      'must be below attributes or resource',
    ),
  ),
})

const assignKeys = v.strictObject({
  type: v.literal('assign_keys'),
  ...conditional,
  field: field('The list.'),
  keys: v.pipe(
    v.array(v.string(), 'must be a list of names'),
    v.minLength(1, 'must not be empty'),
    v.description('Names of its items.'),
  ),
})

const unquote = v.strictObject({
  type: v.literal('unquote'),
  ...conditional,
  field: field('The quoted text.'),
})

const regexReplace = v.pipe(
  v.strictObject({
    type: v.literal('regex_replace'),
    ...conditional,
    field: field('The text.'),
    regex: v.optional(v.pipe(pattern(), v.description('What to replace. RE2 syntax.'))),
    regex_name: v.optional(
      v.pipe(
        v.picklist(['ansi_control_sequences'], 'must be "ansi_control_sequences"'),
        v.description('A pattern by its name, instead of `regex`.'),
      ),
    ),
    replace_with: v.optional(
      v.pipe(v.string('must be a string'), v.description('The replacement; `$1` is a group.')),
      '',
    ),
  }),
  rule(
    ['regex', 'regex_name'],
    (r) => (r.regex === undefined) !== (r.regex_name === undefined),
    'must have either regex or regex_name',
  ),
)

const stripAnsi = v.strictObject({
  type: v.literal('strip_ansi_escape_codes'),
  ...conditional,
  field: v.optional(field('The text.'), 'body'),
})

const noop = v.strictObject({ type: v.literal('noop'), ...conditional })

const operator = v.variant('type', [
  ...parserSchemas,
  ...flowSchemas,
  move('move'),
  move('copy'),
  add,
  remove,
  retain,
  flatten,
  assignKeys,
  unquote,
  regexReplace,
  stripAnsi,
  noop,
])

type Operators = v.InferOutput<typeof operator>[]

// A thousand are more than anybody writes, and few enough to follow the ways between them at once.
const operatorsMax = 1000

export const operators = v.pipe(
  v.array(operator, 'must be a list of operators'),
  v.maxLength(operatorsMax, `must be ${operatorsMax} operators at most`),
  v.rawCheck(({ dataset, addIssue }) => {
    if ((dataset.value as Operators).length > operatorsMax) return
    if (!dataset.typed && (dataset.issues ?? []).some(isOfLinks)) return
    for (const { path, message } of findLinkProblems(dataset.value as Operators)) {
      const [operator, ...option] = path.map(placeOf)
      if (operator !== undefined) addIssue({ message, path: [operator, ...option] })
    }
  }),
)

const linking: ReadonlySet<unknown> = new Set(['type', 'id', 'output', 'routes', 'default'])

/** Whether it keeps the ways between operators from being seen; what is wrong elsewhere in one does not. */
function isOfLinks({ path }: v.BaseIssue<unknown>): boolean {
  return path?.[1] === undefined || linking.has(path[1].key)
}

export type OperatorConfig = v.InferOutput<typeof operator>
