import type { Random } from '../random.ts'

/** Makers of values with right check digits, written apart from src/masking so that one proves the other. */
type Maker = (random: Random) => string

/** `word` stands in front of it; `secret` is the part that must go, where that is not all of it. */
export interface Kind {
  readonly make: Maker
  readonly word?: string
  readonly secret?: (value: string) => string
  /** Only found behind a sign: `name=value`, `name: value`. */
  readonly signed?: true
}
