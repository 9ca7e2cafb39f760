import type { Part } from './time-layout.ts'
import type { TimeZone } from './time-zone.ts'
import { utc, zoneAbbreviations } from './time-zone.ts'

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]
const zero = 48
const weekMs = 7 * 24 * 60 * 60 * 1000

/** Reads times of one layout. Not re-entrant: the fields of the time at hand stand in the object. */
export class TimeReader {
  readonly #parts: readonly Part[]
  readonly #zone: TimeZone
  /** By abbreviation. */
  readonly #named: ReadonlyMap<string, TimeZone>
  #text = ''
  #at = 0
  #year = -1
  #month = 1
  #day = 1
  #yearDay = -1
  #hour = 0
  #half = 0
  #minute = 0
  #second = 0
  #nanos = 0
  #offsetMinutes: number | undefined
  #place: TimeZone | undefined

  constructor(
    parts: readonly Part[],
    zone: TimeZone,
    named: ReadonlyMap<string, TimeZone> = new Map(),
  ) {
    this.#parts = parts
    this.#zone = zone
    this.#named = named
  }

  /**
   * Nanoseconds since 1970, or undefined for a text that does not fit. A time without a year is of this year, or of the
   * last one where it would lie more than a week ahead of `nowMs`.
   */
  read(text: string, nowMs: number): bigint | undefined {
    this.#reset(text)
    for (const part of this.#parts) if (!this.#readPart(part)) return undefined
    if (this.#at !== text.length || !this.#valid()) return undefined
    let ms: number
    if (this.#year >= 0) ms = this.#toMs(this.#year)
    else {
      const year = new Date(nowMs).getUTCFullYear()
      ms = this.#toMs(year)
      if (ms > nowMs + weekMs) ms = this.#toMs(year - 1)
    }
    return BigInt(ms) * 1_000_000n + BigInt(this.#nanos)
  }

  #reset(text: string): void {
    this.#text = text
    this.#at = 0
    this.#year = -1
    this.#month = 1
    this.#day = 1
    this.#yearDay = -1
    this.#hour = 0
    this.#half = 0
    this.#minute = 0
    this.#second = 0
    this.#nanos = 0
    this.#offsetMinutes = undefined
    this.#place = undefined
  }

  #valid(): boolean {
    if (this.#half !== 0 && (this.#hour < 1 || this.#hour > 12)) return false
    const daysMax = new Date(
      Date.UTC(this.#year < 0 ? 2000 : this.#year, this.#month, 0),
    ).getUTCDate()
    return (
      this.#month >= 1 &&
      this.#month <= 12 &&
      this.#day >= 1 &&
      this.#day <= daysMax &&
      this.#yearDay !== 0 &&
      this.#yearDay <= (isLeap(this.#year) ? 366 : 365) &&
      (this.#hour <= 23 || this.#isEndOfDay) &&
      this.#minute <= 59 &&
      this.#second <= 60
    )
  }

  /** ISO 8601 knows 24:00:00 and nothing later. */
  get #isEndOfDay(): boolean {
    return this.#hour === 24 && this.#minute === 0 && this.#second === 0 && this.#nanos === 0
  }

  #toMs(year: number): number {
    let hour = this.#hour
    if (this.#half === 1 && hour === 12) hour = 0
    if (this.#half === 2 && hour < 12) hour += 12
    const [month, day] = this.#yearDay >= 0 ? [0, this.#yearDay] : [this.#month - 1, this.#day]
    const wallMs = Date.UTC(year, month, day, hour, this.#minute, this.#second)
    const offset = this.#offsetMinutes ?? (this.#place ?? this.#zone).offsetMinutesAt(wallMs)
    return wallMs - offset * 60_000
  }

  #readPart(part: Part): boolean {
    switch (part.kind) {
      case 'text':
        if (!this.#text.startsWith(part.text, this.#at)) return false
        this.#at += part.text.length
        return true
      case 'number':
        return this.#readNumber(part)
      case 'fraction':
        return this.#readFraction(part.withSeparator)
      case 'name':
        return this.#readName(part.unit)
      case 'offset':
        return this.#readOffset(part.utcAsZ)
      case 'zone':
        return this.#readZone()
    }
  }

  #readNumber(part: Extract<Part, { kind: 'number' }>): boolean {
    if (part.padded) while (this.#text.charCodeAt(this.#at) === 32) this.#at++
    let value = 0
    let count = 0
    while (count < part.max) {
      const digit = this.#text.charCodeAt(this.#at + count) - zero
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      count++
    }
    if (count < part.min) return false
    this.#at += count
    switch (part.unit) {
      case 'year':
        this.#year = value
        break
      case 'year2':
        // As Go and POSIX have it: 69 to 99 are of the last century.
        this.#year = value + (value >= 69 ? 1900 : 2000)
        break
      case 'month':
        this.#month = value
        break
      case 'day':
        this.#day = value
        break
      case 'yearDay':
        this.#yearDay = value
        break
      case 'hour':
      case 'hour12':
        this.#hour = value
        break
      case 'minute':
        this.#minute = value
        break
      case 'second':
        this.#second = value
        break
    }
    return true
  }

  #readFraction(withSeparator: boolean): boolean {
    let at = this.#at
    if (withSeparator) {
      const separator = this.#text.charAt(at)
      const digit = this.#text.charCodeAt(at + 1) - zero
      if ((separator !== '.' && separator !== ',') || !(digit >= 0 && digit <= 9)) return true
      at++
    }
    let nanos = 0
    let count = 0
    for (;;) {
      const digit = this.#text.charCodeAt(at + count) - zero
      if (!(digit >= 0 && digit <= 9)) break
      if (count < 9) nanos = nanos * 10 + digit
      count++
    }
    if (count === 0) return false
    for (let index = count; index < 9; index++) nanos *= 10
    this.#nanos = nanos
    this.#at = at + count
    return true
  }

  #readName(unit: 'month' | 'weekday' | 'half'): boolean {
    const word = /[A-Za-z]*/y
    word.lastIndex = this.#at
    const name = (word.exec(this.#text)?.[0] ?? '').toLowerCase()
    if (unit === 'half') {
      this.#half = name === 'am' ? 1 : name === 'pm' ? 2 : 0
      this.#at += name.length
      return this.#half !== 0
    }
    if (unit === 'weekday') {
      this.#at += name.length
      return name.length >= 3
    }
    const full = monthNames.find((month) => name.startsWith(month))
    const index = full === undefined ? months.indexOf(name.slice(0, 3)) : monthNames.indexOf(full)
    this.#month = index + 1
    this.#at += full?.length ?? 3
    return index >= 0
  }

  #readOffset(utcAsZ: boolean): boolean {
    const sign = this.#text.charAt(this.#at)
    if (utcAsZ && (sign === 'Z' || sign === 'z')) {
      this.#offsetMinutes = 0
      this.#at++
      return true
    }
    const digits = /[+-](\d{2})(?::?(\d{2}))?(?::?\d{2})?/y
    digits.lastIndex = this.#at
    const match = digits.exec(this.#text)
    if (match === null) return false
    const minutes = Number(match[1]) * 60 + Number(match[2] ?? 0)
    this.#offsetMinutes = sign === '-' ? -minutes : minutes
    this.#at += match[0].length
    return true
  }

  #readZone(): boolean {
    const word = /[A-Za-z]{1,5}(?:[+-]\d{1,2})?/y
    word.lastIndex = this.#at
    const match = word.exec(this.#text)
    if (match === null) return false
    const name = match[0].toUpperCase()
    this.#at += match[0].length
    this.#place = this.#named.get(name)
    if (this.#place !== undefined) return true
    this.#offsetMinutes = zoneAbbreviations.get(name)
    // A name that is not known is that of the location. UTC has no other names: a guess would be wrong by hours.
    return this.#offsetMinutes !== undefined || this.#zone !== utc
  }
}

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCDate() === 29
}
