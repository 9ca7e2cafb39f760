/**
 * Which places are examined: those that `include` names (all, where it is empty) and `exclude` does not. A path names
 * all that is below it; `*` stands for any characters of one or more words.
 */
export class PathFilter {
  readonly #include: readonly RegExp[]
  readonly #exclude: readonly RegExp[]

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(compile)
    this.#exclude = exclude.map(compile)
  }

  allows(path: string): boolean {
    const { length } = this.#include
    const included = length === 0 || this.#include.some((pattern) => pattern.test(path))
    return included && !this.#exclude.some((pattern) => pattern.test(path))
  }
}

/** Parts between stars are looked for in turn, each as early as possible: linear. */
function compile(path: string): RegExp {
  const parts = path.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*?')}(?:[.[]|$)`)
}
