import * as v from 'valibot'
import { rules } from '../../component/rule.ts'
import { parses } from '../../component/schema.ts'
import { compileCondition } from '../expr/compile.ts'
import { parseField } from '../field.ts'
import { severityNameOf } from '../severity.ts'
import { compileTimeFormat } from '../time.ts'
import { findTimeZone } from '../time-zone.ts'

export const field = (description: string) =>
  v.pipe(v.string('must be a field'), parses(parseField), v.description(description))

export const condition = (description: string) =>
  v.pipe(v.string('must be an expression'), parses(compileCondition), v.description(description))

/** What every operator but filter and router has. */
export const common = {
  id: v.optional(
    v.pipe(
      v.string(),
      v.nonEmpty('must not be empty'),
      v.description('A name, for `output`, logs and metrics; the type without it.'),
    ),
  ),
  output: v.optional(
    v.pipe(
      v.union(
        [v.string(), v.pipe(v.array(v.string()), v.minLength(1, 'must not be empty'))],
        'must be the id of an operator or a list of them',
      ),
      v.description('The operators that come next; the one below without it.'),
    ),
  ),
  on_error: v.optional(
    v.pipe(
      v.picklist(
        ['send', 'send_quiet', 'drop', 'drop_quiet'],
        'must be one of send, send_quiet, drop, drop_quiet',
      ),
      v.description(
        'What becomes of a record that cannot be handled; `quiet` logs nothing. Always counted.',
      ),
    ),
    'send',
  ),
}

export const conditional = {
  ...common,
  if: v.optional(condition('Only records for which this expression holds; the others pass by.')),
}

export const timeEntries = {
  layout: v.pipe(
    v.string('must be a string'),
    v.description(
      'How times look, e.g. `%Y-%m-%d %H:%M:%S`. More is read than by the collector: names of months in short and in full for both, a leap second `:60` as the first one of the next minute, and `24:00:00` as the end of a day.',
    ),
  ),
  layout_type: v.optional(
    v.pipe(
      v.picklist(['strptime', 'gotime', 'epoch'], 'must be one of strptime, gotime, epoch'),
      v.description('The language of the layout.'),
    ),
    'strptime',
  ),
  location: v.optional(
    v.pipe(
      v.string('must be a string'),
      parses(findTimeZone),
      v.description(
        'The time zone of times without one: `Local`, `UTC`, `Europe/Berlin`. Without it `Local`, or `UTC` for a layout that ends with `Z`.',
      ),
    ),
    '',
  ),
  time_zone_locations: v.optional(
    v.pipe(
      v.record(v.string(), v.pipe(v.string('must be a string'), parses(findTimeZone))),
      v.description(
        'Time zones of abbreviations that the layout reads with `%Z` or `MST`: `IST: Asia/Kolkata`.',
      ),
    ),
    {},
  ),
}

interface TimeInput {
  readonly layout: string
  readonly layout_type: 'strptime' | 'gotime' | 'epoch'
  readonly location: string
  readonly time_zone_locations: Readonly<Record<string, string>>
}

export const layoutFits = <T extends TimeInput>() =>
  rules<T, keyof TimeInput>(
    ['layout', 'layout_type', 'location', 'time_zone_locations'],
    ({ layout, layout_type, location, time_zone_locations: zones }) => {
      try {
        compileTimeFormat(layout_type, layout, location, zones)
        return []
      } catch (error) {
        return [{ message: (error as Error).message, at: ['layout'] }]
      }
    },
  )

export const timestamp = v.pipe(
  v.strictObject({ parse_from: field('Where the time stands.'), ...timeEntries }),
  layoutFits(),
)

const severityMatch = v.union(
  [
    v.string(),
    v.number(),
    v.strictObject({
      min: v.pipe(v.number(), v.description('The first number of a range.')),
      max: v.pipe(v.number(), v.description('The last number of it.')),
    }),
  ],
  'must be a text, a number, a range {min, max} or a list of them',
)

export const severityEntries = {
  preset: v.optional(
    v.pipe(
      v.picklist(
        ['default', 'none', 'otel', 'aliases'],
        'must be one of default, none, otel, aliases',
      ),
      v.description(
        'What is known without a mapping. `otel` (or `aliases`): names such as `warn` and `error2` and the numbers 1 to 24. `default`: also common names such as `warning` and `crit`.',
      ),
    ),
    'default',
  ),
  mapping: v.optional(
    v.pipe(
      v.record(
        v.pipe(
          v.string(),
          v.check(
            (name) => severityNameOf(name) !== undefined,
            'must be a level: trace, debug, info, warn, error, fatal, or one with 2, 3 or 4 behind it',
          ),
        ),
        v.union([v.array(severityMatch), severityMatch]),
      ),
      v.description(
        'Texts, numbers and ranges that mean a level: `error: [err, 5xx, {min: 600, max: 699}]`.',
      ),
    ),
    {},
  ),
  overwrite_text: v.optional(
    v.pipe(
      v.boolean('must be true or false'),
      v.description('Write the name of the level as severity text.'),
    ),
    false,
  ),
}

export const severity = v.strictObject({
  parse_from: field('Where the level stands.'),
  ...severityEntries,
})

export type TimestampConfig = v.InferOutput<typeof timestamp>
export type SeverityConfig = v.InferOutput<typeof severity>
