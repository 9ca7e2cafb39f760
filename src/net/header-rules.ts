import type { HeaderRule } from '../component/schema.ts'

/** What a header of requests may not be called, and what to do instead. Names in lower case. */
type Reserved = ReadonlyMap<string, string>

const ofTheConnection = 'it belongs to the connection and is set by itself; leave it out'

/** RFC 9110, section 7.6.1, and RFC 9113, section 8.2.2. */
const hopByHop: readonly (readonly [string, string])[] = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
].map((name) => [name, ofTheConnection])

const grpcReserved: Reserved = new Map([
  ...hopByHop,
  ['content-type', 'it is always application/grpc; leave it out'],
  ['content-encoding', '`compression` sets how requests are compressed'],
  ['host', '`authority` sets it'],
])

const httpReserved: Reserved = new Map([
  ...hopByHop,
  ['content-type', '`encoding` sets it'],
  ['content-encoding', '`compression` sets it'],
])

const answerReserved: Reserved = new Map([
  ...hopByHop,
  ['content-type', 'it is that of the request; leave it out'],
  ['content-encoding', 'answers are not compressed; leave it out'],
  ['date', 'it is set by itself; leave it out'],
])

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
/** RFC 9110, section 5.5: no control characters but the tab, and one byte a character. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

function faultOf(reserved: Reserved, name: string, value: string): string | undefined {
  if (name.startsWith(':'))
    return 'cannot be set: names with a colon belong to HTTP/2; leave it out'
  if (!token.test(name))
    return "is no name of a header: it takes letters, digits and !#$%&'*+-.^_`|~"
  const instead = reserved.get(name.toLowerCase())
  if (instead !== undefined) return `cannot be set here: ${instead}`
  if (fieldValue.test(value)) return undefined
  return 'holds a character that no header may carry, such as a line break or one beyond Latin-1'
}

/** Headers of HTTP requests. */
export const httpRequestHeader: HeaderRule = (name, value) => faultOf(httpReserved, name, value)

/** Headers of HTTP answers. */
export const httpAnswerHeader: HeaderRule = (name, value) => faultOf(answerReserved, name, value)

/** Metadata of gRPC calls. The value of a name that ends in `-bin` is sent as base64, so it may hold anything. */
export const grpcMetadata: HeaderRule = (name, value) => {
  const lower = name.toLowerCase()
  const fault = faultOf(grpcReserved, name, lower.endsWith('-bin') ? '' : value)
  if (fault !== undefined || !lower.startsWith('grpc-')) return fault
  return 'cannot be set here: names that begin with grpc- belong to gRPC itself; leave it out'
}
