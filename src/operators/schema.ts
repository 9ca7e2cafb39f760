import * as v from 'valibot'
import type { ObjectMetadata } from '../component/schema.ts'
import { compilePattern } from '../regex/pattern.ts'
import { parseField } from './field.ts'
import { severityNames } from './severity.ts'
import { compileTimeFormat } from './time.ts'
import { findTimeZone } from './time-zone.ts'

/** A check that says why `parse` threw. */
export function parses<T>(parse: (written: string) => T) {
  return v.rawCheck<string>(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      parse(dataset.value)
    } catch (error) {
      addIssue({ message: (error as Error).message })
    }
  })
}

/** A pattern in RE2 syntax. */
export const pattern = () => v.pipe(v.string('must be a pattern'), parses(compilePattern))

const field = (description: string) =>
  v.pipe(v.string('must be a field'), parses(parseField), v.description(description))

const common = {
  id: v.optional(v.pipe(v.string(), v.description('A name, for logs and metrics.'))),
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

const notYet = { unsupported: ['if', 'output'] } satisfies ObjectMetadata

const timeEntries = {
  layout: v.pipe(
    v.string('must be a string'),
    v.description('How times look, e.g. `%Y-%m-%d %H:%M:%S`.'),
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
      v.description('The time zone of times without one: `Local`, `UTC`, `Europe/Berlin`.'),
    ),
    'Local',
  ),
}

interface TimeInput {
  readonly layout: string
  readonly layout_type: 'strptime' | 'gotime' | 'epoch'
  readonly location: string
}

const layoutFits = <T extends TimeInput>() =>
  v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { layout, layout_type, location } = dataset.value
    try {
      compileTimeFormat(layout_type, layout, location)
    } catch (error) {
      addIssue({
        message: (error as Error).message,
        path: [
          {
            type: 'object',
            origin: 'value',
            input: dataset.value as never,
            key: 'layout',
            value: layout,
          },
        ],
      })
    }
  })

const timestamp = v.pipe(
  v.strictObject({ parse_from: field('Where the time stands.'), ...timeEntries }),
  layoutFits(),
)

const severityMatch = v.union(
  [v.string(), v.number(), v.strictObject({ min: v.number(), max: v.number() })],
  'must be a text, a number, a range {min, max} or a list of them',
)

const severityEntries = {
  preset: v.optional(
    v.pipe(
      v.picklist(['default', 'none', 'otel'], 'must be one of default, none, otel'),
      v.description(
        'What is known without a mapping: common names, nothing, or the numbers 1 to 24.',
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
            (name) => severityNames.includes(name),
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

const severity = v.strictObject({
  parse_from: field('Where the level stands.'),
  ...severityEntries,
})

const parser = {
  ...common,
  parse_from: v.optional(field('What to parse.'), 'body'),
  parse_to: v.optional(field('Where the result goes.'), 'attributes'),
  timestamp: v.optional(
    v.pipe(timestamp, v.description('Read the time of the record afterwards.')),
  ),
  severity: v.optional(v.pipe(severity, v.description('Read its level afterwards.'))),
}

const parserNotYet = {
  unsupported: [...notYet.unsupported, 'body', 'trace', 'scope_name'],
} satisfies ObjectMetadata

const jsonParser = v.pipe(
  v.strictObject({
    type: v.literal('json_parser'),
    ...parser,
    parse_ints: v.optional(
      v.pipe(
        v.boolean('must be true or false'),
        v.description(
          'Make integers of whole numbers, exact to 64 bits (so it is also without this option); `false` makes doubles of all numbers, as the collector does by default.',
        ),
      ),
    ),
  }),
  v.metadata(parserNotYet),
)

const regexParser = v.pipe(
  v.strictObject({
    type: v.literal('regex_parser'),
    ...parser,
    regex: v.pipe(
      pattern(),
      v.check(
        (source) => /\(\?P?</.test(source),
        'must have a named group such as (?P<level>\\w+)',
      ),
      v.description('The pattern; its named groups become attributes. RE2 syntax.'),
    ),
    cache: v.optional(
      v.pipe(
        v.strictObject({ size: v.optional(v.number(), 0) }),
        v.description("Accepted for the collector's files and not needed."),
      ),
    ),
  }),
  v.metadata(parserNotYet),
)

const severityParser = v.pipe(
  v.strictObject({
    type: v.literal('severity_parser'),
    ...common,
    parse_from: field('Where the level stands.'),
    ...severityEntries,
  }),
  v.metadata(notYet),
)

const timeParser = v.pipe(
  v.strictObject({
    type: v.literal('time_parser'),
    ...common,
    parse_from: field('Where the time stands.'),
    ...timeEntries,
  }),
  v.metadata(notYet),
  layoutFits(),
)

const move = (type: 'move' | 'copy') =>
  v.pipe(
    v.strictObject({
      type: v.literal(type),
      ...common,
      from: field('The source.'),
      to: field('The target.'),
    }),
    v.metadata(notYet),
  )

const add = v.pipe(
  v.strictObject({
    type: v.literal('add'),
    ...common,
    field: field('Where the value goes.'),
    value: v.pipe(
      v.unknown(),
      v.check(
        (value) => !/^EXPR\(/.test(String(value)),
        'an expression EXPR(…) is not supported yet',
      ),
      v.description('The value: a text, number, boolean, list or map.'),
    ),
  }),
  v.metadata(notYet),
)

const remove = v.pipe(
  v.strictObject({ type: v.literal('remove'), ...common, field: field('What to take out.') }),
  v.metadata(notYet),
)

const noop = v.pipe(v.strictObject({ type: v.literal('noop'), ...common }), v.metadata(notYet))

const operator = v.variant('type', [
  jsonParser,
  regexParser,
  severityParser,
  timeParser,
  move('move'),
  move('copy'),
  add,
  remove,
  noop,
])

export const operators = v.array(operator, 'must be a list of operators')

export type OperatorConfig = v.InferOutput<typeof operator>
export type TimestampConfig = v.InferOutput<typeof timestamp>
export type SeverityConfig = v.InferOutput<typeof severity>
