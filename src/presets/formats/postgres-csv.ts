import { byteOf, findByte, isDigit, isLetter, readWhole } from '../../operators/bytes/scan.ts'
import { type Found, Key } from '../found.ts'
import { processId } from './header.ts'
import {
  application,
  clientAddress,
  clientPort,
  database,
  queryText,
  severities,
  userName,
} from './postgres-keys.ts'

const statusCode = new Key('db.response.status_code')

/** The columns that are looked at, by their places behind the time (PostgreSQL, "Using CSV-Format Log Output"). */
const columns = {
  user: 0,
  database: 1,
  pid: 2,
  client: 3,
  severity: 10,
  state: 11,
  message: 12,
  query: 18,
  application: 21,
} as const
const columnsMin = 20
const columnsMax = 25

/**
 * Where the columns begin if a record with its time before `at` is one of csvlog, or -1: behind a comma, and maybe a zone that nobody
 * knows. The first column, a user, is in quotes or empty; a prefix such as `%m,%p` goes on in another way.
 */
export function csvStart(source: Uint8Array, at: number, end: number): number {
  let index = at
  if (source[index] === byteOf.space) {
    index++
    while (index < end && isZoneByte(source[index] as number)) index++
  }
  const first = source[index + 1]
  if (index + 1 >= end || source[index] !== byteOf.comma) return -1
  return first === byteOf.quote || first === byteOf.comma ? index + 1 : -1
}

function isZoneByte(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === 0x2b || byte === byteOf.dash
}

/** The columns of a record of csvlog. Quotes in quoted ones are doubled. Not re-entrant. */
export class CsvColumns {
  readonly #starts = new Int32Array(columnsMax)
  readonly #ends = new Int32Array(columnsMax)
  readonly #doubled = new Uint8Array(columnsMax)
  #source: Buffer = Buffer.alloc(0)

  /** Reads `[at, end)` into `found`. The reason why it cannot, or undefined. */
  scan(source: Buffer, at: number, end: number, found: Found): string | undefined {
    if (!this.#split(source, at, end)) return 'it has less columns than csvlog, or a quote is open'
    this.#source = source
    const level = this.#textOf(columns.severity)
    const number = severities[level]
    if (number === undefined) return 'it has no severity in its 12th column'
    found.level(number, this.#start(columns.severity), this.#end(columns.severity))
    this.#put(found, userName, columns.user)
    this.#put(found, database, columns.database)
    const pid = readWhole(source, this.#start(columns.pid), this.#end(columns.pid))
    if (pid >= 0) found.value(processId, pid)
    this.#putClient(found)
    const state = this.#textOf(columns.state)
    if (state !== '' && state !== '00000') this.#put(found, statusCode, columns.state)
    this.#put(found, queryText, columns.query)
    this.#put(found, application, columns.application)
    const [from, to] = [this.#start(columns.message), this.#end(columns.message)]
    if (this.#doubled[columns.message] === 1) found.doubledMessage(from, to)
    else found.message(from, to)
    return undefined
  }

  /** `10.0.0.7:51234`, `[local]`, or a host without a port. */
  #putClient(found: Found): void {
    const start = this.#start(columns.client)
    const end = this.#end(columns.client)
    if (start >= end) return
    let colon = end
    while (colon > start && isDigit(this.#source[colon - 1] as number)) colon--
    const hasPort = colon < end && colon > start && this.#source[colon - 1] === byteOf.colon
    found.text(clientAddress, start, hasPort ? colon - 1 : end)
    if (hasPort) found.value(clientPort, readWhole(this.#source, colon, end))
  }

  #put(found: Found, key: Key, column: number): void {
    const [start, end] = [this.#start(column), this.#end(column)]
    if (start >= end) return
    if (this.#doubled[column] === 1) found.value(key, this.#textOf(column))
    else found.text(key, start, end)
  }

  #textOf(column: number): string {
    const text = this.#source.toString('utf8', this.#start(column), this.#end(column))
    return this.#doubled[column] === 1 ? text.replaceAll('""', '"') : text
  }

  #start(column: number): number {
    return this.#starts[column] as number
  }

  #end(column: number): number {
    return this.#ends[column] as number
  }

  #split(source: Buffer, from: number, end: number): boolean {
    this.#starts.fill(0)
    this.#ends.fill(0)
    this.#doubled.fill(0)
    let at = from
    for (let column = 0; column < columnsMax; column++) {
      const behind =
        source[at] === byteOf.quote && at < end
          ? this.#quoted(source, at + 1, end, column)
          : this.#plain(source, at, end, column)
      if (behind < 0) return false
      if (behind >= end) return column + 1 >= columnsMin
      if (source[behind] !== byteOf.comma) return false
      at = behind + 1
    }
    // Columns of later versions.
    return true
  }

  #plain(source: Buffer, at: number, end: number, column: number): number {
    const behind = findByte(source, byteOf.comma, at, end)
    this.#starts[column] = at
    this.#ends[column] = behind
    return behind
  }

  /** Behind the closing quote; -1 without one. */
  #quoted(source: Buffer, at: number, end: number, column: number): number {
    this.#starts[column] = at
    for (let index = findByte(source, byteOf.quote, at, end); index < end; ) {
      if (index + 1 >= end || source[index + 1] !== byteOf.quote) {
        this.#ends[column] = index
        return index + 1
      }
      this.#doubled[column] = 1
      index = findByte(source, byteOf.quote, index + 2, end)
    }
    return -1
  }
}
