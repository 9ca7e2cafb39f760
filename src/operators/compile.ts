import type { Clock } from '../component/clock.ts'
import type { Logger, Meter } from '../component/telemetry.ts'
import { compilePattern } from '../regex/pattern.ts'
import { Chain, type Step } from './chain.ts'
import { compileDirect } from './direct/compile-direct.ts'
import { Add, Move, Noop, Remove } from './edits.ts'
import type { Value } from './entry.ts'
import { parseField } from './field.ts'
import type { FieldReader, Operator } from './operator.ts'
import { type Embedded, JsonParser, RegexParser } from './parsers.ts'
import type { OperatorConfig, SeverityConfig, TimestampConfig } from './schema.ts'
import { SeverityMapping, SeverityParser } from './severity.ts'
import { compileTimeFormat, TimeParser } from './time.ts'

/** The operators of a configuration that was checked, ready to run. */
export function compileOperators(
  configs: readonly OperatorConfig[],
  meter: Meter,
  logger: Logger,
  clock: Clock,
): Chain {
  const steps = configs.map((config): Step => {
    const name = config.id ?? config.type
    return {
      name,
      operator: compileOperator(config, clock),
      onError: config.on_error,
      errors: meter.counter('remora_operator_errors', { operator: name }),
      dropped: meter.counter('remora_operator_dropped', { operator: name }),
    }
  })
  const direct = compileDirect(steps.map(({ operator }) => operator))
  return new Chain(steps, direct, logger)
}

function compileOperator(config: OperatorConfig, clock: Clock): Operator {
  switch (config.type) {
    case 'json_parser':
      return new JsonParser(
        parseField(config.parse_from),
        parseField(config.parse_to),
        embedded(config, clock),
        config.parse_ints !== false,
      )
    case 'regex_parser': {
      const { regex, parse_from, parse_to } = config
      return new RegexParser(
        compilePattern(regex),
        parseField(parse_from),
        parseField(parse_to),
        embedded(config, clock),
      )
    }
    case 'severity_parser':
      return compileSeverity(config)
    case 'time_parser':
      return compileTime(config, clock)
    case 'move':
    case 'copy':
      return new Move(parseField(config.from), parseField(config.to), config.type === 'copy')
    case 'add':
      return new Add(parseField(config.field), config.value as Value)
    case 'remove':
      return new Remove(parseField(config.field))
    case 'noop':
      return new Noop()
  }
}

interface ParserConfig {
  readonly timestamp?: TimestampConfig | undefined
  readonly severity?: SeverityConfig | undefined
}

function embedded(config: ParserConfig, clock: Clock): Embedded {
  const { timestamp, severity } = config
  return {
    timestamp: timestamp === undefined ? undefined : compileTime(timestamp, clock),
    severity: severity === undefined ? undefined : compileSeverity(severity),
  }
}

function compileTime(config: TimestampConfig, clock: Clock): FieldReader {
  const format = compileTimeFormat(config.layout_type, config.layout, config.location)
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
