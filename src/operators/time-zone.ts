/** Offsets from UTC of wall clock times. */
export interface TimeZone {
  /** `wallMs`: the wall clock read as if it were UTC. Minutes east of Greenwich. */
  offsetMinutesAt(wallMs: number): number
}

/** Abbreviations that mean one thing nearly everywhere; CST, IST, BST and others do not. */
export const zoneAbbreviations: ReadonlyMap<string, number> = new Map([
  ['UTC', 0],
  ['GMT', 0],
  ['Z', 0],
  ['WET', 0],
  ['CET', 60],
  ['CEST', 120],
  ['EET', 120],
  ['EEST', 180],
  ['MSK', 180],
  ['EST', -300],
  ['EDT', -240],
  ['CDT', -300],
  ['HST', -600],
  ['AKST', -540],
  ['AKDT', -480],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
  ['JST', 540],
])

export const utc: TimeZone = { offsetMinutesAt: () => 0 }

/** The zone of the machine (TZ). */
const local: TimeZone = {
  offsetMinutesAt(wallMs) {
    const wall = new Date(wallMs)
    const there = new Date(
      wall.getUTCFullYear(),
      wall.getUTCMonth(),
      wall.getUTCDate(),
      wall.getUTCHours(),
      wall.getUTCMinutes(),
      wall.getUTCSeconds(),
    )
    return -there.getTimezoneOffset()
  },
}

/** `Local`, `UTC` or a name of the tz database. Throws an Error with the reason. */
export function findTimeZone(name: string): TimeZone {
  if (name === '' || name === 'UTC') return utc
  if (name === 'Local') return isUtcHere() ? utc : local
  try {
    return new NamedZone(name)
  } catch (error) {
    throw new Error(`is not a time zone of the tz database, such as "Europe/Berlin"`, {
      cause: error,
    })
  }
}

/** Most containers have no other zone. */
function isUtcHere(): boolean {
  return [0, 6].every((month) => new Date(2026, month).getTimezoneOffset() === 0)
}

const hourMs = 3_600_000
const rememberedHours = 1000

/** Asks Intl once for each hour; a change of the clocks is at a full hour, nearly everywhere. */
class NamedZone implements TimeZone {
  readonly #format: Intl.DateTimeFormat
  readonly #known = new Map<number, number>()

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
  }

  offsetMinutesAt(wallMs: number): number {
    const hour = Math.floor(wallMs / hourMs)
    let offset = this.#known.get(hour)
    if (offset === undefined) {
      if (this.#known.size >= rememberedHours) this.#known.clear()
      // The offset at the wall time is that at the moment which shows it: two steps reach it.
      const guess = this.#offsetAt(hour * hourMs)
      offset = this.#offsetAt(hour * hourMs - guess * 60_000)
      this.#known.set(hour, offset)
    }
    return offset
  }

  #offsetAt(ms: number): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts
    return Math.round((Date.UTC(year, month - 1, day, hour, minute) - ms) / 60_000)
  }
}
