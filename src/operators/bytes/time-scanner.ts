import type { TimeZone } from '../time-zone.ts'
import { zoneAbbreviations } from '../time-zone.ts'
import { byteOf, isDigit, isLetter } from './scan.ts'

const daySeconds = 86_400
const hourMs = 3_600_000
const weekMs = 7 * 24 * hourMs

/**
 * Reads times from bytes, those shapes that programs write without being asked:
 *
 *   isoLike   2026-11-21T10:15:30.123+01:00   2026-11-21 10:15:30,123   2026/11/21 10:15:30 UTC
 *   rfc3339   2026-11-21T10:15:30.123456789Z  2026-11-21T10:15:30+01:00
 *   clf       21/Nov/2026:10:15:30 +0100
 *   dayFirst  21-Nov-2026 10:15:30.123
 *   twelve    Nov 21, 2026 10:15:30 AM        as java.util.logging has it; also 9:15:30 AM
 *   clock     10:15:30.123                    of the day at hand, or the one before
 *   monthDay  1121 10:15:30.123456            of the year at hand, or the one before
 *
 * A time without a zone is one of the zone that was configured. Each returns whether there was one; then `seconds`, `nanos`
 * and `end` say what it was and where it ended. Not re-entrant.
 */
export class TimeScanner {
  /** Since 1970. */
  seconds = 0
  nanos = 0
  /** Behind the time. */
  end = 0
  readonly #zone: TimeZone
  readonly #nowMs: () => number
  #year = 0
  #month = 0
  #day = 0
  #daySeconds = 0
  // Lines that follow each other are mostly of the same day and the same hour.
  #knownDate = -1
  #knownDays = 0
  #knownHour = Number.NaN
  #knownOffsetSeconds = 0

  constructor(zone: TimeZone, nowMs: () => number) {
    this.#zone = zone
    this.#nowMs = nowMs
  }

  isoLike(source: Uint8Array, at: number, end: number): boolean {
    if (at + 19 > end) return false
    const separator = source[at + 4]
    if (separator !== byteOf.dash && separator !== byteOf.slash) return false
    if (source[at + 7] !== separator) return false
    const between = source[at + 10]
    if (between !== byteOf.space && between !== 0x54) return false
    this.#year = twoDigits(source, at) * 100 + twoDigits(source, at + 2)
    this.#month = twoDigits(source, at + 5)
    this.#day = twoDigits(source, at + 8)
    return this.#clockAt(source, at + 11, end) && this.#finish(source, end, true)
  }

  /** All of `[at, end)`, and not without a zone. */
  rfc3339(source: Uint8Array, at: number, end: number): boolean {
    const zoned =
      source[end - 1] === 0x5a || (source[end - 3] === byteOf.colon && isSign(source[end - 6]))
    if (!zoned || source[at + 4] !== byteOf.dash || source[at + 10] !== 0x54) return false
    if (source[at + 19] === byteOf.comma) return false
    return this.isoLike(source, at, end) && this.end === end
  }

  clf(source: Uint8Array, at: number, end: number): boolean {
    if (at + 20 > end || source[at + 2] !== byteOf.slash || source[at + 6] !== byteOf.slash) {
      return false
    }
    if (source[at + 11] !== byteOf.colon) return false
    return this.#named(source, at, end, at + 12)
  }

  dayFirst(source: Uint8Array, at: number, end: number): boolean {
    if (at + 20 > end || source[at + 2] !== byteOf.dash || source[at + 6] !== byteOf.dash) {
      return false
    }
    if (source[at + 11] !== byteOf.space) return false
    return this.#named(source, at, end, at + 12)
  }

