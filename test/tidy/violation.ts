/** One broken rule: where, and what to do instead. */
export interface Violation {
  readonly file: string
  /** From 1; 0 where the whole file is meant. */
  readonly line: number
  readonly message: string
}

export interface SourceFile {
  /** Relative to the top of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

export function print(violation: Violation): string {
  const place = violation.line === 0 ? violation.file : `${violation.file}:${violation.line}`
  return `${place}: ${violation.message}`
}
