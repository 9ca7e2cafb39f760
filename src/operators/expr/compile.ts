import { Bug } from '../../errors/bug.ts'
import { compilePattern } from '../../regex/pattern.ts'
import { Double } from '../../wire/otlp/any-value.ts'
import type { Entry, Value } from '../entry.ts'
import { OperatorError } from '../operator-error.ts'
import { callable } from './functions.ts'
import { ExprError, type Token, tokenize } from './lexer.ts'
import {
  compare,
  concat,
  contains,
  equal,
  includes,
  isWithin,
  member,
  numberOf,
  numbersFrom,
  part,
  textOf,
  truth,
} from './values.ts'

/*
 * Expressions of operators: the part of the language expr that people write in `if`, `expr`, `is_first_entry` and `EXPR()`.
 *
 *     expression → tokens → one closure for each operation, put together at the start; nothing is parsed for a record
 *
 * There are no loops and no functions of one's own, patterns must be written out, and lengths are bounded, so that an
 * expression takes time in proportion to the record. A mistake of types (`1 < "a"`) is an OperatorError.
 */
export type Expr = (entry: Entry) => Value

/** For `if` and the like: what is not a boolean is an OperatorError. */
export type Condition = (entry: Entry) => boolean

const sourceMax = 8192
const depthMax = 64

/** Throws an ExprError or PatternError with the reason. */
export function compileExpr(source: string): Expr {
  if (source.length > sourceMax) throw new ExprError('it is too long: it ends', sourceMax)
  return new Compiler(tokenize(source)).compile()
}

/** Whether an expression may look at attributes of the record, as far as its words tell. */
export function mentionsAttributes(source: string): boolean {
  return tokenize(source).some(({ kind, text }) => kind === 'name' && text === 'attributes')
}

export function compileCondition(source: string): Condition {
  const expr = compileExpr(source)
  return (entry) => truth(expr(entry))
}

/** Binary operators by how tightly they bind (the order is that of expr-lang); `**` binds to the right. */
const binding: Readonly<Record<string, number>> = {
  or: 2,
  '||': 2,
  and: 3,
  '&&': 3,
  '==': 4,
  '!=': 4,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  in: 4,
  matches: 4,
  contains: 4,
  startsWith: 4,
  endsWith: 4,
  '..': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
  '**': 8,
  '^': 8,
  '??': 9,
}

