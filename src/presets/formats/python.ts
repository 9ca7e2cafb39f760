import { byteOf, findByte, isDigit, isNameByte, skipSpaces } from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import type { Found } from '../found.ts'
import { Key } from '../found.ts'
import { levelOf } from '../levels.ts'
import { HeaderScanner, logger, looksLikeTime } from './header.ts'
import { scanPythonException } from './stack-trace.ts'

const processName = new Key('process.name')
const fatal = 21
const critical = 18

/**
 * Python's logging: its default (`WARNING:root:message`), and the formats of its documentation, Flask, gunicorn, uvicorn, Celery
 * and loguru. Tracebacks belong to the record before them.
 */
export class Python extends TextFormat {
  readonly name = 'python'
  readonly multiline = true
  readonly #times: TimeScanner
  readonly #header = new HeaderScanner('python')

  constructor(settings: FormatSettings) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
  }

  begins(source: Uint8Array, start: number, end: number): boolean {
    const first = source[start] as number
    if (isDigit(first)) return looksLikeTime(source, start, end)
    if (first === byteOf.bracket) return looksLikeTime(source, start + 1, end)
    return levelAtStart(source, start, end) > 0
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const reason = this.#scanHeader(source, start, end, found)
    if (reason !== undefined) return reason
    // CRITICAL is the highest there is, also called FATAL.
    if (found.severity === critical) found.severity = fatal
    scanPythonException(source, found.messageStart, end, found)
    return undefined
  }

  #scanHeader(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const levelEnd = levelAtStart(source, start, end)
    if (levelEnd > 0) {
      scanBasic(source, start, levelEnd, end, found)
      return undefined
    }
    const times = this.#times
    const bracketed = source[start] === byteOf.bracket
    const at = bracketed ? start + 1 : start
    if (!times.isoLike(source, at, end) && !times.clock(source, at, end)) {
      return 'it begins with no time and no level'
    }
    found.time(times.seconds, times.nanos)
    const next = times.end
    if (bracketed && source[next] === byteOf.colon) return scanCelery(source, next + 1, end, found)
    if (bracketed && source[next] !== byteOf.unbracket) return 'its time has no closing bracket'
    const from = bracketed ? next + 1 : next
    return this.#header.scan(source, from, end, found, { dotted: false, bracketed: false })
  }
}

/** The end of a level with a colon behind it at the start of a line; 0 without one. */
function levelAtStart(source: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && at - start < 12 && source[at] !== byteOf.colon) at++
  if (at >= end || source[at] !== byteOf.colon) return 0
  return levelOf(source, start, at) > 0 ? at : 0
}

/** `WARNING:shop.cart:message`, or uvicorn's `INFO:     message`. */
function scanBasic(
  source: Buffer,
  start: number,
  levelEnd: number,
  end: number,
  found: Found,
): void {
  found.level(levelOf(source, start, levelEnd), start, levelEnd)
  const name = levelEnd + 1
  let nameEnd = name
  while (nameEnd < end && isNameByte(source[nameEnd] as number)) nameEnd++
  if (nameEnd > name && nameEnd < end && source[nameEnd] === byteOf.colon) {
    found.text(logger, name, nameEnd)
    found.message(nameEnd + 1, end)
  } else found.message(skipSpaces(source, name, end), end)
}

/** `[2026-11-21 10:15:30,123: INFO/MainProcess] message`, from behind the time. */
function scanCelery(source: Buffer, at: number, end: number, found: Found): string | undefined {
  const start = skipSpaces(source, at, end)
  const close = findByte(source, byteOf.unbracket, start, end)
  const slash = findByte(source, byteOf.slash, start, close)
  const level = levelOf(source, start, slash)
  if (level === 0 || close === end) return 'it has no level behind its time'
  found.level(level, start, slash)
  if (slash + 1 < close) found.text(processName, slash + 1, close)
  found.message(skipSpaces(source, close + 1, end), end)
  return undefined
}
