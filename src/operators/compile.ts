import type { Clock } from '../component/clock.ts'
import type { Logger, Meter } from '../component/telemetry.ts'
import { compilePattern } from '../regex/pattern.ts'
import { Chain, type OnDropped, type Step, type Work } from './chain.ts'
import { compileParser } from './compile-parser.ts'
import { compileDirect } from './direct/compile-direct.ts'
import type { DirectStage } from './direct/direct-path.ts'
import { Add, AssignKeys, Flatten, Move, Noop, Remove, Retain, TextEdit } from './edits.ts'
import type { Value } from './entry.ts'
import { compileCondition, compileExpr, type Expr, mentionsAttributes } from './expr/compile.ts'
import { templateExpr } from './expr/template.ts'
import { parseField } from './field.ts'
import { Recombine } from './flow/recombine.ts'
import { Filter, Router } from './flow/router.ts'
import type { Operator } from './operator.ts'
import { ContainerParser } from './parsers/container.ts'
import { planOperators } from './plan.ts'
import { exprOf, type OperatorConfig } from './schema.ts'
import { ansiPattern, compileReplace, unquote } from './text-edits.ts'

/** Steps that come with the receiver, in front of its operators. What they cannot handle goes on. */
export interface Leading {
  readonly steps: readonly {
    /** Its name in logs, metrics and the attribute of a failure. */
    readonly type: string
    readonly work: Work
  }[]
  /** The short way of all of them, if no operator comes behind; `at` is the index of the first. */
  direct(at: number): DirectStage
}

const none: Leading['steps'] = []

/**
 * The operators of a configuration that was checked, ready to run. `leading` comes first, but behind a `container` at
 * the front: before that a line is not one of the program yet.
 */
export function compileOperators(
  configs: readonly OperatorConfig[],
  meter: Meter,
  logger: Logger,
  clock: Clock,
  onDropped: OnDropped,
  leading?: Leading,
): Chain {
  const at = configs[0]?.type === 'container' ? 1 : 0
  const all = [...configs.slice(0, at), ...(leading?.steps ?? none), ...configs.slice(at)]
  const links = planOperators(all)
  const steps = all.map((config, index): Step => {
    const { name, outputs, routes } = links[index] as (typeof links)[number]
    const labels = { operator: name }
    const condition = 'if' in config ? config.if : undefined
    return {
      name,
      outputs: outputs.map((target) => (target === all.length ? -1 : target)),
      routes,
      work: 'work' in config ? config.work : compileWork(config, meter, name, clock),
      condition: condition === undefined ? undefined : compileCondition(condition),
      onError: 'on_error' in config ? config.on_error : 'send',
      errors: meter.counter('remora_operator_errors', labels),
      dropped: meter.counter('remora_operator_dropped', labels),
    }
  })
  return new Chain(steps, directOf(steps, configs, at, leading), logger, onDropped)
}

/** Only for a plain line of operators, each for every record; those of a preset must be the last. */
function directOf(
  steps: readonly Step[],
  configs: readonly OperatorConfig[],
  at: number,
  leading: Leading | undefined,
): DirectStage | undefined {
  const isLine = steps.every(({ condition, outputs }, index) => {
    const next = index + 1 === steps.length ? -1 : index + 1
    return condition === undefined && outputs.length === 1 && outputs[0] === next
  })
  if (!isLine || (leading !== undefined && configs.length > at)) return undefined
  const works = steps.slice(0, configs.length).map(({ work }) => work)
  return compileDirect(works, configs, leading?.direct(at))
}

function compileWork(config: OperatorConfig, meter: Meter, name: string, clock: Clock): Work {
  const filtered = () => meter.counter('remora_operator_filtered', { operator: name })
  switch (config.type) {
    case 'router': {
      const routes = config.routes.map(({ expr, attributes }) => ({
        condition: compileCondition(expr),
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([key, value]) => [key, compileTemplate(value)]),
        ),
      }))
      const router = new Router(routes, config.default !== undefined)
      return { kind: 'switch', router, filtered: filtered() }
    }
    case 'filter': {
      const gate = new Filter(compileCondition(config.expr), config.drop_ratio, Math.random)
      return { kind: 'gate', gate, filtered: filtered() }
    }
    case 'recombine':
      return { kind: 'join', joiner: compileRecombine(config) }
    case 'container':
      return {
        kind: 'join',
        joiner: new ContainerParser({
          format: config.format === '' ? 'auto' : config.format,
          addMetadataFromPath: config.add_metadata_from_filepath,
          maxLogSizeBytes: config.max_log_size,
        }),
      }
    default:
      return { kind: 'edit', operator: compileEdit(config, clock) }
  }
}

function compileTemplate(value: string | number | boolean): Expr {
  const expr = typeof value === 'string' ? templateExpr(value) : undefined
  return expr === undefined ? () => value : compileExpr(expr)
}

function compileRecombine(config: Extract<OperatorConfig, { type: 'recombine' }>): Recombine {
  const { is_first_entry: first, is_last_entry: last } = config
  return new Recombine({
    isFirst: first === undefined ? undefined : compileCondition(first),
    isLast: last === undefined ? undefined : compileCondition(last),
    combineField: parseField(config.combine_field),
    combineWith: config.combine_with,
    sourceIdentifier: parseField(config.source_identifier),
    maxBatchSize: config.max_batch_size,
    maxUnmatchedBatchSize: config.max_unmatched_batch_size,
    maxLogSizeBytes: config.max_log_size,
    maxSources: config.max_sources,
    forceFlushPeriodMs: config.force_flush_period,
    overwriteWith: config.overwrite_with === 'newest' ? 'newest' : 'oldest',
  })
}

type EditConfig = Exclude<OperatorConfig, { type: 'router' | 'filter' | 'recombine' | 'container' }>

function compileEdit(config: EditConfig, clock: Clock): Operator {
  switch (config.type) {
    case 'move':
    case 'copy':
      return new Move(parseField(config.from), parseField(config.to), config.type === 'copy')
    case 'add': {
      const expr = exprOf(config.value)
      return new Add(
        parseField(config.field),
        config.value as Value,
        expr === undefined ? undefined : compileExpr(expr),
        expr !== undefined && mentionsAttributes(expr) ? [parseField('attributes')] : [],
      )
    }
    case 'remove':
      return new Remove(parseField(config.field))
    case 'retain':
      return new Retain(config.fields.map(parseField))
    case 'flatten':
      return new Flatten(parseField(config.field))
    case 'assign_keys':
      return new AssignKeys(parseField(config.field), config.keys)
    case 'unquote':
      return new TextEdit(parseField(config.field), unquote)
    case 'regex_replace': {
      const pattern = compilePattern(config.regex ?? ansiPattern)
      return new TextEdit(parseField(config.field), compileReplace(pattern, config.replace_with))
    }
    case 'strip_ansi_escape_codes':
      return new TextEdit(parseField(config.field), compileReplace(compilePattern(ansiPattern), ''))
    case 'noop':
      return new Noop()
    default:
      return compileParser(config, clock)
  }
}
