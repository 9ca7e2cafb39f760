import { Double } from '../wire/otlp/any-value.ts'
import type { Entry, Value } from './entry.ts'
import type { Field } from './field.ts'
import type { FieldReader } from './operator.ts'
import { OperatorError } from './operator-error.ts'
import { parseGoLayout, parseStrptime } from './time-layout.ts'
import { TimeReader } from './time-reader.ts'
import { findTimeZone } from './time-zone.ts'

export type LayoutType = 'strptime' | 'gotime' | 'epoch'

/** Nanoseconds since 1970 of a value, or undefined. */
export interface TimeFormat {
  read(value: Value, nowMs: number): bigint | undefined
}

/**
 * `location` empty: UTC for a layout that ends with Z, otherwise the zone of the machine. `zones`: locations of
 * abbreviations. Throws an Error with the reason.
 */
export function compileTimeFormat(
  type: LayoutType,
  layout: string,
  location: string,
  zones: Readonly<Record<string, string>> = {},
): TimeFormat {
  if (type === 'epoch') return new EpochFormat(layout)
  const parts = type === 'gotime' ? parseGoLayout(layout) : parseStrptime(layout)
  if (parts.every(({ kind }) => kind === 'text')) {
    const such = type === 'gotime' ? 'part of a time such as 2006 or 15:04' : 'directive such as %Y'
    throw new Error(`has no ${such}`)
  }
  if (parts.every(({ kind }) => kind === 'text' || kind === 'fraction')) {
    throw new Error(
      'reads nothing but the fraction of a second; seconds since 1970 are layout_type: epoch, layout: s',
    )
  }
  const zone = findTimeZone(location || (layout.endsWith('Z') ? 'UTC' : 'Local'))
  const named = new Map(Object.entries(zones).map(([name, place]) => [name, findTimeZone(place)]))
  if (named.size > 0 && !parts.some(({ kind }) => kind === 'zone')) {
    throw new Error('reads no abbreviation of a time zone, as time_zone_locations needs')
  }
  return new TextFormat(new TimeReader(parts, zone, named))
}

/** Lines that follow each other often have the same time. */
class TextFormat implements TimeFormat {
  readonly #reader: TimeReader
  #lastText = ''
  #lastTime: bigint | undefined

  constructor(reader: TimeReader) {
    this.#reader = reader
  }

  read(value: Value, nowMs: number): bigint | undefined {
    if (typeof value !== 'string') return undefined
    if (value !== this.#lastText) {
      this.#lastTime = this.#reader.read(value, nowMs)
      this.#lastText = value
    }
    return this.#lastTime
  }
}

const nanosOf: Readonly<Record<string, number>> = { s: 9, ms: 6, us: 3, ns: 0 }

/** `s`, `ms`, `us`, `ns`, and those with a fraction: `s.ms`, `s.us`, `s.ns`. */
class EpochFormat implements TimeFormat {
  readonly #power: number

  constructor(layout: string) {
    const power = nanosOf[layout.replace(/^s\.(?:ms|us|ns)$/, 's')]
    if (power === undefined) throw new Error('must be one of s, ms, us, ns, s.ms, s.us, s.ns')
    this.#power = power
  }

  read(value: Value): bigint | undefined {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
      if (!(value instanceof Double)) return undefined
    }
    const match = /^(-?\d+)(?:\.(\d+))?$/.exec(String(value))
    if (match === null) return undefined
    const fraction = (match[2] ?? '').padEnd(this.#power, '0').slice(0, this.#power)
    return BigInt((match[1] as string) + fraction)
  }
}

/** What OTLP has room for: until the year 2554. Milliseconds that are taken for seconds lie behind it. */
const nanosMax = 2n ** 64n - 1n

export class TimeParser implements FieldReader {
  readonly fields: readonly Field[]
  readonly from: Field
  readonly #format: TimeFormat
  readonly #nowMs: () => number

  constructor(from: Field, format: TimeFormat, nowMs: () => number) {
    this.fields = [from]
    this.from = from
    this.#format = format
    this.#nowMs = nowMs
  }

  process(entry: Entry): void {
    this.read(this.from.get(entry), entry)
  }

  read(value: Value, entry: Entry): void {
    if (value === undefined) throw new OperatorError(`${this.from.text} is not there`)
    const time = this.#format.read(value, this.#nowMs())
    if (time === undefined || time < 0n || time > nanosMax)
      throw new OperatorError(`${this.from.text} is no time of the layout`)
    entry.timeUnixNano = time
  }
}
