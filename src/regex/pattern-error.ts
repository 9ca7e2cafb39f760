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
  const reason = error.error ?? error.message
  const part = error.input ?? ''
  const at = part === '' || part === source ? -1 : source.indexOf(part)
  const place = at < 0 ? '' : ` at character ${at + 1}`
  return `is not a pattern (RE2 syntax): ${reason}${part === '' ? '' : ` "${part}"`}${place}`
}
