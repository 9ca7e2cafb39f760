/** A pattern that is none: says where and why. */
export class PatternError extends Error {
  readonly source: string

  constructor(source: string, reason: string) {
    super(reason)
    this.name = 'PatternError'
    this.source = source
  }
}

/** RE2's message with the place: `missing closing ) in "a(b" at character 1`. */
export function describeError(
  source: string,
  error: { readonly error?: string; readonly input?: string | null; readonly message: string },
): string {
  const missing = missingSyntax(source)
  const reason = missing?.reason ?? error.error ?? error.message
  const part = missing?.part ?? error.input ?? ''
  const at = part === '' || part === source ? -1 : source.indexOf(part)
  const place = at < 0 ? '' : ` at character ${at + 1}`
  return `is not a pattern (RE2 syntax): ${reason}${part === '' ? '' : ` "${part}"`}${place}`
}

/** What people know from PCRE and RE2 leaves out, because it cannot be found in linear time. RE2 speaks of it by other names. */
const missingSyntaxes: readonly (readonly [RegExp, string])[] = [
  [/\(\?<[=!]/, 'there is no look-behind'],
  [/\(\?[=!]/, 'there is no look-ahead'],
  [/\(\?>/, 'there are no atomic groups'],
  [/\\[1-9]|\\k[<{']/, 'there are no back-references'],
]

function missingSyntax(source: string): { part: string; reason: string } | undefined {
  const withoutQuotedBackslashes = source.replaceAll('\\\\', '  ')
  for (const [syntax, reason] of missingSyntaxes) {
    const part = syntax.exec(withoutQuotedBackslashes)?.[0]
    if (part !== undefined) return { part, reason }
  }
  return undefined
}
