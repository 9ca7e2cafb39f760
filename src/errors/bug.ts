/** A broken invariant of our own. Never caused by input. */
export class Bug extends Error {
  constructor(message: string) {
    super(`BUG: ${message}`)
    this.name = 'Bug'
  }
}

export function must(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}
