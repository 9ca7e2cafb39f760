import type { Entry, Values } from '../entry.ts'
import { setKey } from '../entry.ts'
import type { Field } from '../field.ts'
import { OperatorError } from '../operator-error.ts'
import { compileTimeFormat, type TimeFormat } from '../time.ts'
import { type Embedded, Parser } from './parser.ts'

/*
 * RFC 5424   <34>1 2003-10-11T22:14:15.003Z host app 1234 ID47 [id@32473 name="value"] message
 * RFC 3164   <34>Oct 11 22:14:15 host app[1234]: message       also with an RFC 3339 time, as rsyslog writes it
 */
export interface SyslogSettings {
  /** `none`: the message as it is, with the priority if there is one. */
  readonly protocol: 'rfc3164' | 'rfc5424' | 'none'
  /** Time zone of RFC 3164 times. */
  readonly location: string
  /** Lines may come without `<34>`. */
  readonly allowSkipPri: boolean
  /** The length of the message in front: `65 <34>1 …`; `none` leaves it there. */
  readonly octetCounting: boolean
  /** The largest length that is believed. */
  readonly octetsMax: number
  readonly nowMs: () => number
}

// By severity of the syslog protocol: numbers of the log data model and names.
const severities: readonly (readonly [number, string])[] = [
  [21, 'emerg'],
  [19, 'alert'],
  [18, 'crit'],
  [17, 'err'],
  [13, 'warning'],
  [10, 'notice'],
  [9, 'info'],
  [5, 'debug'],
]

const facilities =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert cron2 local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  )

const isoTime = compileTimeFormat('gotime', '2006-01-02T15:04:05.999999999Z07:00', 'UTC')
const head5424 = /(\d{1,3}) (\S+) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) /y
const time3164 = / *(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S+)/y
const tag3164 = /([^\s:[\]]{1,255})(?:\[([^\]]{0,255})\])?: ?/y

export class SyslogParser extends Parser {
  readonly #settings: SyslogSettings
  readonly #bsdTime: TimeFormat

  constructor(from: Field, to: Field, embedded: Embedded, settings: SyslogSettings) {
    super(from, to, embedded)
    this.#settings = settings
    this.#bsdTime = compileTimeFormat('strptime', '%b %e %H:%M:%S', settings.location || 'UTC')
  }

  protected parse(text: string, entry: Entry): Values {
    const { octetCounting, octetsMax, protocol } = this.#settings
    const counted = octetCounting && protocol !== 'none'
    const line = (counted ? withoutCount(text, octetsMax) : text).replace(/[\n\0]+$/, '')
    const values: Values = {}
    const at = this.#readPri(line, values)
    let timeUnixNano: bigint | undefined
    if (protocol === 'none') values['message'] = line
    else if (protocol === 'rfc5424') timeUnixNano = read5424(line, at, values)
    else timeUnixNano = this.#read3164(line, at, values)
    if (timeUnixNano !== undefined) entry.timeUnixNano = timeUnixNano
    const { priority } = values
    if (typeof priority === 'number') {
      const [number, name] = severities[priority & 7] as readonly [number, string]
      entry.severityNumber = number
      entry.severityText = name
    }
    return values
  }

