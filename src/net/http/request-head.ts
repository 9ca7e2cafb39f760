import type { Code } from '../../errors/codes.ts'
import type { HeaderList } from '../header-list.ts'

/** The request line and the headers of a request, checked. */
export interface RequestHead {
  readonly method: string
  /** Without query; of an absolute-form target only what follows the authority. */
  readonly path: string
  /** `[name, value, name, value, …]`, names in lower case. */
  readonly fields: HeaderList
  /** What follows: this many bytes, or −1 for chunks. */
  readonly bodyBytes: number
  readonly expectsContinue: boolean
  /** HTTP/1.0 knows neither chunks nor interim answers. */
  readonly minorVersion: 0 | 1
  /** The client does not want the connection closed after the answer. */
  readonly keepAlive: boolean
}

/** Why a request cannot be read. After it nothing on the connection can be. */
export class RequestFault {
  readonly status: number
  readonly code: Code
  /** Holds nothing of what was sent. */
  readonly message: string

  constructor(status: number, code: Code, message: string) {
    this.status = status
    this.code = code
    this.message = message
  }
}

const requestLine = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+) ([!-~]+) HTTP\/(\d)\.(\d)$/
/** Control characters, and half of a line end (RFC 9112, section 2.2: a bare CR is never data; we refuse a bare LF too). */
const forbidden = /[^\t\n\r -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/
const fieldName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
/** RFC 3986, section 3.2: no user information, an address in brackets, or a name. Empty for targets without authority. */
const host = /^(?:\[[\d.:A-Fa-f]+\]|[\w!$%&'()*+,\-.;=~]*)(?::\d*)?$/
const wrongVersion = 'this port speaks HTTP/1.1; gRPC (HTTP/2) has a port of its own'
/** So many bytes as can be told from one more. */
const length = /^\d{1,15}$/

/**
 * Reads a head (RFC 9112, sections 3 to 6), from the request line to the line end of the last header, as latin1.
 *
 * Whatever two readers could understand differently is refused, so that nobody smuggles a request past the one before us:
 * lengths that stand twice or beside chunks, whitespace before a colon, folded lines, codings that we do not know.
 */
export function parseRequestHead(text: string): RequestHead | RequestFault {
  if (forbidden.test(text)) return malformed('a character that HTTP does not allow')
  const lineEnd = text.indexOf('\r\n')
  const line = requestLine.exec(text.slice(0, lineEnd))
  if (line === null) return malformed('the request line')
  const [, method = '', target = '', major, minor] = line
  if (major !== '1') return new RequestFault(505, 'unsupported', wrongVersion)
  // The target of CONNECT is an authority, and nobody looks for its path.
  const path = method === 'CONNECT' ? target : pathOf(target)
  if (path === undefined) return malformed('the target')
  const minorVersion = minor === '0' ? 0 : 1
  const fields: HeaderList = []
  const framing = new Framing(minorVersion)
  for (let at = lineEnd + 2; at < text.length; ) {
    const end = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) return malformed('a header line without a colon')
    const name = text.slice(at, colon)
    if (!fieldName.test(name)) return malformed('a header name')
    const lower = name.toLowerCase()
    const value = trimmed(text, colon + 1, end)
    fields.push(lower, value)
    const fault = framing.field(lower, value)
    if (fault !== undefined) return fault
    at = end + 2
  }
  const bodyBytes = framing.bodyBytes()
  if (bodyBytes instanceof RequestFault) return bodyBytes
  const { keepAlive, expectsContinue } = framing
  return {
    method,
    path,
    fields,
    bodyBytes,
    expectsContinue: expectsContinue && minorVersion === 1,
    minorVersion,
    keepAlive,
  }
}

/** What the headers say about the connection and the body. */
class Framing {
  readonly #minorVersion: 0 | 1
  #hosts = 0
  #lengthBytes = -1
  #chunked = false
  #close = false
  #keepAlive = false
  expectsContinue = false

  constructor(minorVersion: 0 | 1) {
    this.#minorVersion = minorVersion
  }

  /** RFC 9112, section 9.3. */
  get keepAlive(): boolean {
    return !this.#close && (this.#minorVersion === 1 || this.#keepAlive)
  }

  field(name: string, value: string): RequestFault | undefined {
    switch (name) {
      case 'host':
        this.#hosts++
        return host.test(value) ? undefined : malformed('the Host header')
      case 'content-length':
        if (this.#lengthBytes >= 0) return malformed('two lengths')
        if (!length.test(value)) return malformed('the Content-Length header')
        this.#lengthBytes = Number(value)
        return undefined
      case 'transfer-encoding':
        return this.#coding(value.toLowerCase())
      case 'connection':
        this.#connection(value.toLowerCase())
        return undefined
      case 'expect':
        if (value.toLowerCase() !== '100-continue') {
          return new RequestFault(417, 'unsupported', 'an expectation other than 100-continue')
        }
        this.expectsContinue = true
        return undefined
      default:
        return undefined
    }
  }

  /** RFC 9112, section 6.3. */
  bodyBytes(): number | RequestFault {
    if (this.#hosts > 1 || (this.#hosts === 0 && this.#minorVersion === 1)) {
      return malformed('needs one Host header')
    }
    if (!this.#chunked) return Math.max(0, this.#lengthBytes)
    return this.#lengthBytes < 0 ? -1 : malformed('a length beside chunks')
  }

  #coding(value: string): RequestFault | undefined {
    if (this.#minorVersion === 0) return malformed('chunks in HTTP/1.0')
    if (this.#chunked) return malformed('two Transfer-Encoding headers')
    if (value !== 'chunked') {
      if (!/(?:^|[ \t,])chunked$/.test(value)) return malformed('a body whose end nobody can tell')
      return new RequestFault(501, 'unsupported', 'a transfer coding other than chunked')
    }
    this.#chunked = true
    return undefined
  }

  #connection(value: string): void {
    for (const option of value.split(',')) {
      if (option.trim() === 'close') this.#close = true
      else if (option.trim() === 'keep-alive') this.#keepAlive = true
    }
  }
}

/** Without the blanks around it. */
function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** RFC 9112, section 3.2.2. */
const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i

/**
 * `/v1/logs` of `/v1/logs?x=1` and of `http://host/v1/logs`. A URL that has no path means the root; what is neither path
 * nor URL has none.
 */
function pathOf(target: string): string | undefined {
  if (target === '*') return target
  let start = 0
  if (target.charCodeAt(0) !== 0x2f) {
    start = origin.exec(target)?.[0].length ?? -1
    if (start < 0) return undefined
  }
  const query = target.indexOf('?', start)
  const path = query < 0 ? target.slice(start) : target.slice(start, query)
  return path === '' ? '/' : path
}

function malformed(what: string): RequestFault {
  return new RequestFault(400, 'invalid_data', `not HTTP/1.1: ${what}`)
}
