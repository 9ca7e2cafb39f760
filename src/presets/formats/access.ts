import {
  byteOf,
  closingQuote,
  digitsEnd,
  findByte,
  isDigit,
  readWhole,
  skipSpaces,
  standsAt,
  wordEnd,
} from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import { Constant, type Found, Key } from '../found.ts'
import { ApacheRest, NginxRest, type Rest } from './access-rest.ts'

const clientAddress = new Key('client.address')
const serverAddress = new Key('server.address')
const serverPort = new Key('server.port')
const userName = new Key('user.name')
const method = new Key('http.request.method')
const methodOriginal = new Key('http.request.method_original')
const urlPath = new Key('url.path')
const urlQuery = new Key('url.query')
const urlFull = new Key('url.full')
const protocolName = new Key('network.protocol.name')
const protocolVersion = new Key('network.protocol.version')
const statusCode = new Key('http.response.status_code')
const bodySize = new Key('http.response.body.size')
const referer = new Key('http.request.header.referer')
const userAgent = new Key('user_agent.original')

// Those that the semantic conventions know; others are `_OTHER` there.
const methods = 'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'
  .split(' ')
  .map((name) => new Constant(method, name))
const otherMethod = new Constant(method, '_OTHER')
const http = new Constant(protocolName, 'http')
const versions = ['1.1', '2.0', '1.0', '3.0'].map((text) => new Constant(protocolVersion, text))

/*
 * The lines of web servers:
 *
 *   [host[:port] ]client ident user [21/Nov/2026:10:15:30 +0100] "GET /path?query HTTP/1.1" 200 512[ "referer" "agent"[ rest]]
 */
abstract class AccessFormat extends TextFormat {
  readonly multiline = false
  readonly #times: TimeScanner
  readonly #rest: Rest

  constructor(settings: FormatSettings, rest: Rest) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
    this.#rest = rest
  }

  begins(): boolean {
    return true
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const bracket = findTime(source, start, end)
    if (bracket < 0) return 'it has no time such as [21/Nov/2026:10:15:30 +0100]'
    if (!scanClient(source, start, bracket - 1, found)) {
      return 'it has no client, ident and user in front of its time'
    }
    const times = this.#times
    if (!times.clf(source, bracket + 1, end) || source[times.end] !== byteOf.unbracket) {
      return 'its time cannot be read'
    }
    found.time(times.seconds, times.nanos)
    const request = times.end + 3
    if (request > end || source[request - 1] !== byteOf.quote) return 'it has no request in quotes'
    const requestEnd = closingQuote(source, request, end, byteOf.quote)
    if (requestEnd < 0) return 'its request has no closing quote'
    scanRequest(source, request, requestEnd, found)
    return this.#scanAnswer(source, requestEnd + 2, end, found)
  }

  #scanAnswer(source: Buffer, at: number, end: number, found: Found): string | undefined {
    const status = readWhole(source, at, at + 3 > end ? at : at + 3)
    if (status < 0 || (at + 3 < end && source[at + 3] !== byteOf.space)) {
      return 'it has no status of three digits'
    }
    found.value(statusCode, status)
    found.level(status >= 500 ? 17 : status >= 400 ? 13 : 9, 0, 0)
    const size = at + 4
    const sizeEnd = wordEnd(source, size, end)
    if (size >= end) return 'it has no size'
    const bytes = readWhole(source, size, sizeEnd)
    if (bytes >= 0) found.value(bodySize, bytes)
    else if (source[size] !== byteOf.dash || sizeEnd !== size + 1) return 'its size is no number'
    const next = skipSpaces(source, sizeEnd, end)
    if (next === end) return undefined
    return this.#scanHeaders(source, next, end, found)
  }

  /** `"referer" "agent"` and what a server adds. */
  #scanHeaders(source: Buffer, at: number, end: number, found: Found): string | undefined {
    let next = at
    if (source[at] === byteOf.quote) {
      const refererEnd = closingQuote(source, at + 1, end, byteOf.quote)
      if (refererEnd < 0) return 'its referer has no closing quote'
      if (!isNothing(source, at + 1, refererEnd)) found.list(referer, at + 1, refererEnd)
      next = skipSpaces(source, refererEnd + 1, end)
      if (next < end && source[next] === byteOf.quote) {
        const agentEnd = closingQuote(source, next + 1, end, byteOf.quote)
        if (agentEnd < 0) return 'its user agent has no closing quote'
        if (!isNothing(source, next + 1, agentEnd)) found.escaped(userAgent, next + 1, agentEnd)
        next = skipSpaces(source, agentEnd + 1, end)
      }
    }
    if (next < end) this.#rest.scan(source, next, end, found)
    return undefined
  }
}

