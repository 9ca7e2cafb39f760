import { isLetter } from '../operators/bytes/scan.ts'
import { severityNames } from '../operators/severity.ts'

/** Numbers of the log data model of the words that programs write for levels; the case does not matter. */
const numbers: Readonly<Record<string, string>> = {
  trace: 'trace',
  finest: 'trace',
  verbose: 'debug',
  debug: 'debug',
  finer: 'debug',
  fine: 'debug2',
  config: 'debug3',
  info: 'info',
  information: 'info',
  informational: 'info',
  log: 'info',
  notice: 'info2',
  success: 'info2',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
  severe: 'error',
  critical: 'error2',
  crit: 'error2',
  alert: 'error3',
  dpanic: 'error4',
  fatal: 'fatal',
  panic: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
}

interface Word {
  readonly text: string
  readonly number: number
}

const words = new Map<number, Word[]>()
for (const [text, name] of Object.entries(numbers)) {
  const hash = hashOf(Buffer.from(text), 0, text.length)
  words.set(hash, [...(words.get(hash) ?? []), { text, number: severityNames.indexOf(name) + 1 }])
}
const longest = Math.max(...Object.keys(numbers).map((text) => text.length))

/** The severity number of the word `[start, end)`, 0 for one that is no level. */
export function levelOf(source: Uint8Array, start: number, end: number): number {
  if (end - start < 3 || end - start > longest) return 0
  const found = words.get(hashOf(source, start, end))
  if (found === undefined) return 0
  for (let index = 0; index < found.length; index++) {
    const { text, number } = found[index] as Word
    if (sameLetters(source, start, end, text)) return number
  }
  return 0
}

/** Of a number that stands for a level: pino and bunyan count 10 to 60, syslog and GELF 7 down to 0. */
export function levelOfNumber(value: number): number {
  return value >= 10 ? (tens[value / 10] ?? 0) : (syslog[value] ?? 0)
}

/** Of a letter that MongoDB writes: F, E, W, I, and D1 to D5 for what it says when it is asked for more. */
export function levelOfMongo(text: string): number {
  return /^D[1-5]?$/.test(text) ? 5 : (mongo.get(text) ?? 0)
}

const mongo: ReadonlyMap<string, number> = new Map([
  ['F', 21],
  ['E', 17],
  ['W', 13],
  ['I', 9],
])

const tens: readonly (number | undefined)[] = [undefined, 1, 5, 9, 13, 17, 21]
const syslog: readonly number[] = [21, 19, 18, 17, 13, 10, 9, 5]

function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = end - start
  // The five low bits of a letter are the same for both cases.
  for (let at = start; at < end; at++)
    hash = (hash * 31 + ((source[at] as number) & 31)) & 0xfffffff
  return hash
}

function sameLetters(source: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let index = 0; index < text.length; index++) {
    const byte = source[start + index] as number
    if (!isLetter(byte) || (byte | 0x20) !== text.charCodeAt(index)) return false
  }
  return true
}
