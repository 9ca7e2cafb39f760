import type { Clock } from '../component/clock.ts'
import { compilePattern } from '../regex/pattern.ts'
import { type Field, parseField } from './field.ts'
import type { FieldReader, Operator } from './operator.ts'
import type { SeverityConfig, TimestampConfig } from './options/schema.ts'
import { CsvParser } from './parsers/csv.ts'
import { JsonArrayParser, JsonParser } from './parsers/json.ts'
import { KeyValueParser } from './parsers/key-value.ts'
import type { Embedded } from './parsers/parser.ts'
import { RegexParser } from './parsers/regex.ts'
import { SyslogParser } from './parsers/syslog.ts'
import { ScopeNameParser, TraceParser } from './parsers/trace.ts'
import { UriParser } from './parsers/uri.ts'
import type { OperatorConfig } from './schema.ts'
import { SeverityMapping, SeverityParser } from './severity.ts'
import { compileTimeFormat, TimeParser } from './time.ts'

type TextParserType =
  | 'json_parser'
  | 'json_array_parser'
  | 'csv_parser'
  | 'key_value_parser'
  | 'regex_parser'
  | 'syslog_parser'
  | 'uri_parser'
type ReaderType = 'severity_parser' | 'time_parser' | 'trace_parser' | 'scope_name_parser'
type TextParserConfig = Extract<OperatorConfig, { type: TextParserType }>
type ParserConfig = Extract<OperatorConfig, { type: TextParserType | ReaderType }>

export function compileParser(config: ParserConfig, clock: Clock): Operator {
  switch (config.type) {
    case 'severity_parser':
      return compileSeverity(config)
    case 'time_parser':
      return compileTime(config, clock)
    case 'trace_parser':
      return compileTrace(config)
    case 'scope_name_parser':
      return new ScopeNameParser(parseField(config.parse_from))
    default:
      return compileTextParser(config, clock)
  }
}

function compileTextParser(config: TextParserConfig, clock: Clock): Operator {
  const from = parseField(config.parse_from)
  const to = parseField(config.parse_to)
  const extra = embedded(config, clock)
  switch (config.type) {
    case 'json_parser':
      return new JsonParser(from, to, extra, config.parse_ints !== false)
    case 'json_array_parser':
      return new JsonArrayParser(from, to, extra, config.header?.split(','))
    case 'csv_parser':
      return new CsvParser(from, to, extra, {
        delimiter: config.delimiter,
        headerDelimiter: config.header_delimiter ?? config.delimiter,
        lazyQuotes: config.lazy_quotes,
        ignoreQuotes: config.ignore_quotes,
        header: config.header,
        headerAttribute: config.header_attribute,
      })
    case 'key_value_parser':
      return new KeyValueParser(from, to, extra, config.delimiter, config.pair_delimiter)
    case 'regex_parser':
      return new RegexParser(compilePattern(config.regex), from, to, extra)
    case 'syslog_parser':
      return new SyslogParser(from, to, extra, {
        protocol: config.protocol,
        location: config.location,
        allowSkipPri: config.allow_skip_pri_header,
        octetCounting: config.enable_octet_counting,
        octetsMax: config.max_octets,
        nowMs: () => clock.nowMs(),
      })
    case 'uri_parser':
      return new UriParser(from, to, extra)
  }
}

function embedded(config: TextParserConfig, clock: Clock): Embedded {
  const { timestamp, severity, trace, scope_name: scopeName, body } = config
  const readers: FieldReader[] = []
  if (timestamp !== undefined) readers.push(compileTime(timestamp, clock))
  if (severity !== undefined) readers.push(compileSeverity(severity))
  if (scopeName !== undefined) readers.push(new ScopeNameParser(parseField(scopeName.parse_from)))
  const others: Operator[] = []
  if (trace !== undefined) others.push(compileTrace(trace))
  return { readers, others, body: body === undefined ? undefined : parseField(body) }
}

type TraceConfig = Pick<
  Extract<OperatorConfig, { type: 'trace_parser' }>,
  'trace_id' | 'span_id' | 'trace_flags'
>

function compileTrace(config: TraceConfig): Operator {
  return new TraceParser(
    traceFields('trace_id', config.trace_id.parse_from),
    traceFields('span_id', config.span_id.parse_from),
    traceFields('trace_flags', config.trace_flags.parse_from),
  )
}

/** Where parsers leave it, here or in the collector. */
function traceFields(name: string, given: string | undefined): readonly Field[] {
  const places = given === undefined ? [`attributes.${name}`, `body.${name}`] : [given]
  return places.map(parseField)
}

function compileTime(config: TimestampConfig, clock: Clock): FieldReader {
  const format = compileTimeFormat(
    config.layout_type,
    config.layout,
    config.location,
    config.time_zone_locations,
  )
  return new TimeParser(parseField(config.parse_from), format, () => clock.nowMs())
}

function compileSeverity(config: SeverityConfig): FieldReader {
  const mapping = Object.fromEntries(
    Object.entries(config.mapping).map(([level, matches]) => [
      level,
      Array.isArray(matches) ? matches : [matches],
    ]),
  )
  return new SeverityParser(
    parseField(config.parse_from),
    new SeverityMapping(config.preset, mapping),
    config.overwrite_text,
  )
}
