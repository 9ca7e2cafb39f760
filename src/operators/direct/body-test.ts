import { compilePattern } from '../../regex/pattern.ts'
import { Entry } from '../entry.ts'
import { compileCondition } from '../expr/compile.ts'
import { type Token, tokenize } from '../expr/lexer.ts'

/** A condition on the bytes `[start, end)` of a line. Throws an OperatorError, as the condition itself does. */
export type BodyTest = (bytes: Buffer, start: number, end: number) => boolean

/** What a line alone does not tell. */
const others = new Set(['attributes', 'resource', 'severity_text', 'severity_number', 'timestamp'])

/** A condition that needs no more than the body; undefined for others. */
export function compileBodyTest(source: string): BodyTest | undefined {
  const tokens = tokenize(source)
  if (tokens.some(({ kind, text }) => kind === 'name' && others.has(text))) return undefined
  const condition = compileCondition(source)
  const entry = new Entry()
  const onText: BodyTest = (bytes, start, end) => {
    entry.body = bytes.toString('utf8', start, end)
    return condition(entry)
  }
  return matchOnly(tokens, onText) ?? onText
}

/** Fast path: `body matches "…"`, as most of them are, makes no string of a line where the bytes decide. */
function matchOnly(tokens: readonly Token[], onText: BodyTest): BodyTest | undefined {
  const [subject, ...rest] = tokens
  const isNegated = rest[0]?.kind === 'name' && rest[0].text === 'not'
  const [operator, pattern, end] = isNegated ? rest.slice(1) : rest
  const isMatch =
    subject?.kind === 'name' &&
    (subject.text === 'body' || subject.text === '$') &&
    operator?.kind === 'name' &&
    operator.text === 'matches' &&
    end?.kind === 'end'
  if (!isMatch || pattern?.kind !== 'string') return undefined
  const { onePass } = compilePattern(pattern.text)
  if (onePass === undefined) return undefined
  return (bytes, start, end) => {
    const outcome = onePass.exec(bytes, start, end)
    return outcome === 'unsure' ? onText(bytes, start, end) : (outcome === 'match') !== isNegated
  }
}
