import {
  byteOf,
  digitsEnd,
  findByte,
  isDigit,
  isNameByte,
  lineEnd,
  readWhole,
  skipSpaces,
  standsAt,
  wordEnd,
} from '../../operators/bytes/scan.ts'
import type { Found } from '../found.ts'
import { Key } from '../found.ts'
import { levelOf } from '../levels.ts'

export const logger = new Key('log.logger')
export const threadName = new Key('thread.name')
export const processId = new Key('process.pid')
export const lineNumber = new Key('code.line.number')

/** What a name in brackets is: java writes threads so, python loggers. */
export type Dialect = 'java' | 'python'

// Level, logger, thread, process, and what may stand between them.
const stepsMax = 14

/**
 * The words between the time and the message. Layouts differ in their order and in what stands between:
 *
 *   [main] INFO  com.acme.Shop - message            INFO 4711 --- [shop] [main] c.a.Shop : message
 *   INFO  [com.acme.Shop] (main) message            - shop.cart - INFO - message
 *   | INFO     | shop.cart:add:42 - message         [4711] [INFO] message
 *
 * So they are taken one by one for what they look like, until one is nothing but a message. Not re-entrant.
 */
export class HeaderScanner {
  readonly #dialect: Dialect
  #source: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #level = 0
  #levelStart = 0
  #levelEnd = 0
  #loggerStart = -1
  #loggerEnd = -1
  #threadStart = -1
  #threadEnd = -1
  #pid = -1
  #line = -1
  /** A separator came behind the level. */
  #separated = false

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  /**
   * Reads on from `at`, in the first line of the record `[.., end)`. Undefined, or why it cannot: without a level it is none
   * of these layouts. `dotted`: the word behind the level is a logger, whatever follows it, if it has a dot.
   */
  scan(
    source: Uint8Array,
    at: number,
    end: number,
    found: Found,
    options: { readonly dotted: boolean; readonly bracketed: boolean },
  ): string | undefined {
    this.#reset(source, at, lineEnd(source, at, end))
    for (let step = 0; step < stepsMax; step++) {
      this.#at = skipSpaces(source, this.#at, this.#end)
      if (this.#at >= this.#end || !this.#step(options.dotted, options.bracketed)) break
    }
    if (this.#level === 0) return 'it has no level'
    let messageEnd = end
    if (options.bracketed && this.#loggerStart < 0) messageEnd = this.#loggerBehind(end)
    this.#put(found)
    found.message(Math.min(this.#at, end), messageEnd)
    return undefined
  }

  #reset(source: Uint8Array, at: number, end: number): void {
    this.#source = source
    this.#at = at
    this.#end = end
    this.#level = 0
    this.#loggerStart = -1
    this.#threadStart = -1
    this.#pid = -1
    this.#line = -1
    this.#separated = false
  }

  /** False when the message begins at `#at`. */
  #step(dotted: boolean, bracketed: boolean): boolean {
    const byte = this.#source[this.#at] as number
    if (byte === byteOf.bracket) {
      if (bracketed && this.#level !== 0 && this.#dialect === 'java') return false
      return this.#bracket()
    }
    if (byte === byteOf.open && this.#dialect === 'java' && this.#level !== 0) return this.#paren()
    const behind = wordEnd(this.#source, this.#at, this.#end)
    if (this.#isSeparator(byte, behind)) return this.#separator(byte, behind)
    return this.#word(behind, dotted)
  }

  #isSeparator(byte: number, behind: number): boolean {
    if (byte === byteOf.pipe || byte === byteOf.colon) return behind === this.#at + 1
    if (byte !== byteOf.dash) return false
    for (let at = this.#at; at < behind; at++) if (this.#source[at] !== byteOf.dash) return false
    return behind - this.#at <= 3
  }

  #separator(byte: number, behind: number): boolean {
    const wide = behind - this.#at === 3
    this.#at = behind
    if (wide || this.#level === 0) return true
    // Behind level and logger it is the last one; behind the level alone the logger may still come.
    if (this.#loggerStart >= 0 || this.#separated) {
      this.#at = skipSpaces(this.#source, behind, this.#end)
      return false
    }
    this.#separated = true
    return this.#namePrecedesSeparator(byte) || this.#skipToMessage()
  }

  #skipToMessage(): boolean {
    this.#at = skipSpaces(this.#source, this.#at, this.#end)
    return false
  }

  /** Whether a logger and another separator come next; `INFO - a - b` is a message with a dash, where nothing tells more. */
  #namePrecedesSeparator(separator: number): boolean {
    const start = skipSpaces(this.#source, this.#at, this.#end)
    let at = start
    while (
      at < this.#end &&
      (isNameByte(this.#source[at] as number) || this.#source[at] === byteOf.colon)
    )
      at++
    const next = skipSpaces(this.#source, at, this.#end)
    const follows =
      at > start &&
      next > at &&
      next < this.#end &&
      wordEnd(this.#source, next, this.#end) <= next + 2 &&
      (this.#source[next] === byteOf.dash ||
        this.#source[next] === byteOf.pipe ||
        this.#source[next] === byteOf.colon)
    return (
      follows &&
      (separator === byteOf.pipe || (this.#dialect === 'java' && hasDot(this.#source, start, at)))
    )
  }

  #bracket(): boolean {
    const source = this.#source
    const close = closingBracket(source, this.#at + 1, this.#end)
    if (close < 0) return false
    let start = skipSpaces(source, this.#at + 1, close)
    let end = close
    while (end > start && source[end - 1] === byteOf.space) end--
    const level = this.#level === 0 ? levelOf(source, start, end) : 0
    if (level !== 0) this.#setLevel(level, start, end)
    else if (this.#separated) return false
    else if (this.#dialect === 'java') this.#javaBracket(start, end, close)
    else if (digitsEnd(source, start, end) === end && end > start)
      this.#pid = readWhole(source, start, end)
    else if (this.#loggerStart < 0 && isName(source, start, end)) {
      this.#loggerStart = start
      this.#loggerEnd = end
    } else if (this.#level !== 0) return false
    else if (this.#threadStart < 0) {
      this.#threadStart = start
      this.#threadEnd = end
    }
    start = close + 1
    if (source[start] === byteOf.colon && start < this.#end) {
      this.#at = start + 1
      return this.#level === 0
    }
    this.#at = start
    return true
  }

  /** `[logger] (thread)` as WildFly has it, `[thread] [a.logger]`, else a thread; of several the last one is it. */
  #javaBracket(start: number, end: number, close: number): void {
    const dotted = isName(this.#source, start, end) && hasDot(this.#source, start, end)
    const isLogger = this.#threadStart >= 0 && this.#loggerStart < 0 && dotted
    if (isLogger || (this.#level !== 0 && standsAt(this.#source, close + 1, this.#end, ' ('))) {
      this.#loggerStart = start
      this.#loggerEnd = end
      return
    }
    this.#threadStart = start
    this.#threadEnd = end
  }

  #paren(): boolean {
    const close = findByte(this.#source, byteOf.close, this.#at, this.#end)
    if (close === this.#end || this.#threadStart >= 0 || this.#loggerStart < 0) return false
    this.#threadStart = this.#at + 1
    this.#threadEnd = close
    this.#at = skipSpaces(this.#source, close + 1, this.#end)
    return false
  }

  #word(behind: number, dotted: boolean): boolean {
    const source = this.#source
    const start = this.#at
    const colon = source[behind - 1] === byteOf.colon
    const end = colon ? behind - 1 : behind
    if (this.#level === 0) {
      const level = levelOf(source, start, end)
      if (level !== 0) {
        this.#setLevel(level, start, end)
        this.#at = behind
        if (colon) this.#separated = true
        return true
      }
    }
    if (
      isDigit(source[start] as number) &&
      this.#pid < 0 &&
      digitsEnd(source, start, end) === end
    ) {
      if (this.#level !== 0 && !standsAt(source, behind, this.#end, ' ---')) return false
      this.#pid = readWhole(source, start, end)
      this.#at = behind
      return true
    }
    return this.#name(start, end, behind, colon, dotted)
  }

  #name(start: number, end: number, behind: number, colon: boolean, dotted: boolean): boolean {
    const source = this.#source
    // `INFO in module: message`
    if (
      this.#dialect === 'python' &&
      this.#level !== 0 &&
      standsAt(source, start, this.#end, 'in ')
    ) {
      const moduleEnd = wordEnd(source, start + 3, this.#end)
      if (source[moduleEnd - 1] !== byteOf.colon) return false
      this.#setLogger(start + 3, moduleEnd - 1)
      this.#at = skipSpaces(source, moduleEnd, this.#end)
      return false
    }
    if (this.#loggerStart >= 0 || !isNameOrPlace(source, start, end)) return false
    const next = skipSpaces(source, behind, this.#end)
    const nextByte = next < this.#end ? (source[next] as number) : 0
    const nextEnd = wordEnd(source, next, this.#end)
    const separatorNext =
      nextEnd - next <= 2 &&
      nextEnd > next &&
      (nextByte === byteOf.dash || nextByte === byteOf.colon || nextByte === byteOf.pipe)
    if (colon && this.#level !== 0) {
      this.#setLogger(start, end)
      this.#at = next
      return false
    }
    const before = this.#level === 0
    const isLogger =
      before ||
      separatorNext ||
      (nextByte === byteOf.bracket && hasDot(source, start, end)) ||
      (dotted && hasDot(source, start, end))
    if (!isLogger) return false
    this.#setLogger(start, end)
    this.#at = behind
    return true
  }

  /** `Shop:42` and `shop.cart:add:42` have the line behind. */
  #setLogger(start: number, end: number): void {
    const source = this.#source
    const colon = findByte(source, byteOf.colon, start, end)
    this.#loggerStart = start
    this.#loggerEnd = colon
    if (colon === end) return
    let last = end - 1
    while (last > colon && source[last] !== byteOf.colon) last--
    this.#line = readWhole(source, last + 1, end)
    if (this.#line < 0) this.#loggerEnd = end
  }

  #setLevel(level: number, start: number, end: number): void {
    this.#level = level
    this.#levelStart = start
    this.#levelEnd = end
  }

  /** Kafka has the logger in parentheses at the end of the line. Where the message ends. */
  #loggerBehind(end: number): number {
    const source = this.#source
    if (source[this.#end - 1] !== byteOf.close) return end
    let open = this.#end - 2
    while (open > this.#at && isNameByte(source[open] as number)) open--
    if (source[open] !== byteOf.open || !hasDot(source, open, this.#end)) return end
    this.#loggerStart = open + 1
    this.#loggerEnd = this.#end - 1
    return skipSpaces(source, this.#end, end) >= end ? open - 1 : end
  }

  #put(found: Found): void {
    found.level(this.#level, this.#levelStart, this.#levelEnd)
    if (this.#loggerStart >= 0) found.text(logger, this.#loggerStart, this.#loggerEnd)
    if (this.#threadStart >= 0) found.text(threadName, this.#threadStart, this.#threadEnd)
    if (this.#pid >= 0) found.value(processId, this.#pid)
    if (this.#line >= 0) found.value(lineNumber, this.#line)
  }
}

/** The bracket that closes one opened before `at`, those inside counted; -1 without one. */
function closingBracket(source: Uint8Array, from: number, end: number): number {
  let depth = 1
  for (let at = from; at < end; at++) {
    if (source[at] === byteOf.bracket) depth++
    else if (source[at] === byteOf.unbracket && --depth === 0) return at
  }
  return -1
}

function isName(source: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isNameByte(source[at] as number)) return false
  return end > start
}

function isNameOrPlace(source: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = source[at] as number
    if (
      !isNameByte(byte) &&
      byte !== byteOf.colon &&
      byte !== byteOf.less &&
      byte !== byteOf.greater
    ) {
      return false
    }
  }
  return end > start && !isDigit(source[start] as number)
}

function hasDot(source: Uint8Array, start: number, end: number): boolean {
  return findByte(source, byteOf.dot, start, end) < end
}

/** Whether a time stands at `at`, by its punctuation alone. */
export function looksLikeTime(source: Uint8Array, at: number, end: number): boolean {
  if (at + 8 > end || !isDigit(source[at] as number)) return false
  const third = source[at + 2]
  if (third === byteOf.colon)
    return source[at + 5] === byteOf.colon && isDigit(source[at + 7] as number)
  if (at + 19 > end) return false
  const fifth = source[at + 4]
  if (fifth === byteOf.dash || fifth === byteOf.slash) {
    return source[at + 13] === byteOf.colon && source[at + 16] === byteOf.colon
  }
  return (
    third === byteOf.dash && source[at + 14] === byteOf.colon && source[at + 17] === byteOf.colon
  )
}
