import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import { byteSize, integer, type ObjectMetadata, parses } from '../../component/schema.ts'
import { pattern } from '../../regex/schema.ts'
import {
  conditional,
  field,
  layoutFits,
  severity,
  severityEntries,
  timeEntries,
  timestamp,
} from '../options/schema.ts'
import { findTimeZone } from '../time-zone.ts'

const flag = (description: string, fallback = false) =>
  v.optional(v.pipe(v.boolean('must be true or false'), v.description(description)), fallback)

const traceField = (name: string) =>
  v.optional(
    v.pipe(
      v.strictObject({
        parse_from: v.optional(
          field(`Where the ${name} stands. Without it: attributes.${name}, or else body.${name}.`),
        ),
      }),
      v.description(`The ${name} of the record.`),
    ),
    {},
  )

const traceEntries = {
  trace_id: traceField('trace_id'),
  span_id: traceField('span_id'),
  trace_flags: traceField('trace_flags'),
}

const parser = {
  ...conditional,
  parse_from: v.optional(field('What to parse.'), 'body'),
  parse_to: v.optional(field('Where the result goes.'), 'attributes'),
  timestamp: v.optional(
    v.pipe(timestamp, v.description('Read the time of the record afterwards.')),
  ),
  severity: v.optional(v.pipe(severity, v.description('Read its level afterwards.'))),
  trace: v.optional(
    v.pipe(
      v.strictObject(traceEntries),
      v.description('Read the ids of its trace and span afterwards.'),
    ),
  ),
  scope_name: v.optional(
    v.pipe(
      v.strictObject({ parse_from: field('Where the name stands.') }),
      v.description('Read the name of its scope afterwards.'),
    ),
  ),
  body: v.optional(field('What becomes the body afterwards.')),
}

const jsonParser = v.strictObject({
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
})

const jsonArrayParser = v.pipe(
  v.strictObject({
    type: v.literal('json_array_parser'),
    ...parser,
    parse_to: v.optional(field('Where the result goes.'), 'body'),
    header: v.optional(
      v.pipe(v.string('must be a string'), v.description('Names of the items, with commas.')),
    ),
  }),
  rule(
    ['parse_to', 'header'],
    (c) => c.header !== undefined || !isMapRoot(c.parse_to),
    'a list needs a name below it, such as attributes.items; or give names to its items with header',
    ['parse_to'],
  ),
)

/** Attributes and resource are maps always. */
const isMapRoot = (text: string) => /^\$?(?:attributes|resource)$/.test(text)

const oneCharacter = (description: string) =>
  v.pipe(
    v.string('must be a character'),
    v.check(
      (text) => [...text].length === 1 && text !== '"',
      'must be one character, and no quote',
    ),
    v.description(description),
  )

const csvParser = v.pipe(
  v.strictObject({
    type: v.literal('csv_parser'),
    ...parser,
    header: v.optional(
      v.pipe(v.string('must be a string'), v.description('Names of the columns, with delimiters.')),
    ),
    header_attribute: v.optional(
      v.pipe(
        v.string('must be a string'),
        v.description('The attribute that has the names of the columns, instead of `header`.'),
      ),
    ),
    delimiter: v.optional(oneCharacter('What stands between columns.'), ','),
    header_delimiter: v.optional(
      oneCharacter('What stands between names; as between columns without it.'),
    ),
    lazy_quotes: flag('Allow quotes inside of columns.'),
    ignore_quotes: flag('Quotes have no meaning.'),
  }),
  rule(
    ['header', 'header_attribute'],
    (c) => (c.header === undefined) !== (c.header_attribute === undefined),
    'must have either header or header_attribute',
  ),
  rule(
    ['header', 'delimiter', 'header_delimiter'],
    (c) =>
      c.header === undefined ||
      c.header.includes(c.header_delimiter ?? c.delimiter) ||
      !/[,;|:\t ]/.test(c.header),
    'has another delimiter than delimiter or header_delimiter says',
    ['header'],
  ),
  rule(
    ['lazy_quotes', 'ignore_quotes'],
    (c) => !(c.lazy_quotes && c.ignore_quotes),
    'must not have both lazy_quotes and ignore_quotes',
  ),
)

