import {
  byteOf,
  digitsEnd,
  findByte,
  findText,
  isDigit,
  lineEnd,
  readWhole,
  skipSpaces,
  standsAt,
} from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import type { Found, Key } from '../found.ts'
import { looksLikeTime, processId } from './header.ts'
import { CsvColumns, csvStart } from './postgres-csv.ts'
import {
  application,
  clientAddress,
  clientPort,
  database,
  durationMs,
  queryText,
  severities,
  userName,
} from './postgres-keys.ts'

/** Lines that say more about the one before them; they come with a prefix of their own. */
const additions = 'DETAIL HINT QUERY CONTEXT LOCATION STATEMENT BACKTRACE'.split(' ')
const words = [...Object.keys(severities), ...additions]

// A prefix is short; behind it `:  ` may be anything.
const prefixMax = 400

/**
 * The server log of PostgreSQL on stderr, for every `log_line_prefix` that begins with a time:
 *
 *   2026-11-21 10:15:30.123 UTC [4711] LOG:  message                                 '%m [%p] ', the default
 *   2026-11-21 10:15:30.123 UTC [4711] app@shop ERROR:  message                      '%m [%p] %q%u@%d '
 *   2026-11-21 10:15:30 UTC [4711]: [3-1] user=app,db=shop,app=psql,client=10.0.0.7 LOG:  message
 *   2026-11-21 10:15:30 UTC:10.0.0.7(51234):app@shop:[4711]:ERROR:  message          '%t:%r:%u@%d:[%p]:'
 *
 * And its csvlog, whose quoted columns may have several lines:
 *
 *   2026-11-21 10:15:30.123 UTC,"app","shop",4711,"10.0.0.7:51234",6740a1b2.1267,3,"SELECT",…,ERROR,42P01,"message",…
 *
 * Lines that begin with a tab, and DETAIL, HINT, CONTEXT, STATEMENT and the like, belong to the record before them.
 */
export class Postgres extends TextFormat {
  readonly name = 'postgres'
  readonly multiline = true
  readonly #times: TimeScanner
  readonly #csv = new CsvColumns()
  #word = ''
  #wordStart = 0

  constructor(settings: FormatSettings) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
  }

  begins(source: Uint8Array, start: number, end: number): boolean {
    if (!looksLikeTime(source, timeAt(source, start), end)) return false
    return !this.#findWord(source, start, end) || severities[this.#word] !== undefined
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const times = this.#times
    if (!times.isoLike(source, timeAt(source, start), end)) return 'it begins with no time'
    found.time(times.seconds, times.nanos)
    const csv = csvStart(source, times.end, end)
    if (csv >= 0) {
      const reason = this.#csv.scan(source, csv, end, found)
      if (reason !== undefined) return reason
      const { messageStart: at, messageEnd } = found
      if (standsAt(source, at, messageEnd, 'duration: ') && !found.has(queryText.text)) {
        scanDuration(source, at, messageEnd, found)
      }
      return undefined
    }
    const firstEnd = lineEnd(source, start, end)
    if (!this.#findWord(source, start, firstEnd)) return 'it has no severity such as "LOG:  "'
    const wordStart = this.#wordStart
    const wordEnd = wordStart + this.#word.length
    found.level(severities[this.#word] ?? 0, wordStart, wordEnd)
    scanPrefix(source, times.end, wordStart, found)
    const message = wordEnd + 3
    found.message(Math.min(message, end), end)
    if (standsAt(source, message, firstEnd, 'duration: ')) scanDuration(source, message, end, found)
    if (firstEnd < end) this.#scanAdditions(source, firstEnd + 1, end, found)
    return undefined
  }

  /** The message ends where they begin; of them the statement is an attribute. */
  #scanAdditions(source: Buffer, from: number, end: number, found: Found): void {
    let at = from
    let isFirst = true
    while (at < end) {
      const behind = lineEnd(source, at, end)
      if (this.#startsAddition(source, at, behind)) {
        if (isFirst) found.messageEnd = at - 1
        isFirst = false
        if (this.#word === 'STATEMENT' && !found.has(queryText.text)) {
          const text = this.#wordStart + 12
          found.text(queryText, text, this.#additionEnd(source, text, end))
        }
      }
      at = findByte(source, byteOf.newline, behind, end) + 1
    }
  }

  #startsAddition(source: Buffer, at: number, behind: number): boolean {
    return (
      looksLikeTime(source, timeAt(source, at), behind) &&
      this.#findWord(source, at, behind) &&
      severities[this.#word] === undefined
    )
  }

  #additionEnd(source: Buffer, from: number, end: number): number {
    let at = findByte(source, byteOf.newline, from, end)
    while (at < end && source[at + 1] === byteOf.tab)
      at = findByte(source, byteOf.newline, at + 1, end)
    return at
  }

  /** The first `WORD:  ` that is a severity or an addition. */
  #findWord(source: Uint8Array, start: number, end: number): boolean {
    const last = Math.min(end, start + prefixMax) - 2
    for (let at = start + 3; at < last; at++) {
      if (source[at] !== byteOf.colon || source[at + 1] !== byteOf.space) continue
      if (source[at + 2] !== byteOf.space) continue
      let first = at
      while (first > start && isWordByte(source[first - 1] as number)) first--
      for (const word of words) {
        if (word.length !== at - first || !standsAt(source, first, at, word)) continue
        this.#word = word
        this.#wordStart = first
        return true
      }
    }
    return false
  }
}

function isWordByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || isDigit(byte)
}

/** Prefixes may open a bracket first: `<2026-…>`, `[2026-…]`, `< 2026-… >`. */
function timeAt(source: Uint8Array, start: number): number {
  const byte = source[start]
  if (byte !== byteOf.less && byte !== byteOf.bracket) return start
  return source[start + 1] === byteOf.space ? start + 2 : start + 1
}

function scanPrefix(source: Buffer, from: number, end: number, found: Found): void {
  let at = from
  while (at < end) {
    const byte = source[at] as number
    if (byte === byteOf.bracket && isDigit(source[at + 1] as number)) {
      const behind = digitsEnd(source, at + 1, end)
      if (!found.has(processId.text)) found.value(processId, readWhole(source, at + 1, behind))
      at = findByte(source, byteOf.unbracket, behind, end) + 1
    } else if (isPrefixMark(byte)) at++
    else {
      const behind = prefixWordEnd(source, at, end)
      scanPrefixWord(source, at, behind, found)
      at = behind
    }
  }
}

function isPrefixMark(byte: number): boolean {
  return (
    byte === byteOf.space ||
    byte === byteOf.comma ||
    byte === byteOf.colon ||
    byte === byteOf.unbracket ||
    byte === byteOf.greater ||
    byte === byteOf.pipe
  )
}

function prefixWordEnd(source: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && source[at] !== byteOf.space && source[at] !== byteOf.comma) {
    // In `10.0.0.7(51234):app@shop:[4711]:` colons are in between; those of IPv6 stand in front of the parenthesis.
    if (
      source[at] === byteOf.colon &&
      (source[at - 1] === byteOf.close || source[at + 1] === byteOf.bracket)
    )
      break
    at++
  }
  return at
}

const prefixPairs: readonly (readonly [string, Key])[] = [
  ['user=', userName],
  ['db=', database],
  ['app=', application],
  ['client=', clientAddress],
  ['host=', clientAddress],
]

function scanPrefixWord(source: Buffer, start: number, end: number, found: Found): void {
  for (const [name, key] of prefixPairs) {
    if (standsAt(source, start, end, name)) {
      put(found, key, source, start + name.length, end)
      return
    }
  }
  const open = findByte(source, byteOf.open, start, end)
  if (open < end && source[end - 1] === byteOf.close) {
    put(found, clientAddress, source, start, open)
    const port = readWhole(source, open + 1, end - 1)
    if (port >= 0) found.value(clientPort, port)
    return
  }
  const sign = findByte(source, byteOf.at, start, end)
  if (sign === end) return
  put(found, userName, source, start, sign)
  put(found, database, source, sign + 1, end)
}

function put(found: Found, key: Key, source: Buffer, start: number, end: number): void {
  if (start >= end || found.has(key.text) || standsAt(source, start, end, '[unknown]')) return
  found.text(key, start, end)
}

/** `duration: 12.345 ms  statement: SELECT …`, `duration: 12.345 ms  execute S_1: SELECT …` */
function scanDuration(source: Buffer, message: number, end: number, found: Found): void {
  const number = message + 10
  const numberEnd = findByte(source, byteOf.space, number, end)
  const value = Number(source.toString('latin1', number, numberEnd))
  if (!Number.isFinite(value) || !standsAt(source, numberEnd, end, ' ms')) return
  found.value(durationMs, value)
  const kind = skipSpaces(source, numberEnd + 3, end)
  if (!['statement', 'execute', 'parse', 'bind'].some((word) => standsAt(source, kind, end, word)))
    return
  const colon = findText(source, ': ', kind, end)
  if (colon >= 0) found.text(queryText, colon + 2, end)
}
