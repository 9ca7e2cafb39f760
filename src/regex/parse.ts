import {
  anyChar,
  type CharSet,
  digits,
  foldCase,
  negate,
  newlineOnly,
  normalize,
  spaces,
  wordChars,
} from './char-set.ts'

/** The parts of a pattern. */
export type Node =
  | { readonly kind: 'set'; readonly set: CharSet }
  | {
      readonly kind: 'assert'
      readonly at: 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord'
    }
  | { readonly kind: 'cat'; readonly nodes: readonly Node[] }
  | { readonly kind: 'alt'; readonly nodes: readonly Node[] }
  | { readonly kind: 'capture'; readonly node: Node }
  | {
      readonly kind: 'repeat'
      readonly node: Node
      readonly min: number
      readonly max: number
      readonly lazy: boolean
    }

export interface Parsed {
  readonly node: Node
  /** By number; 0 is the whole match. Undefined for groups without a name. */
  readonly groupNames: readonly (string | undefined)[]
}

/** Thrown inside the parser for what it leaves to RE2: rare syntax, and every mistake. */
class NotKnown extends Error {}

interface Flags {
  readonly fold: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

const repeatMax = 1000

/** Letters are folded once, not in each word. Only ASCII is: no more than 128. */
const foldedLiterals = new Map<number, CharSet>()

/**
 * The common part of RE2's syntax as a tree. Undefined where a pattern uses anything else (Unicode classes, octal escapes,
 * the flag U, …) or is wrong: RE2 is the judge of that.
 */
export function parsePattern(source: string): Parsed | undefined {
  try {
    return new Parser(source).parse()
  } catch (error) {
    if (error instanceof NotKnown) return undefined
    throw error
  }
}

class Parser {
  readonly #source: string
  #at = 0
  #flags: Flags = { fold: false, multiline: false, dotAll: false }
  readonly #names: (string | undefined)[] = [undefined]

  constructor(source: string) {
    this.#source = source
  }

  parse(): Parsed {
    const node = this.#alternation()
    if (this.#at < this.#source.length) throw new NotKnown()
    return { node, groupNames: this.#names }
  }

  #alternation(): Node {
    const nodes: Node[] = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'alt', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#source.startsWith('\\Q', this.#at)) {
        nodes.push(...this.#quoted())
        continue
      }
      const atom = this.#atom()
      if (atom !== undefined) nodes.push(this.#repetition(atom))
    }
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'cat', nodes }
  }

