import {
  byteOf,
  closingQuote,
  digitsEnd,
  findByte,
  isLetter,
  isNameByte,
  readWhole,
  skipSpaces,
  wordEnd,
} from '../../operators/bytes/scan.ts'
import { type Found, Key } from '../found.ts'

/** What stands behind the user agent. Whatever it is not sure of becomes one attribute as it is written. */
export interface Rest {
  scan(source: Buffer, at: number, end: number, found: Found): void
}

const apacheRest = new Key('apache.rest')

export class ApacheRest implements Rest {
  scan(_source: Buffer, at: number, end: number, found: Found): void {
    found.text(apacheRest, at, end)
  }
}

const forwardedFor = new Key('http.request.header.x-forwarded-for')
const requestTime = new Key('nginx.request_time')
const requestSize = new Key('http.request.size')
const requestId = new Key('nginx.request_id')
const nginxRest = new Key('nginx.rest')
const upstreamKeys = {
  name: new Key('nginx.upstream.name'),
  address: new Key('nginx.upstream.address'),
  size: new Key('nginx.upstream.response_length'),
  time: new Key('nginx.upstream.response_time'),
  status: new Key('nginx.upstream.status'),
}

const pairKeysMax = 100

/**
 * Behind nginx's user agent:
 *
 *   "203.0.113.9, 10.0.0.1"                                                        `main`: $http_x_forwarded_for
 *   0.005                                                                          $request_time
 *   rt=0.005 uct="0.001"                                                           pairs, each nginx.<name>
 *   440 0.005 [default-web-80] [] 10.0.0.7:8080 612 0.004 200 0f1e2d3c4b5a69788796a5b4c3d2e1f0    ingress-nginx
 */
export class NginxRest implements Rest {
  readonly #pairKeys = new Map<string, Key>()

  scan(source: Buffer, from: number, end: number, found: Found): void {
    let at = from
    if (source[at] === byteOf.quote) {
      const close = closingQuote(source, at + 1, end, byteOf.quote)
      if (close < 0) {
        found.text(nginxRest, at, end)
        return
      }
      if (close - at > 2 || source[at + 1] !== byteOf.dash) found.list(forwardedFor, at + 1, close)
      at = skipSpaces(source, close + 1, end)
    } else if (scanIngress(source, at, end, found)) return
    const number = numberEnd(source, at, end)
    if (number > at) {
      found.value(requestTime, Number(source.toString('latin1', at, number)))
      at = skipSpaces(source, number, end)
    }
    while (at < end) {
      const next = this.#pair(source, at, end, found)
      if (next < 0) {
        found.text(nginxRest, at, end)
        return
      }
      at = next
    }
  }

  /** Behind a pair, or -1. */
  #pair(source: Buffer, at: number, end: number, found: Found): number {
    if (!isLetter(source[at] as number)) return -1
    let equals = at
    while (equals < end && isNameByte(source[equals] as number)) equals++
    if (equals >= end || source[equals] !== byteOf.equals) return -1
    const key = this.#pairKey(source.toString('latin1', at, equals))
    if (key === undefined || found.has(key.text)) return -1
    const value = equals + 1
    if (source[value] === byteOf.quote && value < end) {
      const close = closingQuote(source, value + 1, end, byteOf.quote)
      if (close < 0) return -1
      if (close - value > 2 || source[value + 1] !== byteOf.dash)
        found.escaped(key, value + 1, close)
      return skipSpaces(source, close + 1, end)
    }
    const valueEnd = wordEnd(source, value, end)
    if (valueEnd - value !== 1 || source[value] !== byteOf.dash) found.text(key, value, valueEnd)
    return skipSpaces(source, valueEnd, end)
  }

  #pairKey(name: string): Key | undefined {
    const known = this.#pairKeys.get(name)
    if (known !== undefined || this.#pairKeys.size >= pairKeysMax) return known
    const made = new Key(`nginx.${name}`)
    this.#pairKeys.set(name, made)
    return made
  }
}

/** The end of a number with a point; `at` for anything else. */
function numberEnd(source: Uint8Array, at: number, end: number): number {
  const whole = digitsEnd(source, at, end)
  if (whole === at || source[whole] !== byteOf.dot || whole >= end) return at
  const fraction = digitsEnd(source, whole + 1, end)
  return fraction < end && source[fraction] !== byteOf.space ? at : fraction
}

/** `$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr … $req_id` */
function scanIngress(source: Buffer, at: number, end: number, found: Found): boolean {
  const lengthEnd = wordEnd(source, at, end)
  const size = readWhole(source, at, lengthEnd)
  const timeEnd = numberEnd(source, lengthEnd + 1, end)
  const name = timeEnd + 2
  if (size < 0 || timeEnd <= lengthEnd + 1 || source[name - 1] !== byteOf.bracket) return false
  const nameEnd = findByte(source, byteOf.unbracket, name, end)
  if (source[nameEnd + 2] !== byteOf.bracket || nameEnd + 2 >= end) return false
  const alternativeEnd = findByte(source, byteOf.unbracket, nameEnd + 3, end)
  found.value(requestSize, size)
  found.value(requestTime, Number(source.toString('latin1', lengthEnd + 1, timeEnd)))
  if (nameEnd > name) found.text(upstreamKeys.name, name, nameEnd)
  let word = alternativeEnd + 2
  for (const key of [
    upstreamKeys.address,
    upstreamKeys.size,
    upstreamKeys.time,
    upstreamKeys.status,
  ]) {
    const end_ = listEnd(source, word, end)
    if (end_ > word && source[word] !== byteOf.dash) found.text(key, word, end_)
    word = end_ + 1
  }
  if (word < end) found.text(requestId, word, wordEnd(source, word, end))
  return true
}

/** Several upstreams are tried one after the other: `10.0.0.7:80, 10.0.0.8:80` is one value. */
function listEnd(source: Uint8Array, at: number, end: number): number {
  let behind = wordEnd(source, at, end)
  while (behind < end && behind > at && source[behind - 1] === byteOf.comma) {
    behind = wordEnd(source, behind + 1, end)
  }
  return behind
}
