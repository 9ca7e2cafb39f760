import type { FieldReader, Operator } from '../operator.ts'
import { JsonParser } from '../parsers/json.ts'
import { RegexParser } from '../parsers/regex.ts'
import { SeverityParser } from '../severity.ts'
import { TimeParser } from '../time.ts'
import { DirectChain, type DirectParser, Wanted } from './direct-chain.ts'
import { DirectJson } from './direct-json.ts'
import { DirectRegex } from './direct-regex.ts'

/** The short way for operators that have one: a parser of the body into attributes, then readers of those. */
export function compileDirect(operators: readonly Operator[]): DirectChain | undefined {
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