  twelve(source: Uint8Array, at: number, end: number): boolean {
    const short = source[at + 14] === byteOf.colon
    const minuteAt = short ? at + 15 : at + 16
    const behind = minuteAt + 8
    if (behind > end || source[at + 6] !== byteOf.comma || source[at + 12] !== byteOf.space) {
      return false
    }
    // `:30 AM` behind the minute.
    const half = source[behind - 2]
    if (source[minuteAt - 1] !== byteOf.colon || source[minuteAt + 2] !== byteOf.colon) return false
    if (source[behind - 3] !== byteOf.space || source[behind - 1] !== 0x4d) return false
    if (half !== 0x41 && half !== 0x50) return false
    const hour = short ? (source[at + 13] as number) - byteOf.zero : twoDigits(source, at + 13)
    const minute = twoDigits(source, minuteAt)
    const second = twoDigits(source, minuteAt + 3)
    if (!(hour >= 1 && hour <= 12 && minute < 60 && second <= 60)) return false
    this.#month = monthOf(source, at)
    this.#day = twoDigits(source, at + 4)
    this.#year = twoDigits(source, at + 8) * 100 + twoDigits(source, at + 10)
    this.#daySeconds = ((hour % 12) + (half === 0x50 ? 12 : 0)) * 3600 + minute * 60 + second
    this.nanos = 0
    this.end = behind
    return this.#finish(source, end, false)
  }

  clock(source: Uint8Array, at: number, end: number): boolean {
    if (!this.#clockAt(source, at, end)) return false
    const nowMs = this.#nowMs()
    const wall = new Date(nowMs + this.#zone.offsetMinutesAt(nowMs) * 60_000)
    this.#year = wall.getUTCFullYear()
    this.#month = wall.getUTCMonth() + 1
    this.#day = wall.getUTCDate()
    if (!this.#finish(source, end, false)) return false
    // A line of the last evening, read after midnight. An hour, because clocks differ.
    if (this.seconds * 1000 > nowMs + hourMs) this.seconds -= daySeconds
    return true
  }

  monthDay(source: Uint8Array, at: number, end: number): boolean {
    if (at + 13 > end || source[at + 4] !== byteOf.space) return false
    this.#month = twoDigits(source, at)
    this.#day = twoDigits(source, at + 2)
    if (!this.#clockAt(source, at + 5, end)) return false
    const nowMs = this.#nowMs()
    const behind = this.end
    this.#year = new Date(nowMs).getUTCFullYear()
    // The 29th of February may be of no such year, but of the one before.
    const here = this.#finish(source, end, false)
    if (here && this.seconds * 1000 <= nowMs + weekMs) return true
    this.end = behind
    this.#year--
    return this.#finish(source, end, false)
  }

  /** `21/Nov/2026` at `at`, and the time of day at `clockAt`. */
  #named(source: Uint8Array, at: number, end: number, clockAt: number): boolean {
    this.#day = twoDigits(source, at)
    this.#month = monthOf(source, at + 3)
    this.#year = twoDigits(source, at + 7) * 100 + twoDigits(source, at + 9)
    return this.#clockAt(source, clockAt, end) && this.#finish(source, end, true)
  }

  /** `10:15:30` with or without a fraction. */
  #clockAt(source: Uint8Array, at: number, end: number): boolean {
    if (at + 8 > end || source[at + 2] !== byteOf.colon || source[at + 5] !== byteOf.colon) {
      return false
    }
    const hour = twoDigits(source, at)
    const minute = twoDigits(source, at + 3)
    const second = twoDigits(source, at + 6)
    if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60)) {
      return false
    }
    this.#daySeconds = hour * 3600 + minute * 60 + second
    this.#fraction(source, at + 8, end)
    return true
  }

