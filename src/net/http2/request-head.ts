import type { HeaderList } from '../header-list.ts'
import { ErrorCode, StreamError } from './protocol.ts'

/** The headers of a request, checked (RFC 9113, section 8). */
export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly scheme: string
  readonly authority: string
  /** All but the pseudo headers: `[name, value, name, value, …]`, lower case. */
  readonly fields: HeaderList
  /** −1 where there is none. */
  readonly contentLength: number
}

/** Headers that belong to one connection of HTTP/1 and make a message malformed here (section 8.2.2). */
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Throws a StreamError for a malformed request. */
export function parseRequestHead(streamId: number, list: HeaderList): RequestHead {
  let method: string | undefined
  let path: string | undefined
  let scheme: string | undefined
  let authority: string | undefined
  let contentLength = -1
  const fields: HeaderList = []
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index] as string
    const value = list[index + 1] as string
    if (name.charCodeAt(0) !== 0x3a) {
      checkField(streamId, name, value)
      if (name === 'content-length') {
        if (contentLength >= 0) throw malformed(streamId, 'content-length stands twice')
        contentLength = parseLength(streamId, value)
      }
      fields.push(name, value)
      continue
    }
    if (fields.length > 0) throw malformed(streamId, 'a pseudo header after a header')
    if (name === ':method' && method === undefined) method = value
    else if (name === ':path' && path === undefined) path = value
    else if (name === ':scheme' && scheme === undefined) scheme = value
    else if (name === ':authority' && authority === undefined) authority = value
    else throw malformed(streamId, 'a pseudo header that is unknown or stands twice')
  }
  if (method === undefined || !path || scheme === undefined) {
    throw malformed(streamId, 'needs :method, :path and :scheme')
  }
  return { method, path, scheme, authority: authority ?? '', fields, contentLength }
}

/** The status of an answer, in three digits. Throws a StreamError for a malformed one. */
export function parseResponseStatus(streamId: number, list: HeaderList): string {
  const status = list[1]
  if (list[0] !== ':status' || status === undefined || !/^[1-5]\d\d$/.test(status)) {
    throw malformed(streamId, 'an answer needs its :status first')
  }
  for (let index = 2; index < list.length; index += 2) {
    const name = list[index] as string
    if (name.charCodeAt(0) === 0x3a) throw malformed(streamId, 'a pseudo header beside :status')
    checkField(streamId, name, list[index + 1] as string)
  }
  return status
}

/** Trailers hold no pseudo headers (section 8.1). */
export function checkTrailers(streamId: number, list: HeaderList): void {
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index] as string
    if (name.charCodeAt(0) === 0x3a) throw malformed(streamId, 'a pseudo header in the trailers')
    checkField(streamId, name, list[index + 1] as string)
  }
}

function checkField(streamId: number, name: string, value: string): void {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index)
    const upperCase = code >= 0x41 && code <= 0x5a
    if (code <= 0x20 || upperCase || code >= 0x7f || code === 0x3a) {
      throw malformed(streamId, 'a header name with a character it may not hold')
    }
  }
  if (name === '') throw malformed(streamId, 'a header without a name')
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0 || code === 0x0a || code === 0x0d) {
      throw malformed(streamId, 'a header value with NUL, CR or LF')
    }
  }
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) {
    throw malformed(streamId, 'a header value with whitespace around it')
  }
  if (connectionHeaders.has(name) || (name === 'te' && value !== 'trailers')) {
    throw malformed(streamId, `the header ${name} belongs to HTTP/1`)
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function parseLength(streamId: number, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw malformed(streamId, 'content-length is no number')
  return Number(value)
}

function malformed(streamId: number, what: string): StreamError {
  return new StreamError(streamId, ErrorCode.protocolError, `malformed: ${what}`)
}
