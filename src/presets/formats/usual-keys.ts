import { byteOf, isDigit, readWhole } from '../../operators/bytes/scan.ts'
import type { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { levelOf, levelOfNumber } from '../levels.ts'

/** Where loggers that write keys put time, level and message; of several in a record the first of these counts. */
export const timeKeys: readonly string[] = [
  'time',
  'timestamp',
  '@timestamp',
  'ts',
  't',
  'date',
  'datetime',
  'asctime',
]
export const levelKeys: readonly string[] = [
  'level',
  'severity',
  'lvl',
  'log.level',
  'levelname',
  'loglevel',
  'severity_text',
]
export const messageKeys: readonly string[] = ['msg', 'message', 'log', 'event', 'body']

/** In JSON also as Serilog, the console of .NET, zap in development, log4j's JsonLayout, PostgreSQL and GELF have them. */
export const jsonTimeKeys = [...timeKeys, 'Timestamp', '@t', 'T', 'timeMillis', 'instant']
export const jsonLevelKeys = [...levelKeys, 'Level', 'LogLevel', '@l', 'L', 'error_severity']
export const jsonMessageKeys = [
  ...messageKeys,
  'short_message',
  'Message',
  'RenderedMessage',
  '@m',
  '@mt',
  'M',
]

/** Reads the value of a time key into `times`: a text, or a number that counts from 1970 in s, ms, µs or ns. */
export function readUsualTime(
  source: Uint8Array,
  start: number,
  end: number,
  times: TimeScanner,
): boolean {
  if (times.isoLike(source, start, end)) return times.end === end
  if (times.clf(source, start, end)) return times.end === end
  return readEpoch(source, start, end, times)
}

// The year 2262: nanoseconds of later ones are beyond 64 bits.
const yearMaxSeconds = 9_214_646_400

/** By its number of digits: 9 to 11 are seconds, 12 to 14 milliseconds, and so on. */
function readEpoch(source: Uint8Array, start: number, end: number, times: TimeScanner): boolean {
  let whole = 0
  let at = start
  while (at < end && isDigit(source[at] as number)) {
    whole = whole * 10 + (source[at] as number) - byteOf.zero
    at++
  }
  const digits = at - start
  if (digits < 9 || digits > 19) return false
  const unit = digits < 12 ? 0 : digits < 15 ? 3 : digits < 18 ? 6 : 9
  // The last digits of nanoseconds are beyond a double: they are read by themselves.
  const cut = at - unit
  const seconds = unit === 0 ? whole : readWhole(source, start, cut)
  if (seconds >= yearMaxSeconds) return false
  let nanos = 0
  let scale = 100_000_000
  for (let index = cut; index < at && scale >= 1; index++, scale /= 10) {
    nanos += ((source[index] as number) - byteOf.zero) * scale
  }
  if (at < end) {
    if (source[at] !== byteOf.dot) return false
    for (at++; at < end; at++) {
      const digit = (source[at] as number) - byteOf.zero
      if (digit < 0 || digit > 9) return false
      if (unit === 0 && scale >= 1) {
        nanos += digit * scale
        scale /= 10
      }
    }
  }
  times.seconds = seconds
  times.nanos = nanos
  return true
}

/** The severity number of the value of a level key, which may be a number; 0 for none. */
export function readUsualLevel(source: Uint8Array, start: number, end: number): number {
  const number = readWhole(source, start, end)
  return number < 0 ? levelOf(source, start, end) : levelOfNumber(number)
}