  /** Where the rest begins. */
  #readPri(line: string, values: Values): number {
    const pri = /^<(\d{1,3})>/.exec(line)
    if (pri === null) {
      if (this.#settings.allowSkipPri || this.#settings.protocol === 'none') return 0
      throw new OperatorError('it has no priority such as <34> in front')
    }
    const priority = Number(pri[1])
    if (priority > 191 && this.#settings.protocol === 'none') return 0
    if (priority > 191) throw new OperatorError('its priority is above 191')
    values['priority'] = priority
    values['facility'] = priority >> 3
    values['facility_text'] = facilities[priority >> 3]
    return pri[0].length
  }

  #read3164(line: string, start: number, values: Values): bigint | undefined {
    time3164.lastIndex = start
    const time = time3164.exec(line)?.[0]
    if (time === undefined) throw new OperatorError('it has no time where RFC 3164 wants one')
    const written = time.trimStart()
    const format = /^\d/.test(written) ? isoTime : this.#bsdTime
    const timeUnixNano = format.read(written, this.#settings.nowMs())
    if (timeUnixNano === undefined) throw new OperatorError('its time cannot be read')
    const hostStart = skipBlanks(line, start + time.length)
    const hostEnd = line.indexOf(' ', hostStart)
    if (hostEnd < 0) {
      values['message'] = line.slice(hostStart)
      return timeUnixNano
    }
    // Without a host the tag comes first, as in /dev/log: its colon tells.
    const host = line.slice(hostStart, hostEnd)
    const hostMissing = host.endsWith(':')
    if (!hostMissing) values['hostname'] = host
    readTag(line, hostMissing ? hostStart : skipBlanks(line, hostEnd), values)
    return timeUnixNano
  }
}

function skipBlanks(line: string, start: number): number {
  let at = start
  while (line[at] === ' ') at++
  return at
}

function readTag(line: string, start: number, values: Values): void {
  tag3164.lastIndex = start
  const tag = tag3164.exec(line)
  if (tag !== null) {
    values['appname'] = tag[1]
    if (tag[2] !== undefined && tag[2] !== '') values['proc_id'] = tag[2]
  }
  values['message'] = line.slice(tag === null ? start : tag3164.lastIndex)
}

function withoutCount(text: string, octetsMax: number): string {
  const count = /^([1-9]\d{0,8}) /.exec(text)
  if (count === null) throw new OperatorError('it has no length in front')
  const octets = Number(count[1])
  if (octets > octetsMax) throw new OperatorError('it is longer than max_octets')
  const rest = text.slice(count[0].length)
  if (Buffer.byteLength(rest) !== octets && Buffer.byteLength(rest.trimEnd()) !== octets) {
    throw new OperatorError('its length is not the one in front')
  }
  return rest
}

const names5424 = ['hostname', 'appname', 'proc_id', 'msg_id'] as const

function read5424(line: string, start: number, values: Values): bigint | undefined {
  head5424.lastIndex = start
  // A message may end behind the structured data, or with it.
  const match = head5424.exec(line)
  if (match === null) throw new OperatorError('it is not of RFC 5424')
  values['version'] = Number(match[1])
  for (const [index, name] of names5424.entries()) {
    const value = match[index + 3] as string
    if (value !== '-') values[name] = value
  }
  const time = match[2] as string
  const timeUnixNano = time === '-' ? undefined : isoTime.read(time, 0)
  if (time !== '-' && timeUnixNano === undefined) throw new OperatorError('its time cannot be read')
  const end = readStructuredData(line, head5424.lastIndex, values)
  const message = line.slice(end + 1).replace(/^\ufeff/, '')
  if (end < line.length && line[end] !== ' ') throw new OperatorError('it is not of RFC 5424')
  if (message !== '') values['message'] = message
  return timeUnixNano
}

const element = /\[([^\s=\]"]{1,64})/y
const parameter = / ([^\s=\]"]{1,64})="((?:[^"\\\]]|\\.)*)"/suy

/** Where it ends. */
function readStructuredData(line: string, start: number, values: Values): number {
  if (line[start] === '-') return start + 1
  const data: Values = {}
  let at = start
  while (line[at] === '[') {
    element.lastIndex = at
    const id = element.exec(line)?.[1]
    if (id === undefined) throw new OperatorError('its structured data cannot be read')
    at = element.lastIndex
    const parameters: Values = {}
    parameter.lastIndex = at
    for (let found = parameter.exec(line); found !== null; found = parameter.exec(line)) {
      setKey(parameters, found[1] as string, (found[2] as string).replace(/\\(["\\\]])/g, '$1'))
      at = parameter.lastIndex
    }
    if (line[at] !== ']') throw new OperatorError('its structured data cannot be read')
    at++
    setKey(data, id, parameters)
  }
  if (at === start) throw new OperatorError('its structured data cannot be read')
  values['structured_data'] = data
  return at
}
