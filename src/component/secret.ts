import { inspect } from 'node:util'

const redacted = '[redacted]'

/** A value that prints as `[redacted]` everywhere; only `reveal` gives it out, at the place that needs it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