  #fraction(source: Uint8Array, at: number, end: number): void {
    this.nanos = 0
    this.end = at
    if (at + 1 >= end) return
    if (source[at] !== byteOf.dot && source[at] !== byteOf.comma) return
    if (!isDigit(source[at + 1] as number)) return
    let index = at + 1
    let scale = 100_000_000
    while (index < end && isDigit(source[index] as number)) {
      this.nanos += ((source[index] as number) - byteOf.zero) * scale
      scale = scale === 1 ? 0 : scale / 10
      index++
    }
    this.end = index
  }

  #finish(source: Uint8Array, end: number, zoned: boolean): boolean {
    const days = this.#days()
    if (days < 0) return false
    const wall = days * daySeconds + this.#daySeconds
    const offset = zoned ? this.#offset(source, end) : Number.NaN
    this.seconds = wall - (Number.isNaN(offset) ? this.#zoneOffset(wall) : offset)
    return this.seconds >= 0
  }

  /** Days since 1970, -1 for a date that is none. */
  #days(): number {
    const year = this.#year
    const month = this.#month
    const day = this.#day
    const date = year * 512 + month * 32 + day
    if (date === this.#knownDate) return this.#knownDays
    // Nanoseconds of later years are beyond 64 bits.
    if (!(year >= 1970 && year < 2262 && month >= 1 && month <= 12 && day >= 1)) return -1
    const ms = Date.UTC(year, month - 1, day)
    if (new Date(ms).getUTCDate() !== day) return -1
    this.#knownDate = date
    this.#knownDays = ms / (daySeconds * 1000)
    return this.#knownDays
  }

  #zoneOffset(wall: number): number {
    const hour = Math.floor(wall / 3600)
    if (hour !== this.#knownHour) {
      this.#knownHour = hour
      this.#knownOffsetSeconds = this.#zone.offsetMinutesAt(wall * 1000) * 60
    }
    return this.#knownOffsetSeconds
  }

  /** Seconds east of Greenwich of a zone behind the time; NaN without one. Moves `end` behind it. */
  #offset(source: Uint8Array, end: number): number {
    let at = this.end
    if (at >= end) return Number.NaN
    const byte = source[at] as number
    if (byte === 0x5a) {
      this.end = at + 1
      return 0
    }
    const spaced = byte === byteOf.space
    if (spaced) at++
    const sign = at < end ? (source[at] as number) : 0
    if (sign === 0x2b || sign === byteOf.dash) return this.#numericOffset(source, at, end, sign)
    if (spaced && isLetter(sign)) return this.#namedOffset(source, at, end)
    return Number.NaN
  }

  /** `+0100`, `+01:00`, `+01` */
  #numericOffset(source: Uint8Array, at: number, end: number, sign: number): number {
    const hours = at + 3 <= end ? twoDigits(source, at + 1) : -1
    if (!(hours >= 0)) return Number.NaN
    let behind = at + 3
    let minutes = 0
    const digitsAt = source[behind] === byteOf.colon ? behind + 1 : behind
    if (digitsAt + 2 <= end && twoDigits(source, digitsAt) >= 0) {
      minutes = twoDigits(source, digitsAt)
      behind = digitsAt + 2
    }
    // ` -1 …` and ` - name` are something else.
    if (behind < end && (isDigit(source[behind] as number) || isLetter(source[behind] as number))) {
      return Number.NaN
    }
    this.end = behind
    const seconds = hours * 3600 + minutes * 60
    return sign === byteOf.dash ? -seconds : seconds
  }

  /** An abbreviation that means one thing; others say nothing, and the configured zone does. */
  #namedOffset(source: Uint8Array, at: number, end: number): number {
    let behind = at
    while (behind < end && behind - at < 6 && isUpper(source[behind] as number)) behind++
    if (behind - at < 3 || behind - at > 5) return Number.NaN
    const name = String.fromCharCode(...source.subarray(at, behind))
    const minutes = zoneAbbreviations.get(name)
    if (minutes === undefined) return Number.NaN
    this.end = behind
    return minutes * 60
  }
}

function isSign(byte: number | undefined): boolean {
  return byte === 0x2b || byte === byteOf.dash
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

/** NaN for what is no digits. */
function twoDigits(source: Uint8Array, at: number): number {
  const tens = (source[at] as number) - byteOf.zero
  const ones = (source[at + 1] as number) - byteOf.zero
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

const monthCodes = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
].map((name) => (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2))

/** 1 to 12, or 0. */
function monthOf(source: Uint8Array, at: number): number {
  const code =
    (((source[at] as number) | 0x20) << 16) |
    (((source[at + 1] as number) | 0x20) << 8) |
    ((source[at + 2] as number) | 0x20)
  return monthCodes.indexOf(code) + 1
}