class Compiler {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0
  /** The bounds of those expressions that are ranges. */
  readonly #ranges = new Map<Expr, readonly [first: Expr, last: Expr]>()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  compile(): Expr {
    const expr = this.#ternary()
    const rest = this.#peek()
    if (rest.kind !== 'end') throw new ExprError(`unexpected ${describe(rest)}`, rest.at)
    return expr
  }

  #ternary(): Expr {
    if (++this.#depth > depthMax) throw new ExprError('it nests too deep', this.#peek().at)
    const condition = this.#binary(0)
    let expr = condition
    if (this.#take('?')) {
      const yes = this.#ternary()
      this.#need(':')
      const no = this.#ternary()
      expr = (entry) => (truth(condition(entry)) ? yes(entry) : no(entry))
    }
    this.#depth--
    return expr
  }

  #binary(least: number): Expr {
    let left = this.#unary()
    for (;;) {
      const token = this.#peek()
      const negated = token.text === 'not' && token.kind === 'name'
      const operator = negated ? (this.#tokens[this.#at + 1] as Token) : token
      const strength = operator.kind === 'string' ? undefined : own(binding, operator.text)
      if (strength === undefined || strength < least) return left
      if (negated && operator.kind !== 'name') return left
      this.#at += negated ? 2 : 1
      const expr = this.#operation(
        operator,
        left,
        operator.text === '**' || operator.text === '^' ? strength : strength + 1,
      )
      left = negated ? (entry) => !truth(expr(entry)) : expr
    }
  }

  #operation(operator: Token, left: Expr, least: number): Expr {
    if (operator.text === 'matches') return this.#matches(left)
    const right = this.#binary(least)
    switch (operator.text) {
      case '??':
        return (entry) => left(entry) ?? right(entry)
      case 'or':
      case '||':
        return (entry) => truth(left(entry)) || truth(right(entry))
      case 'and':
      case '&&':
        return (entry) => truth(left(entry)) && truth(right(entry))
      case '==':
        return (entry) => equal(left(entry), right(entry))
      case '!=':
        return (entry) => !equal(left(entry), right(entry))
      case '<':
        return (entry) => compare(left(entry), right(entry)) < 0
      case '>':
        return (entry) => compare(left(entry), right(entry)) > 0
      case '<=':
        return (entry) => compare(left(entry), right(entry)) <= 0
      case '>=':
        return (entry) => compare(left(entry), right(entry)) >= 0
      case 'in':
        return this.#in(left, right)
      case '..':
        return this.#range(left, right)
      case 'contains':
        return (entry) => contains(left(entry), right(entry))
      case 'startsWith':
        return (entry) => textOf(left(entry)).startsWith(textOf(right(entry)))
      case 'endsWith':
        return (entry) => textOf(left(entry)).endsWith(textOf(right(entry)))
      default:
        return arithmetic(operator.text, left, right)
    }
  }

  #in(left: Expr, right: Expr): Expr {
    const range = this.#ranges.get(right)
    if (range === undefined) return (entry) => includes(right(entry), left(entry))
    // Fast path: the numbers of a range need not be made.
    const [first, last] = range
    return (entry) => isWithin(left(entry), first(entry), last(entry))
  }

  #range(first: Expr, last: Expr): Expr {
    const range: Expr = (entry) => numbersFrom(first(entry), last(entry))
    this.#ranges.set(range, [first, last])
    return range
  }

  #matches(left: Expr): Expr {
    const token = this.#next()
    if (token.kind !== 'string') {
      throw new ExprError('the pattern of "matches" must be written out as a string', token.at)
    }
    const pattern = compilePattern(token.text)
    return (entry) => pattern.test(textOf(left(entry)))
  }

  #unary(): Expr {
    const token = this.#peek()
    if (token.kind === 'sign' && token.text === '!') return this.#not(this.#next(), 9)
    if (token.kind === 'name' && token.text === 'not') return this.#not(this.#next(), 4)
    if (token.kind === 'sign' && (token.text === '-' || token.text === '+')) {
      this.#at++
      // A power binds tighter than the sign in front of it.
      const operand = this.#nested(token, () => this.#binary(8))
      const sign = token.text === '-' ? -1 : 1
      return (entry) => sign * numberOf(operand(entry))
    }
    return this.#postfix(this.#primary())
  }

  #not(token: Token, least: number): Expr {
    const operand = this.#nested(token, () => (least === 9 ? this.#unary() : this.#binary(least)))
    return (entry) => !truth(operand(entry))
  }

  #nested(token: Token, parse: () => Expr): Expr {
    if (++this.#depth > depthMax) throw new ExprError('it nests too deep', token.at)
    const expr = parse()
    this.#depth--
    return expr
  }

  #postfix(base: Expr): Expr {
    let expr = base
    for (;;) {
      const object = expr
      if (this.#take('.') || this.#take('?.')) {
        const name = this.#next()
        if (name.kind !== 'name') throw new ExprError('a name must follow the dot', name.at)
        const key = name.text
        expr = (entry) => member(object(entry), key)
      } else if (this.#take('[')) expr = this.#index(object)
      else return expr
    }
  }

  /** `[key]`, or a part: `[from:to]`, of which either may be left out. */
  #index(object: Expr): Expr {
    const from = this.#isNext(':') ? undefined : this.#ternary()
    if (!this.#take(':')) {
      this.#need(']')
      const key = from as Expr
      return (entry) => member(object(entry), key(entry))
    }
    const to = this.#isNext(']') ? undefined : this.#ternary()
    this.#need(']')
    return (entry) => part(object(entry), from?.(entry), to?.(entry))
  }

  #primary(): Expr {
    const token = this.#next()
    switch (token.kind) {
      case 'number': {
        const number = Number(token.text)
        return () => number
      }
      case 'string':
        return () => token.text
      case 'name':
        return this.#name(token)
      case 'sign':
        return this.#bracket(token)
      case 'end':
        throw new ExprError('it ends too early', token.at)
      default:
        throw new Bug('a token of no kind')
    }
  }

  #bracket(token: Token): Expr {
    if (token.text === '(') {
      const inner = this.#ternary()
      this.#need(')')
      return inner
    }
    if (token.text === '[') {
      const items = this.#list(']')
      return (entry) => items.map((item) => item(entry))
    }
    throw new ExprError(`unexpected ${describe(token)}`, token.at)
  }

  #list(close: string): Expr[] {
    const items: Expr[] = []
    while (!this.#take(close)) {
      if (items.length > 0) this.#need(',')
      items.push(this.#ternary())
    }
    return items
  }

  #name(token: Token): Expr {
    if (this.#take('(')) return callable(token, this.#list(')'))
    switch (token.text) {
      case 'true':
        return () => true
      case 'false':
        return () => false
      case 'nil':
        return () => null
      case '$':
      case 'body':
        return (entry) => entry.body
      case 'attributes':
        return (entry) => entry.attributes
      case 'resource':
        return (entry) => entry.resource ?? entry.baseResource
      case 'severity_text':
        return (entry) => entry.severityText
      case 'severity_number':
        return (entry) => entry.severityNumber
      case 'timestamp':
        return (entry) => entry.timeUnixNano ?? null
      default:
        throw new ExprError(
          `unknown name "${token.text}" (known: body, attributes, resource, severity_text, severity_number, timestamp)`,
          token.at,
        )
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  #isNext(sign: string): boolean {
    const token = this.#peek()
    return token.kind === 'sign' && token.text === sign
  }

  #take(sign: string): boolean {
    if (!this.#isNext(sign)) return false
    this.#at++
    return true
  }

  #need(sign: string): void {
    const token = this.#peek()
    if (!this.#take(sign)) {
      throw new ExprError(`"${sign}" is missing in front of ${describe(token)}`, token.at)
    }
  }
}

/** A quotient or power is no integer, also where it is a whole number. */
function fractional(value: number): Value {
  return Number.isInteger(value) ? new Double(value) : value
}

function own(record: Readonly<Record<string, number>>, key: string): number | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end' : `"${token.text}"`
}

function arithmetic(operator: string, left: Expr, right: Expr): Expr {
  switch (operator) {
    case '+':
      return (entry) => concat(left(entry), right(entry))
    case '-':
      return (entry) => numberOf(left(entry)) - numberOf(right(entry))
    case '*':
      return (entry) => numberOf(left(entry)) * numberOf(right(entry))
    case '**':
    case '^':
      return (entry) => fractional(numberOf(left(entry)) ** numberOf(right(entry)))
    case '/':
      return (entry) => fractional(numberOf(left(entry)) / numberOf(right(entry)))
    case '%':
      return (entry) => {
        const divisor = numberOf(right(entry))
        if (divisor === 0) throw new OperatorError('the expression divides by zero')
        return numberOf(left(entry)) % divisor
      }
    default:
      throw new Bug(`no operator "${operator}"`)
  }
}
