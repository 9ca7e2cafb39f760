import { lowerAscii } from './latin1.ts'

/**
 * JSON in a text, token by token, so that its strings are examined as what they stand for: `\u0040` is an `@`, `\/` a slash.
 * What is not replaced stays as it was written, blanks included, and what is replaced is a string again: the text stays JSON.
 *
 * Texts are latin1 views of UTF-8, as everywhere in masking.
 */
export interface JsonVisitor {
  /** `key` is the path of keys to the value in lower case. Undefined leaves the token as it is. */
  value(text: string, key: string): string | undefined
  key(text: string, key: string): string | undefined
}

/** Longer paths say no more about a value; the last key always counts. */
const pathMax = 256

export function looksLikeJson(text: string): boolean {
  return opening.test(text)
}

const opening = /^\s*[{[]/
const token = /[{}[\],:]|"(?:[^"\\]|\\[\s\S])*"|[^\s{}[\],:"]+|"/g

/** Undefined where the text is no JSON after all; the same text where nothing is replaced. */
export function rewriteJson(text: string, base: string, visitor: JsonVisitor): string | undefined {
  /** By depth: the path of the container, and what its `name` or `key` says; for a map also whether a key comes next. */
  const paths: string[] = []
  const names: string[] = []
  const isMap: boolean[] = []
  let path = base
  let expectsKey = false
  let out = ''
  let copied = 0
  token.lastIndex = 0
  // Its own copy of the place: the visitor may look at JSON inside of a string.
  for (let from = 0; ; ) {
    token.lastIndex = from
    const match = token.exec(text)
    if (match === null) break
    const [written] = match
    from = token.lastIndex
    if (written === '{' || written === '[') {
      paths.push(path)
      names.push('')
      isMap.push(written === '{')
      expectsKey = written === '{'
    } else if (written === '}' || written === ']') {
      if (isMap.pop() !== (written === '}')) return undefined
      path = paths.pop() ?? base
      names.pop()
      expectsKey = false
    } else if (written === ',') {
      if (paths.length === 0) return undefined
      path = paths.at(-1) as string
      expectsKey = isMap.at(-1) as boolean
    } else if (written === ':') expectsKey = false
    else {
      const isString = written[0] === '"'
      if (isString && written.length < 2) return undefined
      const plain = isString ? decode(written) : written
      if (plain === undefined || paths.length === 0) return undefined
      const replaced = expectsKey
        ? visitor.key(plain, paths.at(-1) as string)
        : visitor.value(plain, path)
      const named = names.at(-1) as string
      // `{"name":"password","value":…}` is a pair as well.
      if (expectsKey) {
        path = join(paths.at(-1) as string, named !== '' && plain === 'value' ? named : plain)
      } else if (plain.length <= nameMax && nameKey.test(path)) names[names.length - 1] = plain
      if (replaced === undefined) continue
      out += text.slice(copied, match.index) + encode(replaced)
      copied = from
    }
  }
  if (paths.length > 0) return undefined
  return copied === 0 ? text : out + text.slice(copied)
}

/** A longer text names nothing. */
const nameMax = 100
const nameKey = /(?:^|[.])(?:name|key)$/

function join(path: string, key: string): string {
  const own = lowerAscii(key)
  return path === '' || path.length > pathMax ? own : `${path}.${own}`
}

function decode(written: string): string | undefined {
  if (!written.includes('\\')) return written.slice(1, -1)
  try {
    const text: unknown = JSON.parse(Buffer.from(written, 'latin1').toString('utf8'))
    return Buffer.from(String(text), 'utf8').toString('latin1')
  } catch (error) {
    // A line end or an unknown escape in a string: no JSON.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function encode(text: string): string {
  const characters = Buffer.from(text, 'latin1').toString('utf8')
  return Buffer.from(JSON.stringify(characters), 'utf8').toString('latin1')
}
