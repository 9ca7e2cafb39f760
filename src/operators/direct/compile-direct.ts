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
import type { DirectJoin, DirectPath } from './direct-path.ts'
import { DirectRecombine } from './direct-recombine.ts'
import { DirectRegex } from './direct-regex.ts'

/** The short way of a line of operators, one of the two or none. */
export interface Direct {
  readonly path?: DirectPath | undefined
  readonly join?: DirectJoin | undefined
}

/** The short way for operators that have one. `joiner`: what `config` made, in front of `operators`. */
export function compileDirect(
  joiner: Joiner | undefined,
  config: OperatorConfig | undefined,
  operators: readonly Operator[],
): Direct {
  const path = operators.length === 0 ? undefined : directChain(operators)
  if (joiner === undefined) return { path }
  if (operators.length > 0 && path === undefined) return {}
  if (joiner instanceof ContainerParser) return { path: new DirectContainer(joiner, path) }
  if (joiner instanceof Recombine && config?.type === 'recombine') {
    return { join: directRecombine(joiner, config, path) }
  }
  return {}
}

function directRecombine(
  joiner: Recombine,
  config: Extract<OperatorConfig, { type: 'recombine' }>,
  next: DirectPath | undefined,
): DirectJoin | undefined {
  const { is_first_entry: first, is_last_entry: last } = config
  const { combineField } = joiner.settings
  if (combineField.root !== 'body' || combineField.keys.length > 0) return undefined
  const isFirst = first === undefined ? undefined : compileBodyTest(first)
  const isLast = last === undefined ? undefined : compileBodyTest(last)
  if (isFirst === undefined && isLast === undefined) return undefined
  return new DirectRecombine(joiner, { isFirst, isLast }, next)
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