const keyValueParser = v.pipe(
  v.strictObject({
    type: v.literal('key_value_parser'),
    ...parser,
    delimiter: v.optional(
      v.pipe(
        v.string('must be a string'),
        v.nonEmpty('must not be empty'),
        v.description('What stands between key and value.'),
      ),
      '=',
    ),
    pair_delimiter: v.optional(
      v.pipe(
        v.string('must be a string'),
        v.description('What stands between pairs; any white space without it.'),
      ),
      '',
    ),
  }),
  rule(
    ['delimiter', 'pair_delimiter'],
    // Without it any white space stands between pairs.
    (c) => c.delimiter !== c.pair_delimiter && (c.pair_delimiter !== '' || /\S/.test(c.delimiter)),
    'delimiter and pair_delimiter must differ',
  ),
)

const regexParser = v.strictObject({
  type: v.literal('regex_parser'),
  ...parser,
  regex: v.pipe(
    pattern(),
    v.check((source) => /\(\?P?</.test(source), 'must have a named group such as (?P<level>\\w+)'),
    v.description('The pattern; its named groups become attributes. RE2 syntax.'),
  ),
  cache: v.optional(
    v.pipe(
      v.strictObject({
        size: v.optional(v.pipe(v.number(), v.description('How many results to keep.')), 0),
      }),
      v.description("Accepted for the collector's files and not needed."),
    ),
  ),
})

const uriParser = v.strictObject({ type: v.literal('uri_parser'), ...parser })

const syslogParser = v.pipe(
  v.strictObject({
    type: v.literal('syslog_parser'),
    ...parser,
    protocol: v.pipe(
      v.string('must be "rfc3164", "rfc5424" or "none"'),
      v.toLowerCase(),
      v.picklist(['rfc3164', 'rfc5424', 'none'], 'must be "rfc3164", "rfc5424" or "none"'),
      v.description('How lines look; `none` takes only the priority, if there is one.'),
    ),
    location: v.optional(
      v.pipe(
        v.string('must be a string'),
        parses(findTimeZone),
        v.description('The time zone of RFC 3164.'),
      ),
      'UTC',
    ),
    enable_octet_counting: flag('Each message has its length in front.'),
    max_octets: v.optional(
      v.pipe(integer(1), v.description('The largest length in front of a message.')),
      8192,
    ),
    non_transparent_framing_trailer: v.optional(
      v.pipe(
        v.picklist(['LF', 'NUL'], 'must be "LF" or "NUL"'),
        v.description("Accepted for the collector's files: both are left out behind a message."),
      ),
    ),
    allow_skip_pri_header: flag('Messages may have no priority.'),
  }),
  v.metadata({
    unsupported: ['preserve_trailing_whitespaces'],
  } satisfies ObjectMetadata),
)

const container = v.pipe(
  v.strictObject({
    type: v.literal('container'),
    ...conditional,
    format: v.optional(
      v.pipe(
        v.picklist(['', 'docker', 'crio', 'containerd'], 'must be one of docker, crio, containerd'),
        v.description('How the runtime writes lines; seen from each line without it.'),
      ),
      '',
    ),
    add_metadata_from_filepath: flag(
      'Take namespace, pod and container from the path into the resource.',
      true,
    ),
    max_log_size: v.optional(
      v.pipe(
        byteSize(),
        v.description(
          'Give up a line of several parts at this size; 0 for the 32MiB that all lines may have together.',
        ),
      ),
      '1MiB',
    ),
  }),
  v.metadata({
    unsupported: ['parse_from', 'parse_to', 'timestamp', 'severity', 'preserve_attributes'],
  } satisfies ObjectMetadata),
)

const severityParser = v.strictObject({
  type: v.literal('severity_parser'),
  ...conditional,
  parse_from: field('Where the level stands.'),
  ...severityEntries,
})

const timeParser = v.pipe(
  v.strictObject({
    type: v.literal('time_parser'),
    ...conditional,
    parse_from: field('Where the time stands.'),
    ...timeEntries,
  }),
  layoutFits(),
)

const traceParser = v.strictObject({
  type: v.literal('trace_parser'),
  ...conditional,
  ...traceEntries,
})

const scopeNameParser = v.strictObject({
  type: v.literal('scope_name_parser'),
  ...conditional,
  parse_from: v.optional(field('Where the name stands.'), 'body'),
})

export const parserSchemas = [
  jsonParser,
  jsonArrayParser,
  csvParser,
  keyValueParser,
  regexParser,
  syslogParser,
  uriParser,
  container,
  severityParser,
  timeParser,
  traceParser,
  scopeNameParser,
] as const
