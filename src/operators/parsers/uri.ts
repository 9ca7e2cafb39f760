import { setKey, type Value, type Values } from '../entry.ts'
import { OperatorError } from '../operator-error.ts'
import { Parser } from './parser.ts'

// After RFC 3986, appendix B, with user, host and port taken apart. Each part ends at a character that it cannot have.
const pattern =
  /^(?:([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?:([^@/?#]*)@)?(\[[0-9A-Fa-f:.%]*\]|[^:/?#[\]]*)(?::(\d*))?(?=[/?#]|$)|(?!\/\/)))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s

/**
 * A URI in its parts: `scheme`, `user`, `host`, `port`, `path`, `query` and `fragment`. Either it is absolute, or it begins
 * with its path or query, as in a line of a request; then `//x` is a path, not a host. The path stays escaped.
 */
export class UriParser extends Parser {
  protected parse(text: string): Values {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no URI may have
    if (/[\u0000-\u001f\u007f]/.test(text)) throw new OperatorError('it is not a URI')
    const match = pattern.exec(text)
    if (match === null) throw new OperatorError('it is not a URI')
    const [, scheme, user, host, port, path = '', query, fragment] = match
    if ((scheme === undefined && !/^[/?]/.test(text)) || host?.includes(' ')) {
      throw new OperatorError('it is not a URI')
    }
    const values: Values = {}
    if (scheme !== undefined) values['scheme'] = scheme.toLowerCase()
    if (user !== undefined) values['user'] = decode(user.split(':')[0] as string)
    if (host !== undefined && host !== '') values['host'] = host.replace(/^\[|\]$/g, '')
    if (port !== undefined && port !== '') values['port'] = port
    if (path !== '') values['path'] = escapedPath(path)
    if (query !== undefined && query !== '') values['query'] = parseQuery(query)
    if (fragment !== undefined && fragment !== '') values['fragment'] = lenient(fragment)
    return values
  }
}

/** What may not stand in a path is escaped; an escape that is none makes it no path. */
function escapedPath(path: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw new OperatorError('it is not a URI')
  return path.replace(/[^\x21-\x7e]+/gu, (piece) => encodeURIComponent(piece.toWellFormed()))
}

function parseQuery(query: string): Values {
  const values: Values = {}
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const key = lenient((at < 0 ? pair : pair.slice(0, at)).replaceAll('+', ' '))
    const value = at < 0 ? '' : lenient(pair.slice(at + 1).replaceAll('+', ' '))
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

/** Decoded, or as it is where its escapes mean nothing: one bad parameter costs the others nothing. */
function lenient(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
