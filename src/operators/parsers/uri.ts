import { setKey, type Value, type Values } from '../entry.ts'
import { OperatorError } from '../operator.ts'
import { Parser } from './parser.ts'

// After RFC 3986, appendix B, with user, host and port taken apart. Each part ends at a character that it cannot have.
const pattern =
  /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^@/?#]*)@)?(\[[0-9A-Fa-f:.%]*\]|[^:/?#[\]]*)(?::(\d*))?(?=[/?#]|$))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s

/** A URI, absolute or not, in its parts: `scheme`, `user`, `host`, `port`, `path`, `query` and `fragment`. */
export class UriParser extends Parser {
  protected parse(text: string): Values {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no URI may have
    if (/[\u0000-\u0020\u007f]/.test(text)) throw new OperatorError('it is not a URI')
    const match = pattern.exec(text)
    if (match === null) throw new OperatorError('it is not a URI')
    const [, scheme, user, host, port, path = '', query, fragment] = match
    const values: Values = {}
    if (scheme !== undefined) values['scheme'] = scheme.toLowerCase()
    if (user !== undefined) values['user'] = decode(user.split(':')[0] as string)
    if (host !== undefined && host !== '') values['host'] = host.replace(/^\[|\]$/g, '')
    if (port !== undefined && port !== '') values['port'] = port
    if (path !== '') values['path'] = decode(path)
    if (query !== undefined && query !== '') values['query'] = parseQuery(query)
    if (fragment !== undefined && fragment !== '') values['fragment'] = decode(fragment)
    return values
  }
}

function parseQuery(query: string): Values {
  const values: Values = {}
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const key = decode((at < 0 ? pair : pair.slice(0, at)).replaceAll('+', ' '))
    const value = at < 0 ? '' : decode(pair.slice(at + 1).replaceAll('+', ' '))
    const known: Value = Object.hasOwn(values, key) ? values[key] : undefined
    if (Array.isArray(known)) known.push(value)
    else setKey(values, key, [value])
  }
  return values
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) throw new OperatorError('it is not a URI')
    throw error
  }
}
