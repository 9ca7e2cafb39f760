import type { Pattern } from '../../regex/pattern.ts'
import { setKey, type Values } from '../entry.ts'
import type { Field } from '../field.ts'
import { OperatorError } from '../operator-error.ts'
import { type Embedded, Parser } from './parser.ts'

export class RegexParser extends Parser {
  readonly pattern: Pattern
  readonly #groups: readonly number[]
  readonly #names: readonly string[]

  constructor(pattern: Pattern, from: Field, to: Field, embedded: Embedded) {
    super(from, to, embedded)
    this.pattern = pattern
    const groups: number[] = []
    const names: string[] = []
    for (const [index, name] of pattern.groupNames.entries()) {
      if (name === undefined) continue
      groups.push(index)
      names.push(name)
    }
    this.#groups = groups
    this.#names = names
  }

  protected parse(text: string): Values {
    const match = this.pattern.exec(text)
    if (match === null) throw new OperatorError('the pattern does not match')
    const values: Values = {}
    const groups = this.#groups
    for (let index = 0; index < groups.length; index++) {
      // A group that took no part is an empty string, as in the collector.
      setKey(values, this.#names[index] as string, match[groups[index] as number] ?? '')
    }
    return values
  }
}
