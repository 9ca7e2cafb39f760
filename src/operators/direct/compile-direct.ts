import type { Work } from '../chain.ts'
import { Recombine } from '../flow/recombine.ts'
import type { FieldReader, Joiner, Operator } from '../operator.ts'
import { ContainerParser } from '../parsers/container.ts'
import { JsonParser } from '../parsers/json.ts'
import { RegexParser } from '../parsers/regex.ts'
import type { OperatorConfig } from '../schema.ts'
import { SeverityParser } from '../severity.ts'
import { TimeParser } from '../time.ts'
import { compileBodyTest } from './body-test.ts'
import { DirectChain, type DirectParser, Wanted } from './direct-chain.ts'
import { DirectContainer } from './direct-container.ts'
import { DirectJson } from './direct-json.ts'
import type { DirectStage } from './direct-path.ts'
import { DirectRecombine } from './direct-recombine.ts'
import { DirectRecords } from './direct-records.ts'
import { DirectRegex } from './direct-regex.ts'

/**
 * The short way for operators that follow each other, if they have one: those that join lines, then a parser and what reads
 * what it found. `works[i]` is of `configs[i]`; `last`: what comes behind all of them.
 */
export function compileDirect(
  works: readonly Work[],
  configs: readonly OperatorConfig[],
  last: DirectStage | undefined,
): DirectStage | undefined {
  const joins = works.findIndex(({ kind }) => kind !== 'join')
  const front = joins < 0 ? works.length : joins
  let stage = last ?? directRecords(works.slice(front))
  for (let index = front - 1; index >= 0 && stage !== undefined; index--) {
    const work = works[index] as Work
    const config = configs[index] as OperatorConfig
    stage = work.kind === 'join' ? directJoin(work.joiner, config, index, stage) : undefined
  }
  return stage
}

function directJoin(
  joiner: Joiner,
  config: OperatorConfig,
  operator: number,
  next: DirectStage,
): DirectStage | undefined {
  // Its text is that of a line, not what another operator made.
  if (joiner instanceof ContainerParser && operator === 0) {
    return new DirectContainer(joiner, operator, next)
  }
  if (!(joiner instanceof Recombine) || config.type !== 'recombine') return undefined
  const { is_first_entry: first, is_last_entry: last } = config
  const { combineField } = joiner.settings
  if (combineField.root !== 'body' || combineField.keys.length > 0) return undefined
  const isFirst = first === undefined ? undefined : compileBodyTest(first)
  const isLast = last === undefined ? undefined : compileBodyTest(last)
  if (isFirst === undefined && isLast === undefined) return undefined
  return new DirectRecombine(joiner, operator, { isFirst, isLast }, next)
}

/** A record for each text: by a parser and what reads what it found, or the text alone. */
function directRecords(works: readonly Work[]): DirectStage | undefined {
  if (works.length === 0) return new DirectRecords(undefined)
  const operators = works.flatMap((work) => (work.kind === 'edit' ? [work.operator] : []))
  const chain = operators.length === works.length ? directChain(operators) : undefined
  return chain && new DirectRecords(chain)
}

/** A parser of the body into attributes, then readers of those. */
function directChain(operators: readonly Operator[]): DirectChain | undefined {
  const [parser, ...others] = operators
  if (!(parser instanceof JsonParser || parser instanceof RegexParser)) return undefined
  if (parser.from.root !== 'body' || parser.from.keys.length > 0) return undefined
  if (parser.to.root !== 'attributes' || parser.to.keys.length > 0) return undefined
  if (parser.embedded.others.length > 0 || parser.embedded.body !== undefined) return undefined
  const readers: FieldReader[] = []
  for (const reader of [...parser.embedded.readers, ...others]) {
    if (!(reader instanceof TimeParser || reader instanceof SeverityParser)) return undefined
    if (reader.from.root !== 'attributes' || reader.from.keys.length !== 1) return undefined
    readers.push(reader)
  }
  const byKey = new Map<string, Wanted>()
  const wanted = readers.map(({ from }) => {
    const key = from.keys[0] as string
    const known = byKey.get(key) ?? new Wanted(key)
    byKey.set(key, known)
    return known
  })
  const direct = directParser(parser, [...byKey.values()])
  return direct && new DirectChain(direct, readers, wanted)
}

function directParser(
  parser: JsonParser | RegexParser,
  wanted: readonly Wanted[],
): DirectParser | undefined {
  if (parser instanceof JsonParser) return new DirectJson(wanted, parser.wholeAsInts)
  const { onePass, groupNames } = parser.pattern
  return onePass && new DirectRegex(onePass, groupNames, wanted)
}
