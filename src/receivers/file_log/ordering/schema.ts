import * as v from 'valibot'
import { rule } from '../../../component/rule.ts'
import { integer, parses } from '../../../component/schema.ts'
import { compileTimeFormat } from '../../../operators/time.ts'
import { findTimeZone } from '../../../operators/time-zone.ts'
import { pattern } from '../../../regex/schema.ts'

const sortRule = v.pipe(
  v.strictObject({
    sort_type: v.pipe(
      v.picklist(
        ['numeric', 'alphabetical', 'timestamp', 'mtime'],
        'must be one of numeric, alphabetical, timestamp, mtime',
      ),
      v.description('What the part is; `mtime` is the time of the last change and needs no part.'),
    ),
    regex_key: v.optional(
      v.pipe(v.string('must be a string'), v.description('The group of `regex` to compare by.')),
      '',
    ),
    ascending: v.optional(
      v.pipe(v.boolean('must be true or false'), v.description('The smallest first.')),
      false,
    ),
    layout: v.optional(
      v.pipe(
        v.string('must be a string'),
        parses((layout) => compileTimeFormat('strptime', layout, 'UTC')),
        v.description('How a timestamp looks, e.g. `%Y%m%d`.'),
      ),
    ),
    location: v.optional(
      v.pipe(
        v.string('must be a string'),
        parses(findTimeZone),
        v.description('The time zone of a timestamp.'),
      ),
      'UTC',
    ),
  }),
  rule(
    ['sort_type', 'regex_key'],
    (r) => r.sort_type === 'mtime' || r.regex_key !== '',
    'needs a regex_key',
  ),
  rule(
    ['sort_type', 'layout'],
    (r) => r.sort_type !== 'timestamp' || r.layout !== undefined,
    'needs a layout',
  ),
)

export const orderingCriteria = v.pipe(
  v.strictObject({
    regex: v.optional(
      v.pipe(pattern(), v.description('Finds the parts in the path; others are left out.')),
    ),
    group_by: v.optional(
      v.pipe(
        pattern(),
        v.description(
          'Files are chosen for each text of the first group of this pattern; others are left out.',
        ),
      ),
    ),
    top_n: v.optional(v.pipe(integer(1), v.description('How many files are read.')), 1),
    sort_by: v.optional(
      v.pipe(
        v.array(sortRule),
        v.description(
          'How to compare files; the first rule counts most. Without one, all are read.',
        ),
      ),
      [],
    ),
  }),
  rule(
    ['regex', 'sort_by'],
    (o) => o.regex !== undefined || o.sort_by.every(({ sort_type }) => sort_type === 'mtime'),
    'needs a regex',
  ),
  rule(
    ['regex', 'sort_by'],
    ({ regex = '', sort_by }) =>
      sort_by.every(({ regex_key: key }) => key === '' || regex.includes(`<${key}>`)),
    'has a regex_key that is no group of the regex',
  ),
)

export type OrderingConfig = v.InferOutput<typeof orderingCriteria>
