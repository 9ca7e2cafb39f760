import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { Wanted } from '../../operators/direct/direct-chain.ts'
import { DirectJson } from '../../operators/direct/direct-json.ts'
import { type Entry, isMap, setKey, type Value, type Values } from '../../operators/entry.ts'
import { OperatorError } from '../../operators/operator-error.ts'
import { parseJsonObject } from '../../operators/parsers/json.ts'
import type { LogWriter } from '../../wire/otlp/log-writer.ts'
import type { Format, FormatSettings } from '../format.ts'
import { levelOfMongo } from '../levels.ts'
import { spanIdKeys, TraceIds, traceIdKeys } from '../trace-ids.ts'
import {
  jsonLevelKeys,
  jsonMessageKeys,
  jsonTimeKeys,
  readUsualLevel,
  readUsualTime,
} from './usual-keys.ts'

const noBytes = Buffer.alloc(0)

/** A JSON object a line; its keys become attributes, and the usual ones time and level too. */
export class Json implements Format {
  readonly name = 'json'
  readonly multiline = false
  readonly #settings: FormatSettings
  readonly #times: TimeScanner
  readonly #time = jsonTimeKeys.flatMap(wantedOf)
  readonly #level = jsonLevelKeys.flatMap(wantedOf)
  readonly #traceId = traceIdKeys.flatMap(wantedOf)
  readonly #spanId = spanIdKeys.flatMap(wantedOf)
  readonly #message: readonly Wanted[]
  readonly #wanted: readonly Wanted[]
  readonly #parser: DirectJson
  readonly #ids = new TraceIds()

  constructor(settings: FormatSettings) {
    this.#settings = settings
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
    this.#message = settings.body === 'message' ? jsonMessageKeys.flatMap(wantedOf) : []
    this.#wanted = [
      ...this.#time,
      ...this.#level,
      ...this.#message,
      ...this.#traceId,
      ...this.#spanId,
    ]
    this.#parser = new DirectJson(this.#wanted, true)
  }

  begins(): boolean {
    return true
  }

  reserve(keys: readonly string[]): void {
    this.#parser.reserve(keys)
  }

  write(source: Buffer, start: number, end: number, writer: LogWriter): boolean {
    const wanted = this.#wanted
    for (let index = 0; index < wanted.length; index++) (wanted[index] as Wanted).start = -1
    if (!this.#parser.write(source, start, end, writer)) return false
    const time = firstOf(this.#time)
    if (time !== undefined && readUsualTime(source, time.start, time.end, this.#times)) {
      writer.timeSeconds(this.#times.seconds, this.#times.nanos)
    }
    const level = firstOf(this.#level)
    if (level !== undefined) {
      const number = readUsualLevel(source, level.start, level.end)
      if (number > 0) writer.severityBytes(number, source, level.start, level.end)
    }
    this.#writeIds(source, writer)
    const message = firstOf(this.#message)
    if (message === undefined) writer.bodyBytes(source, start, end)
    else writer.bodyBytes(source, message.start, message.end)
    return true
  }

  #writeIds(source: Buffer, writer: LogWriter): void {
    const trace = firstOf(this.#traceId)
    if (trace === undefined) return
    const ids = this.#ids
    ids.readTrace(source, trace.start, trace.end)
    const span = firstOf(this.#spanId)
    if (span !== undefined) ids.readSpan(source, span.start, span.end)
    ids.write(writer)
  }

  read(source: Buffer, start: number, end: number, entry: Entry): string | undefined {
    let values: Values
    try {
      values = parseJsonObject(source.toString('utf8', start, end), true)
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      return error.message
    }
    for (const key of Object.keys(values)) setKey(entry.attributes, key, values[key])
    const time = bytesOf(timeValue(values))
    if (readUsualTime(time, 0, time.length, this.#times)) {
      entry.timeUnixNano = BigInt(this.#times.seconds) * 1_000_000_000n + BigInt(this.#times.nanos)
    }
    const usual = firstValue(values, jsonLevelKeys)
    const level = bytesOf(usual ?? mongoLevel(values))
    const number =
      usual === undefined ? levelOfMongo(level.toString()) : readUsualLevel(level, 0, level.length)
    if (number > 0) {
      entry.severityNumber = number
      entry.severityText = level.toString()
    }
    this.#applyIds(values, entry)
    const message =
      this.#settings.body === 'message' ? firstValue(values, jsonMessageKeys) : undefined
    if (typeof message === 'string') entry.body = message
    return undefined
  }

  #applyIds(values: Values, entry: Entry): void {
    const trace = bytesOf(firstValue(values, traceIdKeys))
    const span = bytesOf(firstValue(values, spanIdKeys))
    const ids = this.#ids
    ids.readTrace(trace, 0, trace.length)
    ids.readSpan(span, 0, span.length)
    ids.apply(entry)
  }
}

function firstOf(wanted: readonly Wanted[]): Wanted | undefined {
  for (let index = 0; index < wanted.length; index++) {
    const one = wanted[index] as Wanted
    if (one.start >= 0) return one
  }
  return undefined
}

function firstValue(values: Values, keys: readonly string[]): Value {
  for (const key of keys) {
    const value = ownValue(values, key) ?? nestedValue(values, key)
    if (typeof value === 'string' || typeof value === 'number') return value
  }
  return undefined
}

function ownValue(values: Values, key: string): Value {
  return Object.hasOwn(values, key) ? values[key] : undefined
}

/** ECS allows for `log.level` also `{"log":{"level":…}}`. */
function nestedValue(values: Values, key: string): Value {
  const dot = key.indexOf('.')
  if (dot < 0) return undefined
  const outer = ownValue(values, key.slice(0, dot))
  return isMap(outer) ? ownValue(outer, key.slice(dot + 1)) : undefined
}

/** The same for the short way. */
function wantedOf(key: string): Wanted[] {
  const dot = key.indexOf('.')
  const whole = new Wanted(key)
  return dot < 0 ? [whole] : [whole, new Wanted(key.slice(dot + 1), key.slice(0, dot))]
}

/** MongoDB writes its level into `s`, beside a time that nobody else writes so. */
function mongoLevel(values: Values): Value {
  const time = ownValue(values, 't')
  return isMap(time) && Object.hasOwn(time, '$date') ? ownValue(values, 's') : undefined
}

function bytesOf(value: Value): Buffer {
  return value === undefined ? noBytes : Buffer.from(String(value))
}

/** Of the first time key with a time that has one form or another. */
function timeValue(values: Values): Value {
  for (const key of jsonTimeKeys) {
    const value = Object.hasOwn(values, key) ? values[key] : undefined
    if (typeof value === 'string' || typeof value === 'number') return value
    const parts = timeOfParts(value)
    if (parts !== undefined) return parts
  }
  return undefined
}

/** `{"epochSecond":1,"nanoOfSecond":2}` of log4j, `{"seconds":1,"nanos":2}` of Google's agents, `{"$date":"…"}` of MongoDB. */
function timeOfParts(value: Value): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const {
    $date: date,
    epochSecond,
    seconds = epochSecond,
    nanoOfSecond,
    nanos = nanoOfSecond,
  } = value as Values
  if (typeof date === 'string') return date
  if (typeof seconds !== 'number') return undefined
  return `${seconds}.${String(nanos ?? 0).padStart(9, '0')}`
}
