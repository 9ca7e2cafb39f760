import { WireError } from '../wire-error.ts'
import { nestingLimit } from '../wire-type.ts'

/** Arrays and objects inside each other in a value that is skipped: a repeated message is an array and an object. */
const skipLimit = 2 * nestingLimit

const quote = 0x22
const backslash = 0x5c

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const numberGrammar = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * A cursor over JSON text (RFC 8259). The caller says what it expects, so no object is built, numbers keep all their
 * digits, and keys mean nothing by themselves. All methods skip white space before what they read and throw a WireError
 * with the character at which the text breaks.
 */
export class JsonReader {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  /** The code of the next character that is not white space; NaN at the end. */
  peek(): number {
    const { text } = this
    let code = text.charCodeAt(this.at)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      code = text.charCodeAt(++this.at)
    }
    return code
  }

  /** Takes the character if it is next. */
  tryTake(character: string): boolean {
    if (this.peek() !== character.charCodeAt(0)) return false
    this.at++
    return true
  }

  take(character: string): void {
    if (!this.tryTake(character)) throw this.unexpected(`"${character}"`)
  }

  /** Takes `null`, `true` or `false` if it is next. */
  tryWord(word: string): boolean {
    this.peek()
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  /**
   * Goes to the next member of an object or element of an array: `first` right behind the opening bracket. False
   * when `close` was there instead, which is taken.
   */
  next(first: boolean, close: '}' | ']'): boolean {
    if (this.tryTake(close)) return false
    if (!first) {
      this.take(',')
      // A comma must be followed by something.
      if (this.peek() === close.charCodeAt(0)) throw this.unexpected('a value')
    }
    return true
  }

  key(): string {
    const key = this.string()
    this.take(':')
    return key
  }

  string(): string {
    if (this.peek() !== quote) throw this.unexpected('a string')
    const { text } = this
    const start = this.at + 1
    let at = start
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === quote) {
        this.at = at + 1
        return text.slice(start, at)
      }
      if (code === backslash) return this.#escaped(start, at)
      if (!(code >= 0x20)) throw this.#badCharacter(at)
      at++
    }
  }

  /** The text of a number as it stands. */
  number(): string {
    this.peek()
    const { text } = this
    const start = this.at
    let at = start
    while (isNumberPart(text.charCodeAt(at))) at++
    const number = text.slice(start, at)
    if (!numberGrammar.test(number)) throw this.unexpected('a number')
    this.at = at
    return number
  }

  skipValue(depth = 0): void {
    if (depth > skipLimit) throw new WireError(`values nest deeper than ${skipLimit}`, this.at)
    const code = this.peek()
    if (code === quote) this.string()
    else if (code === 0x7b) {
      this.at++
      for (let first = true; this.next(first, '}'); first = false) {
        this.key()
        this.skipValue(depth + 1)
      }
    } else if (code === 0x5b) {
      this.at++
      for (let first = true; this.next(first, ']'); first = false) this.skipValue(depth + 1)
    } else if (!this.tryWord('null') && !this.tryWord('true') && !this.tryWord('false')) {
      this.number()
    }
  }

  end(): void {
    if (!Number.isNaN(this.peek())) throw this.unexpected('the end')
  }

  unexpected(wanted: string): WireError {
    const found = this.at < this.text.length ? JSON.stringify(this.text[this.at]) : 'the end'
    const message = `expected ${wanted} but found ${found} at character ${this.at}`
    return new WireError(message, this.at)
  }

  #badCharacter(at: number): WireError {
    this.at = at
    return at < this.text.length
      ? new WireError(`control character in a string at character ${at}`, at)
      : this.unexpected('the rest of a string')
  }

  // Slow path: strings with escapes.
  #escaped(start: number, firstEscape: number): string {
    const { text } = this
    let result = text.slice(start, firstEscape)
    let run = firstEscape
    let at = firstEscape
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === quote) {
        this.at = at + 1
        return result + text.slice(run, at)
      }
      if (code === backslash) {
        result += text.slice(run, at)
        const letter = text[at + 1] ?? ''
        if (letter === 'u') {
          const digits = text.slice(at + 2, at + 6)
          if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#badEscape(at)
          result += String.fromCharCode(Number.parseInt(digits, 16))
          at += 6
        } else {
          const character = escapes[letter]
          if (character === undefined) throw this.#badEscape(at)
          result += character
          at += 2
        }
        run = at
      } else if (code >= 0x20) at++
      else throw this.#badCharacter(at)
    }
  }

  #badEscape(at: number): WireError {
    return new WireError(`invalid escape in a string at character ${at}`, at)
  }
}

/** Digits, sign, point and exponent. */
function isNumberPart(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x2b ||
    code === 0x65 ||
    code === 0x45
  )
}
