import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import { byteSize, duration, integer, type ObjectMetadata, parses } from '../../component/schema.ts'
import { templateExpr } from '../expr/template.ts'
import { common, condition, conditional, field } from '../options/schema.ts'

const { id, output, on_error } = common

const target = v.union(
  [v.string(), v.pipe(v.array(v.string()), v.minLength(1, 'must not be empty'))],
  'must be the id of an operator or a list of them',
)

const router = v.strictObject({
  type: v.literal('router'),
  id,
  on_error,
  routes: v.pipe(
    v.array(
      v.strictObject({
        expr: condition('Records for which this holds take the route.'),
        output: v.pipe(target, v.description('Where it leads.')),
        attributes: v.optional(
          v.pipe(
            v.record(
              v.string(),
              v.union([v.pipe(v.string(), parses(templateExpr)), v.number(), v.boolean()]),
            ),
            v.description('Added to records that take it; a text may hold expressions: `EXPR(…)`.'),
          ),
          {},
        ),
      }),
      'must be a list of routes',
    ),
    v.minLength(1, 'must have at least one route'),
    v.description('The first that holds is taken.'),
  ),
  default: v.optional(
    v.pipe(target, v.description('Where records without a route go; they are dropped without it.')),
  ),
})

const filter = v.strictObject({
  type: v.literal('filter'),
  id,
  output,
  on_error,
  expr: condition('Records for which this holds are dropped.'),
  drop_ratio: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.minValue(0, 'must be from 0 to 1'),
      v.maxValue(1, 'must be from 0 to 1'),
      v.description('How many of them: 0.9 keeps one in ten.'),
    ),
    1,
  ),
})

const recombine = v.pipe(
  v.strictObject({
    type: v.literal('recombine'),
    ...conditional,
    is_first_entry: v.optional(condition('Holds for the first record of a group.')),
    is_last_entry: v.optional(condition('Holds for the last record of a group.')),
    combine_field: field('The text that is put together.'),
    combine_with: v.optional(
      v.pipe(v.string('must be a string'), v.description('Put in between.')),
      '\n',
    ),
    source_identifier: v.optional(
      field('What tells groups apart that come mixed; the path of the file where it is not there.'),
      'attributes["log.file.path"]',
    ),
    max_batch_size: v.optional(
      v.pipe(integer(0), v.description('The most records of a group; 0 for no limit.')),
      1000,
    ),
    max_unmatched_batch_size: v.optional(
      v.pipe(
        integer(0),
        v.description('The most records that are put together without a match; 0 for no limit.'),
      ),
      100,
    ),
    max_log_size: v.optional(
      v.pipe(
        byteSize(),
        v.description(
          'The most bytes of a group; 0 for the 32MiB that all groups may have together.',
        ),
      ),
      0,
    ),
    max_sources: v.optional(
      v.pipe(integer(1), v.description('Groups at a time; then the oldest is given up.')),
      1000,
    ),
    force_flush_period: v.optional(
      v.pipe(duration(), v.description('Give up a group that has waited for so long.')),
      '5s',
    ),
    overwrite_with: v.optional(
      v.pipe(
        v.picklist(['oldest', 'newest', ''], 'must be "oldest" or "newest"'),
        v.description('Whose other fields the result has.'),
      ),
      'oldest',
    ),
  }),
  rule(
    ['is_first_entry', 'is_last_entry'],
    (r) => (r.is_first_entry === undefined) !== (r.is_last_entry === undefined),
    'must have either is_first_entry or is_last_entry',
  ),
  v.metadata({ unsupported: [] } satisfies ObjectMetadata),
)

export const flowSchemas = [router, filter, recombine] as const