  #quoted(): Node[] {
    const end = this.#source.indexOf('\\E', this.#at + 2)
    const text = this.#source.slice(this.#at + 2, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#source.length : end + 2
    // A repetition behind it would mean its last character.
    if (/[*+?{]/.test(this.#peek())) throw new NotKnown()
    return [...text].map((char) => this.#literal(char.codePointAt(0) as number))
  }

  #repetition(node: Node): Node {
    const bounds = this.#bounds()
    if (bounds === undefined) return node
    if (node.kind === 'assert') throw new NotKnown()
    const lazy = this.#take('?')
    if (this.#bounds() !== undefined) throw new NotKnown()
    return { kind: 'repeat', node, min: bounds[0], max: bounds[1], lazy }
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#take('?')) return [0, 1]
    const match = /^\{(\d{1,5})(?:(,)(\d{0,5}))?\}/.exec(
      this.#source.slice(this.#at, this.#at + 16),
    )
    if (match === null) return undefined
    const min = Number(match[1])
    const max =
      match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])
    if (
      min > repeatMax ||
      (max !== Number.POSITIVE_INFINITY && max > repeatMax) ||
      max < min ||
      max === 0
    ) {
      throw new NotKnown()
    }
    this.#at += match[0].length
    return [min, max]
  }

  /** Undefined for a group that only sets flags. */
  #atom(): Node | undefined {
    const char = this.#next()
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'set', set: this.#charClass() }
      case '.':
        return { kind: 'set', set: this.#flags.dotAll ? anyChar : negate(newlineOnly) }
      case '^':
        return { kind: 'assert', at: this.#flags.multiline ? 'lineBegin' : 'begin' }
      case '$':
        return { kind: 'assert', at: this.#flags.multiline ? 'lineEnd' : 'end' }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw new NotKnown()
      default:
        return this.#literal(char.codePointAt(0) as number)
    }
  }

  #group(): Node | undefined {
    const outer = this.#flags
    if (!this.#take('?')) return this.#capture(undefined, outer)
    const named = /^P?<([A-Za-z_][A-Za-z0-9_]*)>/.exec(this.#source.slice(this.#at))
    if (named !== null) {
      this.#at += named[0].length
      if (this.#names.includes(named[1])) throw new NotKnown()
      return this.#capture(named[1], outer)
    }
    const flags = /^([ims]*)(?:-([ims]+))?([:)])/.exec(this.#source.slice(this.#at))
    if (flags === null) throw new NotKnown()
    this.#at += flags[0].length
    this.#flags = applyFlags(outer, flags[1] as string, flags[2] ?? '')
    if (flags[3] === ')') return undefined
    return this.#closeGroup(outer)
  }

  #capture(name: string | undefined, outer: Flags): Node {
    this.#names.push(name)
    return { kind: 'capture', node: this.#closeGroup(outer) }
  }

  #closeGroup(outer: Flags): Node {
    const node = this.#alternation()
    if (!this.#take(')')) throw new NotKnown()
    this.#flags = outer
    return node
  }

  #escape(): Node {
    const char = this.#next()
    switch (char) {
      case 'A':
        return { kind: 'assert', at: 'begin' }
      case 'z':
        return { kind: 'assert', at: 'end' }
      case 'b':
        return { kind: 'assert', at: 'word' }
      case 'B':
        return { kind: 'assert', at: 'notWord' }
      default: {
        const set = perlClass(char)
        if (set !== undefined) return { kind: 'set', set }
        return this.#literal(this.#escapedChar(char))
      }
    }
  }

  #escapedChar(char: string): number {
    const control = controls[char]
    if (control !== undefined) return control
    if (char === 'x') {
      const hex = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(this.#source.slice(this.#at))
      if (hex === null) throw new NotKnown()
      this.#at += hex[0].length
      const code = Number.parseInt((hex[1] ?? hex[2]) as string, 16)
      if (code > 0x10ffff) throw new NotKnown()
      return code
    }
    if (/^[!-/:-@[-`{-~]$/.test(char)) return char.charCodeAt(0)
    throw new NotKnown()
  }

  #literal(code: number): Node {
    if (!this.#flags.fold) return { kind: 'set', set: [code, code] }
    let set = foldedLiterals.get(code)
    if (set === undefined) {
      set = this.#folded([code, code])
      foldedLiterals.set(code, set)
    }
    return { kind: 'set', set }
  }

  #folded(set: CharSet): CharSet {
    if (!this.#flags.fold) return set
    const folded = foldCase(set)
    if (folded === undefined) throw new NotKnown()
    return folded
  }

  #charClass(): CharSet {
    const negated = this.#take('^')
    const ranges: number[] = []
    const fixed: number[] = []
    let first = true
    while (first || this.#peek() !== ']') {
      if (this.#at >= this.#source.length) throw new NotKnown()
      first = false
      const named = this.#namedClass()
      if (named !== undefined) {
        fixed.push(...named)
        continue
      }
      const low = this.#classChar()
      let high = low
      if (this.#peek() === '-' && this.#source[this.#at + 1] !== ']') {
        this.#at++
        if (this.#namedClass() !== undefined) throw new NotKnown()
        high = this.#classChar()
        if (high < low) throw new NotKnown()
      }
      ranges.push(low, high)
    }
    this.#at++
    const set = normalize([...this.#folded(normalize(ranges)), ...fixed])
    return negated ? negate(set) : set
  }

  /** `\d` and `[:alpha:]` inside of a class. */
  #namedClass(): CharSet | undefined {
    if (this.#peek() === '\\') {
      const set = perlClass(this.#source.charAt(this.#at + 1))
      if (set !== undefined) this.#at += 2
      return set
    }
    if (!this.#source.startsWith('[:', this.#at)) return undefined
    const match = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 16))
    const set = posixClasses[match?.[2] ?? '']
    if (match === null || set === undefined) throw new NotKnown()
    // Letters of a POSIX class fold, those of a Perl class do not; left to RE2.
    if (this.#flags.fold) throw new NotKnown()
    this.#at += match[0].length
    return match[1] === '^' ? negate(set) : set
  }

  #classChar(): number {
    const char = this.#next()
    return char === '\\' ? this.#escapedChar(this.#next()) : (char.codePointAt(0) as number)
  }

  #peek(): string {
    return this.#source.charAt(this.#at)
  }

  #take(char: string): boolean {
    if (this.#source.charAt(this.#at) !== char) return false
    this.#at++
    return true
  }

  #next(): string {
    const code = this.#source.codePointAt(this.#at)
    if (code === undefined) throw new NotKnown()
    const char = String.fromCodePoint(code)
    this.#at += char.length
    return char
  }
}

function applyFlags(flags: Flags, on: string, off: string): Flags {
  const value = (letter: string, now: boolean): boolean =>
    off.includes(letter) ? false : on.includes(letter) ? true : now
  return {
    fold: value('i', flags.fold),
    multiline: value('m', flags.multiline),
    dotAll: value('s', flags.dotAll),
  }
}

function perlClass(letter: string): CharSet | undefined {
  const set = perlClasses[letter.toLowerCase()]
  if (set === undefined || letter === '') return undefined
  return letter === letter.toLowerCase() ? set : negate(set)
}

const perlClasses: Readonly<Record<string, CharSet>> = { d: digits, s: spaces, w: wordChars }

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

const posixClasses: Readonly<Record<string, CharSet>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  ascii: [0, 127],
  blank: [9, 9, 32, 32],
  cntrl: [0, 31, 127, 127],
  digit: digits,
  graph: [33, 126],
  lower: [97, 122],
  print: [32, 126],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  upper: [65, 90],
  word: wordChars,
  xdigit: [48, 57, 65, 70, 97, 102],
}