/** nginx: `combined`, `main` of its packages, with times and pairs behind, ingress-nginx. */
export class NginxAccess extends AccessFormat {
  readonly name = 'nginx_access'

  constructor(settings: FormatSettings) {
    super(settings, new NginxRest())
  }
}

/** Apache httpd: `common`, `combined`, `vhost_combined`. */
export class ApacheAccess extends AccessFormat {
  readonly name = 'apache_access'

  constructor(settings: FormatSettings) {
    super(settings, new ApacheRest())
  }
}

/** The bracket in front of the time; a user may have blanks and brackets, too. */
function findTime(source: Uint8Array, start: number, end: number): number {
  let at = start
  for (;;) {
    at = findByte(source, byteOf.bracket, at, end)
    if (at + 4 >= end) return -1
    if (at > start && isDigit(source[at + 1] as number) && source[at + 3] === byteOf.slash)
      return at
    at++
  }
}

/** `[host[:port] ]client ident user` up to `end`. */
function scanClient(source: Uint8Array, start: number, end: number, found: Found): boolean {
  const firstEnd = wordEnd(source, start, end)
  const secondEnd = wordEnd(source, firstEnd + 1, end)
  const thirdEnd = wordEnd(source, secondEnd + 1, end)
  if (firstEnd === start || thirdEnd > end || thirdEnd <= secondEnd + 1) return false
  const secondIsDash = isNothing(source, firstEnd + 1, secondEnd)
  if (thirdEnd === end || secondIsDash) {
    found.text(clientAddress, start, firstEnd)
    return scanUser(source, secondEnd + 1, end, found)
  }
  // Four words: a host in front.
  const userStart = thirdEnd + 1
  if (userStart >= end) return false
  scanHost(source, start, firstEnd, found)
  found.text(clientAddress, firstEnd + 1, secondEnd)
  return scanUser(source, userStart, end, found)
}

function scanUser(source: Uint8Array, start: number, end: number, found: Found): boolean {
  if (start >= end) return false
  if (!isNothing(source, start, end) && !standsAt(source, start, end, '""')) {
    found.escaped(userName, start, end)
  }
  return true
}

function scanHost(source: Uint8Array, start: number, end: number, found: Found): void {
  let colon = end - 1
  while (colon > start && isDigit(source[colon] as number)) colon--
  const port = source[colon] === byteOf.colon ? readWhole(source, colon + 1, end) : -1
  found.text(serverAddress, start, port < 0 ? end : colon)
  if (port >= 0) found.value(serverPort, port)
}

/** `GET /path?query HTTP/1.1`. Of what is no request of HTTP, as scanners send it, nothing is said. */
function scanRequest(source: Uint8Array, start: number, end: number, found: Found): void {
  const verbEnd = wordEnd(source, start, end)
  const target = verbEnd + 1
  if (verbEnd === start || target >= end) return
  const targetEnd = wordEnd(source, target, end)
  const version = targetEnd + 1
  const isHttp = standsAt(source, version, end, 'HTTP/')
  if (!isHttp && targetEnd !== end) return
  scanMethod(source, start, verbEnd, found)
  if (source[target] === byteOf.slash) {
    const question = findByte(source, 0x3f, target, targetEnd)
    found.escaped(urlPath, target, question)
    if (question + 1 < targetEnd) found.escaped(urlQuery, question + 1, targetEnd)
  } else if (source[target] !== 0x2a) found.escaped(urlFull, target, targetEnd)
  if (!isHttp) return
  found.constant(http)
  scanVersion(source, version + 5, end, found)
}

function scanVersion(source: Uint8Array, start: number, end: number, found: Found): void {
  for (let index = 0; index < versions.length; index++) {
    const known = versions[index] as Constant
    if (end - start === 3 && standsAt(source, start, end, known.value)) {
      found.constant(known)
      return
    }
  }
  found.text(protocolVersion, start, digitsAndDots(source, start, end))
}

function scanMethod(source: Uint8Array, start: number, end: number, found: Found): void {
  for (let index = 0; index < methods.length; index++) {
    const known = methods[index] as Constant
    if (known.value.length === end - start && standsAt(source, start, end, known.value)) {
      found.constant(known)
      return
    }
  }
  found.constant(otherMethod)
  found.escaped(methodOriginal, start, end)
}

function digitsAndDots(source: Uint8Array, at: number, end: number): number {
  const whole = digitsEnd(source, at, end)
  return whole < end && source[whole] === byteOf.dot ? digitsEnd(source, whole + 1, end) : whole
}

/** `-` and nothing at all are what servers write for what is not there. */
export function isNothing(source: Uint8Array, start: number, end: number): boolean {
  return start >= end || (end === start + 1 && source[start] === byteOf.dash)
}
