import { createRequire } from 'node:module'
import type { Matcher, RE2JS } from 're2js'
import { type Cost, costOf, isAnchored, staysInLine } from './cost.ts'
import { emitPattern } from './emit.ts'
import { compileOnePass, type OnePass } from './one-pass.ts'
import { type Parsed, parsePattern } from './parse.ts'
import { describeError, PatternError } from './pattern-error.ts'

/*
 * Patterns of a configuration, in the syntax of RE2 (Go), on text that anybody may have written. No text may take longer
 * than in proportion to its length, so a backtracking engine is out of the question, unless it can be shown to be harmless:
 *
 *   RE2 source → tree → cost (cost.ts) → V8, for texts on which the cost stays below a million steps (a few milliseconds)
 *                                      → re2js otherwise: linear, and some twenty times slower
 *
 * Most patterns for logs (`^(?P<ip>\S+) (?P<user>[^ ]*) …`) have only choices that one character decides: linear in V8 too.
 */
const stepsMax = 1_000_000
// V8 keeps some bytes for each choice it could come back to.
const v8TextMax = 1_000_000

export interface Pattern {
  readonly source: string
  /** By number; 0 is the whole match. Undefined for groups without a name. */
  readonly groupNames: readonly (string | undefined)[]
  /** The same pattern for bytes, where one byte decides each of its choices. */
  readonly onePass: OnePass | undefined
  test(text: string): boolean
  /** The whole match and the groups; undefined for a group that took no part. */
  exec(text: string): readonly (string | undefined)[] | null
  /** Puts the bounds of the first match at or after `from` into `found`, and those of a group behind them; -1: it took no part. */
  search(text: string, from: number, found: number[], group?: number): boolean
}

/** Throws a PatternError with position and reason. */
export function compilePattern(source: string): Pattern {
  try {
    return choosePattern(source)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // The stack is full.
    throw new PatternError(source, 'is not a pattern (RE2 syntax): it nests too deep')
  }
}

function choosePattern(source: string): Pattern {
  const parsed = parsePattern(source)
  const cost = parsed === undefined ? undefined : costOf(parsed.node)
  if (parsed === undefined || cost === undefined) return new LinearPattern(source)
  const degree = cost.degree + (isAnchored(parsed.node) ? 0 : 1)
  return new BudgetedPattern(source, parsed, textMax({ degree, factor: cost.factor }))
}

/** The longest text that stays within the steps. */
function textMax({ degree, factor }: Cost): number {
  if (degree === 0) return v8TextMax
  return Math.min(v8TextMax, Math.floor((stepsMax / factor) ** (1 / (1 + degree))))
}

/** V8 for texts on which it is harmless, RE2 for longer ones. */
class BudgetedPattern implements Pattern {
  readonly source: string
  readonly groupNames: readonly (string | undefined)[]
  readonly onePass: OnePass | undefined
  readonly #regExp: RegExp
  readonly #global: RegExp
  readonly #textMax: number
  readonly #staysInLine: boolean
  #linear: LinearPattern | undefined
  #places: RegExp | undefined
  /** The line of `#text` in which the last search ended: of the many matches of a long line none looks for its ends anew. */
  #text = ''
  #lineStart = 0
  #line = ''

  constructor(source: string, parsed: Parsed, longest: number) {
    this.source = source
    this.groupNames = parsed.groupNames
    this.onePass = compileOnePass(parsed)
    const translated = emitPattern(parsed.node)
    this.#regExp = new RegExp(translated, 'u')
    this.#global = new RegExp(translated, 'gu')
    this.#textMax = longest
    this.#staysInLine = staysInLine(parsed.node)
  }

  test(text: string): boolean {
    return text.length <= this.#textMax ? this.#regExp.test(text) : this.#slow().test(text)
  }

  exec(text: string): readonly (string | undefined)[] | null {
    return text.length <= this.#textMax ? this.#regExp.exec(text) : this.#slow().exec(text)
  }

