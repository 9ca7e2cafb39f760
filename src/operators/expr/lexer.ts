/** A word, literal or sign of an expression and where it stands. */
export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'sign' | 'end'
  /** The sign or name as written; the value of a string. */
  readonly text: string
  readonly at: number
}

/** Why an expression cannot be compiled; the message is for a person and says where. */
export class ExprError extends Error {
  constructor(message: string, at: number) {
    super(`${message} at character ${at + 1}`)
    this.name = 'ExprError'
  }
}

const pattern =
  /\s+|(?<name>[A-Za-z_$][A-Za-z0-9_]*)|(?<number>0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<sign>\.\.|\?\.|\?\?|\*\*|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:.,()[\]{}|#])/suy

export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex
    const groups = pattern.exec(source)?.groups
    if (groups === undefined) throw new ExprError(`cannot read ${quote(source, at)}`, at)
    const { name, number, string, sign } = groups
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else if (string !== undefined) tokens.push({ kind: 'string', text: unquote(string, at), at })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at })
  }
  tokens.push({ kind: 'end', text: '', at: source.length })
  return tokens
}

function quote(source: string, at: number): string {
  return JSON.stringify(source.slice(at, at + 12))
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

function unquote(literal: string, at: number): string {
  const inner = literal.slice(1, -1)
  if (literal[0] === '`') return inner
  return inner.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/gsu, (_, written: string) => {
    if (written.length > 1) return String.fromCharCode(Number.parseInt(written.slice(1), 16))
    const char = escapes[written]
    if (char === undefined) throw new ExprError(`unknown escape "\\${written}"`, at)
    return char
  })
}
