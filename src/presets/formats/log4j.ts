import {
  byteOf,
  digitsEnd,
  findByte,
  isDigit,
  isLetter,
  lineEnd,
  skipSpaces,
  standsAt,
  wordEnd,
} from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import { type Found, Key } from '../found.ts'
import { levelOf } from '../levels.ts'
import { HeaderScanner, logger, looksLikeTime } from './header.ts'
import { scanJavaException } from './stack-trace.ts'

const functionName = new Key('code.function.name')

/**
 * The layouts that log4j, logback and java.util.logging have by default, and those of Spring Boot, WildFly, Tomcat, Kafka,
 * ZooKeeper, Hadoop and Cassandra. A line without a time or level in front belongs to the record before it.
 */
export class Log4j extends TextFormat {
  readonly name = 'log4j'
  readonly multiline = true
  readonly #times: TimeScanner
  readonly #header = new HeaderScanner('java')

  constructor(settings: FormatSettings) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
  }

  begins(source: Uint8Array, start: number, end: number): boolean {
    const first = source[start] as number
    if (isDigit(first)) return looksLikeTime(source, start, end) || isElapsed(source, start, end)
    if (first === byteOf.bracket) return looksLikeTime(source, start + 1, end)
    if (!isLetter(first)) return false
    return levelBeforeThread(source, start, end) > 0 || this.#times.twelve(source, start, end)
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const times = this.#times
    if (times.twelve(source, start, end)) return this.#scanSimple(source, end, found)
    const bracketed = source[start] === byteOf.bracket
    const at = bracketed ? start + 1 : start
    let next = at
    const dayFirst = times.dayFirst(source, at, end)
    if (dayFirst || times.isoLike(source, at, end) || times.clock(source, at, end)) {
      found.time(times.seconds, times.nanos)
      next = times.end
      if (bracketed && source[next++] !== byteOf.unbracket) return 'its time has no closing bracket'
    } else if (isElapsed(source, start, end)) next = digitsEnd(source, start, end)
    else if (!this.#timeBehind(source, start, end, found)) return 'it begins with no time'
    const behind = this.#header.scan(source, next, end, found, { dotted: dayFirst, bracketed })
    if (behind !== undefined) return behind
    if (next === start) this.#skipTime(source, end, found)
    scanJavaException(source, found.messageStart, end, found)
    return undefined
  }

  /** `Nov 21, 2026 10:15:30 AM com.acme.Shop sell`, and a line `WARNING: message`: SimpleFormatter of java.util.logging. */
  #scanSimple(source: Buffer, end: number, found: Found): string | undefined {
    found.time(this.#times.seconds, this.#times.nanos)
    const place = skipSpaces(source, this.#times.end, end)
    const placeEnd = lineEnd(source, place, end)
    const level = placeEnd + 1
    const colon = findByte(source, byteOf.colon, level, Math.min(end, level + 10))
    const number = levelOf(source, level, colon)
    if (number === 0 || source[colon] !== byteOf.colon) return 'its second line has no level'
    found.level(number, level, colon)
    const nameEnd = wordEnd(source, place, placeEnd)
    if (nameEnd > place) found.text(logger, place, nameEnd)
    if (nameEnd + 1 < placeEnd) {
      const [name, method] = source.toString('utf8', place, placeEnd).split(' ', 2)
      found.value(functionName, `${name}.${method}`)
    }
    found.message(skipSpaces(source, colon + 1, end), end)
    scanJavaException(source, found.messageStart, end, found)
    return undefined
  }

  /** `INFO  [main] 2026-11-21 10:15:30,123 Shop.java:42 - message`, as Cassandra has it. */
  #timeBehind(source: Buffer, start: number, end: number, found: Found): boolean {
    const at = levelBeforeThread(source, start, end)
    if (at <= 0 || !this.#times.isoLike(source, at, end)) return false
    found.time(this.#times.seconds, this.#times.nanos)
    return true
  }

  /** The header ended at that time; the message is behind it and the place in the code. */
  #skipTime(source: Buffer, end: number, found: Found): void {
    const place = skipSpaces(source, this.#times.end, end)
    const behind = wordEnd(source, place, end)
    const dash = standsAt(source, behind, end, ' - ')
    found.message(dash ? behind + 3 : place, end)
  }
}

/** `176 [main] INFO …`: log4j's TTCC counts milliseconds from the start of the program. */
function isElapsed(source: Uint8Array, start: number, end: number): boolean {
  const behind = digitsEnd(source, start, end)
  if (behind === start || behind - start > 12) return false
  const next = skipSpaces(source, behind, end)
  return next > behind && next < end && source[next] === byteOf.bracket
}

/** Behind `INFO  [main] ` at `start`; 0 for anything else. */
function levelBeforeThread(source: Uint8Array, start: number, end: number): number {
  const levelEnd = wordEnd(source, start, end)
  if (levelOf(source, start, levelEnd) === 0) return 0
  const bracket = skipSpaces(source, levelEnd, end)
  if (bracket >= end || source[bracket] !== byteOf.bracket) return 0
  for (let at = bracket; at + 20 < end; at++) {
    if (source[at] === byteOf.newline) return 0
    if (source[at] === byteOf.unbracket && looksLikeTime(source, at + 2, end)) return at + 2
  }
  return 0
}