  search(text: string, from: number, found: number[], group = 0): boolean {
    if (text.length <= this.#textMax) return this.#searchIn(text, from, 0, found, group)
    if (!this.#staysInLine) return this.#slow().search(text, from, found, group)
    let lineStart = this.#lineAt(text, from)
    while (lineStart <= text.length) {
      const line = this.#line
      const start = Math.max(0, from - lineStart)
      const matched =
        line.length <= this.#textMax
          ? this.#searchIn(line, start, lineStart, found, group)
          : this.#slow().searchShifted(line, start, lineStart, found, group)
      if (matched) return true
      lineStart = this.#beginLine(text, lineStart + line.length + 1)
    }
    this.#text = ''
    this.#line = ''
    return false
  }

  /** Where the line of `from` begins. */
  #lineAt(text: string, from: number): number {
    const start = this.#lineStart
    if (text === this.#text && from >= start && from <= start + this.#line.length) return start
    this.#text = text
    return this.#beginLine(text, from === 0 ? 0 : text.lastIndexOf('\n', from - 1) + 1)
  }

  #beginLine(text: string, start: number): number {
    const newline = text.indexOf('\n', start)
    this.#lineStart = start
    this.#line = text.slice(start, newline < 0 ? text.length : newline)
    return start
  }

  #searchIn(text: string, from: number, shift: number, found: number[], group: number): boolean {
    // Only where they are asked for: V8 notes the places of groups at several times the price.
    const regExp = group === 0 ? this.#global : this.#withPlaces()
    regExp.lastIndex = characterAt(text, from)
    const match = regExp.exec(text)
    if (match === null) return false
    found[0] = shift + match.index
    found[1] = shift + regExp.lastIndex
    if (group === 0) return true
    const [start, end] = match.indices?.[group] ?? [-1, -1]
    found[2] = start < 0 ? -1 : shift + start
    found[3] = end < 0 ? -1 : shift + end
    return true
  }

  #withPlaces(): RegExp {
    this.#places ??= new RegExp(this.#global.source, 'dgu')
    return this.#places
  }

  #slow(): LinearPattern {
    this.#linear ??= new LinearPattern(this.source)
    return this.#linear
  }
}

/** Behind the character in the middle of which `at` is: V8 would go back to its beginning, and so never on. */
function characterAt(text: string, at: number): number {
  if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00 || at === 0) return at
  return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 ? at + 1 : at
}

// Loaded when a pattern needs it first, which most never do: it costs 11 ms and 3 MiB. The bundler has its own `require`.
function linearEngine(): typeof import('re2js') {
  return typeof require === 'function' ? require('re2js') : createRequire(import.meta.url)('re2js')
}

/** RE2 itself. */
class LinearPattern implements Pattern {
  readonly source: string
  readonly groupNames: readonly (string | undefined)[]
  readonly onePass = undefined
  readonly #re2: RE2JS
  /** Of the last search that found something: to make one takes as long as the text is. */
  #matcher: Matcher | undefined
  #text = ''

  constructor(source: string) {
    this.source = source
    const engine = linearEngine()
    try {
      this.#re2 = engine.RE2JS.compile(source)
    } catch (error) {
      if (error instanceof engine.RE2JSSyntaxException)
        throw new PatternError(source, describeError(source, error))
      throw error
    }
    const names: (string | undefined)[] = new Array(this.#re2.groupCount() + 1).fill(undefined)
    for (const [name, index] of Object.entries(this.#re2.namedGroups()))
      names[index as number] = name
    this.groupNames = names
  }

  test(text: string): boolean {
    return this.#re2.test(text)
  }

  exec(text: string): readonly (string | undefined)[] | null {
    const matcher = this.#re2.matcher(text)
    if (!matcher.find()) return null
    const groups: (string | undefined)[] = []
    for (let index = 0; index < this.groupNames.length; index++) {
      groups.push(matcher.group(index) ?? undefined)
    }
    return groups
  }

  search(text: string, from: number, found: number[], group = 0): boolean {
    return this.searchShifted(text, from, 0, found, group)
  }

  searchShifted(
    text: string,
    from: number,
    shift: number,
    found: number[],
    group: number,
  ): boolean {
    const matcher = this.#matcherOf(text)
    if (!matcher.find(characterAt(text, from))) {
      this.#matcher = undefined
      this.#text = ''
      return false
    }
    found[0] = shift + matcher.start()
    found[1] = shift + matcher.end()
    if (group === 0) return true
    const start = matcher.start(group)
    found[2] = start < 0 ? -1 : shift + start
    found[3] = start < 0 ? -1 : shift + matcher.end(group)
    return true
  }

  #matcherOf(text: string): Matcher {
    if (this.#matcher === undefined || text !== this.#text) {
      this.#matcher = this.#re2.matcher(text)
      this.#text = text
    }
    return this.#matcher
  }
}
