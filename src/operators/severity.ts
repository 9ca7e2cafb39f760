import { Double } from '../wire/otlp/any-value.ts'
import type { Entry, Value } from './entry.ts'
import type { Field } from './field.ts'
import type { FieldReader } from './operator.ts'
import { OperatorError } from './operator-error.ts'

/** Names of the 24 levels of the log data model, by their number − 1: `trace`, `trace2`, … `fatal4`. */
export const severityNames: readonly string[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
].flatMap((name) => ['', '2', '3', '4'].map((suffix) => name + suffix))

/** Besides the names themselves; after the syslog levels of the log data model. */
const commonNames: Readonly<Record<string, string>> = {
  warning: 'warn',
  warning2: 'warn2',
  warning3: 'warn3',
  warning4: 'warn4',
  err: 'error',
  err2: 'error2',
  err3: 'error3',
  err4: 'error4',
  information: 'info',
  informational: 'info',
  notice: 'info2',
  critical: 'error2',
  crit: 'error2',
  alert: 'error3',
  emergency: 'fatal',
  emerg: 'fatal',
  panic: 'fatal',
}

/** The name of a level that is written as a name or a number, in any case; undefined for what is none. */
export function severityNameOf(written: string): string | undefined {
  const name = written.toLowerCase()
  return severityNames.includes(name) ? name : severityNames[Number(name) - 1]
}

export type Preset = 'default' | 'none' | 'otel' | 'aliases'

/** A value of a mapping: a text, a number, a range, one of `2xx` … `5xx`. */
export type SeverityMatch = string | number | { readonly min: number; readonly max: number }

// As a number is written: `0600` is a text.
const wholeNumber = /^(?:0|-?[1-9]\d*)$/

interface Level {
  readonly number: number
  readonly name: string
}

/** Which text or number means which level. Texts are compared without regard to case. */
export class SeverityMapping {
  readonly #levels = new Map<string, Level>()
  /** Of a preset; what a mapping says of numbers comes first. */
  readonly #numbers = new Map<string, Level>()
  readonly #ranges: { readonly min: number; readonly max: number; readonly level: Level }[] = []

  constructor(preset: Preset, mapping: Readonly<Record<string, readonly SeverityMatch[]>>) {
    if (preset !== 'none') {
      for (const [index, name] of severityNames.entries()) {
        this.#levels.set(name, levelOf(name))
        this.#numbers.set(String(index + 1), levelOf(name))
      }
    }
    if (preset === 'default') {
      for (const [name, level] of Object.entries(commonNames))
        this.#levels.set(name, levelOf(level))
    }
    for (const [name, matches] of Object.entries(mapping)) {
      const level = severityNameOf(name)
      if (level !== undefined) for (const match of matches) this.#add(match, levelOf(level))
    }
  }

  find(text: string): Level | undefined {
    const level = this.#levels.get(text) ?? this.#levels.get(text.toLowerCase())
    if (level !== undefined) return level
    if (this.#ranges.length > 0) {
      const number = wholeNumber.test(text) ? Number(text) : Number.NaN
      const range = this.#ranges.find(({ min, max }) => number >= min && number <= max)
      if (range !== undefined) return range.level
    }
    return this.#numbers.get(text)
  }

  #add(match: SeverityMatch, level: Level): void {
    if (typeof match === 'object') {
      const { min, max } = match
      this.#ranges.unshift({ min: Math.min(min, max), max: Math.max(min, max), level })
      return
    }
    const hundreds = /^([1-5])xx$/i.exec(String(match))
    if (hundreds === null) {
      this.#levels.set(String(match).toLowerCase(), level)
      return
    }
    const min = Number(hundreds[1]) * 100
    this.#ranges.push({ min, max: min + 99, level })
  }
}

function levelOf(name: string): Level {
  return { number: severityNames.indexOf(name) + 1, name: name.toUpperCase() }
}

export class SeverityParser implements FieldReader {
  readonly fields: readonly Field[]
  readonly from: Field
  readonly #mapping: SeverityMapping
  readonly #overwriteText: boolean

  constructor(from: Field, mapping: SeverityMapping, overwriteText: boolean) {
    this.fields = [from]
    this.from = from
    this.#mapping = mapping
    this.#overwriteText = overwriteText
  }

  process(entry: Entry): void {
    this.read(this.from.get(entry), entry)
  }

  read(found: Value, entry: Entry): void {
    const value = found instanceof Double ? found.value : found
    const isWhole = typeof value === 'bigint' || Number.isInteger(value)
    if (typeof value !== 'string' && !isWhole) {
      throw new OperatorError(
        value === undefined ? `${this.from.text} is not there` : `${this.from.text} is no level`,
      )
    }
    const text = String(value)
    const level = this.#mapping.find(text)
    entry.severityNumber = level?.number ?? 0
    entry.severityText = this.#overwriteText && level !== undefined ? level.name : text
  }
}
